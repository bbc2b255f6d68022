import type { ColumnarPage } from '../schemas/page.ts';

/** What stands for null: a start behind the end. */
const NULL_START = 1;
const NULL_END = 0;

const QUOTE = 0x22;

/**
 * Collects the places of values, row after row. A text that does not stand in the body as it is (an escape was
 * undone) is kept behind it.
 */
export class ColumnarRows {
  readonly width: number;
  readonly #body: Buffer;
  /** Texts that do not stand in the body, one after the other, and how much of it is used. */
  #extra = Buffer.alloc(0);
  #used = 0;
  #spans: Uint32Array;
  #rows = 0;

  /** `rows`: a guess. */
  constructor(body: Buffer, width: number, rows: number) {
    this.#body = body;
    this.width = width;
    this.#spans = new Uint32Array(Math.max(16, rows) * width * 2);
  }

  /** Opens a row; gives where its values begin in `spans`. */
  open(): number {
    const at = this.#rows * this.width * 2;
    if (at + this.width * 2 > this.#spans.length) {
      const larger = new Uint32Array(this.#spans.length * 2);
      larger.set(this.#spans);
      this.#spans = larger;
    }
    this.#rows += 1;
    return at;
  }

  /** Valid until the next `open`. */
  get spans(): Uint32Array {
    return this.#spans;
  }

  set(row: number, column: number, start: number, end: number): void {
    this.#spans[row + column * 2] = start;
    this.#spans[row + column * 2 + 1] = end;
  }

  setNull(row: number, column: number): void {
    this.set(row, column, NULL_START, NULL_END);
  }

  /** Keeps a text that does not stand in the body. */
  setText(row: number, column: number, text: Buffer): void {
    const start = this.#room(text.length);
    this.#extra.set(text, start);
    this.#keep(row, column, start, start + text.length);
  }

  /**
   * Keeps a piece of the body in which two quotes stand for one. `judge` is given the text with single quotes, and says
   * whether it is good.
   */
  setUndoubled(
    row: number,
    column: number,
    piece: { readonly start: number; readonly end: number },
    judge: (bytes: Buffer, start: number, end: number) => boolean,
  ): boolean {
    const start = this.#room(piece.end - piece.start);
    let end = start;
    for (let at = piece.start; at < piece.end; at += 1) {
      const byte = this.#body[at] as number;
      this.#extra[end++] = byte;
      if (byte === QUOTE) at += 1;
    }
    if (!judge(this.#extra, start, end)) return false;
    this.#keep(row, column, start, end);
    return true;
  }

  page(): ColumnarPage {
    const bytes =
      this.#used === 0 ? this.#body : Buffer.concat([this.#body, this.#extra.subarray(0, this.#used)]);
    return { bytes, rows: this.#rows, width: this.width, spans: this.#spans };
  }

  /** Where a text of at most so many bytes can be put. */
  #room(bytes: number): number {
    if (this.#used + bytes > this.#extra.length) {
      const larger = Buffer.alloc(Math.max(65_536, 2 * (this.#used + bytes)));
      larger.set(this.#extra.subarray(0, this.#used));
      this.#extra = larger;
    }
    return this.#used;
  }

  #keep(row: number, column: number, start: number, end: number): void {
    this.set(row, column, this.#body.length + start, this.#body.length + end);
    this.#used = end;
  }
}

/** The text of a value; null where it is null. */
export function textAt(page: ColumnarPage, row: number, column: number): string | null {
  const at = (row * page.width + column) * 2;
  const start = page.spans[at] ?? NULL_START;
  const end = page.spans[at + 1] ?? NULL_END;
  return start > end ? null : page.bytes.toString('utf8', start, end);
}
