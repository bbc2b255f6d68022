import { spawn } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { nodeEnv } from '../../connectors/node_env.ts';
import { previewBackfill, runBackfill } from '../../pipelines/backfill.ts';
import type { BackfillRequest } from '../../pipelines/backfill_plan.ts';
import { programPaths } from '../../pipelines/paths.ts';
import { changeWarehouse, printTables, RAW_IDENTITY, withWarehouse } from '../support/tables.ts';
import { LOAD_ONLY, SMALL, startTestWorld, type TestWorld, WHOLE_NIGHT } from '../support/test_night.ts';

/** Two builds of the models, on a machine that may have other work. */
const SLOW_MS = 600_000;
const FEEDS = ['polaris_readings', 'polaris_seq_fillers'];
const ENV = {
  ...nodeEnv(() => undefined),
  onEvent: () => undefined,
  signal: new AbortController().signal,
};

async function feedTables(dataDir: string) {
  const prints = await printTables(dataDir, 'raw', RAW_IDENTITY);
  return FEEDS.map((table) => [table, prints[table]]);
}

const READINGS_BOOKMARK = "from ops.bookmarks where source = 'polaris' and stream = 'readings'";

/** Lets a warehouse's feed of readings pass over what another one has loaded. */
async function passOver(dataDir: string, like: string): Promise<void> {
  const [row] = await withWarehouse(like, (sql) => sql(`select bookmark ${READINGS_BOOKMARK}`));
  await changeWarehouse(
    dataDir,
    `update ops.bookmarks set bookmark = '${row?.bookmark}' where source = 'polaris' and stream = 'readings'`,
  );
}

/** Runs the program's backfill in a process of its own and kills it once its log matches. */
function killedAt(
  folder: string,
  args: readonly string[],
  at: RegExp,
  secret: string,
): Promise<string | null> {
  const entry = join(programPaths().root, 'bin', 'meterline.mjs');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, 'backfill', ...args], {
      cwd: folder,
      env: { ...process.env, BACKFILL_TEST_SECRET: secret },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += String(chunk);
      // The whole group, since the entry starts the pinned Node in a process of its own.
      if (at.test(log) && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    });
    child.once('error', reject);
    child.once('close', (_code, signal) => resolve(signal));
  });
}

/** One warehouse that was loaded every time, and one whose feed passed over four days of readings. */
describe('backfill over the simulators', () => {
  let test: TestWorld;
  let whole = '';
  let holed = '';
  let toKill = '';

  beforeAll(async () => {
    test = await startTestWorld({ ...SMALL, customers: 6, days: 40, dimensions: 3 });
    whole = test.newDataDir();
    expect((await test.night(whole, LOAD_ONLY)).error).toBeNull();
    holed = test.newDataDir();
    cpSync(whole, holed, { recursive: true });
    // Just after midnight: nothing of the new day is there yet, and no day is left in part.
    test.world.setNow('2026-11-26T00:00:10Z');
    expect((await test.night(whole, LOAD_ONLY)).error).toBeNull();
    await passOver(holed, whole);
    expect((await test.night(holed, LOAD_ONLY)).error).toBeNull();
    toKill = test.newDataDir();
    cpSync(holed, toKill, { recursive: true });
  }, SLOW_MS);
  afterAll(() => test.close());

  const backfill = (dataDir: string, request: BackfillRequest, options = LOAD_ONLY) =>
    runBackfill(test.config(dataDir), request, options, ENV);
  const bookmark = () => withWarehouse(holed, (sql) => sql(`select * ${READINGS_BOOKMARK}`));

  it('fills the days that nobody loaded, then those that were loaded in part', async () => {
    const before = await bookmark();
    const days = { from: '2026-11-15', to: '2026-11-26' };
    const none = await backfill(holed, { ...days, reprocess: 'none' });
    expect(none).toMatchObject({ error: null, as_of: '2026-11-24' });
    expect(none.backfill?.ranges).toEqual([
      { from: '2026-11-23', to: '2026-11-26', days: 3, why: ['no_readings'] },
    ]);
    expect(none.sources.tackle?.rows_read).toBeGreaterThan(0);
    expect(await feedTables(holed)).not.toEqual(await feedTables(whole));
    // 22 November was loaded in part; late rows of earlier days were passed over with the rest.
    const failed = await backfill(holed, { from: '2026-10-13', to: '2026-11-26', reprocess: 'failed' });
    expect(failed).toMatchObject({ error: null, findings: { control_total_difference: 0 } });
    expect(failed.backfill?.ranges.map(({ to }) => to)).toContain('2026-11-23');
    expect(await bookmark()).toEqual(before);
  });

  it(
    'all: ends in the tables, entries and marts of the one that was loaded every time',
    async () => {
      const request = { from: '2026-10-13', to: '2026-11-26', reprocess: 'all' } as const;
      const all = await backfill(holed, request, { ...WHOLE_NIGHT, publish: false });
      expect(all).toMatchObject({ error: null, models: { tests_failed: 0 } });
      expect(all.extracts.map(({ published }) => published)).toEqual([false, false, false]);
      expect(await feedTables(holed)).toEqual(await feedTables(whole));
      const wholeNight = await test.night(whole, { publish: false });
      expect(wholeNight.error).toBeNull();
      expect(all.evidence.tree_size).toBe(wholeNight.evidence.tree_size);
      expect(await printTables(holed, 'marts')).toEqual(await printTables(whole, 'marts'));
      const again = await backfill(holed, request);
      expect([again.error, again.evidence]).toEqual([null, all.evidence]);
      for (const source of Object.values(again.sources)) expect(source.rows_loaded).toBe(0);
    },
    SLOW_MS,
  );

  it('a killed one is known as failed, keeps the months it committed, and can be repeated', async () => {
    const dataDir = toKill;
    const folder = join(dataDir, '..');
    const { polaris } = test.config(dataDir).sources;
    const { client_secret: secret = '', ...access } = polaris ?? {};
    const sources = { polaris: { ...access, client_secret: `\${BACKFILL_TEST_SECRET}` } };
    const policies = join(programPaths().root, 'policies');
    writeFileSync(join(folder, 'killed.yaml'), stringify({ data_dir: dataDir, policies, sources }));
    const days = ['--config', 'killed.yaml', '--from', '2026-10-13', '--to', '2026-11-26'];
    const signal = await killedAt(
      folder,
      [...days, '--reprocess', 'all'],
      /"item":"polaris\.readings"[^\n]*"msg":"done"/,
      secret,
    );
    expect(signal).toBe('SIGKILL');
    const request = { from: '2026-11-01', to: '2026-11-26', reprocess: 'failed' } as const;
    const plan = await previewBackfill(test.config(dataDir), request, ENV);
    expect(plan.ranges.map(({ why }) => why.includes('backfill_failed'))).not.toContain(false);
    expect(plan.days).toBe(25);
    const loads = await withWarehouse(dataDir, (sql) =>
      sql(`select rows_read::varchar n from ops.loads join ops.runs using (run_id) where status = 'running'`),
    );
    expect(loads).toHaveLength(1);
    const report = await runBackfill(
      test.config(dataDir),
      { ...request, from: '2026-10-13' },
      LOAD_ONLY,
      ENV,
    );
    expect(report.error).toBeNull();
    expect(await feedTables(dataDir)).toEqual(await feedTables(whole));
    const after = await previewBackfill(test.config(dataDir), request, ENV);
    expect(after.ranges).toEqual([]);
  });
});
