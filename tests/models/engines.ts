import { DuckDBInstance } from '@duckdb/node-api';
import { startGoogleSql } from './google_sql.ts';

/** Rows, column by column; decimals and times as texts. */
export type Rows = readonly Readonly<Record<string, unknown>>[];

/** Rows of a query on DuckDB, in memory. */
export async function duckdb(sql: string): Promise<Rows> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** Rows of several queries in Google's evaluator, each with one column of JSON texts. */
export async function bigquery(queries: readonly string[]): Promise<readonly Rows[]> {
  const google = await startGoogleSql();
  try {
    const results: Rows[] = [];
    for (const sql of queries) {
      const { rows } = await google.evaluate(sql, {});
      results.push(rows.map(([text]) => JSON.parse(text ?? 'null') as Rows[number]));
    }
    return results;
  } finally {
    await google.close();
  }
}
