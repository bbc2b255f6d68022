import { describe, expect, it } from 'vitest';
import { createFleet } from '../../simulators/fleet/fleet.ts';
import { createSalesforceSource } from '../../simulators/fleet/salesforce_records.ts';
import { createTackleSource } from '../../simulators/fleet/tackle_records.ts';
import { TACKLE_LISTS, type TackleList } from '../../simulators/fleet/types.ts';
import { later, type ReadingRow, readAll } from './fleet_fixture.ts';

type Row = Readonly<Record<string, unknown>>;
const fleet = createFleet({ dimensions: 7, days: 45 });
const source = createTackleSource(fleet);
const now = fleet.default_now;
const list = (name: TackleList, at = now): readonly Row[] => [...source(name, at)];
const text = (row: Row, key: string) => String(row[key]);
/** A value inside a record, by its path. */
const at = (row: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    row,
  );

const KEYS: Readonly<Record<TackleList, (row: Row) => string>> = {
  contracts: (row) => text(row, 'id'),
  subscriptions: (row) => text(row, 'tackle_subscription_id'),
  products: (row) => text(row, 'product_id'),
  microsoft_offers: (row) => text(row, 'po_id'),
  aws_offers: (row) => text(row, 'po_id'),
  usage_records: (row) => text(row, 'id'),
  invoices: (row) => String(at(row, 'transaction', 'id')),
  disbursements: (row) => String(at(row, 'transaction', 'id')),
};

describe('every list', () => {
  it.each(TACKLE_LISTS)('%s has records with unique keys, equal for equal options', (name) => {
    const rows = list(name);
    expect(rows.length).toBeGreaterThan(3);
    expect(new Set(rows.map(KEYS[name])).size).toBe(rows.length);
    expect([...createTackleSource(createFleet({ dimensions: 7, days: 45 }))(name, now)]).toEqual(rows);
  });

  it.each(TACKLE_LISTS)('%s only gains records in a day, and few change', (name) => {
    const next = new Map(list(name, later(now, 24)).map((row) => [KEYS[name](row), row]));
    const before = list(name);
    expect(before.filter((row) => !next.has(KEYS[name](row)))).toEqual([]);
    const changed = before.filter((row) => JSON.stringify(next.get(KEYS[name](row))) !== JSON.stringify(row));
    expect(changed.length).toBeLessThan(12);
  });
});

describe('the join keys', () => {
  const contracts = list('contracts');
  const subscriptions = list('subscriptions');
  const offers = [...list('microsoft_offers'), ...list('aws_offers')];

  it('lead from each subscription to its contract and buyer', () => {
    for (const subscription of subscriptions) {
      const contract = contracts.find((c) => c.offerId === subscription.offerid);
      expect(contract?.buyerId).toBe(subscription.customerid);
      expect(contract?.productId).toBe(subscription.productid);
    }
  });

  it('lead from each private offer to its contract, opportunity and Azure subscription', () => {
    const deals = new Map(
      [...createSalesforceSource(fleet)('Opportunity', now)].map((deal) => [
        deal.Id,
        deal.Marketplace_Offer_Id__c,
      ]),
    );
    const azure = new Map(
      subscriptions.map((s) => [at(s, 'entitlements', 'azure', 'subscription_id'), s.tackle_subscription_id]),
    );
    let linked = 0;
    for (const offer of offers) {
      const contract = contracts.find((c) => c.tackleOfferId === offer.po_id);
      if (contract === undefined) continue; // sent out, not accepted yet
      linked += 1;
      expect(contract.offerId).toBe(offer.offer_ref ?? offer.offerid);
      const deal = deals.get(String(at(offer, 'salesforce', 'opportunity_id') ?? offer.salesforce_id));
      if (deal !== undefined) expect(deal).toBe(contract.offerId);
      if (offer.subscription_ref !== undefined) expect(azure.has(offer.subscription_ref)).toBe(true);
    }
    expect(linked).toBeGreaterThan(20);
  });

  it('lead from each reading to a subscription, each usage record and invoice to its subscription', () => {
    const ids = new Set(subscriptions.map((s) => s.tackle_subscription_id));
    const { texts } = readAll(fleet.readings, now, [50_000], { tick: 44 * 24, offset: 0 });
    const recent = texts
      .map((row) => JSON.parse(row) as ReadingRow)
      .filter((row) => row.subscription_id !== null);
    expect(recent.length).toBeGreaterThan(5000);
    expect(recent.filter((row) => !ids.has(row.subscription_id))).toEqual([]);
    expect(list('usage_records').filter((record) => !ids.has(record.subscription_id))).toEqual([]);
    const bought = new Set(subscriptions.map((s) => `${s.customerid} ${s.productid}`));
    for (const invoice of list('invoices')) {
      expect(bought.has(`${at(invoice, 'customer', 'account_number')} ${invoice.product}`)).toBe(true);
    }
  });
});

describe('contracts and offers', () => {
  it('cover all clouds and most states', () => {
    const contracts = list('contracts');
    expect(new Set(contracts.map((c) => c.cloudMarketplace))).toEqual(new Set(['azure', 'gcp', 'aws']));
    for (const status of ['Active', 'Expired', 'Amended']) {
      expect(
        contracts.some((c) => c.contractStatus === status),
        status,
      ).toBe(true);
    }
    const kinds = new Set(
      list('microsoft_offers').flatMap((offer) => {
        const included = at(offer, 'pricing', 'dimensions', 'capacity_used_tib', 'included_quantities', 0);
        return [included === undefined ? 'none' : String(at(included, 'unlimited_quantity'))];
      }),
    );
    expect(kinds).toEqual(new Set(['none', 'true', 'false']));
  });
});

describe('usage records', () => {
  const records = list('usage_records');
  const quantity = (row: Row) => Number(at(row, 'dimension', 'quantity'));

  it('come in order of start_time, in whole units, with zeros, rejections and doubles', () => {
    expect(records.length).toBeGreaterThan(5000);
    expect(
      records.findIndex((row, i) => text(row, 'start_time') < text(records[i - 1] ?? row, 'start_time')),
    ).toBe(-1);
    expect(records.every((row) => Number.isInteger(quantity(row)) && quantity(row) >= 0)).toBe(true);
    expect(records.some((row) => quantity(row) === 0 && row.cloud === 'aws')).toBe(true);
    const rejected = records.filter((row) => row.status === 'rejected');
    expect(rejected.length / records.length).toBeLessThan(0.1);
    expect(new Set(rejected.map((row) => row.reason)).size).toBeGreaterThan(4);
    const keys = Map.groupBy(
      records,
      (r) => `${r.subscription_id} ${at(r, 'dimension', 'name')} ${r.start_time}`,
    );
    const doubles = [...keys.values()].filter((group) => group.length > 1);
    expect(doubles.some(([a, b]) => a !== undefined && b !== undefined && quantity(a) === quantity(b))).toBe(
      true,
    );
    expect(doubles.some(([a, b]) => a !== undefined && b !== undefined && quantity(a) !== quantity(b))).toBe(
      true,
    );
  });

  it('are what usage and commitment say, but for a few', () => {
    const rows = readAll(fleet.readings, now)
      .texts.filter((row) => row.includes('"capacity_used_tib"') && row.includes('"cloud":"gcp"'))
      .map((row) => JSON.parse(row) as ReadingRow);
    const last = new Map(rows.map((row) => [`${row.cluster_id} ${row.hour}`, row]));
    const used = new Map<string, number>();
    for (const row of last.values()) {
      const key = `${row.subscription_id} ${row.hour}`;
      used.set(key, (used.get(key) ?? 0) + Math.round(Number(row.quantity) * 1e9));
    }
    // A Google Cloud offer has no stated quantity, so all of its usage is sent.
    const gcp = fleet.plan.subscriptions.filter((s) => s.cloud === 'gcp' && s.amended_at === null);
    let equal = 0;
    let different = 0;
    for (const term of gcp) {
      let total = 0;
      const sent = new Map(
        records
          .filter(
            (r) =>
              r.subscription_id === term.subscription_id &&
              at(r, 'dimension', 'name') === 'capacity_used_tib',
          )
          .filter((r) => r.reason !== 'duplicate-request')
          .map((r) => [r.start_time, quantity(r)]),
      );
      const hours = [...used.keys()]
        .filter((key) => key.startsWith(term.subscription_id))
        .map((key) => key.slice(37))
        .toSorted();
      for (const hour of hours) {
        const before = Math.floor(total / 1e9);
        total += used.get(`${term.subscription_id} ${hour}`) ?? 0;
        if (sent.get(hour) === Math.floor(total / 1e9) - before) equal += 1;
        else different += 1;
      }
    }
    expect(equal).toBeGreaterThan(2000);
    expect(different).toBeGreaterThan(0);
    expect(different / (equal + different)).toBeLessThan(0.03);
  });
});

describe('money', () => {
  it('is invoiced by month, paid out later, as doubles, on every cloud', () => {
    const invoices = list('invoices');
    const paid = list('disbursements');
    expect(new Set(invoices.map((row) => row.cloud))).toEqual(new Set(['azure', 'gcp', 'aws']));
    expect(
      invoices.every((row) => /^\d{4}-(0[1-9]|1[0-2])$/.test(text(row, 'account_receivable_period'))),
    ).toBe(true);
    const newest = (rows: readonly Row[]) =>
      rows
        .map((row) => text(row, 'account_receivable_period'))
        .toSorted()
        .at(-1);
    expect([newest(invoices), newest(paid)]).toEqual(['2026-09', '2026-07']);
    const ids = new Set(invoices.map(KEYS.invoices));
    expect(paid.every((row) => ids.has(KEYS.disbursements(row)))).toBe(true);
    expect(invoices.some((row) => String(at(row, 'transaction', 'net_amount')).length > 12)).toBe(true);
    expect(invoices.some((row) => String(at(row, 'transaction', 'id')).endsWith('-usage'))).toBe(true);
  });
});
