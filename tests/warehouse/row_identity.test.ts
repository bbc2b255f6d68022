import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FEATURES } from '../../schemas/polaris.ts';
import { acceptAppendOnly } from '../../warehouse/duckdb/accept_append_only.ts';
import { proveFigures } from '../../warehouse/duckdb/bookkeeping.ts';
import { checkPage } from '../../warehouse/duckdb/check_page.ts';
import { type Commit, createVerdicts } from '../../warehouse/duckdb/commit.ts';
import { type Database, openDatabase } from '../../warehouse/duckdb/database.ts';
import { migrate } from '../../warehouse/duckdb/migrate.ts';
import { gatherRefusals } from '../../warehouse/duckdb/quarantine.ts';
import { openStage } from '../../warehouse/duckdb/stage.ts';
import { AT, feature, landed } from '../contract/warehouse/fixtures.ts';

/** Rows in the body = loaded + unchanged + quarantined: a load whose tables say otherwise is not committed. */
describe('row identity', () => {
  let directory = '';
  let database: Database;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meterline-identity-'));
    database = await openDatabase({
      path: join(directory, 'w.duckdb'),
      tempDir: directory,
      memoryLimitMb: 256,
    });
    await migrate(database.main, [FEATURES]);
  });
  afterEach(async () => {
    database.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** One row loaded, one unchanged, one refused, on one page; not yet proven. */
  async function judged() {
    const session = await database.session();
    const stage = await openStage(database, session, FEATURES);
    await stage.add(landed(FEATURES, [feature({}), feature({})], { rejected: [{}] }));
    await stage.flush();
    await stage.show();
    const commit: Commit = { session, stream: FEATURES, load_id: 1, run_id: 'run-1', committed_at: AT };
    await createVerdicts(commit);
    const accepted = await acceptAppendOnly(commit);
    await gatherRefusals(commit);
    return { session, commit, accepted };
  }

  it('holds for what a load really did', async () => {
    const { commit, accepted } = await judged();
    expect(await proveFigures(commit, accepted)).toMatchObject({
      rows_read: 3,
      rows_loaded: 1,
      rows_unchanged: 1,
      rows_quarantined: 1,
    });
  });

  it.each([
    [
      'a loaded row is lost',
      'DELETE FROM raw.polaris_features',
      '0 rows loaded, 1 unchanged and 1 quarantined',
    ],
    [
      'a loaded row is doubled',
      'INSERT INTO raw.polaris_features SELECT * FROM raw.polaris_features',
      '2 rows loaded, 1 unchanged and 1 quarantined',
    ],
    ['a refused row is lost', 'DELETE FROM refusals', '1 rows loaded, 1 unchanged and 0 quarantined'],
  ])('refuses the load where %s, naming the page and the figures', async (_, damage, figures) => {
    const { session, commit, accepted } = await judged();
    await session.run('damage', damage);
    await expect(proveFigures(commit, accepted)).rejects.toThrow(
      new RegExp(`page [0-9a-f]{64} of polaris features: got ${figures}, want 3 in all`),
    );
  });

  it('refuses the load where the number of rows loaded differs', async () => {
    const { commit, accepted } = await judged();
    await expect(proveFigures(commit, { ...accepted, rows_loaded: 2 })).rejects.toThrow(
      /got 4 rows accounted for, want the 3 read/,
    );
  });

  it.each([
    ['takes a row that was not asked for', [0], /got a row at position 1/],
    ['lacks a row that was asked for', [0, 1, 7], /got no row at position 7/],
  ])('refuses a replayed page that %s', (_, taken, message) => {
    const page = landed(FEATURES, [feature({}), feature({ feature_event_id: 'f2' })]);
    expect(() => checkPage(FEATURES, { ...page, taken })).toThrow(message);
    expect(() => checkPage(FEATURES, { ...page, taken: [0, 1] })).not.toThrow();
  });
});
