import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  copyToParquetSql,
  type DescribeRow,
  type ExtractColumn,
  extractColumnsFromDuckDb,
} from '../../extracts/duckdb_columns.ts';
import { readTotals, type TableTotals, totalsSql } from '../../extracts/exact_sums.ts';
import type { HyperTable } from '../../extracts/hyper_file.ts';

/** Four small marts with the names and columns the workbook needs. */
const MARTS = `
CREATE TABLE mart_account_health AS
  SELECT 'acc-' || i AS account_id, 'Account ' || i AS account_name FROM range(3) r(i);
CREATE TABLE fct_usage_daily AS
  SELECT 'acc-' || (i % 3) AS account_id, 'clu-' || (i % 5) AS cluster_id,
    ['azure', 'gcp', 'aws'][1 + i % 3] AS cloud, DATE '2026-01-01' + CAST(i // 5 AS INTEGER) AS usage_date,
    'capacity_used_tib' AS dimension, CAST(i * 1.123456789 AS DECIMAL(38,9)) AS quantity_avg,
    CAST(24 AS BIGINT) AS hours_expected, CAST(24 - i % 2 AS BIGINT) AS hours_observed, i % 2 = 0 AS is_closed
  FROM range(150) r(i);
CREATE TABLE fct_overage AS
  SELECT 'line-' || i AS line_id, 'acc-' || i AS account_id, 'azure' AS cloud, DATE '2026-01-01' AS billing_period,
    'usage' AS line_type, CAST('74400' AS DECIMAL(38,9)) AS committed,
    CAST('80000.000000001' AS DECIMAL(38,9)) AS measured, CAST('5600.000000001' AS DECIMAL(38,9)) AS above
  FROM range(3) r(i);
CREATE TABLE fct_churn_indicators AS
  SELECT 'acc-' || i AS account_id, DATE '2026-01-31' AS as_of_date, CAST(i * 40 AS DOUBLE) AS score,
    CAST(0.75 AS DOUBLE) AS score_coverage, ['low', 'watch', 'high'][1 + i] AS band,
    CASE WHEN i = 1 THEN NULL ELSE CAST(0.5 AS DOUBLE) END AS commitment_utilisation_28d,
    CASE WHEN i = 1 THEN 'insufficient_telemetry' END AS commitment_utilisation_28d_reason,
    CAST(NULL AS DOUBLE) AS usage_change_28d, 'no_prior_usage' AS usage_change_28d_reason,
    CAST(i AS INTEGER) AS days_since_activity
  FROM range(3) r(i);
`;

/** A table exported from DuckDB: what `writeHyper` takes, and the columns it has. */
export interface Exported extends HyperTable {
  readonly columns: readonly ExtractColumn[];
}

/** Runs SQL in a DuckDB of its own and exports the named tables as Parquet, with their exact totals. */
export async function exportTables(
  folder: string,
  sql: string,
  tables: readonly { readonly name: string; readonly orderBy: readonly string[] }[],
): Promise<readonly Exported[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = async (query: string) => (await connection.runAndReadAll(query)).getRowObjectsJson();
  try {
    for (const statement of sql.split(';').filter((part) => part.trim() !== ''))
      await connection.run(statement);
    const exported: Exported[] = [];
    for (const { name, orderBy } of tables) {
      const columns = extractColumnsFromDuckDb((await rows(`DESCRIBE ${name}`)) as unknown as DescribeRow[]);
      const parquetPath = join(folder, `${name}.parquet`);
      await connection.run(copyToParquetSql(name, columns, orderBy, parquetPath));
      const expected: TableTotals = readTotals((await rows(totalsSql(name, columns)))[0] ?? {}, columns);
      exported.push({ name, columns, parquetPath, expected });
    }
    return exported;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The four marts, exported. */
export function exportMarts(folder: string): Promise<readonly Exported[]> {
  return exportTables(folder, MARTS, [
    { name: 'mart_account_health', orderBy: ['account_id'] },
    { name: 'fct_usage_daily', orderBy: ['account_id', 'usage_date'] },
    { name: 'fct_overage', orderBy: ['line_id'] },
    { name: 'fct_churn_indicators', orderBy: ['account_id', 'as_of_date'] },
  ]);
}
