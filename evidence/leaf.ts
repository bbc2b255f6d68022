import { hash } from 'node:crypto';
import type { ParsedPage } from '../schemas/page.ts';

/** The fields of a leaf, in the order of their canonical form (RFC 8785 §3.2.3: sorted by UTF-16 code units). */
export const LEAF_FIELDS = [
  'cluster_id',
  'customer_id',
  'dimension',
  'hour',
  'page_sha256',
  'quantity',
  'reading_id',
  'recorded_at',
  'revision',
  'seq',
  'subscription_id',
  'unit',
] as const;
export type LeafField = (typeof LEAF_FIELDS)[number];

/** One leaf's values: texts exactly as received; only `subscription_id` may be null. */
export type Leaf = Readonly<Record<Exclude<LeafField, 'subscription_id'>, string>> & {
  readonly subscription_id: string | null;
};

/**
 * The bytes that stand for a reading revision in the log: its RFC 8785 canonical JSON.
 *
 * RFC 8785 §3.2.2 takes ECMAScript's own string serialisation, so that `JSON.stringify` of a text is canonical; the
 * fields stand in sorted order already, and there are no numbers.
 * @throws Error for a lone surrogate, which has no canonical form (RFC 8785 §3.2.2.2)
 */
export function leafData(leaf: Leaf): Buffer {
  const fields = LEAF_FIELDS.map((field) => `"${field}":${canonicalText(leaf[field], field)}`);
  return Buffer.from(`{${fields.join(',')}}`, 'utf8');
}

/** @throws Error for a null where a text must be, and for a lone surrogate */
export function canonicalText(value: string | null, field: LeafField): string {
  if (value === null) {
    if (field === 'subscription_id') return 'null';
    throw new Error(`evidence: leaf field ${field}: got null, want a text; quarantine the row`);
  }
  if (!value.isWellFormed())
    throw new Error(
      `evidence: leaf field ${field}: got a lone surrogate, want well-formed Unicode; quarantine the row`,
    );
  return JSON.stringify(value);
}

/** RFC 6962 §2.1: the hash of a list of one entry, SHA-256(0x00 ‖ entry). */
export function leafHash(data: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([LEAF_PREFIX, data]), 'buffer');
}

const LEAF_PREFIX = Buffer.from([0x00]);

/**
 * The leaf hash, as lower-case hex, of a reading given as compact JSON of the leaf's fields in their order: where no text
 * needed an escape, that is the canonical form already.
 * @throws Error as `leafData`
 */
export function leafHashOfJson(json: string): string {
  const canonical = json.includes('\\') ? leafData(JSON.parse(json) as Leaf).toString('utf8') : json;
  return hash('sha256', `\0${canonical}`, 'hex');
}

/**
 * The leaf hashes of a page's good rows, in their order, as lower-case hex: the same as `leafHash(leafData(row))` for
 * each, at a third of the time. `names` are the names of `parsed.columns`.
 * @throws Error when a column of the leaf is missing, or a value is null or ill-formed that may not be
 */
export function leafHashes(
  names: readonly string[],
  parsed: Pick<ParsedPage, 'columns' | 'offsets'>,
  page_sha256: string,
): string[] {
  const texts = (field: LeafField) => canonicalColumn(column(names, parsed.columns, field), field);
  const cluster_id = texts('cluster_id');
  const customer_id = texts('customer_id');
  const dimension = texts('dimension');
  const hour = texts('hour');
  const page = canonicalText(page_sha256, 'page_sha256');
  const quantity = texts('quantity');
  const reading_id = texts('reading_id');
  const recorded_at = texts('recorded_at');
  const revision = texts('revision');
  const seq = texts('seq');
  const subscription_id = texts('subscription_id');
  const unit = texts('unit');
  // U+0000 is one zero byte in UTF-8: the leaf prefix, encoded in one go with the text.
  return parsed.offsets.map((_, row) =>
    hash(
      'sha256',
      `\0{"cluster_id":${cluster_id[row]},"customer_id":${customer_id[row]},"dimension":${dimension[row]},"hour":${hour[row]},"page_sha256":${page},"quantity":${quantity[row]},"reading_id":${reading_id[row]},"recorded_at":${recorded_at[row]},"revision":${revision[row]},"seq":${seq[row]},"subscription_id":${subscription_id[row]},"unit":${unit[row]}}`,
      'hex',
    ),
  );
}

/** Texts that JSON writes as they are: no quote, backslash, control character or surrogate. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** A column's values as canonical JSON. */
function canonicalColumn(values: readonly (string | null)[], field: LeafField): readonly string[] {
  return values.map((value) =>
    value !== null && PLAIN.test(value) ? `"${value}"` : canonicalText(value, field),
  );
}

function column(
  names: readonly string[],
  columns: ParsedPage['columns'],
  field: LeafField,
): readonly (string | null)[] {
  return columns[position(names, field)] ?? [];
}

/** The place of a field among column names. @throws Error when it is not among them */
export function position(names: readonly string[], field: LeafField): number {
  const found = names.indexOf(field);
  if (found !== -1) return found;
  throw new Error(
    `evidence: leaf field ${field}: got columns ${names.join(', ')}, want it among them; fix the stream`,
  );
}
