import { type ColumnarPage, isColumnar, type ParsedPage } from '../../schemas/page.ts';
import type { LandedPage } from '../warehouse.ts';
import { type ParquetColumn, parquetFile } from './parquet_file.ts';

const HASH_BYTES = 32;

/** Number of good rows of a page. */
export function goodRows(rows: ParsedPage | ColumnarPage): number {
  return isColumnar(rows) ? rows.rows : rows.offsets.length;
}

/**
 * The good rows of a page as a Parquet file: one row per good row, `t0`, `t1`, … the texts of the stream's columns,
 * `_page_no`, `_offset` (position in the page), `_ord` (number among the load's good rows, from `first_ord` on) and,
 * for readings, `_leaf_hash`.
 */
export function pageFile(
  { parsed, leaf_hashes }: Pick<LandedPage, 'parsed' | 'leaf_hashes'>,
  at: { readonly page_no: number; readonly first_ord: number },
): readonly Uint8Array[] {
  const rows = goodRows(parsed);
  const columns: ParquetColumn[] = isColumnar(parsed)
    ? Array.from({ length: parsed.width }, (_, column) => spanColumn(parsed, column))
    : parsed.columns.map(textColumn);
  columns.push(
    integers('_page_no', rows, () => at.page_no),
    integers('_offset', rows, isColumnar(parsed) ? (row) => row : (row) => parsed.offsets[row] ?? 0),
    integers('_ord', rows, (row) => at.first_ord + row),
  );
  if (leaf_hashes !== null)
    columns.push({ name: '_leaf_hash', type: 'hash', values: hashBytes(leaf_hashes) });
  return parquetFile(rows, columns);
}

function integers(name: string, rows: number, value: (row: number) => number): ParquetColumn {
  const words = new Uint32Array(rows * 2);
  for (let row = 0; row < rows; row += 1) {
    const number = value(row);
    words[row * 2] = number;
    words[row * 2 + 1] = Math.floor(number / 2 ** 32);
  }
  return { name, type: 'int64', values: new Uint8Array(words.buffer) };
}

/** A column of places: bytes are copied, no text is made; with a dictionary where values repeat. */
function spanColumn(page: ColumnarPage, column: number): ParquetColumn {
  const present = presentRows(page, column);
  const encoded = repeatedValues(page, column) ?? { values: plainValues(page, column) };
  return { name: `t${column}`, type: 'text', ...encoded, ...(present === null ? {} : { present }) };
}

/** One bit a row, 1 where it has a value; null where every row has one. */
function presentRows({ rows, width, spans }: ColumnarPage, column: number): Uint8Array | null {
  const present = new Uint8Array(Math.ceil(rows / 8));
  let nulls = 0;
  for (let row = 0, at = column * 2; row < rows; row += 1, at += width * 2) {
    if ((spans[at] as number) > (spans[at + 1] as number)) nulls += 1;
    else present[row >> 3] = (present[row >> 3] as number) | (1 << (row & 7));
  }
  return nulls === 0 ? null : present;
}

function plainValues({ bytes, rows, width, spans }: ColumnarPage, column: number): Uint8Array {
  let size = 0;
  for (let row = 0, at = column * 2; row < rows; row += 1, at += width * 2)
    if ((spans[at] as number) <= (spans[at + 1] as number))
      size += 4 + (spans[at + 1] as number) - (spans[at] as number);
  const values = new Uint8Array(size);
  let to = 0;
  for (let row = 0, at = column * 2; row < rows; row += 1, at += width * 2) {
    const start = spans[at] as number;
    const end = spans[at + 1] as number;
    if (start <= end) to = writeText(values, to, bytes, start, end);
  }
  return values;
}

/** A text in PLAIN encoding; gives where the next begins. */
function writeText(to: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  to[at] = length;
  to[at + 1] = length >>> 8;
  to[at + 2] = length >>> 16;
  to[at + 3] = length >>> 24;
  let place = at + 4;
  for (let from = start; from < end; from += 1) to[place++] = bytes[from] as number;
  return place;
}

/** A dictionary of more values than this, or of more than a fourth of the rows, is none. */
const MOST_DIFFERENT = 4096;
/** Slots of the hash table: a power of two, twice as many as values at least. */
const SLOTS = 16_384;

/** Used anew for each column: making them for each costs more than filling them. */
const slots = new Uint16Array(SLOTS); // place + 1; 0 = free
const starts = new Uint32Array(MOST_DIFFERENT);
const ends = new Uint32Array(MOST_DIFFERENT);

/** The different values of a column and each row's place among them; null where too few repeat. */
function repeatedValues(
  page: ColumnarPage,
  column: number,
): Pick<ParquetColumn, 'values' | 'dictionary'> | null {
  const { bytes, rows, width, spans } = page;
  const most = Math.min(MOST_DIFFERENT, rows >> 2);
  slots.fill(0);
  const places = new Uint16Array(rows);
  let size = 0;
  let values = 0;
  let length = 0;
  for (let row = 0, at = column * 2; row < rows; row += 1, at += width * 2) {
    const start = spans[at] as number;
    const end = spans[at + 1] as number;
    if (start > end) continue;
    let slot = hashOf(bytes, start, end) & (SLOTS - 1);
    for (;;) {
      const place = (slots[slot] as number) - 1;
      if (place === -1) {
        if (size === most) return null;
        starts[size] = start;
        ends[size] = end;
        length += 4 + end - start;
        slots[slot] = size + 1;
        places[values++] = size;
        size += 1;
        break;
      }
      if (areEqual(bytes, start, end, starts[place] as number, ends[place] as number)) {
        places[values++] = place;
        break;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
  }
  const dictionary = new Uint8Array(length);
  for (let place = 0, to = 0; place < size; place += 1)
    to = writeText(dictionary, to, bytes, starts[place] as number, ends[place] as number);
  return { values: new Uint8Array(places.buffer, 0, values * 2), dictionary: { size, values: dictionary } };
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}

function areEqual(bytes: Uint8Array, start: number, end: number, other: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - other) return false;
  for (let at = start, to = other; at < end; at += 1, to += 1) if (bytes[at] !== bytes[to]) return false;
  return true;
}

/** A column of texts. */
function textColumn(texts: readonly (string | null)[], column: number): ParquetColumn {
  const name = `t${column}`;
  const present = new Uint8Array(Math.ceil(texts.length / 8));
  const parts: Buffer[] = [];
  texts.forEach((text, row) => {
    if (text === null) return;
    present[row >> 3] = (present[row >> 3] as number) | (1 << (row & 7));
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    parts.push(length, bytes);
  });
  return { name, type: 'text', values: Buffer.concat(parts), present };
}

/** Hashes in hex or as they are, one after the other. */
function hashBytes(hashes: readonly string[] | Uint8Array): Uint8Array {
  if (hashes instanceof Uint8Array) return hashes;
  const bytes = Buffer.alloc(hashes.length * HASH_BYTES);
  for (const [row, hash] of hashes.entries()) bytes.write(hash, row * HASH_BYTES, 'hex');
  return bytes;
}
