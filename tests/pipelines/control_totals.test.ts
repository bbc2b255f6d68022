import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDays, rangesOf } from '../../pipelines/control_totals.ts';
import type { Config } from '../../schemas/config.ts';
import type { ScriptedApi } from '../connectors/scripted_api.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import {
  AS_OF,
  configFor,
  loadNight,
  type PolarisState,
  polarisState,
  readingOf,
  startPolaris,
} from './polaris_night.ts';

const CLOSE = { days: 3, time: '06:00' };

describe('the hours that are compared', () => {
  it.each([
    ['2026-11-22T03:00:10Z', '2026-11-01', '2026-11-22'],
    ['2026-11-04T05:59:59Z', '2026-10-01', '2026-11-04'],
    ['2026-11-04T06:00:00Z', '2026-11-01', '2026-11-04'],
    ['2027-01-01T00:00:00Z', '2026-12-01', '2027-01-01'],
  ])('open at %s: from %s to %s', (at, first, last) => {
    const days = openDays(at, CLOSE);
    expect([days[0], days.at(-1)]).toEqual([first, last]);
    expect(new Set(days).size).toBe(days.length);
  });

  it('asks for days in ranges without gaps of at most 31 days', () => {
    expect(rangesOf(['2026-11-02', '2026-10-31', '2026-11-02', '2026-11-04', '2026-11-01'])).toEqual([
      { from: '2026-10-31T00:00:00Z', to: '2026-11-03T00:00:00Z' },
      { from: '2026-11-04T00:00:00Z', to: '2026-11-05T00:00:00Z' },
    ]);
    const days = openDays('2026-11-04T00:00:00Z', CLOSE);
    expect(rangesOf(days).map(({ to }) => to)).toEqual(['2026-11-01T00:00:00Z', '2026-11-05T00:00:00Z']);
    expect(rangesOf([])).toEqual([]);
  });
});

describe('control totals', () => {
  let root = '';
  let state: PolarisState;
  let api: ScriptedApi;
  let config: Config;

  beforeEach(async () => {
    root = scratch();
    state = polarisState();
    api = await startPolaris(state);
    config = configFor(root, api.url);
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true, force: true });
  });

  const total = (n: number, readings: number, quantity: string) => ({
    hour: `2026-11-21T0${n}:00:00Z`,
    dimension: 'capacity_used_tib',
    readings,
    quantity,
  });
  const FIGURES =
    "strftime(hour, '%H'), source_readings, source_quantity, warehouse_readings, warehouse_quantity, readings_difference, quantity_difference, is_different";
  const kept = (run: string) =>
    withWarehouse(config.data_dir, async (sql) =>
      (await sql(`SELECT ${FIGURES} FROM ops.control_totals WHERE run_id = '${run}' ORDER BY hour`)).map(
        (row) => Object.values(row).map(String).join('|'),
      ),
    );
  const asksFor = (path: string) => api.calls.filter((call) => call.url.pathname === path);

  it('keeps a row for each hour and dimension; current revisions equal, refused rows do not count', async () => {
    const restated = { reading_id: 'r-1b', seq: 2, revision: 2, quantity: '2.25' };
    state.readings = [readingOf(1), readingOf(1, restated), readingOf(3, { quantity: 'many' })];
    state.totals = [total(1, 1, '2.250000000')];
    const night = await loadNight(config);
    expect(night.findings).toEqual({ control_total_difference: 0 });
    expect(await kept(night.run_id)).toEqual(['01|1|2.250000000|1|2.250000000|0|0.000000000|false']);
    expect(asksFor('/v1/usage/readings')).toHaveLength(1);
    const [ask] = asksFor('/v1/usage/control-totals');
    expect(ask?.url.search).toBe('?from=2026-11-01T00%3A00%3A00Z&to=2026-11-23T00%3A00%3A00Z');
  });

  it('a difference is a finding with both figures, and the night succeeds', async () => {
    state.readings = [readingOf(1), readingOf(2), readingOf(3)];
    state.totals = [total(1, 2, '25'), total(2, 1, '12.500000001'), total(4, 1, '1')];
    const night = await loadNight(config);
    expect(night.status).toBe('succeeded');
    expect(night.findings).toEqual({ control_total_difference: 4 });
    expect(await kept(night.run_id)).toEqual([
      '01|2|25.000000000|1|12.500000000|-1|-12.500000000|true',
      '02|1|12.500000001|1|12.500000000|0|-0.000000001|true',
      '03|null|null|1|12.500000000|1|12.500000000|true',
      '04|1|1.000000000|null|null|-1|-1.000000000|true',
    ]);
    // The next night compares the open period again, and keeps that too.
    state.totals = [1, 2, 3].map((n) => total(n, 1, '12.5'));
    const next = await loadNight(config);
    expect(next.findings).toEqual({ control_total_difference: 0 });
    expect(await kept(next.run_id)).toHaveLength(3);
    expect(await kept(night.run_id)).toHaveLength(4);
  });

  it('touched hours of a closed month are compared, too', async () => {
    state.readings = [readingOf(1, { hour: '2026-08-05T01:00:00Z' })];
    const night = await loadNight(config);
    expect(night.findings).toEqual({ control_total_difference: 1 });
    const ranges = asksFor('/v1/usage/control-totals').map((call) => call.url.searchParams.get('from'));
    expect(ranges).toEqual(['2026-08-05T00:00:00Z', '2026-11-01T00:00:00Z']);
    await loadNight(config);
    expect(asksFor('/v1/usage/control-totals')).toHaveLength(3);
  });

  it('reads the feed on until it has reached the instant of the totals, and compares no later rows', async () => {
    state.readings = [readingOf(1)];
    state.totals_as_of = '2026-11-22T03:00:20Z';
    state.feed_as_of = (page) => `2026-11-22T03:00:${10 + 5 * page}Z`;
    state.totals = [total(1, 1, '12.5'), total(2, 1, '12.5')];
    const grow = state.feed_as_of;
    state.feed_as_of = (page) => {
      // Recorded while the night runs: one before the totals' instant, one after.
      const late = { recorded_at: '2026-11-22T03:00:21Z' };
      if (page === 1)
        setImmediate(() => {
          state.readings = [...state.readings, readingOf(2), readingOf(3, late)];
        });
      return grow(page);
    };
    const night = await loadNight(config);
    expect(night.error).toBeNull();
    expect(asksFor('/v1/usage/readings').map((call) => call.url.searchParams.get('since'))).toEqual([
      null,
      '1',
    ]);
    expect(night.sources.polaris?.rows_loaded).toBeGreaterThanOrEqual(3);
    expect(night.findings).toEqual({ control_total_difference: 0 });
    expect(await kept(night.run_id)).toHaveLength(2);
  });

  it('does not compare, and says so, where the feed never gets there; the next run does', async () => {
    state.readings = [readingOf(1)];
    state.totals_as_of = '2026-11-22T03:00:20Z';
    const night = await loadNight(config);
    expect(night.status).toBe('succeeded');
    expect(night.findings).toEqual({ control_totals_not_compared: 1 });
    expect(await kept(night.run_id)).toEqual([]);
    state.totals_as_of = AS_OF;
    state.totals = [total(1, 1, '12.5')];
    expect((await loadNight(config)).findings).toEqual({ control_total_difference: 0 });
  });

  it.each([
    ['a number where a decimal text belongs', { quantity: 12.5 }, /data\.0\.quantity/],
    ['a negative count', { readings: -1 }, /data\.0\.readings/],
  ])('refuses an answer with %s', async (_, change, message) => {
    state.readings = [readingOf(1)];
    state.totals = [{ ...total(1, 1, '12.5'), ...change }];
    const night = await loadNight(config);
    expect(night.error).toMatchObject({ stage: 'read', source: 'polaris.readings' });
    expect(night.error?.message).toMatch(message);
  });

  it('refuses an hour and dimension that is stated twice', async () => {
    state.readings = [readingOf(1)];
    state.totals = [total(1, 1, '12.5'), total(1, 1, '12.5')];
    expect((await loadNight(config)).error?.message).toMatch(/01:00:00Z capacity_used_tib a second time/);
  });
});
