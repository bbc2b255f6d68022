import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Only } from '../../pipelines/night.ts';
import { capacity, configFor, polarisState, readingOf, startPolaris } from '../pipelines/polaris_night.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import { LOAD_ONLY, type TestWorld } from '../support/test_night.ts';
import type { Choice } from './kill/choose_points.ts';
import { nightWork, startKillWorld, type Tried, tryNight } from './kill/kill_world.ts';
import { loadedState } from './kill/loaded_state.ts';
import { runWork } from './kill/night_child.ts';

/** A generous bound for a busy machine; nothing is measured against it. */
const LONGEST_MS = 3_600_000;
const NEXT_DAY = '2026-11-23T03:00:10Z';
const BOUNDARY = /^(?:before|after) (?:COMMIT of INSERT|rename to (?!run\.lock|status)|rm)|tree_heads/;
/** Within one transaction, or of other tables and pages: what is tried stands for them. */
const ALIKE =
  /CREATE TABLE|BEGIN|UPDATE|DELETE|run_steps|ops\.(?:pages|layout|snapshots)|seq_fillers|(?:before|after) open run\.lock|GET \/v1\/(?!usage\/readings|usage\/control)/;
const REPLAY = /COMMIT|ops\.quarantine|evidence\.|ops\.loads/;

/** Reading, landing, loading and sealing, killed wherever something becomes visible; then the next night goes on. */
describe('a night killed while it loads', () => {
  let root = '';
  let first: TestWorld; // its clock stands still in the first night, that of the other in the second
  let second: TestWorld;
  const tried = new Map<string, number>();

  beforeAll(async () => {
    root = scratch();
    first = await startKillWorld();
    second = await startKillWorld(NEXT_DAY);
  });
  afterAll(async () => {
    await first.close();
    await second.close();
    rmSync(root, { recursive: true, force: true });
    const total = [...tried.values()].reduce((sum, count) => sum + count, 0);
    const each = [...tried].map(([what, count]) => `${what} ${count}`).join(', ');
    process.stdout.write(`\nkill points of reading, loading and sealing tried: ${total} (${each})\n`);
  });

  function folder(name: string): string {
    const path = join(root, name);
    mkdirSync(path);
    return path;
  }

  const firstNight = (source: Only, choice: Omit<Choice, 'all'>) =>
    tryNight(
      {
        base: null,
        folder: folder(`first-${source}`),
        work: (dataDir) => nightWork(first, [source, 'seal'], dataDir),
        look: (dataDir) => loadedState(dataDir, 0),
      },
      choice,
    );

  /** The same fleet a day later, over a data directory whose first night was whole. */
  async function secondNight(source: Only, streams: readonly string[]): Promise<Tried> {
    const base = join(root, `base-${source}`);
    await runWork(nightWork(first, [source, 'seal'], base));
    // As if a week had passed since: Salesforce's keys are listed, too.
    rmSync(join(base, 'state', 'salesforce', 'reconciled.json'), { force: true });
    const before = await newestLoad(base);
    return tryNight(
      {
        base,
        folder: folder(`second-${source}`),
        work: (dataDir) => nightWork(second, [source, 'seal'], dataDir),
        look: (dataDir) => loadedState(dataDir, before),
      },
      { streams, only: BOUNDARY },
    );
  }

  async function newestLoad(dataDir: string): Promise<number> {
    const [row] = await withWarehouse(dataDir, (sql) =>
      sql('SELECT max(load_id)::VARCHAR AS n FROM ops.loads'),
    );
    return Number(row?.n);
  }

  function check(what: string, { points, failures }: Tried, atLeast: number): void {
    tried.set(what, points.length);
    expect(failures, failures.join('\n')).toEqual([]);
    expect(points.length).toBeGreaterThanOrEqual(atLeast);
  }

  it('the first night of Polaris', { timeout: LONGEST_MS }, async () => {
    check(
      'first night of Polaris',
      await firstNight('polaris', { streams: ['polaris.readings'], skip: ALIKE }),
      25,
    );
  });

  it('the first night of Salesforce, with its Bulk jobs on file', { timeout: LONGEST_MS }, async () => {
    const [only, skip] = [/salesforce|jobs/, /INSERT|DELETE FROM|before GET/];
    const choice = { streams: ['salesforce.account'], only, skip };
    check('first night of Salesforce', await firstNight('salesforce', choice), 10);
  });

  it('the first night of Tackle', { timeout: LONGEST_MS }, async () => {
    const choice = { streams: ['tackle.usage_records'], only: /usage_records/, skip: /INSERT/ };
    check('first night of Tackle', await firstNight('tackle', choice), 4);
  });

  it('the second night of Polaris', { timeout: LONGEST_MS }, async () => {
    check('second night of Polaris', await secondNight('polaris', ['polaris.readings']), 4);
  });

  it('a replay of quarantined rows, and the night after it', { timeout: LONGEST_MS }, async () => {
    const state = polarisState();
    const api = await startPolaris(state);
    try {
      const iops = (n: number) => readingOf(n, { dimension: 'iops', unit: 'ops' });
      state.readings = [readingOf(1), iops(2), iops(3), readingOf(4, { dimension: 'unheard_of' })];
      const base = join(root, 'base-replay');
      const config = (dataDir: string) => ({ ...configFor(root, api.url), data_dir: dataDir });
      const night = (dataDir: string) => runWork({ config: config(dataDir), options: LOAD_ONLY });
      await night(base);
      state.dimensions = [
        ...state.dimensions,
        { ...capacity, dimension: 'iops', unit: 'ops', measure: 'count' },
      ];
      await night(base);
      const before = await newestLoad(base);
      const result = await tryNight(
        {
          base,
          folder: folder('replay'),
          work: (dataDir) => ({ config: config(dataDir), options: null }),
          afterwards: night,
          look: (dataDir) => loadedState(dataDir, before),
        },
        { streams: ['polaris.readings'], only: REPLAY },
      );
      check('replay', result, 5);
    } finally {
      await api.close();
    }
  });

  it('the second night of Salesforce, with the list of its keys', { timeout: LONGEST_MS }, async () => {
    check('second night of Salesforce', await secondNight('salesforce', ['salesforce.account']), 4);
  });
});
