import type { ColumnarPage } from '../schemas/page.ts';

/** What stands for null: a start behind the end. */
const NULL_START = 1;
const NULL_END = 0;

/**
 * Collects the places of values, row after row. A text that does not stand in the body as it is (an escape was
 * undone) is kept behind it.
 */
export class ColumnarRows {
  readonly width: number;
  readonly #body: Buffer;
  readonly #extra: Buffer[] = [];
  #bytes: number;
  #spans: Uint32Array;
  #rows = 0;

  /** `rows`: a guess. */
  constructor(body: Buffer, width: number, rows: number) {
    this.#body = body;
    this.#bytes = body.length;
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
    this.set(row, column, this.#bytes, this.#bytes + text.length);
    this.#extra.push(text);
    this.#bytes += text.length;
  }

  page(): ColumnarPage {
    const bytes = this.#extra.length === 0 ? this.#body : Buffer.concat([this.#body, ...this.#extra]);
    return { bytes, rows: this.#rows, width: this.width, spans: this.#spans };
  }
}

/** The text of a value; null where it is null. */
export function textAt(page: ColumnarPage, row: number, column: number): string | null {
  const at = (row * page.width + column) * 2;
  const start = page.spans[at] ?? NULL_START;
  const end = page.spans[at + 1] ?? NULL_END;
  return start > end ? null : page.bytes.toString('utf8', start, end);
}
