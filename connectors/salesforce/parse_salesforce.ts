import type { Page, ParsedPage } from '../../schemas/page.ts';
import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { csvRecords } from '../csv.ts';
import { BodyError, jsonText, parseJsonExact } from '../json_body.ts';
import { type Fault, parseRows } from '../rows.ts';
import { SourceError } from '../source.ts';
import { csvValue, longId, restValue } from './salesforce_values.ts';

type Body = Pick<Page, 'body' | 'url' | 'format' | 'stated_rows'>;
type Fields = Readonly<Record<string, unknown>>;

/** How a column takes its value from a record. */
interface Binding {
  readonly column: string;
  readonly field: string;
  readonly type: SalesforceObjectSpec['stream']['columns'][number]['type'];
  readonly nullable: boolean;
  /** A reference or the id itself: 15 characters become 18. */
  readonly is_id: boolean;
}

/**
 * The rows of a REST or Bulk page of an object. `lenient`: a field that is not in the page is null where its column
 * may be (on_vanished_field: alert).
 * @throws SourceError when the page cannot be read, its header is not of this object, or its rows are not as many as stated
 */
export function parseSalesforce(spec: SalesforceObjectSpec, page: Body, lenient: boolean): ParsedPage {
  const bindings = spec.stream.columns.map(({ name, type, nullable }) => {
    const field = spec.fields[name] ?? name;
    return { column: name, field, type, nullable, is_id: type === 'text' && /Id$/.test(field) };
  });
  const rows = page.format === 'csv' ? csvRows(spec, page, bindings, lenient) : restRows(spec, page);
  if (page.stated_rows !== null && rows.length !== page.stated_rows) {
    throw pageError(spec, page, `${rows.length} rows`, `${page.stated_rows}, as stated with the page`);
  }
  const known = new Set(['attributes', ...bindings.map(({ field }) => field)]);
  const convert = page.format === 'csv' ? csvCell : restValue;
  return parseRows(spec.stream, rows, {
    precheck: (raw) =>
      Array.isArray(raw) ? wrongLength(raw) : page.format === 'csv' ? null : typeChange(bindings, raw),
    shape: (raw) => shaped(bindings, raw, convert, lenient),
    unknownFields: (raw, _accepted, found) => {
      for (const key of Object.keys(raw)) if (!known.has(key)) found(key);
    },
    text: (offset) => jsonText(rows[offset]),
  });
}

function shaped(
  bindings: readonly Binding[],
  raw: Fields,
  convert: (type: Binding['type'], value: unknown) => unknown,
  lenient: boolean,
): Fields {
  const row: Record<string, unknown> = {};
  for (const { column, field, type, nullable, is_id } of bindings) {
    const value = Object.hasOwn(raw, field) ? convert(type, raw[field]) : undefined;
    if (value === undefined) {
      if (lenient && nullable) row[column] = null;
    } else row[column] = is_id && typeof value === 'string' ? longId(value) : value;
  }
  return row;
}

function csvCell(type: Binding['type'], value: unknown): unknown {
  return typeof value === 'string' ? csvValue(type, value) : value;
}

/** A text where the API sent numbers is a change of type: quarantined, not guessed. */
function typeChange(bindings: readonly Binding[], raw: unknown): Fault | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const changed = bindings.find(
    ({ type, field }) =>
      (type === 'decimal' || type === 'integer') && typeof (raw as Fields)[field] === 'string',
  );
  if (changed === undefined) return null;
  return {
    column: changed.column,
    value: (raw as Fields)[changed.field],
    reason: 'want a number, got a text',
  };
}

function wrongLength(raw: readonly unknown[]): Fault {
  return { column: null, value: raw, reason: 'want as many fields as the header line has' };
}

function restRows(spec: SalesforceObjectSpec, page: Body): readonly unknown[] {
  const want = '{totalSize, done, records: [...]}';
  const body = readable(spec, page, want, () => parseJsonExact(page.body));
  const records = typeof body === 'object' && body !== null && 'records' in body ? body.records : null;
  if (Array.isArray(records)) return records;
  throw pageError(spec, page, 'an envelope without records at offset 0', want);
}

/** Records as objects by header name; one with too few or too many fields stays a list. */
function csvRows(
  spec: SalesforceObjectSpec,
  page: Body,
  bindings: readonly Binding[],
  lenient: boolean,
): readonly unknown[] {
  const [header = [], ...records] = readable(spec, page, 'CSV', () => csvRecords(page.body));
  const fields = new Set(bindings.map(({ field }) => field));
  const isWhole = bindings.every(({ field, nullable }) => header.includes(field) || (lenient && nullable));
  const isKnown = header.every((name, index) => fields.has(name) && header.indexOf(name) === index);
  if (page.body.length > 0 && !(isWhole && isKnown)) {
    throw pageError(spec, page, `header line ${header.join(',').slice(0, 300)}`, [...fields].join(','));
  }
  return records.map((record) =>
    record.length === header.length
      ? Object.fromEntries(header.map((name, at) => [name, record[at]]))
      : record,
  );
}

function readable<T>(spec: SalesforceObjectSpec, page: Body, want: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw pageError(spec, page, error.message, want, error);
  }
}

function pageError(
  spec: SalesforceObjectSpec,
  page: Body,
  got: string,
  want: string,
  cause?: unknown,
): SourceError {
  const { name } = spec.stream;
  return new SourceError(`connectors: salesforce ${name}: page ${page.url}: got ${got}, want ${want}`, {
    failure: 'contract',
    source: 'salesforce',
    stream: name,
    next_step: 'run again; if it stays, look at the page as it was received. Nothing was committed',
    ...(cause === undefined ? {} : { cause }),
  });
}
