import { describe, expect, it } from 'vitest';
import { append, EMPTY_TREE, rootHash } from '../../../evidence/merkle.ts';
import { CUSTOMERS, DIMENSIONS, FEATURES, READINGS } from '../../../schemas/polaris.ts';
import type { RunRecord } from '../../../warehouse/warehouse.ts';
import { AT, customer, landed, load, reading } from './fixtures.ts';
import type { OpenedWarehouse } from './opened.ts';

const RUN: RunRecord = {
  run_id: 'run-1',
  command: 'run',
  status: 'running',
  started_at: AT,
  finished_at: null,
  as_of_date: null,
  program_version: '0.1.0',
  error: null,
};

/** What every warehouse keeps of runs and of the evidence log. */
export function runsSuite(opened: OpenedWarehouse): void {
  describe('runs', () => {
    it('keeps runs, steps, as-of dates and snapshots', async () => {
      expect(await opened.warehouse.newestAsOf()).toBeNull();
      await opened.warehouse.startRun(RUN);
      await expect(opened.warehouse.startRun(RUN)).rejects.toThrow(/second start/);
      await opened.warehouse.setAsOf('run-1', '2026-11-22');
      await opened.warehouse.recordStep({
        run_id: 'run-1',
        stage: 'load',
        source: 'polaris',
        status: 'succeeded',
        started_at: AT,
        finished_at: AT,
        detail: null,
      });
      await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [customer({})])]);
      await opened.warehouse.recordSnapshot('polaris', 'run-1', '2026-11-22');
      await opened.warehouse.recordSnapshot('salesforce', 'run-1', '2026-11-22');
      await opened.warehouse.finishRun({ ...RUN, status: 'succeeded', finished_at: '2026-11-23T02:31:00Z' });
      expect(await opened.texts('SELECT status, as_of_date, finished_at FROM ops.runs')).toEqual([
        'succeeded|2026-11-22|2026-11-23 02:31:00',
      ]);
      expect(await opened.texts('SELECT stage, source, status FROM ops.run_steps')).toEqual([
        'load|polaris|succeeded',
      ]);
      expect(
        await opened.texts(
          'SELECT snapshot_id, source, load_id, snapshot_date FROM ops.snapshots ORDER BY 1',
        ),
      ).toEqual(['1|polaris|1|2026-11-22', '2|salesforce|1|2026-11-22']);
      await opened.warehouse.startRun({ ...RUN, run_id: 'run-2', as_of_date: '2026-11-20' });
      expect(await opened.warehouse.newestAsOf()).toBe('2026-11-22');
      await expect(opened.warehouse.setAsOf('run-9', '2026-11-22')).rejects.toThrow(/run run-9: got 0 rows/);
    });

    it('fails runs whose process is gone, but not the one that asks', async () => {
      await opened.warehouse.startRun({ ...RUN, run_id: 'dead' });
      await opened.warehouse.startRun(RUN);
      expect(await opened.warehouse.failAbandonedRuns('run-1', AT)).toBe(1);
      expect(await opened.texts('SELECT run_id, status FROM ops.runs ORDER BY 1')).toEqual([
        'dead|failed',
        'run-1|running',
      ]);
      expect(await opened.warehouse.failAbandonedRuns('run-1', AT)).toBe(0);
    });

    it('knows the as_of of the last readings page ever loaded', async () => {
      expect(await opened.warehouse.lastReadingsAsOf()).toBeNull();
      await load(opened.warehouse, READINGS, [
        landed(READINGS, [reading({})], { as_of: '2026-11-22T03:00:10.5Z' }),
        landed(READINGS, [], { as_of: '2026-11-22T03:00:11Z' }),
      ]);
      await load(opened.warehouse, READINGS, []);
      await load(opened.warehouse, FEATURES, [landed(FEATURES, [], { as_of: '2026-11-25T00:00:00Z' })]);
      expect(await opened.warehouse.lastReadingsAsOf()).toBe('2026-11-22T03:00:11Z');
    });
  });

  describe('builds', () => {
    const build = (fingerprint: string) =>
      opened.warehouse.recordBuild({ run_id: 'run-1', fingerprint, built_at: AT });
    const snapshot = (source: 'polaris' | 'salesforce', date: string) =>
      opened.warehouse.recordSnapshot(source, 'run-1', date);

    it('are built upon by the same models, policies and settings only', async () => {
      expect(await opened.warehouse.canBuildOn('a')).toBe(false);
      // Without an as-of date nothing was built that another build could go on from.
      await opened.warehouse.startRun(RUN);
      await build('a');
      expect(await opened.warehouse.canBuildOn('a')).toBe(false);
      await opened.warehouse.setAsOf('run-1', '2026-11-22');
      await build('a');
      expect(await opened.warehouse.canBuildOn('a')).toBe(true);
      expect(await opened.warehouse.canBuildOn('b')).toBe(false);
      await build('b');
      expect(await opened.warehouse.canBuildOn('a')).toBe(false);
    });

    it('record what they were made from', async () => {
      await opened.warehouse.startRun({ ...RUN, as_of_date: '2026-11-22' });
      await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [customer({})])]);
      await snapshot('polaris', '2026-11-22');
      await build('a');
      expect(
        await opened.texts('SELECT build_id, load_id, snapshot_id, as_of_date, tree_size FROM ops.builds'),
      ).toEqual(['1|1|1|2026-11-22|0']);
    });

    it.each([
      ['a later date of a source that had one before', 'polaris', '2026-11-23', true],
      ['the same date again: of several the first counts', 'polaris', '2026-11-22', true],
      ['an earlier date than the build, not held before', 'polaris', '2026-11-21', false],
      ['the first of its source, which stands in for all earlier dates', 'salesforce', '2026-11-23', false],
    ] as const)('go on after a snapshot: %s', async (_what, source, date, goesOn) => {
      await opened.warehouse.startRun({ ...RUN, as_of_date: '2026-11-22' });
      await snapshot('polaris', '2026-11-22');
      await build('a');
      await snapshot(source, date);
      expect(await opened.warehouse.canBuildOn('a')).toBe(goesOn);
    });

    it('do not go on with another catalogue of dimensions', async () => {
      await opened.warehouse.startRun({ ...RUN, as_of_date: '2026-11-22' });
      await build('a');
      await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [customer({})])]);
      expect(await opened.warehouse.canBuildOn('a')).toBe(true);
      const dimension = {
        dimension: 'd',
        unit: 'TiB',
        measure: 'level',
        billable: 'false',
        description: 'd',
      };
      await load(opened.warehouse, DIMENSIONS, [landed(DIMENSIONS, [dimension])]);
      expect(await opened.warehouse.canBuildOn('a')).toBe(false);
    });
  });

  describe('evidence log', () => {
    it('starts empty and gives back the newest head', async () => {
      expect(await opened.warehouse.treeHead()).toEqual({
        tree_size: 0,
        root_hash: rootHash(EMPTY_TREE),
        frontier: [],
      });
      let tree = EMPTY_TREE;
      for (const size of [5, 7]) {
        tree = append(
          tree,
          Buffer.concat(Array.from({ length: size - tree.size }, (_, index) => Buffer.alloc(32, index))),
        );
        const head = { tree_size: size, root_hash: rootHash(tree), frontier: tree.frontier };
        await opened.warehouse.recordTreeHead(head, 'run-1', AT);
        expect(await opened.warehouse.treeHead()).toEqual(head);
      }
      expect(
        await opened.texts(
          'SELECT tree_size, octet_length(frontier), run_id FROM evidence.tree_heads ORDER BY 1',
        ),
      ).toEqual(['5|64|run-1', '7|96|run-1']);
    });
  });
}
