import type { Session } from './database.ts';
import { identifier, list, literal } from './sql.ts';
import { text } from './values.ts';

/**
 * Bytes of a refused row up to which SQL reads it. DuckDB keeps every parse of the 2048 rows at hand until they are
 * done, one for each spelling of each column: a dozen rows of five megabytes would need more memory than there is.
 */
export const SHORT_ROW_BYTES = 16 * 1024;

/**
 * Creates the temporary table `name`: one row per row of `from` (a query that gives `ref`, an integer, and `row_text`),
 * with `ref` and the text of each column as the refused row spells it: null where it does not say.
 */
export async function readRefusedKeys(
  session: Session,
  name: string,
  from: string,
  columns: readonly string[],
): Promise<void> {
  const keys = columns.map((column) => `${keyText(column)} AS ${identifier(column)}`);
  await session.run(
    'read the keys of refused rows',
    `CREATE OR REPLACE TEMP TABLE ${name} AS
     SELECT ref::BIGINT AS ref, ${list(keys)} FROM (
       SELECT ref, CASE WHEN json_valid(row_text) THEN row_text::JSON END AS refused
       FROM (${from}) WHERE strlen(row_text) <= ${SHORT_ROW_BYTES})`,
  );
  const long = await session.rows(
    'find the long refused rows',
    `SELECT ref::VARCHAR AS ref FROM (${from}) WHERE strlen(row_text) > ${SHORT_ROW_BYTES} ORDER BY ref`,
  );
  for (const row of long) await readLong(session, name, from, columns, text(row.ref));
}

/** One long row at a time. */
async function readLong(
  session: Session,
  name: string,
  from: string,
  columns: readonly string[],
  ref: string,
): Promise<void> {
  const which = `WHERE ref = ${ref}`;
  const { row_text } = await session.row('read a long row', `SELECT row_text FROM (${from}) ${which}`);
  const row = asObject(text(row_text));
  const values = Object.fromEntries(columns.map((column, n) => [`key_${n}`, keyIn(row, column)]));
  await session.run(
    'note the key of a long row',
    `INSERT INTO ${name} VALUES (${list([ref, ...Object.keys(values).map((key) => `$${key}::VARCHAR`)])})`,
    values,
  );
}

/** The names under which a refused row may have a column: its own, or as APIs spell it (`po_id`, `poid`, `poId`, `PoId`). */
function spellings(column: string): readonly string[] {
  const camel = column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const pascal = camel.replace(/^\w/, (letter) => letter.toUpperCase());
  return [...new Set([column, column.replaceAll('_', ''), camel, pascal])];
}

/** A column's text in a refused row (`refused`, JSON), as SQL. */
function keyText(column: string): string {
  const read = spellings(column).map((name) => {
    const path = literal(`$."${name}"`);
    return `CASE WHEN json_type(refused, ${path}) = 'VARCHAR' THEN json_extract_string(refused, ${path}) END`;
  });
  return `coalesce(${list(read)})`;
}

/** The same of a row read here; half a surrogate pair is no text, as for DuckDB. */
function keyIn(row: object, column: string): string | null {
  const texts = spellings(column).map((name) => (Object.hasOwn(row, name) ? Reflect.get(row, name) : null));
  const found: unknown = texts.find((value) => typeof value === 'string');
  return typeof found === 'string' && found.isWellFormed() ? found : null;
}

function asObject(row_text: string): object {
  try {
    return Object(JSON.parse(row_text));
  } catch (error) {
    // What is no JSON says nothing of its key.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
