import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratch } from '../support/scratch.ts';
import { tablesOf } from './oracle/built_tables.ts';
import { churnRows } from './oracle/churn.ts';
import { dateText, dayOf } from './oracle/clock.ts';
import { type Change, dropped, expectEqual, KEYS, LOADED, type Tables } from './oracle/compared.ts';
import { SMALL_READ_AT, smallRows, smallWorld } from './oracle/fleet/small_world.ts';
import { decimal } from './oracle/money.ts';
import type { Delivery } from './oracle/run_world.ts';
import { differences, type Row } from './oracle/table.ts';
import { telemetryCoverage, usageBasis, usageDaily, usageHourly } from './oracle/usage.ts';
import { doubled, halved, readOn, repeated, shifted, shuffled, withoutDay } from './oracle/variants.ts';
import type { World } from './oracle/world.ts';

const dir = scratch();
const world = smallWorld();
let base: Tables = {};
beforeAll(async () => {
  base = await tablesOf(dir, world);
}, 600_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The first run three days late. */
const late = smallWorld(smallRows(), ['2026-03-13T02:30:00Z', SMALL_READ_AT[1] ?? '']);

/** All of it at once; with METERLINE_LONG=1 each also by itself. */
const ARRIVALS: readonly (readonly [string, World, Delivery])[] = [
  [
    'late, in two halves, shuffled, a third of the rows a run later, in small pages, each twice',
    halved(shuffled(late)),
    { page_rows: 997, twice: true },
  ],
];
const ONE_BY_ONE: typeof ARRIVALS = [
  ['the first run three days late', late, {}],
  ['each run in two halves', halved(world), {}],
  ['shuffled, a third of them a run later, in small pages', shuffled(world), { page_rows: 997 }],
  ['each page and each run twice', repeated(world), { twice: true }],
];

describe('however the same rows arrive, the marts are equal but for when each was loaded', () => {
  it.each(process.env.METERLINE_LONG === '1' ? [...ARRIVALS, ...ONE_BY_ONE] : ARRIVALS)(
    '%s',
    async (_, variant, delivery) => {
      const got = await tablesOf(dir, variant, delivery);
      // Of a late run the lists are dated later: before, other dates lack a snapshot of their own.
      expectEqual(got, base, dropped(...LOADED, 'crm_known_as_of'));
      const known = (tables: Tables) =>
        tables.fct_churn_indicators?.filter((row) => row.crm_known_as_of).length;
      const isLate = variant.nights[0]?.as_of !== world.nights[0]?.as_of;
      expect(known(got) === known(base)).toBe(!isLate);
    },
  );
});

describe('a change of the rows of which it is known what it does', () => {
  it('all dates a week later: each date moves, and what is counted by calendar month with it or not at all', async () => {
    const got = await tablesOf(dir, shifted(world, 7));
    const back = (row: Row): Row => {
      const moved = Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'string' ? weekEarlier(value) : value,
      ]);
      return Object.fromEntries(moved);
    };
    // Ids of lines and commitments are made of dates.
    const usage = [
      'fct_usage_hourly',
      'fct_usage_daily',
      'fct_telemetry_coverage',
      'fct_feature_usage_daily',
    ];
    const churn = ['fct_churn_indicators', 'fct_churn_reasons'];
    const plain = dropped(...LOADED, 'sentence');
    expectEqual(got, base, (row, mart) => plain(back(row), mart), plain, [...usage, ...churn]);
    // Calendar months fall on other hours, so grace and means of a period differ; levels and bands of an hour do not.
    const hourOnly = dropped('line_id', 'billing_period', 'is_grace', 'amount_unrounded', 'weight_divisor');
    const hours = (tables: Tables) =>
      (tables.fct_overage_hourly ?? []).filter((row) => Number(row.clusters_estimated) === 0);
    const key = ['subscription_id', 'dimension', 'hour'];
    const want = hours(base).map((row) => hourOnly(row, ''));
    expect(
      differences(
        hours(got).map((row) => hourOnly(back(row), '')),
        want,
        key,
      ).slice(0, 10),
    ).toEqual([]);
  });

  it('all capacities and commitments doubled: quantities double, ratios and points stay', async () => {
    const got = await tablesOf(dir, doubled(world));
    const isCapacity = ({ dimension }: Row) => dimension === 'capacity_used_tib';
    const double =
      (names: readonly string[]): Change =>
      (row) =>
        isCapacity(row)
          ? { ...row, ...Object.fromEntries(names.map((name) => [name, twice(row[name])])) }
          : row;
    const exact = dropped(...LOADED);
    expectEqual(got, base, exact, (row, mart) => double(['quantity'])(exact(row, mart), mart), [
      'fct_usage_hourly',
    ]);
    // A mean is rounded once, so twice a rounded mean may differ in the last digit.
    const summed = dropped('quantity_avg');
    const sums = double(['quantity_sum', 'quantity_max', 'quantity_p95']);
    expectEqual(got, base, summed, (row, mart) => sums(summed(row, mart), mart), ['fct_usage_daily']);
    expectEqual(got, base, exact, exact, ['fct_telemetry_coverage', 'fct_feature_usage_daily']);
    expectEqual(got, base, exact, double(['quantity']), ['fct_commitments']);
    const bands = dropped('amount_unrounded');
    const hinged = double(['committed', 'measured', 'included', 'burst', 'above']);
    expectEqual(got, base, bands, (row, mart) => hinged(bands(row, mart), mart), ['fct_overage_hourly']);
    const churn = (tables: Tables) => (tables.fct_churn_indicators ?? []).map(scaleFree);
    // Ratios are made of means that are rounded to nine digits.
    expect(differences(churn(got), churn(base), KEYS.fct_churn_indicators ?? [], 1e-7).slice(0, 10)).toEqual(
      [],
    );
  });

  it('a day lost for everybody: its hours are missing at the source, nothing becomes 0, and the rest follows the definitions', async () => {
    const date = '2026-03-05';
    const variant = withoutDay(world, date);
    const got = await tablesOf(dir, variant);
    const basis = usageBasis(variant);
    const ofDay = ({ usage_date }: Row) => usage_date === date;
    expect((got.fct_usage_hourly ?? []).filter(ofDay)).toEqual([]);
    expect((got.fct_usage_daily ?? []).filter(ofDay)).toEqual([]);
    for (const row of (got.fct_telemetry_coverage ?? []).filter(ofDay))
      expect(row).toMatchObject({ hours_expected: 24, hours_missing_source: 24, coverage: 0 });
    // Entries of the log are fewer; nothing else of the other days' usage moves.
    const others: Tables = {
      ...base,
      fct_usage_hourly: (base.fct_usage_hourly ?? []).filter((row) => !ofDay(row)),
    };
    expectEqual(got, others, dropped(...LOADED), dropped(...LOADED), ['fct_usage_hourly']);
    const wanted: Tables = {
      fct_usage_hourly: usageHourly(basis),
      fct_usage_daily: usageDaily(basis),
      fct_telemetry_coverage: telemetryCoverage(basis),
      fct_churn_indicators: churnRows(variant),
    };
    expectEqual(got, wanted, dropped('loaded_at'), dropped(), Object.keys(wanted));
    const sums = (tables: Tables) =>
      (tables.fct_overage_hourly ?? []).filter((row) => row.measured === decimal(0n)).length;
    expect(sums(got)).toBe(sums(base));
  });

  it('rows that were recorded after the cut-off, and hours after the date: what is dated does not move', async () => {
    const { readings } = smallRows();
    const got = await tablesOf(dir, readOn(world, readings));
    const dated = ['fct_churn_indicators', 'fct_churn_reasons'];
    expectEqual(got, base, dropped(), dropped(), dated);
    expect((got.fct_usage_hourly ?? []).every((row) => String(row.usage_date) <= '2026-03-26')).toBe(true);
    const news = (got.fct_usage_hourly ?? []).filter(
      ({ recorded_at }) => String(recorded_at) > (SMALL_READ_AT[1] ?? ''),
    );
    expect(news.length).toBeGreaterThan(0);
    // Of usage just the readings that were restated.
    const restated = new Set(news.map(keyOf));
    const untouched = (tables: Tables): Tables => ({
      ...tables,
      fct_usage_hourly: (tables.fct_usage_hourly ?? []).filter((row) => !restated.has(keyOf(row))),
    });
    expectEqual(untouched(got), untouched(base), dropped(...LOADED), dropped(...LOADED), [
      'fct_usage_hourly',
    ]);
  });
});

const keyOf = (row: Row) => [row.cluster_id, row.dimension, row.hour].join(' ');

/** Twice a decimal text that is not negative, with as many fraction digits. */
function twice(value: Row[string] | undefined): Row[string] {
  if (typeof value !== 'string') return value ?? null;
  const [whole = '', fraction = ''] = value.split('.');
  const digits = (BigInt(whole + fraction) * 2n).toString().padStart(fraction.length + 1, '0');
  return fraction === '' ? digits : `${digits.slice(0, -fraction.length)}.${digits.slice(-fraction.length)}`;
}

const weekEarlier = (value: string) =>
  /^\d{4}-\d{2}-\d{2}(T|$)/.test(value) && value < '9999'
    ? dateText(dayOf(value.slice(0, 10)) - 7) + value.slice(10)
    : value;

/** Churn rows without what is in TiB, or by TiB, and what is made of it. */
function scaleFree(row: Row): Row {
  const { held_tib: _, held_tib_28d: __, committed_tib_28d: ___, cases_90d_per_100tib, ...rest } = row;
  const { score: ____, band: _____, ...ratios } = rest;
  return { ...ratios, has_cases_per_tib: cases_90d_per_100tib !== null };
}
