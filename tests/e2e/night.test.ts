import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, EMPTY_TREE, rootHash } from '../../evidence/merkle.ts';
import { plainDecimal } from '../../extracts/exact_sums.ts';
import { programPaths } from '../../pipelines/paths.ts';
import type { NightReport } from '../../pipelines/report.ts';
import { printTables, READING_HISTORY, withWarehouse } from '../support/tables.ts';
import { startTestWorld, type TestWorld } from '../support/test_night.ts';

const NEXT_DAY = '2026-11-23T03:00:10Z';

/** One world, looked at over two days: a first night, a second one right after, a day later, and from scratch. */
describe('nights in a row', () => {
  let test: TestWorld;
  let dataDir = '';
  let first: NightReport;

  beforeAll(async () => {
    test = await startTestWorld();
    dataDir = test.newDataDir();
    first = await test.night(dataDir);
  });
  afterAll(() => test.close());

  it('the first night succeeds, loads every source, builds and tests the models, and publishes', () => {
    expect(first.error).toBeNull();
    expect(first.status).toBe('succeeded');
    expect(first.as_of).toBe('2026-11-21');
    for (const name of ['polaris', 'salesforce', 'tackle'] as const) {
      expect(first.sources[name]?.rows_loaded, name).toBeGreaterThan(0);
    }
    expect(first.models.built).toBeGreaterThan(20);
    expect(first.models.tests_passed).toBeGreaterThan(50);
    expect(first.models.tests_failed).toBe(0);
    expect(first.extracts.map((file) => [file.name, file.published])).toEqual([
      ['meterline.hyper', false], // travels inside the other two
      ['meterline.tdsx', true],
      ['meterline.twbx', true],
    ]);
    for (const file of first.extracts) expect(existsSync(file.path), file.path).toBe(true);
    expect(first.evidence.checkpoint_verified).toBe(true);
  });

  it('the log has one entry for each accepted reading revision, in order and without a gap', async () => {
    await withWarehouse(dataDir, async (sql) => {
      const [row] = await sql(
        `select count(*)::varchar n, min(evidence_index)::varchar low, max(evidence_index)::varchar high,
                count(distinct evidence_index)::varchar different
         from raw.polaris_readings`,
      );
      const size = String(first.evidence.tree_size);
      expect(row).toEqual({ n: size, low: '0', high: String(first.evidence.tree_size - 1), different: size });
    });
  });

  it('the extract, read back by the official Python API, has the rows and exact sums of the marts', async () => {
    const hyper = first.extracts[0]?.path ?? '';
    const script = join(programPaths().root, 'tests', 'python', 'read_hyper.py');
    const { stdout } = await promisify(execFile)(programPaths().python, [script, hyper], {
      maxBuffer: 2 ** 26,
    });
    const tables = JSON.parse(stdout) as Record<string, { rows: number; sums: Record<string, string> }>;
    expect(Object.keys(tables).length).toBeGreaterThan(3);
    await withWarehouse(dataDir, async (sql) => {
      for (const [table, { rows, sums }] of Object.entries(tables)) {
        const columns = Object.keys(sums);
        const exact = columns.map((name) => `coalesce(sum("${name}"), 0)::varchar as "${name}"`);
        const [mart] = await sql(
          `select ${['count(*)::varchar as "rows"', ...exact].join(', ')} from marts."${table}"`,
        );
        expect(mart?.rows, table).toBe(String(rows));
        for (const name of columns) {
          expect(plainDecimal(String(mart?.[name])), `${table}.${name}`).toBe(plainDecimal(sums[name] ?? ''));
        }
      }
    });
  });

  it('a second night right after loads nothing and leaves equal marts and the same root', async () => {
    const before = await printTables(dataDir, 'marts', READING_HISTORY);
    const second = await test.night(dataDir);
    expect(second.error).toBeNull();
    for (const source of Object.values(second.sources)) expect(source.rows_loaded).toBe(0);
    expect(second.evidence).toEqual(first.evidence);
    expect(await printTables(dataDir, 'marts', READING_HISTORY)).toEqual(before);
  });

  it('a day later reads the new readings only, and ends in the marts of a single load from scratch', async () => {
    test.world.setNow(NEXT_DAY);
    const third = await test.night(dataDir);
    expect(third.error).toBeNull();
    expect(third.as_of).toBe('2026-11-22');
    const fresh = test.newDataDir();
    const scratch = await test.night(fresh);
    expect(scratch.error).toBeNull();
    expect(third.evidence.tree_size).toBe(scratch.evidence.tree_size);
    const added = third.evidence.tree_size - first.evidence.tree_size;
    expect(added).toBeGreaterThan(0);
    expect(added).toBeLessThan(first.evidence.tree_size / 20);
    // The head that grew over two nights is the head over all entries at once.
    await withWarehouse(dataDir, async (sql) => {
      const entries = await sql(
        'select lower(hex(leaf_hash)) as leaf from evidence.entries order by evidence_index',
      );
      const whole = append(
        EMPTY_TREE,
        Buffer.concat(entries.map((entry) => Buffer.from(String(entry.leaf), 'hex'))),
      );
      expect(third.evidence.root_hash).toBe(rootHash(whole).toString('hex'));
    });
    const marts = await printTables(dataDir, 'marts');
    expect(Object.keys(marts).length).toBeGreaterThan(12);
    expect(marts).toEqual(await printTables(fresh, 'marts'));
    expect(existsSync(join(fresh, 'status', 'status.json'))).toBe(true);
  });
});
