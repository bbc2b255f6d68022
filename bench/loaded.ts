import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import type { StoreFacts } from './row_store.ts';

/** What a contestant has at its end: count, and exact sum as a decimal text. */
export type Loaded = StoreFacts;

/** How a sum is written: as many fraction digits as the data set's totals have. */
const SCALES = { readings: 9, accounts: 2 } as const;

/** Count and exact sum of a text or decimal column. `source`: a table, or a table function. */
export async function loadedInDuckDb(
  data: keyof typeof SCALES,
  database: string,
  source: string,
  column: string,
): Promise<Loaded> {
  const instance = await DuckDBInstance.create(
    database,
    database === ':memory:' ? {} : { access_mode: 'READ_ONLY' },
  );
  try {
    const connection = await instance.connect();
    const type = `DECIMAL(38,${SCALES[data]})`;
    const value = `CAST(nullif(CAST(${column} AS VARCHAR), '') AS ${type})`;
    const reader = await connection.runAndReadAll(
      `SELECT count(*)::VARCHAR, CAST(coalesce(sum(${value}), 0) AS ${type})::VARCHAR FROM ${source}`,
    );
    const [rows, total] = reader.getRows()[0] ?? [];
    connection.closeSync();
    return { rows: Number(rows), total: String(total) };
  } finally {
    instance.closeSync();
  }
}

interface MeterlineReport {
  readonly status: string;
  readonly sources: Readonly<Record<string, { readonly rows_quarantined: number }>>;
  readonly evidence: { readonly tree_size: number };
  readonly findings: Readonly<Record<string, number>>;
}

/**
 * Holds meterline's own report, the last line of its output, to what it must have done: all rows loaded, none
 * quarantined, no finding, each reading sealed in the log.
 * @throws Error naming what differs
 */
export function checkReport(output: string, sealed: number): void {
  const report = JSON.parse(readFileSync(output, 'utf8').trim().split('\n').at(-1) ?? '') as MeterlineReport;
  const quarantined = Object.values(report.sources).reduce((sum, each) => sum + each.rows_quarantined, 0);
  const findings = Object.values(report.findings).reduce((sum, each) => sum + each, 0);
  const got = { status: report.status, quarantined, findings, sealed: report.evidence.tree_size };
  const want = { status: 'succeeded', quarantined: 0, findings: 0, sealed };
  if (JSON.stringify(got) === JSON.stringify(want)) return;
  throw new Error(`bench: meterline's report: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}
