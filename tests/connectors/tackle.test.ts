import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ParsedPage } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { AWS_OFFERS, INVOICES, SUBSCRIPTIONS, USAGE_RECORDS } from '../../schemas/tackle.ts';
import type { Call, Reply } from './scripted_api.ts';
import { readAll, start } from './tackle_fixture.ts';

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

/** The only good row of a page of one record. */
function rowOf(stream: Stream, parsed: ParsedPage): Readonly<Record<string, string | null | undefined>> {
  expect(parsed.rejected).toEqual([]);
  return Object.fromEntries(stream.columns.map(({ name }, index) => [name, parsed.columns[index]?.[0]]));
}

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
    const waited: number[] = [];
    const answer = () => {
      asked += 1;
      const busy = { status: 429, headers: { 'retry-after': '7' }, body: { error: 'slow down' } };
      return asked === 1 ? busy : { body: { data: [], metadata: {} } };
    };
    const { source: patient } = await start(answer, {}, { sleep: async (ms) => void waited.push(ms) });
    expect(await readAll(patient, SUBSCRIPTIONS)).toHaveLength(1);
    expect(waited).toEqual([7000]);
  });
});
