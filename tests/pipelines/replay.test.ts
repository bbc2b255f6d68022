import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPolarisSource } from '../../connectors/polaris/polaris_source.ts';
import type { Source } from '../../connectors/source.ts';
import { dataPaths } from '../../pipelines/paths.ts';
import { listQuarantine, showQuarantined } from '../../pipelines/quarantine.ts';
import { type ReplayFilter, replayQuarantine } from '../../pipelines/replay.ts';
import type { Config } from '../../schemas/config.ts';
import { acquireRunLock } from '../../warehouse/lock.ts';
import type { ScriptedApi } from '../connectors/scripted_api.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import {
  capacity,
  configFor,
  loadNight,
  type PolarisState,
  polarisState,
  quickEnv,
  readingOf,
  startPolaris,
} from './polaris_night.ts';

const ALL: ReplayFilter = { source: null, stream: null, quarantine_id: null };
const IOPS = { ...capacity, dimension: 'iops', unit: 'ops', measure: 'count' };

describe('replay of quarantined rows', () => {
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

  const replay = (filter: Partial<ReplayFilter> = {}, sources: readonly Source[] | null = null) =>
    replayQuarantine(config, { ...ALL, ...filter }, quickEnv(), sources);
  const list = async () => (await listQuarantine(dataPaths(config.data_dir), { limit: 100 })).rows;
  const sql = (query: string) =>
    withWarehouse(config.data_dir, async (run) =>
      (await run(query)).map((row) => Object.values(row).join('|')),
    );
  const iops = (n: number, change = {}) => readingOf(n, { dimension: 'iops', unit: 'ops', ...change });

  /** Two readings of a dimension that comes with the second night, one of a dimension that never comes. */
  async function twoNights() {
    state.readings = [readingOf(1), iops(2), iops(3), readingOf(4, { dimension: 'unheard_of' })];
    expect(await loadNight(config)).toMatchObject({
      error: null,
      sources: { polaris: { rows_quarantined: 3 } },
    });
    state.dimensions = [capacity, IOPS];
    return loadNight(config);
  }

  it('loads what passes since the dimension came, with its evidence, asks nobody, keeps the others', async () => {
    const night = await twoNights();
    const asked = api.calls.length;
    const bookmarks = await sql('SELECT * FROM ops.bookmarks ORDER BY ALL');
    const report = await replay();
    expect(api.calls.length).toBe(asked);
    expect(report.streams).toEqual([
      {
        source: 'polaris',
        stream: 'readings',
        load_id: expect.any(Number),
        rows: 3,
        rows_loaded: 2,
        rows_held: 0,
        rows_still_refused: 1,
        rows_outdated: 0,
        still_open: [expect.objectContaining({ column_name: 'dimension', rows: 1, status: 'open' })],
      },
    ]);
    expect(report.evidence?.tree_size).toBe(night.evidence.tree_size + 2);
    expect(await sql('SELECT * FROM ops.bookmarks ORDER BY ALL')).toEqual(bookmarks);
    expect(
      await sql('SELECT reading_id, evidence_index, page_offset FROM raw.polaris_readings ORDER BY 2'),
    ).toEqual(['r-1|0|0', 'r-2|1|1', 'r-3|2|2']);
    // The leaf names the page that brought the row, which lies there since the first night.
    expect(await sql('SELECT count(DISTINCT page_sha256) FROM raw.polaris_readings')).toEqual(['1']);
    expect(await sql('SELECT count(*) FROM evidence.entries')).toEqual(['3']);
    const run = String(report.run_id);
    const load = String(report.streams[0]?.load_id);
    expect(
      await sql(
        'SELECT quarantine_id, status, replayed_run_id, replayed_load_id FROM ops.quarantine ORDER BY 1',
      ),
    ).toEqual([`1|replayed|${run}|${load}`, `2|replayed|${run}|${load}`, '3|open||']);
    const figures = 'rows_read, rows_loaded, rows_unchanged, rows_quarantined, is_replay, as_of';
    expect(await sql(`SELECT ${figures} FROM ops.loads WHERE load_id = ${load}`)).toEqual(['3|2|0|1|true|']);
    expect(
      await sql(`SELECT rows_in_body, rows_good, rows_quarantined FROM ops.pages WHERE load_id = ${load}`),
    ).toEqual(['3|2|1']);
    expect(await sql(`SELECT command, status FROM ops.runs WHERE run_id = '${run}'`)).toEqual([
      'quarantine replay|succeeded',
    ]);
  });

  it('loads once however often it is replayed, and so does a night that reads everything again', async () => {
    await twoNights();
    const first = await replay();
    const again = await replay();
    expect(again.streams).toMatchObject([{ rows: 1, rows_loaded: 0, rows_still_refused: 1 }]);
    expect(again.evidence).toEqual(first.evidence);
    const rest = await list();
    expect(rest.filter((row) => row.status === 'open').map((row) => row.quarantine_id)).toEqual([3]);
    expect((await loadNight(config)).evidence).toMatchObject(first.evidence ?? {});
  });

  it('replays one row, or one stream, where that is asked for', async () => {
    await twoNights();
    expect((await replay({ stream: 'clusters' })).run_id).toBeNull();
    expect((await replay({ source: 'salesforce' })).run_id).toBeNull();
    expect((await replay({ quarantine_id: 2 })).streams).toMatchObject([{ rows: 1, rows_loaded: 1 }]);
    expect(await sql("SELECT reading_id FROM raw.polaris_readings WHERE dimension = 'iops'")).toEqual([
      'r-3',
    ]);
    // The first is still open; the second is settled, so that there is nothing left to do for it.
    expect((await replay({ quarantine_id: 2 })).run_id).toBeNull();
    await expect(replay({ quarantine_id: 99 })).rejects.toThrow(/row 99: got no such row/);
  });

  it('takes a row that a looser contract lets through', async () => {
    state.readings = [readingOf(1), readingOf(2, { cloud: 'oracle' })];
    await loadNight(config);
    const polaris = createPolarisSource({ url: api.url, client_id: 'a', client_secret: 'b' }, quickEnv());
    const loose: Source = {
      ...polaris,
      parse: (stream, page, references) => {
        const body = Buffer.from(String(page.body).replace('"oracle"', '"onprem"'));
        return polaris.parse(stream, { ...page, body }, references);
      },
    };
    expect((await replay()).streams).toMatchObject([{ rows_loaded: 0, rows_still_refused: 1 }]);
    expect((await replay({}, [loose])).streams).toMatchObject([{ rows_loaded: 1, rows_still_refused: 0 }]);
    expect(await sql('SELECT cloud FROM raw.polaris_readings ORDER BY evidence_index')).toEqual([
      'aws',
      'onprem',
    ]);
  });

  it('keeps conflicts open, and settles a row that is held by now', async () => {
    state.readings = [readingOf(1), readingOf(1, { quantity: '99' }), iops(2)];
    await loadNight(config);
    state.dimensions = [capacity, IOPS];
    state.readings = [...state.readings, iops(2)];
    await loadNight(config);
    expect((await replay()).streams).toMatchObject([
      { rows: 2, rows_loaded: 0, rows_held: 1, rows_still_refused: 1 },
    ]);
    const open = (await list()).filter((row) => row.status === 'open');
    expect(open.map(({ reason }) => reason)).toEqual(['reading_id delivered before with different content']);
    expect(await sql('SELECT quantity FROM raw.polaris_readings ORDER BY seq')).toEqual(['12.5', '12.5']);
  });

  it('does not let a row of an older list undo a newer one', async () => {
    const customer = (name: string, status: string) => ({
      customer_id: 'cus-1',
      name,
      salesforce_account_id: null,
      created_at: '2026-01-01T00:00:00Z',
      status,
    });
    state.customers = [customer('old', 'paused')];
    await loadNight(config);
    state.customers = [customer('new', 'active')];
    await loadNight(config);
    const polaris = createPolarisSource({ url: api.url, client_id: 'a', client_secret: 'b' }, quickEnv());
    const loose: Source = {
      ...polaris,
      parse: (stream, page, references) => {
        const body = Buffer.from(String(page.body).replace('"paused"', '"suspended"'));
        return polaris.parse(stream, { ...page, body }, references);
      },
    };
    expect((await list()).map(({ status }) => status)).toEqual(['outdated']);
    expect((await replay({}, [loose])).run_id).toBeNull();
    expect(await sql('SELECT name FROM raw.polaris_customers')).toEqual(['new']);
  });

  it('replays nothing where nothing is open, or nothing was ever loaded', async () => {
    expect(await replay()).toEqual({ run_id: null, streams: [], evidence: null });
    state.readings = [readingOf(1)];
    await loadNight(config);
    expect(await replay()).toEqual({ run_id: null, streams: [], evidence: null });
    expect(await sql('SELECT command FROM ops.runs')).toEqual(['run']);
  });

  it('waits for nobody: another run that has the data directory refuses it', async () => {
    await twoNights();
    const lock = await acquireRunLock(config.data_dir);
    await expect(replay()).rejects.toThrow(/held by/);
    lock.release();
  });

  it('fails, and says which, where a landed page is gone', async () => {
    await twoNights();
    const [path] = await sql("SELECT path FROM ops.pages WHERE stream = 'readings' LIMIT 1");
    rmSync(`${config.data_dir}/${path}`);
    await expect(replay()).rejects.toThrow(/landed page landing\/polaris\/readings.*restore it/);
    expect(await sql('SELECT count(*) FROM ops.loads WHERE is_replay')).toEqual(['0']);
  });

  it('shows everything about a row', async () => {
    await twoNights();
    const row = await showQuarantined(dataPaths(config.data_dir), 1);
    expect(row).toMatchObject({
      source: 'polaris',
      stream: 'readings',
      page_offset: 1,
      column_name: 'dimension',
      value: '"iops"',
      reason: 'dimension not in the catalogue',
      status: 'open',
      cluster_id: 'clu-1',
      seq: '2',
      times_seen: 1,
      path: `landing/polaris/readings/${row.received_at.slice(0, 10)}/${row.page_sha256}.json.zst`,
      replayed_at: null,
    });
    expect(JSON.parse(row.row_text)).toEqual(iops(2));
    await expect(showQuarantined(dataPaths(config.data_dir), 9)).rejects.toThrow(/row 9: got no such row/);
  });
});
