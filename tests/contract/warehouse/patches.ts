import { describe, expect, it } from 'vitest';
import { ACCOUNT } from '../../../schemas/salesforce.ts';
import type { LandedPage } from '../../../warehouse/warehouse.ts';
import { AT, landed, load, OPEN_GATE, type Row } from './fixtures.ts';
import type { OpenedWarehouse } from './opened.ts';

const STREAM = ACCOUNT.stream;
const MONDAY = '2026-11-16T10:00:00Z';
const TUESDAY = '2026-11-17T10:00:00Z';

const whole = (n: number, values: Row = {}): Row => ({
  id: `00100000000000${n}AAA`,
  created_date: '2026-01-01T00:00:00Z',
  system_modstamp: MONDAY,
  is_deleted: 'false',
  name: `account ${n}`,
  ...values,
});

const patch = (rows: readonly Row[], columns: readonly string[] = ['industry'], options = {}): LandedPage => {
  const page = landed(STREAM, rows, options);
  return { ...page, page: { ...page.page, patches: ['id', 'system_modstamp', ...columns] } };
};
const brings = (n: number, industry: string | null, system_modstamp = MONDAY): Row => ({
  id: `00100000000000${n}AAA`,
  system_modstamp,
  industry,
});
const receivedAt = (page: LandedPage, received_at: string) => ({
  ...page,
  page: { ...page.page, received_at },
});

/** What every warehouse does with rows that bring some columns of a record only. */
export function patchesSuite(opened: OpenedWarehouse): void {
  describe('patches', () => {
    const loaded = (...pages: readonly LandedPage[]) => load(opened.warehouse, STREAM, pages);
    const versions = () =>
      opened.texts(
        `SELECT id[15], name, industry, strftime(system_modstamp, '%a'), load_id FROM raw.salesforce_account
         ORDER BY load_id, id`,
      );
    const replayed = async (page: LandedPage) => {
      const loading = await opened.warehouse.startLoad(STREAM, 'run-2', () => new Date(AT));
      const taken = 'offsets' in page.parsed ? page.parsed.offsets : [];
      await loading.add({ ...page, taken });
      return loading.commit({ complete: false, gate: OPEN_GATE, replay: true });
    };

    it('make a version of all columns, and none where nothing changes', async () => {
      await loaded(landed(STREAM, [whole(1), whole(2, { industry: 'Media' })]));
      expect(await loaded(patch([brings(1, 'Retail'), brings(2, 'Media')]))).toMatchObject({
        rows_read: 2,
        rows_loaded: 1,
        rows_unchanged: 1,
      });
      expect(await loaded(patch([brings(2, null)]))).toMatchObject({ rows_loaded: 1 });
      expect(await versions()).toEqual([
        '1|account 1||Mon|1',
        '2|account 2|Media|Mon|1',
        '1|account 1|Retail|Mon|2',
        '2|account 2||Mon|3',
      ]);
      expect(
        await opened.texts('SELECT DISTINCT created_date, is_deleted FROM raw.salesforce_account'),
      ).toEqual(['2026-01-01 00:00:00|false']);
    });

    it('does not undo a newer version, held or in the same load', async () => {
      await loaded(landed(STREAM, [whole(1, { system_modstamp: TUESDAY, industry: 'new' }), whole(2)]));
      const result = await loaded(
        landed(STREAM, [whole(2, { system_modstamp: TUESDAY, industry: 'newer' })]),
        patch([brings(1, 'old'), brings(2, 'old'), brings(2, 'same', TUESDAY)]),
      );
      expect(result).toMatchObject({ rows_read: 4, rows_loaded: 1, rows_unchanged: 3, rows_quarantined: 0 });
      expect((await versions()).slice(2)).toEqual(['2|account 2|newer|Tue|2']);
    });

    it('are quarantined where no version of their mark is held, and told of before', async () => {
      await loaded(landed(STREAM, [whole(1)]));
      const loading = await opened.warehouse.startLoad(STREAM, 'run-1', () => new Date(AT));
      await loading.add(patch([brings(1, 'ahead', TUESDAY), brings(2, 'unknown')]));
      expect(await loading.unheld()).toEqual(['001000000000001AAA', '001000000000002AAA']);
      await loading.add(landed(STREAM, [whole(1, { system_modstamp: TUESDAY, industry: 'whole' })]));
      expect(await loading.unheld()).toEqual(['001000000000002AAA']);
      const result = await loading.commit({ complete: false, gate: OPEN_GATE });
      expect(result).toMatchObject({ rows_loaded: 1, rows_unchanged: 1, rows_quarantined: 1 });
      expect((await versions()).slice(1)).toEqual(['1|account 1|whole|Tue|2']);
      expect(await opened.texts('SELECT page_offset, reason, row_text FROM ops.quarantine')).toEqual([
        '1|want a version of the record with the same system_modstamp to put the columns into|' +
          '{"id":"001000000000002AAA","system_modstamp":"2026-11-16 10:00:00","industry":"unknown"}',
      ]);
    });

    it('tells of listed keys that no live version is held of', async () => {
      await loaded(landed(STREAM, [whole(1), whole(2)]));
      const burying = await opened.warehouse.startLoad(STREAM, 'run-1', () => new Date(AT));
      await burying.add(landed(STREAM, [], { bookmark: 'b' }));
      await burying.present([String(whole(1).id)]);
      expect(await burying.unheld()).toEqual([]);
      expect(await burying.commit({ complete: true, gate: OPEN_GATE })).toMatchObject({
        records_vanished: 1,
      });
      const loading = await opened.warehouse.startLoad(STREAM, 'run-1', () => new Date(AT));
      await loading.present([1, 2, 3].map((n) => String(whole(n).id)));
      expect(await loading.unheld()).toEqual(['001000000000002AAA', '001000000000003AAA']);
      await loading.abort();
    });

    it('of several lists of columns are put together', async () => {
      await loaded(landed(STREAM, [whole(1)]));
      const { id } = whole(1);
      await loaded(
        patch([brings(1, 'Retail')]),
        patch([{ id: id ?? '', system_modstamp: MONDAY, website: 'w' }], ['website']),
      );
      expect(
        await opened.texts('SELECT industry, website FROM raw.salesforce_account WHERE load_id = 2'),
      ).toEqual(['Retail|w']);
    });

    it('are replayed onto the version held, though another column was patched since', async () => {
      await loaded(landed(STREAM, [whole(1)]));
      const bad = patch([], ['industry'], { rejected: [{ row: '{"Id":"1"}', reason: 'want better' }] });
      await loaded(bad);
      await loaded(
        receivedAt(
          patch([{ id: whole(1).id ?? '', system_modstamp: MONDAY, website: 'w' }], ['website']),
          '2026-11-24T00:00:00Z',
        ),
      );
      const open = await opened.warehouse.openQuarantine(STREAM, null);
      expect(open).toMatchObject({
        rows: 1,
        pages: [{ patches: ['id', 'system_modstamp', 'industry'], offsets: [0] }],
      });
      const good = patch([brings(1, 'Retail')]);
      expect(await replayed({ ...good, page: { ...good.page, sha256: bad.page.sha256 } })).toMatchObject({
        rows_loaded: 1,
      });
      expect(
        await opened.texts('SELECT industry, website FROM raw.salesforce_account WHERE load_id = 4'),
      ).toEqual(['Retail|w']);
      expect(await opened.texts('SELECT status FROM ops.quarantine')).toEqual(['replayed']);
    });

    it('are not replayed over a whole row that came since', async () => {
      await loaded(landed(STREAM, [whole(1)]));
      await loaded(
        receivedAt(landed(STREAM, [whole(1, { industry: 'by formula' })]), '2026-11-24T00:00:00Z'),
      );
      expect(await replayed(patch([brings(1, 'earlier')]))).toMatchObject({
        rows_loaded: 0,
        rows_unchanged: 1,
      });
    });

    it('are outdated once their columns were patched again without them', async () => {
      await loaded(landed(STREAM, [whole(1)]));
      await loaded(patch([], ['industry'], { rejected: [{ row: '{"Id":"1"}', reason: 'want better' }] }));
      const later = await opened.warehouse.startLoad(STREAM, 'run-1', () => new Date('2026-11-24T00:00:00Z'));
      await later.add(patch([brings(1, 'Retail')], ['industry', 'website']));
      await later.commit({ complete: false, gate: OPEN_GATE });
      expect(await opened.warehouse.openQuarantine(STREAM, null)).toEqual({
        pages: [],
        rows: 0,
        outdated: 1,
      });
    });

    it('are refused without key and mark, or with a column that is not there', async () => {
      const page = landed(STREAM, [whole(1)]);
      for (const patches of [
        ['id', 'industry'],
        ['id', 'system_modstamp', 'colour'],
      ])
        await expect(loaded({ ...page, page: { ...page.page, patches } })).rejects.toThrow(
          /patch of salesforce account: got columns/,
        );
    });
  });
}
