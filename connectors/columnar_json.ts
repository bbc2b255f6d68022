import { isUtf8 } from 'node:buffer';
import type { Column } from '../schemas/columns.ts';
import type { ColumnarPage } from '../schemas/page.ts';
import { ColumnarRows } from './columnar_rows.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A body with its rows as places, and what stands beside them (the list of rows itself is empty there). */
export interface ColumnarJson {
  readonly page: ColumnarPage;
  readonly envelope: Readonly<Record<string, unknown>>;
}

/** Something that this reader leaves to the plain one; never shown to anybody. */
const NOT_PLAIN = Symbol('not plain');

/**
 * Reads a JSON object that holds a list of flat rows under `list`, without making a value of each: about as fast as
 * the bytes can be looked at once. Gives null for everything that is not beyond doubt good: then the plain reader
 * and the zod schema decide, and say why. `columns` in the order of the stream; each must have a fast check.
 */
export function readColumnarJson(
  body: Buffer,
  list: string,
  columns: readonly Column[],
): ColumnarJson | null {
  if (!isUtf8(body) || columns.length > 31 || columns.some(({ fast }) => fast === null)) return null;
  try {
    return new Reader(body, list, columns).read();
  } catch (error) {
    if (error === NOT_PLAIN) return null;
    throw error;
  }
}

class Reader {
  readonly #bytes: Buffer;
  readonly #list: string;
  readonly #columns: readonly Column[];
  readonly #keys: readonly Buffer[];
  /** What stands before each value of a row without white space, in the order of `#order`: `{"key":`, `,"key":`. */
  #before: readonly Buffer[] = [];
  /** The columns in the order in which the first row has them: the next rows are tried in this order first. */
  readonly #order: number[];
  readonly #rows: ColumnarRows;
  #at = 0;

  constructor(bytes: Buffer, list: string, columns: readonly Column[]) {
    this.#bytes = bytes;
    this.#list = list;
    this.#columns = columns;
    this.#keys = columns.map(({ name }) => Buffer.from(JSON.stringify(name)));
    this.#order = columns.map((_, index) => index);
    this.#rows = new ColumnarRows(bytes, columns.length, Math.ceil(bytes.length / (columns.length * 22)));
  }

  read(): ColumnarJson {
    const envelope: Record<string, unknown> = {};
    this.#expect(OPEN_OBJECT);
    do {
      const key = this.#json();
      if (typeof key !== 'string' || Object.hasOwn(envelope, key) || key === '__proto__') throw NOT_PLAIN;
      this.#expect(COLON);
      if (key === this.#list) {
        this.#readRows();
        envelope[key] = [];
      } else envelope[key] = this.#json();
    } while (this.#another(CLOSE_OBJECT));
    this.#space();
    if (this.#at !== this.#bytes.length || envelope[this.#list] === undefined) throw NOT_PLAIN;
    return { page: this.#rows.page(), envelope };
  }

  #readRows(): void {
    this.#expect(OPEN_LIST);
    this.#space();
    if (this.#bytes[this.#at] === CLOSE_LIST) {
      this.#at += 1;
      return;
    }
    do this.#readRow();
    while (this.#another(CLOSE_LIST));
  }

  /** One row: every column once, and nothing else. */
  #readRow(): void {
    this.#space();
    const row = this.#rows.open();
    const start = this.#at;
    if (this.#likeTheLast(row)) return;
    this.#at = start;
    this.#anyRow(row);
    if (this.#before.length > 0) return;
    this.#before = this.#order.map((column, nth) =>
      Buffer.concat([Buffer.from(nth === 0 ? '{' : ','), this.#keys[column] as Buffer, Buffer.from(':')]),
    );
  }

  /** A row without white space, with its keys in the order of the row before; false where it is not that. */
  #likeTheLast(row: number): boolean {
    const before = this.#before;
    if (before.length === 0) return false;
    for (let nth = 0; nth < before.length; nth += 1) {
      if (!this.#takes(before[nth] as Buffer)) return false;
      const column = this.#order[nth] as number;
      const byte = this.#bytes[this.#at] as number;
      if (byte === QUOTE) this.#string(row, column);
      else if (byte <= 0x20) return false;
      else this.#word(row, column);
    }
    if (this.#bytes[this.#at] !== CLOSE_OBJECT) return false;
    this.#at += 1;
    return true;
  }

  /** A row with its keys in any order, and white space anywhere. */
  #anyRow(row: number): void {
    this.#expect(OPEN_OBJECT);
    const width = this.#columns.length;
    let seen = 0;
    let nth = 0;
    do {
      this.#space();
      if (nth === width) throw NOT_PLAIN;
      const column = this.#column(nth);
      if ((seen & (1 << column)) !== 0) throw NOT_PLAIN;
      seen |= 1 << column;
      nth += 1;
      this.#expect(COLON);
      this.#value(row, column);
    } while (this.#another(CLOSE_OBJECT));
    if (nth !== width) throw NOT_PLAIN;
  }

  /** The column whose key stands here. */
  #column(nth: number): number {
    const likely = this.#order[nth] as number;
    if (this.#takes(this.#keys[likely] as Buffer)) return likely;
    for (let other = nth + 1; other < this.#order.length; other += 1) {
      const column = this.#order[other] as number;
      if (!this.#takes(this.#keys[column] as Buffer)) continue;
      this.#order[other] = likely;
      this.#order[nth] = column;
      this.#before = [];
      return column;
    }
    throw NOT_PLAIN;
  }

  #takes(want: Buffer): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    const length = want.length;
    for (let n = 0; n < length; n += 1) if (bytes[start + n] !== want[n]) return false;
    this.#at = start + length;
    return true;
  }

  #value(row: number, column: number): void {
    this.#space();
    if (this.#bytes[this.#at] === QUOTE) this.#string(row, column);
    else this.#word(row, column);
  }

  #string(row: number, column: number): void {
    const { fast } = this.#columns[column] as Column;
    if (fast?.token !== 'string') throw NOT_PLAIN;
    const start = this.#at;
    const end = this.#stringEnd();
    if (this.#bytes[end] === BACKSLASH) {
      this.#escaped(row, column);
      return;
    }
    this.#at = end + 1;
    if (!fast.accepts(this.#bytes, start + 1, end)) throw NOT_PLAIN;
    this.#rows.set(row, column, start + 1, end);
  }

  /** A number, `true`, `false` or `null`. */
  #word(row: number, column: number): void {
    const { fast, nullable } = this.#columns[column] as Column;
    const start = this.#at;
    const end = this.#wordEnd();
    this.#at = end;
    if (this.#isWord(start, end, 'null')) {
      if (!nullable) throw NOT_PLAIN;
      this.#rows.setNull(row, column);
      return;
    }
    const isFlag = this.#isWord(start, end, 'true') || this.#isWord(start, end, 'false');
    if (fast?.token !== (isFlag ? 'boolean' : 'number') || !fast.accepts(this.#bytes, start, end))
      throw NOT_PLAIN;
    this.#rows.set(row, column, start, end);
  }

  /** Where the string that begins here ends, or has its first escape. */
  #stringEnd(): number {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (;;) {
      const byte = bytes[at] as number;
      if (byte === QUOTE || byte === BACKSLASH) return at;
      // A control character, or the end of the body, which is undefined.
      if (!(byte >= 0x20)) throw NOT_PLAIN;
      at += 1;
    }
  }

  #escaped(row: number, column: number): void {
    const text = this.#json();
    if (typeof text !== 'string' || !text.isWellFormed()) throw NOT_PLAIN;
    const bytes = Buffer.from(text, 'utf8');
    if (this.#columns[column]?.fast?.accepts(bytes, 0, bytes.length) !== true) throw NOT_PLAIN;
    this.#rows.setText(row, column, bytes);
  }

  /** The end of a number or literal. */
  #wordEnd(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    for (;;) {
      const byte = bytes[at];
      if (
        byte === undefined ||
        byte <= 0x20 ||
        byte === COMMA ||
        byte === CLOSE_OBJECT ||
        byte === CLOSE_LIST
      )
        return at;
      at += 1;
    }
  }

  #isWord(start: number, end: number, word: string): boolean {
    if (end - start !== word.length) return false;
    for (let n = 0; n < word.length; n += 1) if (this.#bytes[start + n] !== word.charCodeAt(n)) return false;
    return true;
  }

  /** A value that is no object and no list, as JSON.parse has it. */
  #json(): unknown {
    this.#space();
    const start = this.#at;
    if (this.#bytes[start] === QUOTE) {
      let end = this.#stringEnd();
      while (this.#bytes[end] === BACKSLASH) {
        this.#at = end + 1;
        end = this.#stringEnd();
      }
      this.#at = end + 1;
    } else this.#at = this.#wordEnd();
    try {
      return JSON.parse(this.#bytes.toString('utf8', start, this.#at));
    } catch {
      // The plain reader finds the same fault and tells of it.
      throw NOT_PLAIN;
    }
  }

  #expect(byte: number): void {
    this.#space();
    if (this.#bytes[this.#at] !== byte) throw NOT_PLAIN;
    this.#at += 1;
  }

  /** True at a comma, false at the end. */
  #another(end: number): boolean {
    this.#space();
    const byte = this.#bytes[this.#at];
    if (byte !== COMMA && byte !== end) throw NOT_PLAIN;
    this.#at += 1;
    return byte === COMMA;
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }
}
