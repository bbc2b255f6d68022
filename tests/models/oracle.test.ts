import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratch } from '../support/scratch.ts';
import { type Sql, withWarehouse } from '../support/tables.ts';
import { adoptionRows } from './oracle/adoption.ts';
import { churnRows } from './oracle/churn.ts';
import { commitmentRows, joinStretches } from './oracle/commitment_rows.ts';
import { trickyWorld } from './oracle/fleet/tricky_world.ts';
import { reconciliationRows } from './oracle/marketplace.ts';
import { nanos, sum } from './oracle/money.ts';
import { usageLines } from './oracle/overage.ts';
import { hourlyRows } from './oracle/overage_hour_rows.ts';
import { overageHours } from './oracle/overage_hours.ts';
import { buildModels, loadWorld } from './oracle/run_world.ts';
import { differences, expectMart, type Row, readMart } from './oracle/table.ts';
import { featureUsageDaily, telemetryCoverage, usageBasis, usageDaily, usageHourly } from './oracle/usage.ts';

const dir = scratch();
const world = trickyWorld();
const basis = usageBasis(world);

beforeAll(async () => {
  await loadWorld(dir, world);
  await buildModels(dir);
}, 600_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const held = (body: (sql: Sql) => Promise<void>) => () => withWarehouse(dir, body);

describe('the marts equal what the oracle makes of the same rows', () => {
  it(
    'fct_usage_hourly',
    held((sql) =>
      expectMart(
        sql,
        'fct_usage_hourly',
        usageHourly(basis),
        ['cluster_id', 'dimension', 'hour'],
        ['loaded_at'],
      ),
    ),
  );
  it(
    'fct_usage_daily',
    held((sql) =>
      expectMart(sql, 'fct_usage_daily', usageDaily(basis), ['cluster_id', 'dimension', 'usage_date']),
    ),
  );
  it(
    'fct_telemetry_coverage',
    held((sql) =>
      expectMart(sql, 'fct_telemetry_coverage', telemetryCoverage(basis), ['cluster_id', 'usage_date']),
    ),
  );
  it(
    'fct_feature_usage_daily',
    held((sql) =>
      expectMart(sql, 'fct_feature_usage_daily', featureUsageDaily(basis), [
        'account_id',
        'feature',
        'usage_date',
      ]),
    ),
  );
  it(
    'fct_commitments',
    held(async (sql) => {
      const want = commitmentRows(basis);
      const got = joinStretches(await readMart(sql, 'fct_commitments', Object.keys(want[0] ?? {})));
      expect(differences(got, want, ['subscription_id', 'dimension', 'from_hour'])).toEqual([]);
    }),
  );
  it(
    'fct_churn_indicators, for every as-of date',
    held((sql) => expectMart(sql, 'fct_churn_indicators', churnRows(world), ['account_id', 'as_of_date'])),
  );
  it(
    'fct_feature_adoption',
    held((sql) => expectMart(sql, 'fct_feature_adoption', adoptionRows(basis), ['account_id', 'feature'])),
  );
  it(
    'fct_marketplace_reconciliation',
    held(async (sql) => {
      const want = reconciliationRows(basis);
      const got = await readMart(sql, 'fct_marketplace_reconciliation', Object.keys(want[0] ?? {}));
      expect(differences(got, want, ['subscription_id', 'dimension', 'hour']).slice(0, 20)).toEqual([]);
      expect(new Set(want.map(({ result }) => result)).size).toBe(8);
    }),
  );
  const hours = overageHours(basis);
  it(
    'fct_overage: usage lines',
    held(async (sql) => {
      const want = usageLines(basis, hours);
      const lines = await readMart(sql, 'fct_overage', Object.keys(want[0] ?? {}));
      const got = lines.filter(({ line_type }) => line_type === 'usage');
      expect(differences(got.map(withoutBands), want.map(withoutBands), LINE)).toEqual([]);
      // Each band is rounded once, and one of them takes what is then left of the whole: a last digit.
      const wanted = new Map(want.map((row) => [keyOf(row), row]));
      for (const row of got) {
        const [bands, exact] = [bandsOf(row), bandsOf(wanted.get(keyOf(row)) ?? {})];
        expect(sum(bands), keyOf(row)).toBe(nanos(String(row.measured)));
        for (const [place, band] of bands.entries())
          expect(Math.abs(Number(band - (exact[place] ?? 0n))), keyOf(row)).toBeLessThanOrEqual(2);
      }
    }),
  );
  it(
    'fct_overage_hourly: levels and commitments, and bands where hours sum to their line',
    held(async (sql) => {
      const want = hourlyRows(hours);
      const bandless = new Set(want.filter(({ included }) => included === null).map(keyOf));
      const rows = await readMart(sql, 'fct_overage_hourly', Object.keys(want[0] ?? {}));
      const got = rows.map((row) =>
        bandless.has(keyOf(row)) ? { ...row, included: null, burst: null, above: null } : row,
      );
      expect(differences(got, want, [...LINE, 'hour']).slice(0, 20)).toEqual([]);
    }),
  );
});

const LINE = ['subscription_id', 'dimension', 'billing_period', 'policy_id', 'policy_version'];
const withoutBands = ({ included: _, burst: __, above: ___, ...row }: Row): Row => row;
const bandsOf = (row: Row) => [row.included, row.burst, row.above].map((band) => nanos(String(band)));
const keyOf = (row: Row) => [...LINE, 'hour'].map((name) => row[name]).join(' ');
