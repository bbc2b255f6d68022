import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { previewBackfill, runBackfill } from '../../pipelines/backfill.ts';
import type { Reprocess } from '../../pipelines/backfill_plan.ts';
import type { NightEvent } from '../../pipelines/events.ts';
import type { NightOptions } from '../../pipelines/night.ts';
import type { Config } from '../../schemas/config.ts';
import { LockedError, UsageError } from '../../schemas/errors.ts';
import { acquireRunLock } from '../../warehouse/lock.ts';
import type { ScriptedApi } from '../connectors/scripted_api.ts';
import { scratch } from '../support/scratch.ts';
import { changeWarehouse, withWarehouse } from '../support/tables.ts';
import {
  configFor,
  loadNight,
  type PolarisState,
  polarisState,
  quickEnv,
  readingOf,
  startPolaris,
} from './polaris_night.ts';

const OPTIONS: NightOptions = {
  command: 'run',
  as_of: null,
  accept_quarantine: [],
  only: ['load', 'seal'],
  full_refresh: false,
  publish: false,
};
const cluster = {
  cluster_id: 'clu-1',
  customer_id: 'cus-1',
  subscription_id: null,
  cloud: 'aws',
  region: 'eu-west-1',
  provisioned_tib: '10',
  created_at: '2026-10-01T00:00:00Z',
  terminated_at: null,
};
/** The n-th reading, on a day of November, recorded an hour later. */
const on = (n: number, day: string, change = {}) =>
  readingOf(n, {
    hour: `2026-11-${day}T05:00:00Z`,
    recorded_at: `2026-11-${day}T06:00:03Z`,
    ...change,
  });
const total = (day: string, readings = 1, quantity = '12.5') => ({
  hour: `2026-11-${day}T05:00:00Z`,
  dimension: 'capacity_used_tib',
  readings,
  quantity,
});

describe('backfill', () => {
  let root = '';
  let state: PolarisState;
  let api: ScriptedApi;
  let config: Config;

  beforeEach(async () => {
    root = scratch();
    state = polarisState();
    state.clusters = [cluster];
    state.readings = [on(1, '10'), on(4, '13')];
    // The feed passed over the 11th and the 12th, and what it has of the 13th is not all.
    state.passed_over = [on(2, '11'), on(3, '12')];
    state.totals = ['10', '11', '12', '13'].map((day) => total(day));
    api = await startPolaris(state);
    config = configFor(root, api.url);
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true, force: true });
  });

  const request = (reprocess: Reprocess = 'none', from = '2026-11-10', to = '2026-11-14') => ({
    from,
    to,
    reprocess,
  });
  const run = (which = request(), more: Partial<NightOptions> = {}, onEvent = (_: NightEvent) => undefined) =>
    runBackfill(config, which, { ...OPTIONS, ...more }, { ...quickEnv(), onEvent });
  const preview = (which = request()) => previewBackfill(config, which, quickEnv());
  const sql = (query: string) =>
    withWarehouse(config.data_dir, async (ask) =>
      (await ask(query)).map((row) => Object.values(row).map(String).join('|')),
    );
  const held = () => sql('SELECT reading_id FROM raw.polaris_readings ORDER BY seq');
  const rereads = () =>
    api.calls.filter(({ url }) => url.pathname.endsWith('readings') && url.searchParams.has('from'));

  it('reads the days again that nobody loaded, with evidence, and moves neither bookmark nor as_of', async () => {
    expect((await loadNight(config)).findings).toEqual({ control_total_difference: 2 });
    const step = 'SELECT * FROM ops.bookmarks ORDER BY ALL';
    const asOf = "SELECT max(as_of) FROM ops.loads WHERE stream = 'readings'";
    const before = [await sql(step), await sql(asOf)];
    state.totals_as_of = '2026-11-24T00:00:00Z';
    const report = await run();
    expect(report).toMatchObject({
      error: null,
      status: 'succeeded',
      as_of: '2026-11-21',
      findings: { control_total_difference: 0 },
      sources: { polaris: { rows_read: 2, rows_loaded: 2 } },
      evidence: { tree_size: 4 },
      backfill: {
        days: 2,
        ranges: [{ from: '2026-11-11', to: '2026-11-13', days: 2, why: ['no_readings'] }],
      },
    });
    expect(await held()).toEqual(['r-1', 'r-2', 'r-3', 'r-4']);
    expect(await sql('SELECT count(*) FROM evidence.entries')).toEqual(['4']);
    expect([await sql(step), await sql(asOf)]).toEqual(before);
    expect(rereads().map(({ url }) => [url.searchParams.get('from'), url.searchParams.get('to')])).toEqual([
      ['2026-11-11T00:00:00Z', '2026-11-12T00:00:00Z'],
      ['2026-11-12T00:00:00Z', '2026-11-13T00:00:00Z'],
    ]);
    expect(await sql("SELECT status, ranges FROM ops.runs WHERE command = 'backfill'")).toEqual([
      'succeeded|[{"from":"2026-11-11","to":"2026-11-13"}]',
    ]);
    const status = JSON.parse(readFileSync(join(config.data_dir, 'status', 'status.json'), 'utf8'));
    expect(status.runs[0]).toMatchObject({ run_id: report.run_id, backfill: { days: 2 } });
    expect(status.last_success_at).toBeNull();
    state.feed_as_of = () => state.totals_as_of;
    // The next night goes on from where the one before left, and compares what the backfill loaded.
    expect(await loadNight(config)).toMatchObject({
      findings: { control_total_difference: 0 },
      sources: { polaris: { rows_read: 2 } },
    });
  });

  it('leaves to the next night what an earlier one loaded and could not compare', async () => {
    state.readings = [...state.readings, on(5, '14', { hour: '2026-08-05T01:00:00Z' })];
    const { totals } = state;
    state.totals = [total('10', -1)];
    expect((await loadNight(config)).error?.message).toMatch(/data\.0\.readings/);
    state.totals = totals;
    expect((await run()).findings).toEqual({ control_total_difference: 0 });
    const before = api.calls.length;
    await loadNight(config);
    const compared = api.calls.slice(before).filter(({ url }) => url.pathname.endsWith('control-totals'));
    expect(compared.map(({ url }) => url.searchParams.get('from'))).toContain('2026-08-05T00:00:00Z');
  });

  it('twice is the same as once', async () => {
    await loadNight(config);
    const first = await run(request('all'));
    expect(first.sources.polaris).toMatchObject({ rows_read: 4, rows_loaded: 2 });
    const second = await run(request('all'));
    expect(second).toMatchObject({ error: null, sources: { polaris: { rows_read: 4, rows_loaded: 0 } } });
    expect(second.evidence).toEqual(first.evidence);
    // Nothing is left to fill: nobody is asked.
    const calls = api.calls.length;
    expect(await run()).toMatchObject({ error: null, sources: {}, evidence: first.evidence });
    expect(api.calls.length).toBe(calls);
  });

  it('failed: days with holes in seq, differing totals and quarantined rows are read again', async () => {
    const at = (day: string, hour: string) => ({ hour: `2026-11-${day}T${hour}:00:00Z` });
    state.readings = [
      on(1, '08'),
      on(3, '09', { quantity: 'many' }),
      on(4, '10'),
      on(6, '10', at('10', '07')),
    ];
    state.passed_over = [on(2, '08', at('08', '06')), on(5, '10', at('10', '06'))];
    state.totals = [];
    await loadNight(config);
    const { ranges } = await preview(request('failed', '2026-11-07', '2026-11-12'));
    expect(ranges.map(({ from, why }) => [from, why])).toEqual([
      ['2026-11-08', ['control_totals_differ', 'seq_holes']],
      ['2026-11-09', ['no_readings', 'open_quarantine', 'seq_holes']],
      ['2026-11-10', ['control_totals_differ', 'seq_holes']],
      ['2026-11-11', ['no_readings']],
    ]);
    expect((await run(request('failed', '2026-11-07', '2026-11-12'))).error).toBeNull();
    expect(await held()).toEqual(['r-1', 'r-2', 'r-4', 'r-5', 'r-6']);
    // The numbers are complete: that of the refused row is filled.
    const after = await preview(request('failed', '2026-11-07', '2026-11-12'));
    expect(after.ranges.flatMap(({ why }) => why)).not.toContain('seq_holes');
  });

  it('a failed one is known, and goes on where it is repeated', async () => {
    await loadNight(config);
    const good = state.passed_over;
    config = { ...config, gates: { ...config.gates, max_quarantine_share: 0, min_quarantined_rows: 0 } };
    state.passed_over = good.map((row) => ({ ...row, quantity: 'many' }));
    const failed = await run();
    expect(failed.error).toMatchObject({ stage: 'load', source: 'polaris.readings' });
    expect(await held()).toEqual(['r-1', 'r-4']);
    state.passed_over = good;
    const again = await preview(request('failed'));
    const why = ['no_readings', 'control_totals_differ', 'seq_holes', 'backfill_failed'];
    expect(again.ranges).toContainEqual({ from: '2026-11-11', to: '2026-11-13', days: 2, why });
    expect((await run(request('failed'))).error).toBeNull();
    expect(await held()).toEqual(['r-1', 'r-2', 'r-3', 'r-4']);
    expect((await preview(request('failed'))).ranges).toEqual([]);
  });

  it('quarantined rows are let through the gate once where that is asked for', async () => {
    await loadNight(config);
    config = { ...config, gates: { ...config.gates, max_quarantine_share: 0, min_quarantined_rows: 0 } };
    state.passed_over = [on(2, '11', { quantity: 'many' }), on(3, '12')];
    const report = await run(request(), { accept_quarantine: ['polaris.readings'] });
    expect(report).toMatchObject({
      error: null,
      sources: { polaris: { rows_loaded: 1, rows_quarantined: 1 } },
    });
  });

  it('tells of its progress by days', async () => {
    await loadNight(config);
    const shares: (number | null)[] = [];
    await run(request('all'), {}, (event) => {
      if (event.kind === 'progress' && event.stage === 'load') shares.push(event.share);
      return undefined;
    });
    expect(shares).toHaveLength(4);
    expect(shares.every((share) => share !== null && share >= 0 && share <= 1)).toBe(true);
    expect(shares.toSorted()).toEqual(shares);
  });

  it('a preview touches nothing and asks nobody, also where Polaris is away', async () => {
    await loadNight(config);
    const file = join(config.data_dir, 'warehouse.duckdb');
    const before = readFileSync(file);
    await api.close();
    expect(await preview()).toMatchObject({
      feed_as_of: '2026-11-22T03:00:10Z',
      days: 2,
      left_out: { held: 2, before_feed: 0, no_clusters: 0 },
      reads: [{ source: 'polaris', streams: ['readings'] }],
    });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(`${file}.wal`)).toBe(false);
    expect(await sql("SELECT count(*) FROM ops.runs WHERE command = 'backfill'")).toEqual(['0']);
  });

  it('a preview looks into a warehouse of a program that knew no backfill, too', async () => {
    await loadNight(config);
    await changeWarehouse(config.data_dir, 'ALTER TABLE ops.runs DROP COLUMN ranges');
    expect((await preview(request('failed'))).days).toBe(4);
    expect((await run(request('failed'))).error).toBeNull();
  });

  it('days that the feed has not come to, no warehouse, no Polaris: refused before anything is touched', async () => {
    const far = request('all', '2026-11-20', '2026-11-23');
    expect((await preview(far)).feed_as_of).toBeNull();
    expect(existsSync(config.data_dir)).toBe(false);
    await expect(run(far)).rejects.toThrow(/warehouse: got one without readings.*meterline run/);
    expect(existsSync(config.data_dir)).toBe(false);
    await loadNight(config);
    const message = /--to \(exclusive\): got 2026-11-23, want 2026-11-22 or earlier: .* 2026-11-22T03:00:10Z/;
    await expect(preview(far)).rejects.toThrow(message);
    await expect(run(far)).rejects.toThrow(UsageError);
    expect(await sql('SELECT command FROM ops.runs')).toEqual(['run']);
    config = { ...config, sources: {} };
    await expect(run()).rejects.toThrow(/sources\.polaris: got none.*Salesforce cannot be read by days/);
  });

  it('another run that has the data directory refuses it', async () => {
    await loadNight(config);
    const lock = await acquireRunLock(config.data_dir);
    await expect(preview()).rejects.toThrow(LockedError);
    await expect(run()).rejects.toThrow(LockedError);
    lock.release();
  });
});
