import type { Page, ParsedPage } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { csvRecords } from '../csv.ts';
import { BodyError, jsonText } from '../json_body.ts';
import { type Fault, parseRows, vanishedColumn } from '../rows.ts';
import { pageError, tackleEnvelope } from './envelope.ts';
import { fieldOf, RECORD_SHAPES, type RecordShape } from './fields.ts';
import { TACKLE_LISTS } from './lists.ts';
import { fieldValue, tackleValue } from './tackle_values.ts';

type Fields = Readonly<Record<string, unknown>>;
type Body = Pick<Page, 'body' | 'url' | 'format'>;

/**
 * The rows of a Tackle page, or of a file of the Azure drop.
 * @throws SourceError when the page cannot be read, or a key that is needed is in none of its rows
 */
export function parseTackle(stream: Stream, page: Body): ParsedPage {
  const shape = RECORD_SHAPES.find((candidate) => candidate.stream.name === stream.name);
  const list = TACKLE_LISTS.find((candidate) => candidate.stream.name === stream.name);
  if (shape === undefined || list === undefined)
    throw pageError(stream.name, page, 'an unknown stream', 'one of Tackle’s');
  const isDrop = page.format === 'csv';
  const rows = isDrop ? dropRows(shape, page) : tackleEnvelope(stream.name, list.paging, page).records;
  // The rows of money lists do not name their cloud: the request does.
  const cloud =
    list.azure_files === null ? null : isDrop ? 'azure' : new URL(page.url).searchParams.get('cloud');
  const parsed = parseRows(stream, rows, {
    precheck: (raw) => (Array.isArray(raw) ? wrongLength(raw) : missingKey(shape, raw)),
    shape: (raw) => shaped(shape, cloud === null ? raw : { ...raw, cloud }),
    unknownFields: unknownFields(shape),
    text: (offset) => jsonText(rows[offset]),
  });
  const vanished = vanishedColumn(parsed) ?? vanishedJoin(shape, rows);
  if (vanished !== null)
    throw pageError(stream.name, page, `${rows.length} rows without ${vanished}`, 'its key in each row');
  return parsed;
}

function shaped(shape: RecordShape, raw: Fields): Fields {
  const row: Record<string, unknown> = {};
  for (const { name, type } of shape.stream.columns) {
    const field = fieldOf(shape, name);
    row[name] = name === shape.whole ? jsonText(raw) : tackleValue(type, field, fieldValue(raw, field));
  }
  return row;
}

/** Keys must be there; all other fields may be left out where they have no value. */
function missingKey(shape: RecordShape, raw: unknown): Fault | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const keys = shape.stream.key.filter((column) => column !== 'cloud');
  const missing = keys.find((column) => lacks(shape, column, raw as Fields));
  return missing === undefined ? null : { column: missing, value: undefined, reason: 'missing key' };
}

/** A column that joins records and is in none of several rows: its field has vanished from the API. */
function vanishedJoin(shape: RecordShape, rows: readonly unknown[]): string | null {
  const records = rows.filter((raw): raw is Fields => typeof raw === 'object' && raw !== null);
  if (records.length < 2) return null;
  const joining = Object.keys(shape.fields).filter((column) => fieldOf(shape, column).is_joining);
  return joining.find((column) => records.every((raw) => lacks(shape, column, raw))) ?? null;
}

function lacks(shape: RecordShape, column: string, raw: Fields): boolean {
  return fieldValue(raw, fieldOf(shape, column)) === undefined;
}

function wrongLength(raw: readonly unknown[]): Fault {
  return { column: null, value: raw, reason: 'want as many fields as the header line has' };
}

/** Unknown keys of a record, and of its parts that are stored in part. */
function unknownFields(shape: RecordShape) {
  const known = knownKeys(shape);
  return (raw: Fields, _accepted: boolean, found: (field: string) => void) => {
    if (shape.whole !== null) return;
    for (const [key, value] of Object.entries(raw)) {
      const parts = known.get(key);
      if (parts === undefined) found(key);
      else if (parts.size > 0 && typeof value === 'object' && value !== null) {
        for (const part of Object.keys(value)) if (!parts.has(part)) found(`${key}.${part}`);
      }
    }
  };
}

/** Top-level key → the parts that are known; none where the whole of it is stored or ignored. */
function knownKeys(shape: RecordShape): ReadonlyMap<string, ReadonlySet<string>> {
  const stored = shape.stream.columns.flatMap(({ name }) => {
    const { path, also } = fieldOf(shape, name);
    return [path, ...also];
  });
  const ignored = shape.ignored.map((name) => name.split('.'));
  const keys = new Map<string, Set<string>>();
  for (const [key = '', part] of [...stored, ...ignored]) {
    const parts = keys.get(key) ?? new Set();
    if (part !== undefined) parts.add(part);
    keys.set(key, parts);
  }
  for (const path of [...stored, ...ignored]) if (path.length === 1) keys.set(path[0] ?? '', new Set());
  return keys;
}

/**
 * The rows of a dropped file as records: the header names fields, a part with a dot or an underscore
 * (`transaction.id`, `transaction_id`) or as its column (`seller_revenue`).
 */
function dropRows(shape: RecordShape, page: Body): readonly unknown[] {
  const spelt = new Map<string, string>();
  for (const { name } of shape.stream.columns.filter((column) => column.name !== 'cloud')) {
    const { path } = fieldOf(shape, name);
    for (const spelling of [path.join('.'), path.join('_'), name]) spelt.set(spelling, path.join('.'));
  }
  const want = [...new Set(spelt.values())];
  const [names = [], ...records] = csvOf(shape, page, want);
  const header = names.map((name) => spelt.get(name) ?? name);
  const missing = want.filter((name) => !header.includes(name));
  const doubled = header.filter((name, index) => header.indexOf(name) !== index);
  if (missing.length > 0 || doubled.length > 0) {
    throw pageError(shape.stream.name, page, `header line ${header.join(',').slice(0, 300)}`, want.join(','));
  }
  return records.map((record) => (record.length === header.length ? nested(header, record) : record));
}

function csvOf(shape: RecordShape, page: Body, want: readonly string[]): readonly (readonly string[])[] {
  try {
    return csvRecords(page.body);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw pageError(shape.stream.name, page, error.message, `CSV with ${want.join(',')}`, error);
  }
}

/** An empty cell is null. */
function nested(header: readonly string[], record: readonly string[]): Fields {
  const row: Record<string, unknown> = {};
  for (const [index, name] of header.entries()) {
    const value = record[index] === '' ? null : record[index];
    const [key = '', part] = name.split('.');
    if (part === undefined) row[key] = value;
    else row[key] = { ...(row[key] as Fields | undefined), [part]: value };
  }
  return row;
}
