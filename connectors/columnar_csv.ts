import { isUtf8 } from 'node:buffer';
import type { ColumnarPage } from '../schemas/page.ts';
import { ColumnarRows } from './columnar_rows.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Judges a field: gives its end, nearer than `end` where a part of it is left out (the zeros of `12.50`), or −1 where
 * it is not good beyond doubt.
 */
export type FieldJudge = (bytes: Uint8Array, start: number, end: number) => number;

/** What becomes of a field of the file; `column` is its place among the columns of the page. */
export interface FieldRule {
  readonly column: number;
  /** An empty field is null. */
  readonly nullable: boolean;
  readonly judge: FieldJudge;
}

/**
 * Reads CSV (RFC 4180, UTF-8, a header line, which is skipped) without making a text of each field; `rules` one for
 * each field of a line. Columns without a rule are null. Gives null for everything that is not beyond doubt good: then
 * the plain reader and the zod schema decide, and say why.
 */
export function readColumnarCsv(
  body: Buffer,
  rules: readonly FieldRule[],
  width: number,
): ColumnarPage | null {
  return isUtf8(body) ? new Reader(body, rules, width).read() : null;
}

class Reader {
  readonly #bytes: Buffer;
  readonly #rules: readonly FieldRule[];
  readonly #rows: ColumnarRows;
  /** Columns that no field of the file fills. */
  readonly #empty: readonly number[];
  #at = 0;

  constructor(bytes: Buffer, rules: readonly FieldRule[], width: number) {
    this.#bytes = bytes;
    this.#rules = rules;
    this.#rows = new ColumnarRows(bytes, width, Math.ceil(bytes.length / (rules.length * 12)));
    const filled = new Set(rules.map(({ column }) => column));
    this.#empty = Array.from({ length: width }, (_, column) => column).filter((each) => !filled.has(each));
  }

  read(): ColumnarPage | null {
    const header = this.#bytes.indexOf(LINE_FEED);
    this.#at = header === -1 ? this.#bytes.length : header + 1;
    while (this.#at < this.#bytes.length) {
      const row = this.#rows.open();
      for (const column of this.#empty) this.#rows.setNull(row, column);
      if (!this.#line(row)) return null;
    }
    return this.#rows.page();
  }

  /** Reads the fields of a line and its end. A last line without an end is whole. */
  #line(row: number): boolean {
    const bytes = this.#bytes;
    const fields = this.#rules.length;
    for (let nth = 0; nth < fields; nth += 1) {
      if (nth > 0 && bytes[this.#at++] !== COMMA) return false;
      const rule = this.#rules[nth] as FieldRule;
      if (!(bytes[this.#at] === QUOTE ? this.#quoted(row, rule) : this.#plain(row, rule))) return false;
    }
    if (this.#at === bytes.length) return true;
    if (bytes[this.#at] === CARRIAGE_RETURN) this.#at += 1;
    return bytes[this.#at++] === LINE_FEED;
  }

  #plain(row: number, rule: FieldRule): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN) break;
      if (byte === QUOTE) return false;
    }
    this.#at = at;
    return this.#take(row, rule, start, at);
  }

  /** A field in quotes, in which two quotes stand for one. */
  #quoted(row: number, rule: FieldRule): boolean {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    let isDoubled = false;
    let at = start;
    for (; at < bytes.length; at += 1) {
      if (bytes[at] !== QUOTE) continue;
      if (bytes[at + 1] !== QUOTE) break;
      isDoubled = true;
      at += 1;
    }
    if (at >= bytes.length) return false;
    this.#at = at + 1;
    return isDoubled ? this.#takeText(row, rule, start, at) : this.#take(row, rule, start, at);
  }

  #take(row: number, { column, nullable, judge }: FieldRule, start: number, end: number): boolean {
    if (start === end) {
      this.#rows.setNull(row, column);
      return nullable;
    }
    const judged = judge(this.#bytes, start, end);
    if (judged === -1) return false;
    this.#rows.set(row, column, start, judged);
    return true;
  }

  #takeText(row: number, { column, judge }: FieldRule, start: number, end: number): boolean {
    const isGood = (bytes: Buffer, from: number, to: number) => judge(bytes, from, to) === to;
    return this.#rows.setUndoubled(row, column, { start, end }, isGood);
  }
}
