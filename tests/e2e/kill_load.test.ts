import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Only } from '../../pipelines/night.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import type { TestWorld } from '../support/test_night.ts';
import { nightWork, startKillWorld, type Tried, tryNight } from './kill/kill_world.ts';
import { loadedState } from './kill/loaded_state.ts';
import { runWork } from './kill/night_child.ts';

const NEXT_DAY = '2026-11-23T03:00:10Z';
const BOUNDARY = /^(?:before|after) (?:COMMIT|rename|rm|POST|DELETE \/|write)/;

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

  const firstNight = (source: Only, streams: readonly string[], only?: RegExp) =>
    tryNight(
      {
        base: null,
        folder: folder(`first-${source}`),
        work: (dataDir) => nightWork(first, [source, 'seal'], dataDir),
        look: (dataDir) => loadedState(dataDir, 0),
      },
      { streams, ...(only && { only }) },
    );

  /** The same fleet a day later, over a data directory whose first night was whole. */
  async function secondNight(source: Only, streams: readonly string[]): Promise<Tried> {
    const base = join(root, `base-${source}`);
    await runWork(nightWork(first, [source, 'seal'], base));
    // As if a week had passed since: Salesforce's keys are listed, too.
    rmSync(join(base, 'state', 'salesforce', 'reconciled.json'), { force: true });
    const before = await withWarehouse(base, (sql) =>
      sql('SELECT max(load_id)::VARCHAR AS n FROM ops.loads'),
    );
    return tryNight(
      {
        base,
        folder: folder(`second-${source}`),
        work: (dataDir) => nightWork(second, [source, 'seal'], dataDir),
        look: (dataDir) => loadedState(dataDir, Number(before[0]?.n)),
      },
      { streams, only: BOUNDARY },
    );
  }

  function check(what: string, { points, failures }: Tried, atLeast: number): void {
    tried.set(what, points.length);
    expect(failures.join('\n')).toBe('');
    expect(points.length).toBeGreaterThanOrEqual(atLeast);
  }

  it('the first night of Polaris', { timeout: 600_000 }, async () => {
    check('first night of Polaris', await firstNight('polaris', ['polaris.readings']), 30);
  });

  it('the first night of Salesforce, with its Bulk jobs on file', { timeout: 600_000 }, async () => {
    const only = /salesforce|jobs/;
    check(
      'first night of Salesforce',
      await firstNight('salesforce', ['salesforce.account', 'salesforce.case'], only),
      10,
    );
  });

  it('the first night of Tackle', { timeout: 600_000 }, async () => {
    check('first night of Tackle', await firstNight('tackle', ['tackle.usage_records'], BOUNDARY), 4);
  });

  it('the second night of Polaris', { timeout: 600_000 }, async () => {
    check('second night of Polaris', await secondNight('polaris', ['polaris.readings']), 4);
  });

  it('the second night of Salesforce, with the list of its keys', { timeout: 600_000 }, async () => {
    check('second night of Salesforce', await secondNight('salesforce', ['salesforce.account']), 4);
  });
});
