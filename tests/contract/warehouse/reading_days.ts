import { describe, expect, it } from 'vitest';
import { CLUSTERS, READINGS } from '../../../schemas/polaris.ts';
import type { DayRange, ReadingDays, RunRecord } from '../../../warehouse/warehouse.ts';
import { AT, landed, load, type Row, reading } from './fixtures.ts';
import type { OpenedWarehouse } from './opened.ts';

const RANGE: DayRange = { from: '2026-11-01', to: '2026-11-06' };
const day = (n: number) => `2026-11-0${n}`;

/** The n-th row of a cluster, of 05:00 on a day and recorded at the end of that hour. */
const at = (seq: number, of: number, change: Row = {}) =>
  reading({
    reading_id: `${change.cluster_id ?? 'clu-1'} ${seq}`,
    seq: String(seq),
    hour: `${day(of)}T05:00:00Z`,
    recorded_at: `${day(of)}T06:00:03Z`,
    dimension: `d${seq}`,
    ...change,
  });

const cluster = (cluster_id: string, created_at: string, terminated_at: string | null): Row => ({
  cluster_id,
  customer_id: 'cust-1',
  subscription_id: null,
  cloud: 'azure',
  region: 'westeurope',
  provisioned_tib: '10',
  created_at,
  terminated_at,
});

const backfill = (run_id: string, started_at: string, ranges: readonly DayRange[]): RunRecord => ({
  run_id,
  command: 'backfill',
  status: 'running',
  started_at,
  finished_at: null,
  as_of_date: null,
  program_version: '0.1.0',
  error: null,
  ranges,
});

/** What every warehouse knows of days, for choosing those that are read again. */
export function readingDaysSuite(opened: OpenedWarehouse): void {
  const known = (): Promise<ReadingDays> => opened.warehouse.readingDays(RANGE);
  const loaded = (...rows: readonly Row[]) => load(opened.warehouse, READINGS, [landed(READINGS, rows)]);

  describe('the days of readings', () => {
    it('knows nothing of an empty warehouse', async () => {
      expect(await known()).toEqual({
        feed_began: null,
        expected: [],
        held: [],
        different: [],
        quarantined: [],
        quarantined_unplaced: 0,
        seq_holes: [],
        backfill_failed: [],
      });
    });

    it('holds the days with readings; the feed began with the first, or with what the source counted', async () => {
      await loaded(at(1, 2), at(2, 4), at(3, 6));
      expect(await known()).toMatchObject({ feed_began: day(2), held: [day(2), day(4)] });
      await compare('2026-10-30', 1);
      expect((await known()).feed_began).toBe('2026-10-30');
    });

    it('expects clusters from their creation to their termination', async () => {
      const rows = [
        cluster('short', '2026-11-02T23:59:59Z', '2026-11-04T00:10:00Z'),
        cluster('later', '2026-11-05T12:00:00Z', null),
        cluster('gone', '2026-10-01T00:00:00Z', '2026-10-31T23:00:00Z'),
      ];
      await load(opened.warehouse, CLUSTERS, [landed(CLUSTERS, rows)]);
      expect((await known()).expected).toEqual([day(2), day(3), day(5)]);
    });

    async function compare(of: string, readings: number, at = AT): Promise<void> {
      const comparison = await opened.warehouse.startComparison('run-1', false);
      const total = { hour: `${of}T05:00:00Z`, dimension: 'd1', readings, quantity: '12.5' };
      const hours = { from: `${of}T00:00:00Z`, to: `${of}T23:00:00Z` };
      await comparison.add(hours, { data: [total], as_of: '2026-11-22T00:00:00Z' });
      await comparison.commit(at);
    }

    it('differs where the newest comparison does', async () => {
      await loaded(at(1, 2));
      await compare(day(2), 2, '2026-11-23T01:00:00Z');
      await compare(day(3), 1, '2026-11-23T01:00:00Z');
      expect((await known()).different).toEqual([day(2), day(3)]);
      await compare(day(2), 1, '2026-11-23T02:00:00Z');
      expect((await known()).different).toEqual([day(3)]);
    });

    it('places quarantined rows by their hour, else by when they were recorded', async () => {
      const rows = [
        { hour: `${day(1)}T05:00:00Z` },
        { hour: 'never', recorded_at: `${day(3)}T00:30:00Z` },
        { hour: 7 },
        'no row',
      ];
      const rejected = rows.map((row) => ({ row: JSON.stringify(row) }));
      await load(opened.warehouse, READINGS, [landed(READINGS, [], { rejected })]);
      expect(await known()).toMatchObject({ quarantined: [day(1), day(2)], quarantined_unplaced: 2 });
    });

    it('places holes in seq between the rows around them; refused rows fill theirs', async () => {
      const other = { cluster_id: 'clu-2' };
      const rejected = [{ row: '{}', cluster_id: 'clu-2', seq: '2' }];
      const rows = [at(1, 1), at(2, 2), at(4, 4), at(5, 5), at(1, 1, other), at(3, 5, other)];
      await load(opened.warehouse, READINGS, [landed(READINGS, rows, { rejected })]);
      expect((await known()).seq_holes).toEqual([day(2), day(3), day(4)]);
      await loaded(at(3, 3));
      expect((await known()).seq_holes).toEqual([]);
    });

    it('knows a backfill that failed or was killed, until a later one of those days succeeds', async () => {
      const first = backfill('b-1', '2026-11-23T01:00:00Z', [
        { from: day(1), to: day(3) },
        { from: day(5), to: day(6) },
      ]);
      await opened.warehouse.startRun(first);
      expect((await known()).backfill_failed).toEqual([day(1), day(2), day(5)]);
      await opened.warehouse.finishRun({ ...first, status: 'failed', error: 'broken' });
      const second = backfill('b-2', '2026-11-23T02:00:00Z', [{ from: day(2), to: day(6) }]);
      await opened.warehouse.startRun(second);
      await opened.warehouse.finishRun({ ...second, status: 'succeeded' });
      expect((await known()).backfill_failed).toEqual([day(1)]);
    });

    it('a comparison of a part leaves the other days to be compared', async () => {
      await loaded(at(1, 2), at(2, 4));
      const part = await opened.warehouse.startComparison('run-1', true);
      const hours = { from: `${day(2)}T00:00:00Z`, to: `${day(3)}T00:00:00Z` };
      await part.add(hours, { data: [], as_of: '2026-11-22T00:00:00Z' });
      expect(await part.commit(AT)).toEqual({ compared: 1, different: 1 });
      expect(await opened.warehouse.uncomparedDays()).toEqual([day(2), day(4)]);
    });
  });
}
