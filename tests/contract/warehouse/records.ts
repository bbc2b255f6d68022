import { describe, expect, it } from 'vitest';
import { CUSTOMERS, FEATURES } from '../../../schemas/polaris.ts';
import { ACCOUNT } from '../../../schemas/salesforce.ts';
import { INVOICES, SUBSCRIPTIONS } from '../../../schemas/tackle.ts';
import { VanishedError } from '../../../warehouse/warehouse.ts';
import { AT, customer, landed, load, OPEN_GATE, type Row } from './fixtures.ts';
import type { OpenedWarehouse } from './opened.ts';

/** What every warehouse does with versions of records, and with records that vanish. */
export function recordsSuite(opened: OpenedWarehouse): void {
  describe('records', () => {
    const versions = () =>
      opened.texts(
        'SELECT customer_id, name, is_vanished, load_id FROM raw.polaris_customers ORDER BY load_id, 1',
      );
    const full = (rows: readonly Row[], options = {}) =>
      load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, rows, options)], { complete: true });

    it('adds a version only when the content changed', async () => {
      await full([customer({}), customer({ customer_id: 'cust-2' })]);
      expect(await full([customer({}), customer({ customer_id: 'cust-2' })])).toMatchObject({
        rows_loaded: 0,
        rows_unchanged: 2,
        records_vanished: 0,
      });
      expect(await full([customer({ name: 'Contoso' }), customer({ customer_id: 'cust-2' })])).toMatchObject({
        rows_loaded: 1,
        rows_unchanged: 1,
      });
      expect(await versions()).toEqual([
        'cust-1|Northwind|false|1',
        'cust-2|Northwind|false|1',
        'cust-1|Contoso|false|3',
      ]);
    });

    it('takes the last row of a key within one load', async () => {
      const result = await full([customer({ name: 'first' }), customer({ name: 'last' })]);
      expect(result).toMatchObject({ rows_loaded: 1, rows_unchanged: 1 });
      expect(await versions()).toEqual(['cust-1|last|false|1']);
    });

    it('buries what left a full list, and revives what comes back', async () => {
      await full([customer({}), customer({ customer_id: 'cust-2' })]);
      expect(await full([customer({})])).toMatchObject({ rows_loaded: 0, records_vanished: 1 });
      expect(await full([customer({})])).toMatchObject({ records_vanished: 0 });
      const references = await opened.warehouse.references([CUSTOMERS]);
      expect(references.get('customers')?.map((row) => row.customer_id)).toEqual(['cust-1']);
      expect(await full([customer({}), customer({ customer_id: 'cust-2' })])).toMatchObject({
        rows_loaded: 1,
      });
      expect(await versions()).toEqual([
        'cust-1|Northwind|false|1',
        'cust-2|Northwind|false|1',
        'cust-2|Northwind|true|2',
        'cust-2|Northwind|false|4',
      ]);
      const [tombstone] = await opened.warehouse.query(
        'SELECT page_offset, created_at FROM raw.polaris_customers WHERE is_vanished',
      );
      expect(tombstone).toEqual({ page_offset: null, created_at: '2026-01-01 00:00:00' });
    });

    it('buries nothing where the list was not read to its end', async () => {
      await full([customer({}), customer({ customer_id: 'cust-2' })]);
      const result = await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [customer({})])], {
        complete: false,
      });
      expect(result.records_vanished).toBe(0);
    });

    it('refuses a full list that lacks too many, and keeps nothing; the operator may accept it', async () => {
      const many = Array.from({ length: 10 }, (_, n) => customer({ customer_id: `cust-${n}` }));
      await full(many);
      const strict = { max_share: 1, min_rows: 1, accepted: false };
      const listed = (rows: readonly Row[], accepted: boolean) =>
        load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, rows)], {
          complete: true,
          gate: { ...strict, accepted },
        });
      const refused = listed([customer({ customer_id: 'new' })], false);
      await expect(refused).rejects.toThrow(/a list without 10 of the 10/);
      await expect(refused).rejects.toBeInstanceOf(VanishedError);
      expect(await opened.texts('SELECT count(*) FROM raw.polaris_customers')).toEqual(['10']);
      expect(await listed(many.slice(1), false)).toMatchObject({ records_vanished: 1 });
      expect(await listed(many.slice(1, 2), true)).toMatchObject({ records_vanished: 8 });
    });

    it('buries nothing of what comes in parts', async () => {
      const invoice = (cloud: string) => ({
        invoice_id: `i-${cloud}`,
        cloud,
        account_receivable_period: '2026-10',
        product: 'p',
        transaction_id: 't',
        seller_revenue: '1e3',
        marketplace_fee: '0.1',
        net_amount: '12.50',
        account_number: null,
      });
      const rows = ['aws', 'azure'].map(invoice);
      await load(opened.warehouse, INVOICES, [landed(INVOICES, rows)], { complete: true });
      const emptied = await load(opened.warehouse, INVOICES, [landed(INVOICES, [])], { complete: true });
      expect(emptied).toMatchObject({ records_vanished: 1 });
      expect(await opened.texts('SELECT cloud FROM raw.tackle_invoices WHERE is_vanished')).toEqual(['aws']);
    });

    it('does not bury a record whose row was refused', async () => {
      await full([customer({}), customer({ customer_id: 'cust-2' }), customer({ customer_id: 'cust-3' })]);
      const rejected = [{ row: '{"customer_id":"cust-2","name":7}', column: 'name' }];
      expect(await full([customer({})], { rejected })).toMatchObject({ records_vanished: 1 });
      expect((await versions()).filter((row) => row.includes('true'))).toEqual(['cust-3|Northwind|true|2']);
    });

    it.each(['{"name":7}', '7', 'not JSON', '{"customer_id":7}'])(
      'buries nothing where the refused row %s does not say whose it is',
      async (row) => {
        await full([customer({}), customer({ customer_id: 'cust-2' })]);
        expect(await full([customer({})], { rejected: [{ row }] })).toMatchObject({ records_vanished: 0 });
        expect(await full([customer({})])).toMatchObject({ records_vanished: 1 });
      },
    );

    it("reads a refused row's key under the API's spelling", async () => {
      const subscription = (id: string) => ({
        ...Object.fromEntries(SUBSCRIPTIONS.columns.map(({ name }) => [name, null])),
        tackle_subscription_id: id,
        cloud: 'azure',
      });
      const list = (rows: readonly Row[], options = {}) =>
        load(opened.warehouse, SUBSCRIPTIONS, [landed(SUBSCRIPTIONS, rows, options)], { complete: true });
      await list([subscription('a'), subscription('b'), subscription('c')]);
      const rejected = [{ row: '{"tackleSubscriptionId":"b"}' }];
      expect(await list([subscription('a')], { rejected })).toMatchObject({ records_vanished: 1 });
    });

    describe('with a list of keys', () => {
      const { stream } = ACCOUNT;
      const record = (id: string, is_deleted = 'false'): Row => ({
        ...Object.fromEntries(stream.columns.map((column) => [column.name, null])),
        id,
        created_date: '2026-01-01T00:00:00Z',
        system_modstamp: '2026-11-01T00:00:00Z',
        is_deleted,
        name: id,
      });
      const listed = async (
        rows: readonly Row[],
        keys: readonly string[],
        gate = OPEN_GATE,
        complete = true,
      ) => {
        const loading = await opened.warehouse.startLoad(stream, 'run-1', () => new Date(AT));
        await loading.add(landed(stream, rows));
        await loading.present(keys);
        return loading.commit({ complete, gate });
      };
      const held = () =>
        opened.texts('SELECT id, is_vanished FROM raw.salesforce_account ORDER BY load_id, id');

      it('buries the live records that are neither listed nor read', async () => {
        await load(opened.warehouse, stream, [
          landed(stream, [record('a'), record('b'), record('c', 'true'), record('d')]),
        ]);
        expect(await listed([record('d')], ['a'])).toMatchObject({ records_vanished: 1, rows_unchanged: 1 });
        expect(await listed([], ['a', 'd'])).toMatchObject({ records_vanished: 0 });
        expect(await held()).toEqual(['a|false', 'b|false', 'c|false', 'd|false', 'b|true']);
      });

      it('brings a buried record back when it is read again', async () => {
        await load(opened.warehouse, stream, [landed(stream, [record('a')])]);
        await listed([], []);
        expect(await listed([record('a')], ['a'])).toMatchObject({ rows_loaded: 1, records_vanished: 0 });
      });

      it('buries nothing when the list is not whole', async () => {
        await load(opened.warehouse, stream, [landed(stream, [record('a')])]);
        expect(await listed([], [], OPEN_GATE, false)).toMatchObject({ records_vanished: 0 });
      });

      it('refuses a list that lacks too many, and keeps nothing', async () => {
        await load(opened.warehouse, stream, [landed(stream, [record('a'), record('b')])]);
        const gate = { max_share: 1, min_rows: 1, accepted: false };
        const refused = listed([record('new')], [], gate);
        await expect(refused).rejects.toThrow(VanishedError);
        expect(await held()).toEqual(['a|false', 'b|false']);
        expect(await listed([], ['a'], gate)).toMatchObject({ records_vanished: 1 });
      });

      it('is refused for a log of events', async () => {
        const loading = await opened.warehouse.startLoad(FEATURES, 'run-1', () => new Date(AT));
        await expect(loading.present(['x'])).rejects.toThrow(/one text key/);
        await loading.abort();
      });
    });

    it('lets the greater system_modstamp win, in whatever order pages come', async () => {
      const account = (name: string, system_modstamp: string): Row => ({
        ...Object.fromEntries(ACCOUNT.stream.columns.map((column) => [column.name, null])),
        id: '001',
        created_date: '2026-01-01T00:00:00Z',
        is_deleted: 'false',
        name,
        system_modstamp,
      });
      const old = landed(ACCOUNT.stream, [account('old', '2026-11-01T00:00:00.000Z')]);
      const fresh = landed(ACCOUNT.stream, [account('new', '2026-11-02T00:00:00.000Z')]);
      expect(await load(opened.warehouse, ACCOUNT.stream, [fresh, old])).toMatchObject({
        rows_loaded: 1,
        rows_unchanged: 1,
      });
      expect(await load(opened.warehouse, ACCOUNT.stream, [old])).toMatchObject({
        rows_loaded: 0,
        rows_unchanged: 1,
      });
      const recalculated = landed(ACCOUNT.stream, [account('formula moved', '2026-11-02T00:00:00.000Z')]);
      expect(await load(opened.warehouse, ACCOUNT.stream, [recalculated])).toMatchObject({ rows_loaded: 1 });
      expect(await opened.texts('SELECT name FROM raw.salesforce_account ORDER BY load_id')).toEqual([
        'new',
        'formula moved',
      ]);
    });
  });
}
