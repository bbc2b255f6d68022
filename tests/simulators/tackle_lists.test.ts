import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  authenticate,
  CREDENTIALS,
  NOW,
  startTackleFixture,
  type TackleFixture,
  tackleToken,
} from './tackle_fixture.ts';

type Row = Readonly<Record<string, unknown>>;
interface DataPage {
  readonly data: readonly Row[];
  readonly metadata: { readonly nextPageToken: string | null };
}
interface ContractPage {
  readonly contracts: readonly Row[];
  readonly next: string | null;
}

let fixture: TackleFixture;
afterEach(() => fixture.server.close());

async function json<T>(url: string): Promise<T> {
  const response = await fixture.get(url);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

/** All rows of a `{"data","metadata"}` list, page by page. */
async function pagesOf(
  path: string,
  query: Record<string, string> = {},
): Promise<readonly (readonly Row[])[]> {
  const pages: (readonly Row[])[] = [];
  let page: string | null = null;
  do {
    const parameters = new URLSearchParams({ ...query, ...(page === null ? {} : { page }) });
    const got: DataPage = await json<DataPage>(`${fixture.server.url}${path}?${parameters}`);
    pages.push(got.data);
    page = got.metadata.nextPageToken;
  } while (page !== null);
  return pages;
}

const idsOf = (pages: readonly (readonly Row[])[], key: string): readonly unknown[] =>
  pages.flat().map((row) => row[key]);

describe('authentication', () => {
  test('gives a bearer token whose payload carries the permissions', async () => {
    fixture = await startTackleFixture();
    const response = await authenticate(fixture.server.url, {
      ...CREDENTIALS,
      grant_type: 'client_credentials',
    });
    const body = (await response.json()) as { access_token: string };
    expect(body).toMatchObject({ expires_in: 5400, token_type: 'bearer' });
    const payload = Buffer.from(body.access_token.split('.')[1] ?? '', 'base64url').toString('utf8');
    expect(JSON.parse(payload)).toMatchObject({ permissions: expect.arrayContaining(['contracts:read']) });
    expect(response.headers.get('date')).toBe(new Date(NOW).toUTCString());
  });

  test('refuses wrong credentials, another grant, and a body that is no JSON', async () => {
    fixture = await startTackleFixture();
    const { url } = fixture.server;
    const grant = { grant_type: 'client_credentials' };
    expect((await authenticate(url, { ...CREDENTIALS, ...grant, client_secret: 'x' })).status).toBe(401);
    expect((await authenticate(url, { ...CREDENTIALS, grant_type: 'password' })).status).toBe(400);
    expect((await authenticate(url, 'client_id=x')).status).toBe(400);
  });

  test('no token is 401, in the envelope of each host', async () => {
    fixture = await startTackleFixture();
    const { url, contractsUrl, microsoftOffersUrl, awsOffersUrl } = fixture.server;
    const refusal = async (address: string): Promise<unknown> => {
      const response = await fetch(address);
      expect(response.status).toBe(401);
      return response.json();
    };
    const error = 'Unauthorized';
    const error_type = 'unauthorized';
    expect(await refusal(`${url}/v1/products`)).toEqual({ code: 401, error, errors: [], error_type });
    expect(await refusal(`${contractsUrl}/api/contracts`)).toEqual({
      errors: [{ code: '401', error, error_type }],
    });
    expect(await refusal(`${microsoftOffersUrl}/private-offers`)).toMatchObject({
      error: { message: error, error_type },
    });
    expect(await refusal(`${awsOffersUrl}/private-offers`)).toEqual({ code: 401, error });
  });
});

describe('lists', () => {
  test('contracts come by cursor, in pages of 1 to 100', async () => {
    fixture = await startTackleFixture();
    const base = `${fixture.server.contractsUrl}/api/contracts`;
    const pages: ContractPage[] = [];
    do {
      const next = pages.at(-1)?.next;
      const cursor = typeof next === 'string' ? `&cursor=${next}` : '';
      pages.push(await json<ContractPage>(`${base}?limit=100${cursor}`));
    } while (pages.at(-1)?.next !== null);
    expect(pages.map((page) => page.contracts.length)).toEqual([100, 100, 50]);
    const ids = pages.flatMap((page) => page.contracts.map((contract) => contract.id));
    expect(ids).toEqual(Array.from({ length: 250 }, (_, i) => `con_${i}`));
    for (const limit of ['0', '101', 'x'])
      expect((await fixture.get(`${base}?limit=${limit}`)).status).toBe(400);
    expect((await fixture.get(`${base}?cursor=nonsense`)).status).toBe(400);
  });

  test('money keeps the text of its number', async () => {
    fixture = await startTackleFixture();
    const contracts = await (
      await fixture.get(`${fixture.server.contractsUrl}/api/contracts?limit=1`)
    ).text();
    expect(contracts).toContain('"totalContractValue":{"amount":120000.00,"currencyCode":"USD"}');
    const query = 'start_date=2026-01-01&end_date=2026-03-31&cloud=aws';
    const invoices = await (await fixture.get(`${fixture.server.url}/v1/invoices?${query}`)).text();
    expect(invoices).toContain('"seller_revenue":1234.10,"marketplace_fee":-37.023,"net_amount":1197.0770');
  });

  test('subscriptions and products are data pages; webhooks are none', async () => {
    fixture = await startTackleFixture({ pageSize: 3 });
    const subscriptions = await pagesOf('/v1/subscriptions');
    expect(subscriptions.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(idsOf(subscriptions, 'tackle_subscription_id')).toEqual(
      Array.from({ length: 7 }, (_, i) => `sub_${i}`),
    );
    expect(idsOf(await pagesOf('/v1/products'), 'product_id')).toEqual(['prod_1']);
    expect(await pagesOf('/v1/webhooks')).toEqual([[]]);
  });

  test('Microsoft offers are one array', async () => {
    fixture = await startTackleFixture();
    expect(await json<Row[]>(`${fixture.server.microsoftOffersUrl}/private-offers`)).toHaveLength(150);
  });

  test('AWS offers are an array per limit and offset', async () => {
    fixture = await startTackleFixture();
    const base = `${fixture.server.awsOffersUrl}/private-offers`;
    const rows = [
      ...(await json<Row[]>(`${base}?limit=100&offset=0`)),
      ...(await json<Row[]>(`${base}?limit=100&offset=100`)),
      ...(await json<Row[]>(`${base}?limit=100&offset=200`)),
    ];
    expect(rows.map((row) => row.po_id)).toEqual(Array.from({ length: 230 }, (_, i) => `po_${i}`));
    expect(await json<Row[]>(`${base}?offset=230`)).toEqual([]);
    expect((await fixture.get(`${base}?limit=101`)).status).toBe(400);
  });

  test('invoices are asked for by cloud and days, and name no cloud', async () => {
    fixture = await startTackleFixture();
    const ask = (cloud: string, from: string, to: string): Promise<readonly (readonly Row[])[]> =>
      pagesOf('/v1/invoices', { cloud, start_date: from, end_date: to });
    expect(idsOf(await ask('aws', '2026-01-01', '2026-03-04'), 'invoice_id')).toEqual(['inv_1', 'inv_2']);
    expect(idsOf(await ask('aws', '2026-02-15', '2026-02-15'), 'invoice_id')).toEqual(['inv_2']);
    expect(idsOf(await ask('gcp', '2026-01-01', '2026-03-04'), 'invoice_id')).toEqual(['inv_3']);
    expect((await ask('aws', '2026-01-01', '2026-01-31')).flat()[0]).not.toHaveProperty('cloud');
    for (const query of [
      'cloud=azure&start_date=2026-01-01&end_date=2026-02-01',
      'start_date=2026-01-01&end_date=2026-02-01',
      'cloud=aws&start_date=2026-01&end_date=2026-02-01',
      'cloud=aws&start_date=2026-01-01',
    ]) {
      expect((await fixture.get(`${fixture.server.url}/v1/disbursements?${query}`)).status).toBe(400);
    }
  });
});

describe('usage records', () => {
  const PATH = '/v1/metering/usage-records';
  const numbers = (rows: readonly Row[]): readonly number[] =>
    rows.map((row) => Number(String(row.id).slice(4)));

  test('in pages of any size, every record once', async () => {
    fixture = await startTackleFixture();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), async (size) => {
        const pages = await pagesOf(PATH, { size: String(size), include_zeros: 'true' });
        expect(numbers(pages.flat())).toEqual(Array.from({ length: 48 }, (_, i) => i));
        expect(pages).toHaveLength(Math.ceil(48 / size));
      }),
      { numRuns: 15 },
    );
  });

  test('zero hours are missing unless they are asked for', async () => {
    fixture = await startTackleFixture();
    const without = numbers((await pagesOf(PATH)).flat());
    expect(without).toEqual(Array.from({ length: 48 }, (_, i) => i).filter((i) => i % 3 !== 0));
  });

  test('start_after and start_before are strict bounds', async () => {
    fixture = await startTackleFixture();
    const rows = await pagesOf(PATH, {
      include_zeros: 'true',
      start_after: '2026-03-01T10:00:00Z',
      start_before: '2026-03-01T13:00:00Z',
    });
    expect(numbers(rows.flat())).toEqual([11, 12]);
    expect((await fixture.get(`${fixture.server.url}${PATH}?start_after=soon`)).status).toBe(400);
    expect((await fixture.get(`${fixture.server.url}${PATH}?size=0`)).status).toBe(400);
    expect((await fixture.get(`${fixture.server.url}${PATH}?include_zeros=maybe`)).status).toBe(400);
  });

  test('a page token only fits the filters it was made for; a page asked for again is the same', async () => {
    fixture = await startTackleFixture();
    const base = `${fixture.server.url}${PATH}?include_zeros=true&size=10`;
    const { metadata } = await json<DataPage>(base);
    const second = await json<DataPage>(`${base}&page=${metadata.nextPageToken}`);
    expect(await json<DataPage>(`${base}&page=${metadata.nextPageToken}`)).toEqual(second);
    expect(numbers(second.data)[0]).toBe(10);
    const other = `${fixture.server.url}${PATH}?size=10&page=${metadata.nextPageToken}`;
    expect((await fixture.get(other)).status).toBe(400);
  });
});

describe('faults', () => {
  const first = (): Promise<DataPage> => json<DataPage>(`${fixture.server.url}/v1/subscriptions`);

  test('revoked_token: the token stays refused, a new one works', async () => {
    fixture = await startTackleFixture();
    const address = `${fixture.server.url}/v1/products`;
    fixture.server.faults.set([{ kind: 'revoked_token', times: 1 }]);
    expect((await fixture.get(address)).status).toBe(401);
    expect((await fixture.get(address)).status).toBe(401);
    const authorization = `Bearer ${await tackleToken(fixture.server.url)}`;
    expect((await fetch(address, { headers: { authorization } })).status).toBe(200);
  });

  test('bad_rows: no identity, and a value outside its domain', async () => {
    fixture = await startTackleFixture();
    fixture.server.faults.set([{ kind: 'bad_rows', times: 1, path: '/v1/subscriptions' }]);
    const { data } = await first();
    expect(data.map((row) => row.tackle_subscription_id).slice(0, 3)).toEqual([null, 'sub_1', 'sub_2']);
    expect(data.map((row) => row.cloud).slice(0, 3)).toEqual(['azure', ['never seen before'], 'azure']);
    expect((await first()).data[0]?.tackle_subscription_id).toBe('sub_0');
  });

  test('vanished_field: gone from every row', async () => {
    fixture = await startTackleFixture();
    fixture.server.faults.set([{ kind: 'vanished_field', times: 1 }]);
    const offers = await json<Row[]>(`${fixture.server.microsoftOffersUrl}/private-offers`);
    expect(offers.filter((offer) => 'offer_ref' in offer)).toEqual([]);
    expect(offers[0]).toMatchObject({ po_id: 'po_0', state: 'accepted' });
  });

  test('not_json and wrong_envelope, in every kind of envelope', async () => {
    fixture = await startTackleFixture();
    const { url, contractsUrl, microsoftOffersUrl, awsOffersUrl } = fixture.server;
    for (const address of [
      `${url}/v1/subscriptions`,
      `${contractsUrl}/api/contracts`,
      `${microsoftOffersUrl}/private-offers`,
      `${awsOffersUrl}/private-offers`,
    ]) {
      fixture.server.faults.set([{ kind: 'not_json', times: 1 }]);
      expect(await (await fixture.get(address)).text()).toMatch(/^<!DOCTYPE/);
      fixture.server.faults.set([{ kind: 'wrong_envelope', times: 1 }]);
      const shown = await json<Row>(address);
      expect(Object.keys(shown)).toEqual(['results']);
    }
  });

  test('repeated_bookmark: the page leads to itself', async () => {
    fixture = await startTackleFixture({ pageSize: 3 });
    const { metadata } = await first();
    fixture.server.faults.set([{ kind: 'repeated_bookmark', times: 1, path: 'page=' }]);
    const address = `${fixture.server.url}/v1/subscriptions?page=${metadata.nextPageToken}`;
    expect((await json<DataPage>(address)).metadata.nextPageToken).toBe(metadata.nextPageToken);
    fixture.server.faults.set([{ kind: 'repeated_bookmark', times: 1 }]);
    const offers = await json<Row[]>(`${fixture.server.awsOffersUrl}/private-offers?offset=100`);
    expect(offers[0]?.po_id).toBe('po_0');
  });

  test('the transport faults of every simulator work here', async () => {
    fixture = await startTackleFixture();
    fixture.server.faults.set([{ kind: 'server_error', times: 1, path: '/contracts-host' }]);
    expect((await fixture.get(`${fixture.server.url}/v1/products`)).status).toBe(200);
    expect((await fixture.get(`${fixture.server.contractsUrl}/api/contracts`)).status).toBe(503);
  });
});

test('a long list is read once for all its pages', async () => {
  let given = 0;
  fixture = await startTackleFixture({
    source: function* () {
      for (let i = 0; i < 1000; i += 1) {
        given += 1;
        yield { id: `use_${i}`, start_time: NOW, dimension: { name: 'x', quantity: 1 } };
      }
    },
  });
  const pages = await pagesOf('/v1/metering/usage-records', { size: '100' });
  expect(pages.map((page) => page.length)).toEqual(Array.from({ length: 10 }, () => 100));
  expect(given).toBe(1000);
});

test('a source whose invoices say no cloud is an error, not an empty list', async () => {
  fixture = await startTackleFixture({ source: () => [{ invoice_id: 'inv_9' }] });
  const query = 'cloud=aws&start_date=2026-01-01&end_date=2026-02-01';
  const response = await fixture.get(`${fixture.server.url}/v1/invoices?${query}`);
  expect(response.status).toBe(500);
  expect(await response.text()).toContain('inv_9: got no cloud');
});
