import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Freezes the overage lines that close with a month (its own, and adjustments posted in it) in `evidence.closed_lines`, as
 * `marts.fct_overage` has them. The mart must have been built with the vars `close_month` and `close_load_id`, so that it
 * holds what the close takes and no more.
 * @param month first day of the month, `2026-01-01`.
 * @returns how many lines were frozen.
 * @throws Error if lines of the month are frozen already.
 */
export async function freezeLines(connection: DuckDBConnection, month: string): Promise<number> {
  const held = await connection.runAndReadAll(
    'SELECT 1 FROM evidence.closed_lines WHERE close_month = CAST($1 AS DATE) LIMIT 1',
    [month],
  );
  if (held.currentRowCount > 0)
    throw new Error(`evidence: close ${month}: got frozen lines, want none; a closed month stays as it is`);
  const frozen = await connection.run(
    `INSERT INTO evidence.closed_lines BY NAME
     SELECT * REPLACE (CASE line_type WHEN 'adjustment' THEN 'adjustment' ELSE 'closed' END AS status)
     FROM marts.fct_overage WHERE close_month = CAST($1 AS DATE)`,
    [month],
  );
  return frozen.rowsChanged;
}
