import type { LineTexts } from '../close_records.ts';
import type { Session } from './database.ts';
import { FIXED_TABLES, type StoredColumn } from './ddl.ts';
import { exportParquet } from './export_parquet.ts';
import { identifier, list, literal } from './sql.ts';
import { instantOf, textOrNull } from './values.ts';

/** The columns of a frozen line, in the order of `evidence.closed_lines`. */
export const lineColumns: readonly StoredColumn[] =
  FIXED_TABLES.find(({ schema, name }) => schema === 'evidence' && name === 'closed_lines')?.columns ?? [];

/** The lines of a preparation. */
export function preparedLines(session: Session, preparation_id: number): Promise<readonly LineTexts[]> {
  return lines(session, 'evidence.prepared_lines', 'preparation_id = $of::BIGINT', String(preparation_id));
}

/** The lines that a month froze. */
export function closedLines(session: Session, month: string): Promise<readonly LineTexts[]> {
  return lines(session, 'evidence.closed_lines', 'close_month = $of::DATE', month);
}

/** The lines that the mart shows as closing with a month; null where it was never built. */
export async function shownLines(session: Session, month: string): Promise<readonly LineTexts[] | null> {
  const built = await session.rows(
    'look for the overage lines',
    `SELECT 1 FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = 'fct_overage'`,
  );
  return built.length === 0 ? null : lines(session, 'marts.fct_overage', 'close_month = $of::DATE', month);
}

/** Writes the lines that close with a month to a Parquet file, with the status that they are frozen with. */
export async function exportClosingLines(session: Session, month: string, file: string): Promise<void> {
  await exportParquet(
    session,
    `SELECT * REPLACE (CASE line_type WHEN 'adjustment' THEN 'adjustment' ELSE 'closed' END AS status)
     FROM marts.fct_overage WHERE close_month = DATE ${literal(month)} ORDER BY line_id`,
    file,
  );
}

async function lines(
  session: Session,
  table: string,
  where: string,
  of: string,
): Promise<readonly LineTexts[]> {
  const texts = lineColumns.map(({ name, type }) => {
    const column = identifier(name);
    return `${type === 'TIMESTAMP' ? instantOf(column) : `${column}::VARCHAR`} AS ${column}`;
  });
  const rows = await session.rows(
    `read ${table}`,
    `SELECT ${list(texts)} FROM ${table} WHERE ${where} ORDER BY ${table}.line_id`,
    { of },
  );
  return rows.map((row) =>
    Object.fromEntries(lineColumns.map(({ name }) => [name, textOrNull(row[name] ?? null)])),
  );
}
