import { hash } from 'node:crypto';
import type { ColumnarPage } from '../schemas/page.ts';
import {
  canonicalText,
  LEAF_FIELDS,
  type Leaf,
  type LeafField,
  leafData,
  leafHash,
  position,
} from './leaf.ts';

const HASH_BYTES = 32;

/** Where the values of a leaf's fields are in a page of places, and the bytes that stand before each. */
interface LeafPart {
  readonly before: Buffer;
  readonly column: number;
  readonly nullable: boolean;
}

/**
 * The leaf hashes of a page whose rows are places in bytes, 32 bytes each, in their order: the same as
 * `leafHash(leafData(row))` for each. The canonical form of a text without characters that JSON escapes is its bytes
 * between quotes, so that the leaf is put together from bytes as received; a row with such a character goes the long
 * way. `names` are the names of the columns.
 * @throws Error when a column of the leaf is missing, or a value is null that may not be
 */
export function columnarLeafHashes(
  names: readonly string[],
  page: ColumnarPage,
  page_sha256: string,
): Uint8Array {
  const hashes = Buffer.alloc(page.rows * HASH_BYTES);
  const parts = leafParts(names, page_sha256);
  let scratch = Buffer.alloc(4096);
  for (let row = 0; row < page.rows; row += 1) {
    const longest = rowBytes(page, row) + 1024;
    if (longest > scratch.length) scratch = Buffer.alloc(longest);
    const end = writeLeaf(scratch, parts, page, row);
    const digest =
      end === 0
        ? leafHash(leafData(leafOf(names, page, row, page_sha256))).toString('latin1')
        : hash('sha256', scratch.subarray(0, end), 'binary');
    hashes.write(digest, row * HASH_BYTES, 'latin1');
  }
  return hashes;
}

/** A leaf cut before each value. `page_sha256` is the same in every row and part of what stands before the next. */
function leafParts(names: readonly string[], page_sha256: string): readonly LeafPart[] {
  let before = '\0{';
  const parts: LeafPart[] = [];
  for (const field of LEAF_FIELDS) {
    before += `${field === LEAF_FIELDS[0] ? '' : ','}"${field}":`;
    if (field === 'page_sha256') {
      before += canonicalText(page_sha256, field);
      continue;
    }
    parts.push({
      before: Buffer.from(before, 'utf8'),
      column: position(names, field),
      nullable: field === 'subscription_id',
    });
    before = '';
  }
  return parts;
}

/** Writes a row's leaf behind its prefix; gives its end (exclusive), or 0 where it must go the long way. */
function writeLeaf(to: Buffer, parts: readonly LeafPart[], page: ColumnarPage, row: number): number {
  const { bytes, spans, width } = page;
  let at = 0;
  for (const { before, column, nullable } of parts) {
    for (let n = 0; n < before.length; n += 1) to[at++] = before[n] as number;
    const place = (row * width + column) * 2;
    const end = spans[place + 1] as number;
    let from = spans[place] as number;
    if (from > end) {
      if (!nullable) return 0;
      at += to.write('null', at, 'latin1');
      continue;
    }
    to[at++] = 0x22;
    for (; from < end; from += 1) {
      const byte = bytes[from] as number;
      if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return 0;
      to[at++] = byte;
    }
    to[at++] = 0x22;
  }
  to[at++] = 0x7d;
  return at;
}

function rowBytes({ spans, width }: ColumnarPage, row: number): number {
  let bytes = 0;
  for (let at = row * width * 2; at < (row + 1) * width * 2; at += 2)
    bytes += Math.max(0, (spans[at + 1] as number) - (spans[at] as number));
  return bytes;
}

function leafOf(names: readonly string[], page: ColumnarPage, row: number, page_sha256: string): Leaf {
  const text = (field: LeafField): string | null => {
    if (field === 'page_sha256') return page_sha256;
    const place = (row * page.width + position(names, field)) * 2;
    const [start = 0, end = 0] = page.spans.subarray(place, place + 2);
    return start > end ? null : page.bytes.toString('utf8', start, end);
  };
  // Its values are checked when the canonical form is made.
  return Object.fromEntries(LEAF_FIELDS.map((field) => [field, text(field)])) as Leaf;
}
