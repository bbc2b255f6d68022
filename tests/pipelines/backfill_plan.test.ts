import { describe, expect, it } from 'vitest';
import { type BackfillRequest, planBackfill } from '../../pipelines/backfill_plan.ts';
import { POLARIS_STREAMS } from '../../schemas/polaris.ts';
import type { ReadingDays } from '../../warehouse/warehouse.ts';

const days = (...numbers: number[]) => numbers.map((n) => `2026-11-${String(n).padStart(2, '0')}`);
const KNOWN: ReadingDays = {
  feed_began: '2026-11-03',
  expected: days(1, 2, 3, 4, 5, 6, 7, 8, 9),
  held: days(3, 6, 7, 9),
  different: days(6),
  quarantined: days(6, 9),
  quarantined_unplaced: 0,
  seq_holes: days(5),
  backfill_failed: days(7),
};
const SOURCES = [
  { name: 'polaris', streams: POLARIS_STREAMS, bounded: ['readings'] },
  { name: 'salesforce', streams: [] },
] as const;
const REQUEST: BackfillRequest = { from: '2026-11-01', to: '2026-11-11', reprocess: 'none' };

const plan = (request: Partial<BackfillRequest> = {}, known: Partial<ReadingDays> = {}) =>
  planBackfill({ ...REQUEST, ...request }, SOURCES, {
    feed_as_of: '2026-11-22T03:00:10Z',
    days: { ...KNOWN, ...known },
  });
const shown = (of: ReturnType<typeof plan>) =>
  of.ranges.map((range) => `${range.from} ${range.to} ${range.days} ${range.why.join()}`);

describe('the days of a backfill', () => {
  it('none: days without a reading, once the feed has begun and where a cluster was expected', () => {
    const none = plan();
    expect(shown(none)).toEqual([
      '2026-11-04 2026-11-06 2 no_readings',
      '2026-11-08 2026-11-09 1 no_readings',
    ]);
    expect(none.days).toBe(3);
    expect(none.left_out).toEqual({ held: 4, before_feed: 2, no_clusters: 1 });
  });

  it('failed: also days where something is wrong, with every reason, and ranges of equal reasons', () => {
    expect(shown(plan({ reprocess: 'failed' }))).toEqual([
      '2026-11-04 2026-11-05 1 no_readings',
      '2026-11-05 2026-11-06 1 no_readings,seq_holes',
      '2026-11-06 2026-11-07 1 control_totals_differ,open_quarantine',
      '2026-11-07 2026-11-08 1 backfill_failed',
      '2026-11-08 2026-11-09 1 no_readings',
      '2026-11-09 2026-11-10 1 open_quarantine',
    ]);
  });

  it('all: every day, to exclusive', () => {
    const all = plan({ reprocess: 'all' });
    expect(all.days).toBe(10);
    expect(all.left_out).toEqual({ held: 0, before_feed: 0, no_clusters: 0 });
    expect(all.ranges[0]).toEqual({ from: '2026-11-01', to: '2026-11-04', days: 3, why: ['asked_for'] });
    expect(all.ranges.at(-1)?.to).toBe('2026-11-11');
  });

  it('passes over the ends of months and years', () => {
    const over = plan({ from: '2026-12-31', to: '2027-01-02', reprocess: 'all' });
    expect(shown(over)).toEqual(['2026-12-31 2027-01-02 2 asked_for']);
  });

  it('chooses nothing where nothing is known', () => {
    expect(plan({}, { feed_began: null, held: [] }).ranges).toEqual([]);
    expect(planBackfill({ ...REQUEST, reprocess: 'all' }, SOURCES, null)).toMatchObject({
      feed_as_of: null,
      ranges: [],
      days: 0,
    });
  });

  it('names the streams that can be read by days, and those that cannot', () => {
    const { reads, not_bounded } = plan();
    expect(reads).toEqual([{ source: 'polaris', streams: ['readings'] }]);
    expect(not_bounded).toEqual([
      { source: 'polaris', streams: ['dimensions', 'customers', 'clusters', 'users', 'features'] },
    ]);
  });
});
