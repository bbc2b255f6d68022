import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { TackleConfig } from '../../connectors/tackle/tackle_config.ts';
import { createTackleSource } from '../../connectors/tackle/tackle_source.ts';
import { instantText, pick } from '../../connectors/tackle/tackle_values.ts';
import type { Page, ParsedPage } from '../../schemas/page.ts';
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
import { type Call, type Reply, type ScriptedApi, scriptedApi, testEnv } from './scripted_api.ts';

const running: ScriptedApi[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

const SERVED = { date: 'Sun, 22 Nov 2026 03:00:10 GMT' };

function source(url: string, config: Partial<TackleConfig> = {}) {
  const offers = { microsoft_offers_url: `${url}/microsoft`, aws_offers_url: `${url}/aws` };
  return createTackleSource(
    {
      url,
      contracts_url: `${url}/contracts-host`,
      ...offers,
      client_id: 'a',
      client_secret: 'hush',
      ...config,
    },
    testEnv(),
  );
}

async function start(answer: (call: Call) => Reply, config: Partial<TackleConfig> = {}) {
  const api = await scriptedApi((call) =>
    call.method === 'POST'
      ? { headers: SERVED, body: { access_token: 'token', expires_in: 5400, token_type: 'bearer' } }
      : { headers: SERVED, ...answer(call) },
  );
  running.push(api);
  return { api, source: source(api.url, config) };
}

async function readAll(from: ReturnType<typeof source>, stream: Stream, bookmark: string | null = null) {
  await from.open();
  const pages: Page[] = [];
  for await (const page of from.pages(stream, { bookmark })) pages.push(page);
  return pages;
}

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
  return source('http://127.0.0.1:1').parse(stream, page, new Map());
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

describe('usage records', () => {
  const empty: Reply = { body: { data: [], metadata: { nextPageToken: null } } };

  const started = (...starts: readonly string[]) =>
    starts.map((start_time, n) => ({ id: `u-${n}`, start_time }));

  test('are read with their zeros, all of them at first', async () => {
    const { api, source: tackle } = await start(() => empty);
    const pages = await readAll(tackle, USAGE_RECORDS);
    const query = api.calls.at(-1)?.url.searchParams;
    expect(query?.get('include_zeros')).toBe('true');
    expect(query?.has('start_after')).toBe(false);
    expect(pages.map(({ bookmark }) => bookmark)).toEqual([null]);
  });

  test('are read again from the bookmark less the look-back', async () => {
    const { api, source: tackle } = await start(() => empty, { usage_lookback_days: 10 });
    await readAll(tackle, USAGE_RECORDS, '2026-11-21T03:00:10Z');
    expect(api.calls.at(-1)?.url.searchParams.get('start_after')).toBe('2026-11-11T03:00:10Z');
  });

  test('of a range of hours are asked for by their start, the first hour included, and leave no bookmark', async () => {
    const { api, source: tackle } = await start(() => ({
      body: { data: started('2026-11-20T00:00:00Z'), metadata: { nextPageToken: null } },
    }));
    const hours = { from: '2026-11-20T00:00:00Z', to: '2026-11-22T00:00:00Z' };
    const bookmarks: (string | null)[] = [];
    const from = { bookmark: '2026-11-21T03:00:10Z', hours };
    for await (const page of tackle.pages(USAGE_RECORDS, from)) bookmarks.push(page.bookmark);
    expect(bookmarks).toEqual([null]);
    const query = api.calls.at(-1)?.url.searchParams;
    expect(query?.get('start_after')).toBe('2026-11-19T23:59:59Z');
    expect(query?.get('start_before')).toBe('2026-11-22T00:00:00Z');
    expect(query?.get('include_zeros')).toBe('true');
  });

  const twoPages = (first: readonly object[], second: readonly object[]) => (call: Call) =>
    call.url.searchParams.has('page')
      ? {
          body: { data: second, metadata: { nextPageToken: null } },
          headers: { date: 'Sun, 22 Nov 2026 09:00:00 GMT' },
        }
      : { body: { data: first, metadata: { nextPageToken: '1' } } };

  test('move the bookmark with the last page only, to the newest start and no further', async () => {
    // The server's clock is far ahead of its records: a bookmark of that instant would skip what comes next.
    const script = twoPages(started('2026-08-02T00:00:00Z', 'soon'), started('2026-08-01T00:00:00+00:00'));
    const { source: tackle } = await start(script);
    const pages = await readAll(tackle, USAGE_RECORDS);
    expect(pages.map(({ bookmark }) => bookmark)).toEqual([null, '2026-08-02T00:00:00Z']);
  });

  test('never move it beyond the clock of the first answer, nor back', async () => {
    const { source: tackle } = await start(twoPages(started('2099-01-01T00:00:00Z'), []));
    expect((await readAll(tackle, USAGE_RECORDS)).at(-1)?.bookmark).toBe('2026-11-22T03:00:10Z');
    const kept = await readAll(tackle, USAGE_RECORDS, '2026-11-30T00:00:00Z');
    expect(kept.at(-1)?.bookmark).toBe('2026-11-30T00:00:00Z');
  });

  test.each([
    ['nextPageToken', '"1"'],
    ['nextPageToken', '1'],
    ['next_page_token', '"1"'],
  ])('are read on where %s is %s', async (name, token) => {
    const { source: tackle } = await start((call) =>
      call.url.searchParams.get('page') === '1'
        ? { body: { data: [], metadata: {} } }
        : { body: `{"data":[],"metadata":{"${name}":${token}}}` },
    );
    expect(await readAll(tackle, USAGE_RECORDS)).toHaveLength(2);
  });
});

describe('invoices', () => {
  const HEADER =
    'invoice_id,account_receivable_period,product,transaction.id,transaction.seller_revenue,transaction.marketplace_fee,transaction.net_amount,customer.account_number';
  const invoice = {
    invoice_id: 'i',
    account_receivable_period: '2026-10',
    product: 'p',
    transaction: { id: 't' },
    customer: {},
  };

  async function drop(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'meterline-azure-'));
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return folder;
  }

  const byCloud = (call: Call): Reply => ({
    body: {
      data: [{ ...invoice, invoice_id: call.url.searchParams.get('cloud') }],
      metadata: { nextPageToken: null },
    },
  });

  test('are read for each cloud and take it from the request; Azure’s come from its files', async () => {
    const azure_drop_dir = await drop({
      'azure-invoices-2026-10.csv': `${HEADER}\r\naz-1,2026-10,p,t-1,10.10,0.30,9.80,\r\n`,
      'azure-invoices-2026-11.csv.part': 'half',
      'azure-disbursements-2026-10.csv': `${HEADER}\r\nother,2026-10,p,t-1,1,0,1,c\r\n`,
    });
    const { api, source: tackle } = await start(byCloud, { azure_drop_dir });
    const pages = await readAll(tackle, INVOICES);
    expect(pages.map(({ format }) => format)).toEqual(['json', 'json', 'csv']);
    expect(pages[2]?.url).toBe('azure-drop:azure-invoices-2026-10.csv');
    const rows = pages.map((page) => rowOf(INVOICES, tackle.parse(INVOICES, page, new Map())));
    expect(rows.map(({ cloud, invoice_id }) => [cloud, invoice_id])).toEqual([
      ['aws', 'aws'],
      ['gcp', 'gcp'],
      ['azure', 'az-1'],
    ]);
    expect(rows[2]).toMatchObject({ seller_revenue: '10.10', account_number: null, transaction_id: 't-1' });
    const dates = api.calls.at(-1)?.url.searchParams;
    expect([dates?.get('start_date'), dates?.get('end_date')]).toEqual(['2015-01-01', '2099-12-31']);
  });

  test('need no drop', async () => {
    const { source: tackle } = await start(byCloud);
    expect(await readAll(tackle, INVOICES)).toHaveLength(2);
  });

  test('a drop that is configured and not there is an error', async () => {
    const { source: tackle } = await start(byCloud, {
      azure_drop_dir: join(tmpdir(), 'meterline-no-such-folder'),
    });
    await expect(readAll(tackle, INVOICES)).rejects.toThrow(/Azure file drop/);
  });

  test('a file may name parts by their columns', async () => {
    const header = HEADER.replace('transaction.id', 'transaction_id')
      .replace('transaction.net_amount', 'net_amount')
      .replace('customer.account_number', 'customer_account_number');
    const azure_drop_dir = await drop({
      'invoices.csv': `${header}\naz-1,2026-10,p,t-1,10.10,0.30,9.80,c\n`,
    });
    const { source: tackle } = await start(byCloud, { azure_drop_dir });
    const page = (await readAll(tackle, INVOICES)).at(-1);
    const row = page && rowOf(INVOICES, tackle.parse(INVOICES, page, new Map()));
    expect(row).toMatchObject({ transaction_id: 't-1', net_amount: '9.80', account_number: 'c' });
  });

  test('a file without its columns is broken; a short row is quarantined', async () => {
    const azure_drop_dir = await drop({
      'invoices-a.csv': 'invoice_id,product\na,b\n',
      'invoices-b.csv': `${HEADER}\nshort\n`,
    });
    const { source: tackle } = await start(byCloud, { azure_drop_dir });
    const [, , broken, short] = await readAll(tackle, INVOICES);
    expect(() => broken && tackle.parse(INVOICES, broken, new Map())).toThrow(/header line/);
    const parsed = short && tackle.parse(INVOICES, short, new Map());
    expect(parsed?.rejected).toMatchObject([{ offset: 0, reason: expect.stringContaining('fields') }]);
  });
});

test('AWS offers are read on over pages that the server made shorter than asked for', async () => {
  const offers = Array.from({ length: 5 }, (_, n) => ({ po_id: `po-${n}`, offerid: 'o' }));
  const { source: tackle } = await start((call) => {
    const offset = Number(call.url.searchParams.get('offset'));
    return { body: offers.slice(offset, offset + 2) };
  });
  const pages = await readAll(tackle, AWS_OFFERS);
  const keys = pages.flatMap((page) => tackle.parse(AWS_OFFERS, page, new Map()).columns[0]);
  expect(keys).toEqual(offers.map(({ po_id }) => po_id));
});

test('AWS offers that come again at every offset, each time written otherwise, are a loop', async () => {
  let asked = 0;
  const { source: tackle } = await start(() => {
    asked += 1;
    return { body: [{ po_id: 'po-1', offerid: 'o', served: asked }] };
  });
  await expect(readAll(tackle, AWS_OFFERS)).rejects.toThrow(/the same records at another offset, a loop/);
  expect(asked).toBe(2);
});

describe('a refusal', () => {
  test.each([
    [
      400,
      { code: 'bad_request', error: 'size is too large', errors: [], error_type: 'validation' },
      'size is too large',
    ],
    [400, { errors: [{ message: 'start_after is no time' }] }, 'start_after is no time'],
    [
      403,
      { code: 403, error_type: 'permission', error: { detail: 'no read:contracts' } },
      'no read:contracts',
    ],
    [404, '<html>no such page</html>', 'no such page'],
    [422, ['one', 'two'], '["one","two"]'],
    [400, '', 'status 400'],
  ])('of status %i is final and shown in whatever envelope it comes', async (status, body, words) => {
    let asked = 0;
    const { source: tackle } = await start(() => {
      asked += 1;
      return { status, body };
    });
    const error = await readAll(tackle, SUBSCRIPTIONS).catch((caught: unknown) => caught);
    expect(String(error)).toContain(`got status ${status}`);
    expect(String(error)).toContain(words);
    expect(asked).toBe(1);
  });

  test('with status 200 is no page', async () => {
    const { source: tackle } = await start(() => ({
      body: { code: 'internal', error: 'sorry', errors: [] },
    }));
    await expect(readAll(tackle, SUBSCRIPTIONS)).rejects.toThrow(
      /envelope whose data is wrong .*nextPageToken/,
    );
  });

  test('with 429 is tried again after the time asked for', async () => {
    let asked = 0;
    const api = await scriptedApi((call) => {
      if (call.method === 'POST') return { body: { access_token: 'token', expires_in: 5400 } };
      asked += 1;
      const busy = { status: 429, headers: { 'retry-after': '7' }, body: { error: 'slow down' } };
      return asked === 1 ? busy : { body: { data: [], metadata: {} } };
    });
    running.push(api);
    const env = testEnv();
    const waited: number[] = [];
    const patient = createTackleSource(
      {
        url: api.url,
        contracts_url: api.url,
        microsoft_offers_url: api.url,
        aws_offers_url: api.url,
        client_id: 'a',
        client_secret: 'b',
      },
      { ...env, sleep: async (ms) => void waited.push(ms) },
    );
    expect(await readAll(patient, SUBSCRIPTIONS)).toHaveLength(1);
    expect(waited).toEqual([7000]);
  });
});
