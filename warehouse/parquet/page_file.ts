import type { ColumnarPage, ParsedPage } from '../../schemas/page.ts';
import type { LandedPage } from '../warehouse.ts';
import { type ParquetColumn, parquetFile } from './parquet_file.ts';

const HASH_BYTES = 32;

/** Whether a page's rows are places in bytes rather than texts. */
export function isColumnar(rows: ParsedPage | ColumnarPage): rows is ColumnarPage {
  return 'spans' in rows;
}

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

/** A column of places: lengths and bytes are copied, no text is made. */
function spanColumn({ bytes, rows, width, spans }: ColumnarPage, column: number): ParquetColumn {
  const name = `t${column}`;
  let size = 0;
  let nulls = 0;
  for (let row = 0, at = column * 2; row < rows; row += 1, at += width * 2) {
    const length = (spans[at + 1] as number) - (spans[at] as number);
    if (length < 0) nulls += 1;
    else size += 4 + length;
  }
  const values = new Uint8Array(size);
  const present = nulls === 0 ? undefined : new Uint8Array(Math.ceil(rows / 8));
  let to = 0;
  for (let row = 0, at = column * 2; row < rows; row += 1, at += width * 2) {
    const start = spans[at] as number;
    const end = spans[at + 1] as number;
    if (end < start) continue;
    if (present !== undefined) present[row >> 3] = (present[row >> 3] as number) | (1 << (row & 7));
    const length = end - start;
    values[to] = length;
    values[to + 1] = length >>> 8;
    values[to + 2] = length >>> 16;
    values[to + 3] = length >>> 24;
    to += 4;
    for (let from = start; from < end; from += 1) values[to++] = bytes[from] as number;
  }
  return { name, type: 'text', values, ...(present === undefined ? {} : { present }) };
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
