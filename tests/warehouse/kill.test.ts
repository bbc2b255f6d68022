import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { POLARIS_STREAMS, READINGS } from '../../schemas/polaris.ts';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import { hexHashes, load } from '../contract/warehouse/fixtures.ts';
import { kill, said, startChild } from './child.ts';
import { KILL_FIGURES, killPages } from './kill_pages.ts';

const COUNTS = `
  SELECT (SELECT count(*) FROM raw.polaris_readings) AS readings, (SELECT count(*) FROM evidence.entries) AS entries,
    (SELECT count(*) FROM ops.quarantine) AS quarantined, (SELECT count(*) FROM raw.polaris_seq_fillers) AS fillers,
    (SELECT count(*) FROM ops.pages) AS pages, (SELECT count(*) FROM ops.loads) AS loads,
    (SELECT bookmark FROM ops.bookmarks) AS bookmark`;
const NOTHING = {
  readings: '0',
  entries: '0',
  quarantined: '0',
  fillers: '0',
  pages: '0',
  loads: '0',
  bookmark: null,
};
const ALL = {
  readings: String(KILL_FIGURES.accepted),
  entries: String(KILL_FIGURES.accepted),
  quarantined: String(KILL_FIGURES.quarantined),
  fillers: String(KILL_FIGURES.quarantined),
  pages: '4',
  loads: '1',
  bookmark: KILL_FIGURES.bookmark,
};
const CONTENT = `
  SELECT * EXCLUDE (load_id, run_id, loaded_at) FROM raw.polaris_readings ORDER BY evidence_index`;

describe('a process killed while it loads', () => {
  let directory: string;
  const open = () =>
    openDuckDbWarehouse({
      path: join(directory, 'warehouse.duckdb'),
      tempDir: join(directory, 'tmp'),
      memoryLimitMb: 256,
    });
  const within = async <T>(body: (warehouse: Warehouse) => Promise<T>): Promise<T> => {
    const warehouse = await open();
    try {
      return await body(warehouse);
    } finally {
      await warehouse.close();
    }
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meterline-kill-'));
    await within((warehouse) => warehouse.migrate(POLARIS_STREAMS));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const killedAt = async (line: string, milliseconds: number) => {
    const child = startChild('kill_child.ts', [directory]);
    try {
      await said(child, line);
      await sleep(milliseconds);
    } finally {
      await kill(child);
    }
  };

  it.each([
    ['added 0', 0, [NOTHING]],
    ['added 3', 0, [NOTHING]],
    ['committing', 0, [NOTHING, ALL]],
    ['committing', 10, [NOTHING, ALL]],
    ['committing', 30, [NOTHING, ALL]],
    ['committing', 60, [NOTHING, ALL]],
    ['committing', 90, [NOTHING, ALL]],
    ['committing', 120, [NOTHING, ALL]],
    ['committing', 160, [NOTHING, ALL]],
    ['committed', 0, [ALL]],
  ])(
    'after "%s" and %i ms leaves all or nothing, and the next load ends in the same tables',
    async (...at) => {
      const [line, milliseconds, allowed] = at;
      await killedAt(line, milliseconds);
      await within(async (warehouse) => {
        const [found] = await warehouse.query(COUNTS);
        expect(allowed).toContainEqual(found);
        await load(warehouse, READINGS, killPages());
        const [after] = await warehouse.query(COUNTS);
        expect(after).toMatchObject({
          readings: ALL.readings,
          entries: ALL.entries,
          quarantined: ALL.quarantined,
          fillers: ALL.fillers,
          bookmark: ALL.bookmark,
        });
        const content = await warehouse.query(CONTENT);
        expect(content.map((row) => row.reading_id)).toEqual(
          Array.from({ length: KILL_FIGURES.accepted }, (_, index) => `r${index}`),
        );
        const leaves: string[] = [];
        for await (const batch of warehouse.leafHashes(0)) leaves.push(...hexHashes(batch));
        expect(leaves).toEqual(killPages().flatMap((page) => [...(page.leaf_hashes ?? [])].slice(0, 2500)));
      });
    },
  );
});
