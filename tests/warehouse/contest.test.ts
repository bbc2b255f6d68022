import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { READINGS } from '../../schemas/polaris.ts';
import { acceptAppendOnly } from '../../warehouse/duckdb/accept_append_only.ts';
import { createVerdicts } from '../../warehouse/duckdb/commit.ts';
import { type Database, openDatabase, type Session } from '../../warehouse/duckdb/database.ts';
import { migrate } from '../../warehouse/duckdb/migrate.ts';
import { openStage } from '../../warehouse/duckdb/stage.ts';
import { AT, landed, reading } from '../contract/warehouse/fixtures.ts';

describe('rows that decide one another in a chain', () => {
  let directory = '';
  let database: Database;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meterline-contest-'));
    const path = join(directory, 'w.duckdb');
    database = await openDatabase({ path, tempDir: directory, memoryLimitMb: 256 });
    await migrate(database.main, [READINGS]);
  });
  afterEach(async () => {
    database.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Accepts readings in a load of their own; gives the places of those that were kept, and the number of statements. */
  async function accept(rows: ReturnType<typeof reading>[]) {
    let statements = 0;
    const real = await database.session();
    const session: Session = {
      ...real,
      run: (...statement) => {
        statements += 1;
        return real.run(...statement);
      },
    };
    const stage = await openStage(database, session, READINGS);
    await stage.add(landed(READINGS, rows));
    await stage.flush();
    await stage.show();
    const commit = { session, stream: READINGS, load_id: 1, run_id: 'run-1', committed_at: AT };
    await createVerdicts(commit);
    await acceptAppendOnly(commit);
    const kept = await session.rows('read', 'SELECT page_offset FROM raw.polaris_readings ORDER BY 1');
    return { kept: kept.map(({ page_offset }) => Number(page_offset)), statements };
  }

  it.each([1, 20, 400])(
    'are accepted as if they came one by one, without a round for each: %d',
    async (pairs) => {
      // Each row shares its id with the one before it, or its revision: every second one is kept, if that of the first is.
      const rows = Array.from({ length: 2 * pairs }, (_, n) =>
        reading({
          reading_id: `r${Math.floor(n / 2)}`,
          cluster_id: `clu-${Math.floor((n + 1) / 2)}`,
          seq: String(n + 1),
        }),
      );
      const { kept, statements } = await accept(rows);
      expect(kept).toEqual(Array.from({ length: pairs }, (_, pair) => 2 * pair));
      expect(statements).toBeLessThan(80);
    },
  );
});
