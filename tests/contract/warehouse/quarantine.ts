import { describe, expect, it } from 'vitest';
import { CUSTOMERS, FEATURES } from '../../../schemas/polaris.ts';
import { GateError, type Warehouse } from '../../../warehouse/warehouse.ts';
import { AT, customer, feature, landed, load, OPEN_GATE } from './fixtures.ts';
import type { OpenedWarehouse } from './opened.ts';

/** How every warehouse keeps refused rows, and when it refuses a load. */
export function quarantineSuite(opened: OpenedWarehouse): void {
  describe('quarantine', () => {
    it('enters a row that is refused again once, and moves its last_seen_at', async () => {
      const page = landed(FEATURES, [], { rejected: [{ row: '{"a":1}', reason: 'want b' }] });
      await load(opened.warehouse, FEATURES, [page]);
      const loading = await opened.warehouse.startLoad(
        FEATURES,
        'run-2',
        () => new Date('2026-11-24T00:00:00Z'),
      );
      await loading.add(page);
      await loading.add(page);
      expect(await loading.commit({ complete: false, gate: OPEN_GATE })).toMatchObject({
        rows_quarantined: 2,
      });
      const rows = await opened.warehouse.query(
        'SELECT run_id, quarantined_at, last_seen_at, times_seen FROM ops.quarantine',
      );
      expect(rows).toEqual([
        {
          run_id: 'run-1',
          quarantined_at: '2026-11-23 02:30:00',
          last_seen_at: '2026-11-24 00:00:00',
          times_seen: '3',
        },
      ]);
    });

    it('shuts the gate above the share and the number, keeping nothing', async () => {
      const rejected = Array.from({ length: 6 }, (_, index) => ({
        column: 'hour',
        reason: index < 4 ? 'want an hour' : 'want text',
        row: String(index),
      }));
      const page = landed(FEATURES, [feature({})], { rejected, bookmark: 'b1' });
      const attempt = load(opened.warehouse, FEATURES, [page], {
        gate: { max_share: 0.5, min_rows: 5, accepted: false },
      });
      const error = await attempt.catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(GateError);
      expect(error).toMatchObject({
        rows_read: 7,
        rows_quarantined: 6,
        reasons: [
          { reason: 'want an hour', column: 'hour', rows: 4 },
          { reason: 'want text', column: 'hour', rows: 2 },
        ],
      });
      expect(await opened.warehouse.bookmark(FEATURES)).toBeNull();
      for (const table of ['raw.polaris_features', 'ops.quarantine', 'ops.pages', 'ops.loads'])
        expect(await opened.texts(`SELECT count(*) FROM ${table}`)).toEqual(['0']);
    });

    it.each([
      ['the number is not above min_rows', { max_share: 0, min_rows: 6, accepted: false }],
      ['the share is not above max_share', { max_share: 6 / 7, min_rows: 0, accepted: false }],
      ['the operator accepts it', { max_share: 0, min_rows: 0, accepted: true }],
    ])('opens the gate where %s', async (_, gate) => {
      const rejected = Array.from({ length: 6 }, (_, index) => ({ row: String(index) }));
      const page = landed(FEATURES, [feature({})], { rejected });
      expect(await load(opened.warehouse, FEATURES, [page], { gate })).toMatchObject({
        rows_loaded: 1,
        rows_quarantined: 6,
      });
    });

    it('lists rows, the newest first, by source, stream and status', async () => {
      await load(opened.warehouse, FEATURES, [
        landed(FEATURES, [], { rejected: [{ row: '1' }, { row: '2' }] }),
      ]);
      await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [], { rejected: [{ row: '3' }] })]);
      const texts = async (filter: Parameters<Warehouse['quarantined']>[0]) =>
        (await opened.warehouse.quarantined(filter)).map((row) => row.row_text);
      expect(await texts({ limit: 10 })).toEqual(['3', '2', '1']);
      expect(await texts({ stream: 'features', limit: 1 })).toEqual(['2']);
      expect(await texts({ source: 'polaris', status: 'replayed', limit: 9 })).toEqual([]);
      expect((await opened.warehouse.quarantined({ limit: 1 }))[0]).toMatchObject({
        quarantine_id: 3,
        stream: 'customers',
        page_offset: 0,
        quarantined_at: AT,
        status: 'open',
      });
    });

    it('counts rows by stream, status, column and reason, the commonest first', async () => {
      const refused = (reason: string, row: string) => ({ column: 'hour', reason, row });
      await load(opened.warehouse, FEATURES, [
        landed(FEATURES, [], {
          rejected: [refused('want an hour', '1'), refused('missing key', '2'), refused('missing key', '3')],
        }),
      ]);
      await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [], { rejected: [{ row: '4' }] })]);
      const groups = await opened.warehouse.quarantineGroups({});
      const about = { source: 'polaris', status: 'open', first_seen_at: AT, last_seen_at: AT };
      expect(groups).toEqual([
        { ...about, stream: 'customers', column_name: null, reason: 'want a row', rows: 1 },
        { ...about, stream: 'features', column_name: 'hour', reason: 'missing key', rows: 2 },
        { ...about, stream: 'features', column_name: 'hour', reason: 'want an hour', rows: 1 },
      ]);
      expect(await opened.warehouse.quarantineGroups({ stream: 'customers' })).toEqual(groups.slice(0, 1));
      expect(await opened.warehouse.quarantineGroups({ status: 'replayed' })).toEqual([]);
    });

    it('settles a row of a record once the source says something newer of it, and no other', async () => {
      const bad = (customer_id: string, reason: string) => ({
        row: JSON.stringify({ customer_id, status: 'paused' }),
        reason,
      });
      const refused = [bad('cust-1', 'a'), bad('cust-2', 'b'), bad('cust-3', 'c')];
      const statuses = async () =>
        (await opened.warehouse.quarantined({ limit: 9 })).map(({ reason, status }) => `${reason} ${status}`);
      await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [], { rejected: refused })], {
        complete: false,
      });
      // A part of the list: the good row of the first settles it, the third is refused again.
      const part = landed(CUSTOMERS, [customer({})], { rejected: refused.slice(2) });
      await load(opened.warehouse, CUSTOMERS, [part], { complete: false });
      expect(await statuses()).toEqual(['c open', 'b open', 'a outdated']);
      await load(opened.warehouse, CUSTOMERS, [part], { complete: true });
      expect(await statuses()).toEqual(['c open', 'b outdated', 'a outdated']);
    });

    it('takes a page whose refused rows are longer together than the memory bears twice', async () => {
      const row = (n: number) => ({
        row: JSON.stringify({ customer_id: `cust-${n}`, name: '"'.repeat(200_000) }),
      });
      const refused = Array.from({ length: 100 }, (_, n) => row(n));
      const landing = [landed(CUSTOMERS, [], { rejected: refused })];
      expect(await load(opened.warehouse, CUSTOMERS, landing)).toMatchObject({ rows_quarantined: 100 });
    });

    it('settles rows of megabytes, too, and lets nothing vanish while one of them may be anybody’s', async () => {
      const long = (key: object) => JSON.stringify({ ...key, name: 'x'.repeat(5 * 1024 * 1024) });
      const refused = Array.from({ length: 12 }, (_, n) => ({ row: long({ customerId: `cust-${n}` }) }));
      await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [customer({})], { rejected: refused })]);
      await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [customer({})])]);
      const rows = await opened.warehouse.quarantined({ limit: 99 });
      expect(
        rows.filter(({ status }) => status === 'outdated').map(({ page_offset }) => page_offset),
      ).toEqual([2]);
      const vanished = async (key: object) =>
        (
          await load(
            opened.warehouse,
            CUSTOMERS,
            [landed(CUSTOMERS, [], { rejected: [{ row: long(key) }] })],
            {
              complete: true,
            },
          )
        ).records_vanished;
      expect(await vanished({})).toBe(0);
      expect(await vanished({ customer_id: 'cust-1' })).toBe(0);
      expect(await vanished({ customer_id: 'cust-2' })).toBe(1);
    });
  });
}
