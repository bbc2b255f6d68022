import { describe, expect, it } from 'vitest';
import { FEATURES, READINGS } from '../../../schemas/polaris.ts';
import { feature, hexHashes, landed, load, reading } from './fixtures.ts';
import type { OpenedWarehouse } from './opened.ts';

/** What every warehouse does with append-only streams: reading revisions and events. */
export function readingsSuite(opened: OpenedWarehouse): void {
  describe('readings', () => {
    it('keeps texts as received, typed values beside them, and the page that brought them', async () => {
      const page = landed(READINGS, [
        reading({ quantity: '0.1', hour: '2026-11-22T05:00:00.000Z', subscription_id: null }),
      ]);
      await load(opened.warehouse, READINGS, [page]);
      const [row] = await opened.warehouse.query(
        `SELECT hour, hour_start, quantity, quantity_decimal, recorded_at, recorded_at_utc, subscription_id,
           page_sha256, page_offset, evidence_index FROM raw.polaris_readings`,
      );
      expect(row).toEqual({
        hour: '2026-11-22T05:00:00.000Z',
        hour_start: '2026-11-22 05:00:00',
        quantity: '0.1',
        quantity_decimal: '0.100000000',
        recorded_at: '2026-11-22T01:05:00Z',
        recorded_at_utc: '2026-11-22 01:05:00',
        subscription_id: null,
        page_sha256: page.page.sha256,
        page_offset: '0',
        evidence_index: '0',
      });
    });

    it('takes a reading delivered again for unchanged, however its number is spelt', async () => {
      await load(opened.warehouse, READINGS, [landed(READINGS, [reading({ quantity: '12.5' })])]);
      const again = await load(opened.warehouse, READINGS, [
        landed(READINGS, [reading({ quantity: '12.500', hour: '2026-11-22T00:00:00.0Z' })]),
      ]);
      expect(again).toMatchObject({ rows_loaded: 0, rows_unchanged: 1, rows_quarantined: 0 });
      expect(await opened.readings()).toEqual(['r1']);
    });

    it('quarantines a reading_id with different content; the first stays', async () => {
      const result = await load(opened.warehouse, READINGS, [
        landed(READINGS, [reading({}), reading({ quantity: '13' })]),
        landed(READINGS, [reading({ region: 'northeurope', seq: '8' })]),
      ]);
      expect(result).toMatchObject({ rows_loaded: 1, rows_unchanged: 0, rows_quarantined: 2 });
      expect(await opened.quarantine()).toEqual([
        'quantity|"13"|reading_id delivered before with different content',
        'seq|8|reading_id delivered before with different content',
      ]);
      expect(await opened.texts('SELECT quantity FROM raw.polaris_readings')).toEqual(['12.5']);
    });

    it('keeps a restatement beside its predecessor', async () => {
      await load(opened.warehouse, READINGS, [landed(READINGS, [reading({})])]);
      const second = reading({ reading_id: 'r2', seq: '2', revision: '2', quantity: '14' });
      expect(await load(opened.warehouse, READINGS, [landed(READINGS, [second])])).toMatchObject({
        rows_loaded: 1,
      });
      expect(
        await opened.texts(
          'SELECT revision, quantity, evidence_index FROM raw.polaris_readings ORDER BY revision',
        ),
      ).toEqual(['1|12.5|0', '2|14|1']);
    });

    it('counts an equal revision under another id as a duplicate that fills its seq', async () => {
      const twin = reading({
        reading_id: 'r2',
        seq: '2',
        recorded_at: '2026-11-22T02:00:00Z',
        quantity: '12.50',
      });
      const result = await load(opened.warehouse, READINGS, [landed(READINGS, [reading({}), twin])]);
      expect(result).toMatchObject({ rows_loaded: 1, rows_unchanged: 1, rows_quarantined: 0 });
      await load(opened.warehouse, READINGS, [landed(READINGS, [twin])]);
      expect(await opened.texts('SELECT cluster_id, seq FROM raw.polaris_seq_fillers')).toEqual(['clu-1|2']);
      expect(await opened.readings()).toEqual(['r1']);
    });

    it('quarantines another content of the same revision, and fills its seq', async () => {
      const other = reading({ reading_id: 'r2', seq: '2', quantity: '99' });
      const result = await load(opened.warehouse, READINGS, [landed(READINGS, [reading({}), other])]);
      expect(result).toMatchObject({ rows_loaded: 1, rows_unchanged: 0, rows_quarantined: 1 });
      expect(await opened.quarantine()).toEqual([
        'quantity|"99"|revision of this cluster, dimension and hour delivered before with different content',
      ]);
      expect(await opened.texts('SELECT cluster_id, seq FROM raw.polaris_seq_fillers')).toEqual(['clu-1|2']);
    });

    it('judges one by one: what was not accepted does not stand in the way of what follows', async () => {
      const conflict = reading({ quantity: '13', hour: '2026-11-22T07:00:00Z', seq: '2' }); // id of r1
      const free = reading({ reading_id: 'r3', hour: '2026-11-22T07:00:00Z', seq: '3' }); // revision of the conflict
      const result = await load(opened.warehouse, READINGS, [
        landed(READINGS, [reading({}), conflict, free]),
      ]);
      expect(result).toMatchObject({ rows_loaded: 2, rows_quarantined: 1 });
      expect(await opened.readings()).toEqual(['r1', 'r3']);
    });

    it('numbers evidence without gaps in the order page, offset, and keeps the leaf of each row', async () => {
      const rows = Array.from({ length: 5000 }, (_, index) =>
        reading({
          reading_id: `r${index}`,
          seq: String(index + 1),
          hour: `2026-11-${String(1 + (index % 28)).padStart(2, '0')}T00:00:00Z`,
          cluster_id: `clu-${Math.floor(index / 28)}`,
        }),
      );
      const pages = [landed(READINGS, rows.slice(0, 4000)), landed(READINGS, rows.slice(3990))];
      const result = await load(opened.warehouse, READINGS, pages);
      expect(result).toMatchObject({ rows_read: 5010, rows_loaded: 5000, rows_unchanged: 10 });
      expect(await opened.readings()).toEqual(rows.map((row) => row.reading_id));
      const leaves: string[] = [];
      for await (const batch of opened.warehouse.leafHashes(0)) leaves.push(...hexHashes(batch));
      expect(leaves).toEqual([...(pages[0]?.leaf_hashes ?? []), ...(pages[1]?.leaf_hashes ?? []).slice(10)]);
      const tail: string[] = [];
      for await (const batch of opened.warehouse.leafHashes(4998)) tail.push(...hexHashes(batch));
      expect(tail).toEqual(leaves.slice(4998));
    });

    it('fills the seq of a refused row where the row says it', async () => {
      const rejected = [
        { cluster_id: 'clu-9', seq: '4' },
        { cluster_id: 'clu-9', seq: null },
        { cluster_id: 'clu-9', seq: 'four' },
        { cluster_id: null, seq: '5' },
      ];
      await load(opened.warehouse, READINGS, [landed(READINGS, [], { rejected })]);
      expect(await opened.texts('SELECT cluster_id, seq FROM raw.polaris_seq_fillers')).toEqual(['clu-9|4']);
    });
  });

  describe('events', () => {
    it('keeps one row for each key; equal content is unchanged, different content a conflict', async () => {
      await load(opened.warehouse, FEATURES, [landed(FEATURES, [feature({})])]);
      const result = await load(opened.warehouse, FEATURES, [
        landed(FEATURES, [feature({}), feature({ operations: '4' }), feature({ feature_event_id: 'f2' })]),
      ]);
      expect(result).toMatchObject({ rows_loaded: 1, rows_unchanged: 1, rows_quarantined: 1 });
      expect(
        await opened.texts('SELECT feature_event_id, operations FROM raw.polaris_features ORDER BY 1'),
      ).toEqual(['f1|3', 'f2|3']);
      expect(await opened.quarantine()).toEqual([
        'operations|4|feature_event_id delivered before with different content',
      ]);
    });
  });
}
