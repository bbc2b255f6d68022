import { describe, expect, it } from 'vitest';
import { CUSTOMERS, FEATURES } from '../../../schemas/polaris.ts';
import type { RunRecord } from '../../../warehouse/warehouse.ts';
import { AT, customer, feature, landed, load, OPEN_GATE } from './fixtures.ts';
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

/** What every warehouse keeps of a load, and which loads it refuses. */
export function loadsSuite(opened: OpenedWarehouse): void {
  describe('loads', () => {
    it('keeps bookmark, manifest, drift and load record', async () => {
      await opened.warehouse.startRun(RUN);
      const pages = [
        landed(FEATURES, [feature({})], {
          bookmark: 'b1',
          as_of: '2026-11-22T03:00:10Z',
          drift: new Map([['colour', 1]]),
        }),
        landed(FEATURES, [feature({}), feature({ operations: '9' })], {
          bookmark: 'b2',
          stated_rows: 3,
          rejected: [{}],
          drift: new Map([['colour', 2]]),
        }),
        landed(FEATURES, [], { bookmark: null }),
      ];
      const result = await load(opened.warehouse, FEATURES, pages);
      expect(result).toEqual({
        stream: FEATURES,
        load_id: 1,
        pages: 3,
        bytes: 300,
        rows_read: 4,
        rows_loaded: 1,
        rows_unchanged: 1,
        rows_quarantined: 2,
        records_vanished: 0,
        bookmark: 'b2',
        as_of: '2026-11-22T03:00:10Z',
      });
      expect(await opened.warehouse.bookmark(FEATURES)).toBe('b2');
      expect(
        await opened.texts(
          'SELECT page_no, rows_in_body, rows_good, rows_quarantined FROM ops.pages ORDER BY page_no',
        ),
      ).toEqual(['0|1|1|0', '1|3|1|2', '2|0|0|0']);
      expect(await opened.texts('SELECT DISTINCT program_version FROM ops.pages')).toEqual(['0.1.0']);
      expect(await opened.texts('SELECT drift, rows_read FROM ops.loads')).toEqual(['{"colour":3}|4']);
    });

    it('leaves the bookmark and its row alone where no page has a new one', async () => {
      await load(opened.warehouse, FEATURES, [landed(FEATURES, [], { bookmark: 'b1' })]);
      expect(
        await load(opened.warehouse, FEATURES, [landed(FEATURES, [], { bookmark: 'b1' })]),
      ).toMatchObject({
        load_id: 2,
        bookmark: 'b1',
      });
      expect(await load(opened.warehouse, FEATURES, [landed(FEATURES, [])])).toMatchObject({
        bookmark: 'b1',
      });
      expect(await opened.texts('SELECT bookmark, load_id FROM ops.bookmarks')).toEqual(['b1|1']);
    });

    it('shows nothing before the commit and keeps nothing of an aborted load', async () => {
      const loading = await opened.warehouse.startLoad(FEATURES, 'run-1', () => new Date(AT));
      await loading.add(landed(FEATURES, [feature({})], { bookmark: 'b1' }));
      expect(await opened.texts('SELECT count(*) FROM raw.polaris_features')).toEqual(['0']);
      await loading.abort();
      expect(await opened.warehouse.bookmark(FEATURES)).toBeNull();
      await expect(loading.commit({ complete: true, gate: OPEN_GATE })).rejects.toThrow(/use after its end/);
    });

    it('lets loads of several streams stand open side by side', async () => {
      const first = await opened.warehouse.startLoad(FEATURES, 'run-1', () => new Date(AT));
      const second = await opened.warehouse.startLoad(CUSTOMERS, 'run-1', () => new Date(AT));
      await first.add(landed(FEATURES, [feature({})]));
      await second.add(landed(CUSTOMERS, [customer({})]));
      const loads = await Promise.all(
        [first, second].map((each) => each.commit({ complete: true, gate: OPEN_GATE })),
      );
      expect(loads.map(({ load_id, rows_loaded }) => [load_id, rows_loaded]).sort()).toEqual([
        [1, 1],
        [2, 1],
      ]);
    });

    it.each([
      ['a lost row', { offsets: [0, 2] }, /position 2, want each position from 0 to 1 once/],
      ['a doubled row', { offsets: [1, 1] }, /position 1, want each position/],
      ['a short column', { columns: [] }, /got 0 columns, want 8/],
    ])('refuses a page with %s', async (_, change, message) => {
      const page = landed(FEATURES, [feature({}), feature({ feature_event_id: 'f2' })]);
      const loading = await opened.warehouse.startLoad(FEATURES, 'run-1', () => new Date(AT));
      await expect(loading.add({ ...page, parsed: { ...page.parsed, ...change } })).rejects.toThrow(message);
      await loading.abort();
    });

    it('refuses a page with fewer rows than the API states', async () => {
      const page = landed(FEATURES, [feature({})], { stated_rows: 2 });
      await expect(load(opened.warehouse, FEATURES, [page])).rejects.toThrow(
        /got 1 rows, want the 2 that the API/,
      );
      expect(await opened.texts('SELECT count(*) FROM ops.loads')).toEqual(['0']);
    });
  });
}
