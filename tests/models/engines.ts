import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { PYTHON } from './models_project.ts';

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

/** Rows of several queries, each with one column of JSON texts; the evaluator is started once, it takes its time. */
export function bigquery(queries: readonly string[]): readonly Rows[] {
  const script = join(import.meta.dirname, 'bigquery_evaluate.py');
  const input = JSON.stringify(queries);
  const run = spawnSync(PYTHON, [script], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.status !== 0)
    throw new Error(`models: evaluator: got exit ${run.status}: ${run.stderr.slice(-2000)}; want 0`);
  return JSON.parse(run.stdout) as readonly Rows[];
}
