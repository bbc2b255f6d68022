import { expect } from 'vitest';
import { differences, type Row } from './table.ts';

/** Marts by name, each with all of its rows. */
export type Tables = Readonly<Record<string, readonly Row[]>>;

/** The marts that are held against each other, and what makes a row of each one. */
export const KEYS: Readonly<Record<string, readonly string[]>> = {
  fct_usage_hourly: ['cluster_id', 'dimension', 'hour'],
  fct_usage_daily: ['cluster_id', 'dimension', 'usage_date'],
  fct_telemetry_coverage: ['cluster_id', 'usage_date'],
  fct_feature_usage_daily: ['account_id', 'feature', 'usage_date'],
  fct_feature_adoption: ['account_id', 'feature'],
  fct_commitments: ['commitment_id'],
  fct_churn_indicators: ['account_id', 'as_of_date'],
  fct_churn_reasons: ['account_id', 'as_of_date', 'indicator'],
  fct_overage: ['line_id'],
  fct_overage_hourly: ['line_id', 'hour'],
  fct_marketplace_reconciliation: ['subscription_id', 'dimension', 'hour'],
};

export type Change = (row: Row, mart: string) => Row;

/** When and as which entry a row was loaded: it says nothing of what was used. */
export const LOADED = ['loaded_at', 'evidence_index'];
/** Rows without some columns. */
export const dropped =
  (...names: readonly string[]): Change =>
  (row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));

/** Holds each mart of a variant against the first one's, after a change of either's rows. */
export function expectEqual(
  got: Tables,
  want: Tables,
  ofGot: Change,
  ofWant: Change = ofGot,
  marts = Object.keys(KEYS),
): void {
  for (const mart of marts) {
    const rows = (tables: Tables, change: Change) => (tables[mart] ?? []).map((row) => change(row, mart));
    expect(rows(want, ofWant).length, mart).toBeGreaterThan(0);
    const found = differences(rows(got, ofGot), rows(want, ofWant), KEYS[mart] ?? []);
    expect(found.slice(0, 10), `${mart}: ${found.length} differences`).toEqual([]);
  }
}
