import type { Stream } from '../../schemas/streams.ts';
import { type StoredValue, storedValues } from './ddl.ts';
import { identifier, list, literal } from './sql.ts';

/** The columns of `stage_rows` without a row, for a load that has none. */
export function noRows(stream: Stream): string {
  const columns: readonly (readonly [string, string])[] = [
    ['_page_no', 'BIGINT'],
    ['_ord', 'BIGINT'],
    ['_offset', 'BIGINT'],
    ...storedValues(stream).map(({ name, type }) => [name, type] as const),
    ['_failed_column', 'VARCHAR'],
    ['_failed_value', 'VARCHAR'],
    ['_failed_row', 'VARCHAR'],
    ...(stream.kind === 'revisions' ? [['_leaf_hash', 'BLOB'] as const] : []),
  ];
  return `SELECT ${list(columns.map(([name, type]) => `NULL::${type} AS ${identifier(name)}`))} LIMIT 0`;
}

/**
 * The rows of staged files (warehouse/parquet/page_file.ts), typed. Where `failed`, the rows of `failed_rows` say what
 * their type refused.
 */
export function typedRows(stream: Stream, files: readonly string[], failed: boolean): string {
  const typed = valuesOf(stream).map(
    ({ name, type, text }) => `${typedValue(text, type)} AS ${identifier(name)}`,
  );
  const failure = failed
    ? 'f._failed_column, f._failed_value, f._failed_row'
    : 'NULL::VARCHAR AS _failed_column, NULL::VARCHAR AS _failed_value, NULL::VARCHAR AS _failed_row';
  return `
    SELECT _page_no, r._ord, _offset, ${list(typed)}, ${failure}
      ${stream.kind === 'revisions' ? ', _leaf_hash' : ''}
    FROM ${rowsOf(files)} AS r ${failed ? 'LEFT JOIN failed_rows AS f ON f._ord = r._ord' : ''}`;
}

/** One row per staged row that a column's type refuses: the first such column, its text, and the whole row as JSON. */
export function failedRows(stream: Stream, files: readonly string[]): string {
  const refusable = valuesOf(stream)
    .filter(({ type }) => type !== 'VARCHAR')
    .map(({ text, type, from }) => ({
      when: `${typedValue(text, type)} IS NULL AND ${text} IS NOT NULL`,
      text,
      from,
    }));
  if (refusable.length === 0)
    return `SELECT 0::BIGINT AS _ord, '' AS _failed_column, '' AS _failed_value, '' AS _failed_row LIMIT 0`;
  const row = stream.columns.map(({ name }, index) => `${literal(name)}, t${index}`);
  const cases = (then: (each: (typeof refusable)[number]) => string) =>
    `CASE ${refusable.map((each) => `WHEN ${each.when} THEN ${then(each)}`).join(' ')} END`;
  return `
    SELECT _ord, ${cases(({ from }) => literal(from))} AS _failed_column,
      ${cases(({ text }) => `left(to_json(${text})::VARCHAR, 200)`)} AS _failed_value,
      json_object(${list(row)})::VARCHAR AS _failed_row
    FROM ${rowsOf(files)} WHERE ${refusable.map(({ when }) => `(${when})`).join(' OR ')}`;
}

function rowsOf(files: readonly string[]): string {
  return `read_parquet([${list(files.map(literal))}])`;
}

function valuesOf(stream: Stream): readonly (StoredValue & { readonly text: string })[] {
  const textOf = new Map(stream.columns.map(({ name }, index) => [name, `t${index}`]));
  return storedValues(stream).map((stored) => ({ ...stored, text: textOf.get(stored.from) ?? '' }));
}

/**
 * SQL that gives a text's value, or null where the type refuses it. DuckDB reads a decimal of 38 digits twenty times
 * slower than one of 18, and nearly all fit in 18: the wide cast is for those that do not.
 */
function typedValue(text: string, type: string): string {
  if (type === 'VARCHAR') return text;
  if (type !== 'DECIMAL(38,9)') return `TRY_CAST(${text} AS ${type})`;
  return `coalesce(TRY_CAST(${text} AS DECIMAL(18,9))::DECIMAL(38,9), TRY_CAST(${text} AS DECIMAL(38,9)))`;
}
