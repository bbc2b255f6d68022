import { describe, expect, test } from 'vitest';
import { instantText, pick } from '../../connectors/tackle/tackle_values.ts';
import type { ParsedPage } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import {
  AWS_OFFERS,
  CONTRACTS,
  INVOICES,
  MICROSOFT_OFFERS,
  PRODUCTS,
  SUBSCRIPTIONS,
  USAGE_RECORDS,
} from '../../schemas/tackle.ts';
import { tackleAt } from './tackle_fixture.ts';

/** The only good row of a page of one record. */
function rowOf(stream: Stream, parsed: ParsedPage): Readonly<Record<string, string | null | undefined>> {
  expect(parsed.rejected).toEqual([]);
  return Object.fromEntries(stream.columns.map(({ name }, index) => [name, parsed.columns[index]?.[0]]));
}

function parse(stream: Stream, body: string): ParsedPage {
  const page = {
    body: Buffer.from(body),
    url: 'http://h/v1/x?cloud=aws',
    format: 'json',
    stated_rows: null,
  } as const;
  return tackleAt('http://127.0.0.1:1').parse(stream, page, new Map());
}

const usage = (quantity: string) =>
  `{"id":"u","cloud":"aws","subscription_id":"s","dimension":{"name":"d","quantity":${quantity}},"start_time":"2026-11-01T00:00:00Z","status":"idle"}`;

const list = (records: string) => `{"data":[${records}],"metadata":{"nextPageToken":null}}`;

describe('money', () => {
  test('keeps the text of its number, digit by digit', () => {
    const record = `{"id":"c","cloudMarketplace":"aws","offerId":"o","contractStatus":"Active",
      "totalContractValue":{"amount":12345678901234567.10,"currencyCode":"USD"},"marketplaceFeeRate":3.0E-2}`;
    const row = rowOf(CONTRACTS, parse(CONTRACTS, `{"contracts":[${record}],"next":null}`));
    expect(row.total_contract_value).toBe('12345678901234567.10');
    expect(row.total_contract_value_currency).toBe('USD');
    expect(row.marketplace_fee_rate).toBe('3.0E-2');
    expect(row.gross_disbursed).toBeNull();
  });

  test('keeps it inside parts that stay JSON, too', () => {
    const row = rowOf(
      AWS_OFFERS,
      parse(
        AWS_OFFERS,
        '[{"po_id":"p","offerid":"o","pricing":{"dimensions":[{"price":1.10}],"currency_code":"USD"}}]',
      ),
    );
    expect(row.pricing).toBe('{"dimensions":[{"price":1.10}],"currency_code":"USD"}');
    expect(row.currency_code).toBe('USD');
  });

  test.each(['1e3', '0.1', '12.50', '-0', '1E-7', '9999999999999999999999999999.9', '0.00e400', '0.001e30'])(
    'is kept as %s',
    (text) =>
      expect(rowOf(USAGE_RECORDS, parse(USAGE_RECORDS, list(usage(text)))).dimension_quantity).toBe(text),
  );

  test.each(['1e28', '10000000000000000000000000000', '0.1e29', '"1,234.50"', '"1e"', '""', '"٣"'])(
    'that the models could not hold, %s, quarantines the row',
    (text) => {
      const { offsets, rejected } = parse(USAGE_RECORDS, list(`${usage(text)},${usage('1')}`));
      expect(rejected).toMatchObject([{ offset: 0, column: 'dimension_quantity' }]);
      expect(offsets).toEqual([1]);
    },
  );

  test('of a contract has its own currency beside each amount', () => {
    const record = `{"id":"c","cloudMarketplace":"gcp","offerId":"o","contractStatus":"Active",
      "totalNetValue":{"amount":0.1,"currencyCode":"EUR"},"grossDisbursed":{"amount":1e3,"currencyCode":"GBP"},
      "netDisbursed":{"amount":12.50,"currencyCode":"USD"}}`;
    expect(rowOf(CONTRACTS, parse(CONTRACTS, `{"contracts":[${record}],"next":null}`))).toMatchObject({
      total_net_value: '0.1',
      total_net_value_currency: 'EUR',
      gross_disbursed: '1e3',
      gross_disbursed_currency: 'GBP',
      net_disbursed: '12.50',
      net_disbursed_currency: 'USD',
    });
  });

  test('of another kind quarantines the row, which is shown as it was sent', () => {
    const { rejected } = parse(
      USAGE_RECORDS,
      list(
        '{"id":"u","cloud":"aws","subscription_id":"s","dimension":{"name":"d","quantity":true},"start_time":"2026-11-01T00:00:00Z","status":"idle","n":1.50}',
      ),
    );
    expect(rejected).toMatchObject([{ column: 'dimension_quantity', value: 'true' }]);
    expect(rejected[0]?.row).toContain('"n":1.50');
  });
});

describe('a record', () => {
  test('takes values from its parts, leaves out what is not there', () => {
    const row = rowOf(
      MICROSOFT_OFFERS,
      parse(
        MICROSOFT_OFFERS,
        '[{"po_id":"p","offer_ref":"o","state":"accepted","salesforce":{"opportunity_id":"006"},"buyer_details":null}]',
      ),
    );
    expect(row).toMatchObject({ opportunity_id: '006', buyer_company_name: null, subscription_ref: null });
  });

  test('with a part of another type is quarantined', () => {
    const { rejected } = parse(
      MICROSOFT_OFFERS,
      '[{"po_id":"p","offer_ref":"o","state":"accepted","salesforce":"006"}]',
    );
    expect(rejected).toMatchObject([{ column: 'opportunity_id' }]);
  });

  test.each([
    ['"2026-01-01"', true],
    ['"2026-01-01T00:00:00.1234567Z"', true],
    ['"2026-01-01T00:00:00+02:00"', true],
    ['null', true],
    ['"2026-02-30"', false],
    ['"01/02/2026"', false],
    ['"soon"', false],
    ['20260101', false],
  ])('with a private offer’s time %s is good: %s', (time, isGood) => {
    const microsoft = `[{"po_id":"p","offer_ref":"o","state":"draft","end_date":${time}}]`;
    const aws = `[{"po_id":"p","offerid":"o","pricing":{"service_end_at":${time}}}]`;
    expect(parse(MICROSOFT_OFFERS, microsoft).offsets).toHaveLength(isGood ? 1 : 0);
    expect(parse(AWS_OFFERS, aws).offsets).toHaveLength(isGood ? 1 : 0);
  });

  test.each([
    [CONTRACTS, 'contractStatus', (one: string) => `{"contracts":[${one}],"next":null}`],
    [CONTRACTS, 'pricingModel', (one: string) => `{"contracts":[${one}],"next":null}`],
    [CONTRACTS, 'channel', (one: string) => `{"contracts":[${one}],"next":null}`],
    [MICROSOFT_OFFERS, 'state', (one: string) => `[${one}]`],
    [USAGE_RECORDS, 'reason', list],
    [USAGE_RECORDS, 'status', list],
    [SUBSCRIPTIONS, 'cloud', list],
  ] as const)('of $name with a word that nobody knows in %s is quarantined alone', (stream, field, page) => {
    const good = {
      id: 'i',
      po_id: 'i',
      tackle_subscription_id: 'i',
      offerId: 'o',
      offer_ref: 'o',
      offerid: 'o',
      subscription_id: 's',
      cloudMarketplace: 'aws',
      contractStatus: 'Active',
      cloud: 'aws',
      state: 'draft',
      status: 'idle',
      dimension: { name: 'd', quantity: 1 },
      start_time: '2026-11-01T00:00:00Z',
    };
    const records = [{ ...good, [field]: 'never seen before' }, good].map((each) => JSON.stringify(each));
    const { offsets, rejected } = parse(stream, page(records.join(',')));
    expect(offsets).toEqual([1]);
    expect(rejected).toMatchObject([{ offset: 0, value: '"never seen before"' }]);
  });

  test('without its offer is loaded; where none of several has one, the field has vanished', () => {
    const offered = '{"tackle_subscription_id":"a","cloud":"aws","offerid":"o"}';
    const free = '{"tackle_subscription_id":"b","cloud":"aws"}';
    const { columns, rejected } = parse(SUBSCRIPTIONS, list(`${offered},${free}`));
    expect(rejected).toEqual([]);
    expect(columns[SUBSCRIPTIONS.columns.findIndex(({ name }) => name === 'offer_id')]).toEqual(['o', null]);
    expect(parse(SUBSCRIPTIONS, list(free)).offsets).toEqual([0]);
    expect(() => parse(SUBSCRIPTIONS, list(`${free},${free}`))).toThrow(/2 rows without offer_id/);
  });

  test('without its key is quarantined', () => {
    const { offsets, rejected } = parse(SUBSCRIPTIONS, list('{"cloud":"aws","offerid":"o"}'));
    expect(offsets).toEqual([]);
    expect(rejected).toMatchObject([{ column: 'tackle_subscription_id', reason: 'missing key' }]);
  });

  test.each(['product_id', 'productid', 'id'])('of a product has its key under %s', (key) => {
    expect(rowOf(PRODUCTS, parse(PRODUCTS, list(`{"${key}":"p"}`))).product_id).toBe('p');
  });

  test('of money has its amounts by themselves or beside their currency, its product by id or as an object', () => {
    const invoice = (product: string, revenue: string) =>
      list(
        `{"invoice_id":"i","account_receivable_period":"2026-10","product":${product},"transaction":{"id":"t","seller_revenue":${revenue}}}`,
      );
    const plain = rowOf(INVOICES, parse(INVOICES, invoice('"p"', '1234.10')));
    const nested = rowOf(
      INVOICES,
      parse(INVOICES, invoice('{"name":"n","id":"p"}', '{"amount":1234.10,"currency":"USD"}')),
    );
    expect(nested).toEqual(plain);
    expect(plain).toMatchObject({ product: 'p', seller_revenue: '1234.10', net_amount: null });
    const unknown = rowOf(INVOICES, parse(INVOICES, invoice('"p"', '{"amount":null,"currency":"USD"}')));
    expect(unknown.seller_revenue).toBeNull();
    const { rejected } = parse(INVOICES, invoice('"p"', '{"sum":1}'));
    expect(rejected).toMatchObject([{ column: 'seller_revenue' }]);
  });

  test('with unknown fields is drift, in its parts as well', () => {
    const { drift } = parse(
      CONTRACTS,
      `{"contracts":[{"id":"c","cloudMarketplace":"aws","offerId":"o","contractStatus":"Active","vendorId":"v","cloudData":{"x":1},"color":"red","totalNetValue":{"amount":1,"currencyCode":"EUR","rounding":"up"}}],"next":null}`,
    );
    expect([...drift]).toEqual([
      ['color', 1],
      ['totalNetValue.rounding', 1],
    ]);
  });

  test('of a product is kept whole', () => {
    const row = rowOf(PRODUCTS, parse(PRODUCTS, list('{"product_id":"p","price":1.50,"name":"x"}')));
    expect(row).toEqual({ product_id: 'p', product: '{"product_id":"p","price":1.50,"name":"x"}' });
  });

  test.each([
    ['2026-01-01T01:30:00+01:00', '2026-01-01T00:30:00Z'],
    ['2026-01-01T00:00:00.123456-0530', '2026-01-01T05:30:00.123456Z'],
    ['2026-01-01', '2026-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['yesterday', 'yesterday'],
  ])('has its time %s in UTC', (text, want) => {
    expect(instantText(text)).toBe(want);
  });

  test('a path leads through objects only', () => {
    expect(pick({ a: { b: 1 } }, ['a', 'b'])).toBe(1);
    expect(pick({ a: null }, ['a', 'b'])).toBeUndefined();
    expect(pick({ a: [1] }, ['a', '0'])).toEqual({});
    expect(pick({}, ['constructor'])).toBeUndefined();
  });
});
