import { cpSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeEnv } from '../../connectors/node_env.ts';
import { runNight } from '../../pipelines/nightly.ts';
import { printTables, RAW_IDENTITY, withWarehouse } from '../support/tables.ts';
import { LOAD_ONLY, SMALL, startTestWorld, type TestWorld } from '../support/test_night.ts';

const FEEDS = ['polaris_readings', 'polaris_features', 'polaris_seq_fillers'];
/** 20 and 40 days after the first night; a bookmark lives 35. */
const MEANWHILE = '2026-12-12T03:00:10Z';
const LATER = '2027-01-01T03:00:10Z';

async function feedTables(dataDir: string) {
  const prints = await printTables(dataDir, 'raw', RAW_IDENTITY);
  return FEEDS.map((table) => [table, prints[table]]);
}

async function readingUrls(dataDir: string, run_id: string): Promise<readonly URLSearchParams[]> {
  return withWarehouse(dataDir, async (sql) => {
    const rows = await sql(
      `select url from ops.pages where run_id = '${run_id}' and stream = 'readings' order by load_id, page_no`,
    );
    return rows.map(({ url }) => new URL(String(url)).searchParams);
  });
}

describe('a warehouse that was not loaded for longer than bookmarks live', () => {
  let test: TestWorld;

  beforeAll(async () => {
    test = await startTestWorld({ ...SMALL, customers: 4, days: 70, dimensions: 3 });
  });
  afterAll(() => test.close());

  it('ends in the tables of one that was, reads a bounded range again, and says so', async () => {
    const left = test.newDataDir();
    expect((await test.night(left, LOAD_ONLY)).error).toBeNull();
    const kept = test.newDataDir();
    cpSync(left, kept, { recursive: true });
    for (const now of [MEANWHILE, LATER]) {
      test.world.setNow(now);
      expect((await test.night(kept, LOAD_ONLY)).error).toBeNull();
    }
    const warnings: string[] = [];
    const report = await runNight(test.config(left), LOAD_ONLY, {
      ...nodeEnv((level, message) => level === 'warn' && warnings.push(message)),
      onEvent: () => undefined,
      signal: new AbortController().signal,
    });
    expect(report.error).toBeNull();
    expect(report.findings).toEqual({ control_total_difference: 0 });
    expect(await feedTables(left)).toEqual(await feedTables(kept));
    const queries = await readingUrls(left, report.run_id);
    // From 35 days before what was loaded last, which is earlier than the period that was open then, to now.
    const [first] = queries;
    expect([first?.get('from'), first?.get('to')]).toEqual(['2026-10-18T00:00:00Z', '2027-01-01T05:00:00Z']);
    expect(queries.every((query) => query.has('from') || query.has('since'))).toBe(true);
    expect(warnings.join('\n')).toMatch(
      /readings: bookmark has expired.*reading hours 2026-10-18T00:00:00Z to .* again .earlier hours/,
    );
    // The next night has a bookmark again.
    const next = await test.night(left, LOAD_ONLY);
    expect([next.error, next.sources.polaris?.rows_loaded]).toEqual([null, 0]);
    expect((await readingUrls(left, next.run_id))[0]?.has('since')).toBe(true);
  });
});
