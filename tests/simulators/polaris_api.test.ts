import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totalsOfRows } from '../../simulators/polaris/current_totals.ts';
import { later, readAll } from './fleet_fixture.ts';
import { CLIENT, newToken, type PolarisBench, startBench, type WirePage } from './polaris_fixture.ts';

let bench: PolarisBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.server.close());

describe('the token endpoint', () => {
  const ask = (form: Record<string, string>) =>
    fetch(`${bench.server.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });

  it('gives a bearer token for 900 seconds', async () => {
    const form = {
      grant_type: 'client_credentials',
      client_id: CLIENT.clientId,
      client_secret: CLIENT.clientSecret,
    };
    const answer = await (await ask(form)).json();
    expect(answer).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900 });
  });

  it('refuses a wrong secret and another grant', async () => {
    const wrong = await ask({
      grant_type: 'client_credentials',
      client_id: CLIENT.clientId,
      client_secret: 'no',
    });
    expect(wrong.status).toBe(401);
    expect((await ask({ grant_type: 'password' })).status).toBe(400);
  });
});

describe('the token', () => {
  it('is wanted everywhere, and holds for 900 seconds', async () => {
    for (const path of ['/v1/usage/readings', '/v1/usage/features', '/v1/customers', '/v1/dimensions']) {
      const response = await fetch(bench.server.url + path);
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      const body = (await response.json()) as object;
      expect(Object.keys(body).toSorted()).toEqual(['code', 'detail', 'status', 'title', 'type']);
    }
    bench.tokenMs += 899_999;
    expect((await bench.get('/v1/dimensions')).status).toBe(200);
    bench.tokenMs += 2;
    expect((await bench.get('/v1/dimensions')).status).toBe(401);
    bench.token = await newToken(bench.server.url);
    expect((await bench.get('/v1/dimensions')).status).toBe(200);
  });
});

describe('the change feeds', () => {
  it('page through all readings in any page size, with empty pages now and then', async () => {
    const want = readAll(bench.fleet.readings, bench.now).texts.map((text) => JSON.parse(text));
    let pages = 0;
    for (const limit of ['', '?limit=37', '?limit=50000']) {
      const read = await bench.follow(`/v1/usage/readings${limit}`);
      expect(read.rows).toEqual(want);
      pages = Math.max(pages, read.pages);
    }
    expect(pages).toBeGreaterThan(Math.ceil(want.length / 37));
  });

  it('page through all feature events', async () => {
    const want = readAll(bench.fleet.features, bench.now).texts.map((text) => JSON.parse(text));
    expect(want.length).toBeGreaterThan(20);
    expect((await bench.follow('/v1/usage/features?limit=9')).rows).toEqual(want);
  });

  it('say as of when they are, give a bookmark also at the end, and go on from it', async () => {
    const first = await bench.follow('/v1/usage/readings');
    const again = await bench.json<WirePage>(`/v1/usage/readings?since=${first.next}`);
    expect(again).toEqual({ data: [], next: expect.any(String), has_more: false, as_of: bench.now });
    const before = bench.now;
    bench.now = later(before, 24);
    const more = await bench.follow('/v1/usage/readings', first.next);
    expect(more.rows.length).toBeGreaterThan(24 * 3);
    expect(more.rows.every((row) => String(row.recorded_at) > before)).toBe(true);
    expect([...first.rows, ...more.rows]).toEqual((await bench.follow('/v1/usage/readings')).rows);
    bench.now = before;
  });

  it('answer 410 for a bookmark older than 35 days, with a way to go on', async () => {
    const before = bench.now;
    const { next } = await bench.follow('/v1/usage/readings');
    bench.now = later(before, 35 * 24);
    expect((await bench.get(`/v1/usage/readings?since=${next}`)).status).toBe(200);
    bench.now = later(before, 35 * 24 + 1);
    const response = await bench.get(`/v1/usage/readings?since=${next}`);
    expect(response.status).toBe(410);
    const body = (await response.json()) as { code: string; oldest: string; latest: string };
    expect(body.code).toBe('bookmark_expired');
    expect(body.oldest).toBe('2026-08-28T04:00:00Z');
    expect((await bench.json<WirePage>(`/v1/usage/readings?since=${body.latest}`)).data).toEqual([]);
    bench.now = later(bench.now, 3);
    const resumed = await bench.follow('/v1/usage/readings', body.latest);
    expect(resumed.rows).toEqual(
      (await bench.follow('/v1/usage/readings')).rows.filter(
        (row) => String(row.recorded_at) > later(bench.now, -3),
      ),
    );
    bench.now = before;
  });

  it('give an hour range again, with all revisions, in pages', async () => {
    const [from, to] = ['2026-08-25T00:00:00Z', '2026-08-26T12:00:00Z'];
    const all = (await bench.follow('/v1/usage/readings')).rows;
    const want = all.filter((row) => String(row.hour) >= from && String(row.hour) < to);
    for (const limit of [1000, 41]) {
      const read = await bench.follow(`/v1/usage/readings?from=${from}&to=${to}&limit=${limit}`);
      expect(read.rows).toEqual(want);
    }
    const empty = await bench.json<WirePage>(
      '/v1/usage/readings?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z',
    );
    expect(empty).toMatchObject({ data: [], has_more: false });
  });

  it('compress when asked to', async () => {
    const response = await bench.get('/v1/usage/readings', { 'accept-encoding': 'gzip' });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(((await response.json()) as WirePage).data.length).toBeGreaterThan(0);
    const refused = await bench.get('/v1/usage/readings', { 'accept-encoding': 'gzip;q=0, identity' });
    expect(refused.headers.get('content-encoding')).toBeNull();
    expect(((await refused.json()) as WirePage).data.length).toBeGreaterThan(0);
  });

  it('are dated by the world, like their rows', async () => {
    const response = await bench.get('/v1/usage/readings?limit=1');
    const { as_of } = (await response.json()) as WirePage;
    expect(Date.parse(response.headers.get('date') ?? '')).toBe(Date.parse(as_of));
  });
});

describe('parameters', () => {
  it.each([
    '/v1/usage/readings?limit=0',
    '/v1/usage/readings?limit=50001',
    '/v1/usage/readings?limit=ten',
    '/v1/usage/readings?since=nonsense',
    '/v1/usage/features?since=cmVhZGluZ3M6MDowOjA6MA',
    '/v1/usage/readings?from=2026-08-25T00:00:00Z',
    '/v1/usage/readings?from=2026-08-25T00:30:00Z&to=2026-08-26T00:00:00Z',
    '/v1/usage/readings?from=2026-08-26T00:00:00Z&to=2026-08-25T00:00:00Z',
    '/v1/usage/readings?sinse=x',
    '/v1/usage/features?from=2026-08-25T00:00:00Z&to=2026-08-26T00:00:00Z',
    '/v1/usage/control-totals?from=2026-08-25T00:00:00Z',
    '/v1/customers?page=nonsense',
    '/v1/customers?limit=0',
  ])('%s is answered with 400', async (path) => {
    const response = await bench.get(path);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'bad_request', status: 400 });
  });

  it('an unknown path is answered with 404, an unknown method with 405, as problems', async () => {
    const unknown = await bench.get('/v1/usage/nothing');
    expect([unknown.status, unknown.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(await unknown.json()).toMatchObject({ code: 'not_found', status: 404 });
    const posted = await fetch(`${bench.server.url}/v1/customers`, { method: 'POST' });
    expect(await posted.json()).toMatchObject({ code: 'method_not_allowed', status: 405 });
  });
});

describe('the catalogues', () => {
  it.each(['dimensions', 'customers', 'clusters', 'users'] as const)(
    '/v1/%s comes whole in any page size',
    async (name) => {
      const want = bench.fleet.catalogue(name, bench.now);
      expect(want.length).toBeGreaterThan(2);
      const got: unknown[] = [];
      for (let page: string | null = ''; page !== null; ) {
        const mark = page === '' ? '' : `&page=${page}`;
        const answer: { data: unknown[]; next_page: string | null } = await bench.json(
          `/v1/${name}?limit=2${mark}`,
        );
        got.push(...answer.data);
        page = answer.next_page;
      }
      expect(got).toEqual(want);
      expect(await bench.json(`/v1/${name}`)).toEqual({ data: want, next_page: null });
    },
  );

  it('have the fields of the contract', async () => {
    const fields = async (name: string) => {
      const { data } = await bench.json<{ data: object[] }>(`/v1/${name}`);
      return Object.keys(data[0] ?? {});
    };
    expect(await fields('dimensions')).toEqual(['dimension', 'unit', 'measure', 'billable', 'description']);
    expect(await fields('customers')).toEqual([
      'customer_id',
      'name',
      'salesforce_account_id',
      'created_at',
      'status',
    ]);
    expect(await fields('clusters')).toEqual([
      'cluster_id',
      'customer_id',
      'subscription_id',
      'cloud',
      'region',
      'provisioned_tib',
      'created_at',
      'terminated_at',
    ]);
    expect(await fields('users')).toEqual([
      'user_id',
      'customer_id',
      'email',
      'role',
      'status',
      'last_login_at',
      'granted_at',
    ]);
  });
});

describe('control totals', () => {
  it('equal the sums over the feed', async () => {
    const { rows } = await bench.follow('/v1/usage/readings');
    const { data, as_of } = await bench.json<{ data: { hour: string; dimension: string }[]; as_of: string }>(
      '/v1/usage/control-totals?from=2026-08-24T00:00:00Z&to=2026-09-24T00:00:00Z',
    );
    expect(as_of).toBe(bench.now);
    const inOrder = (totals: readonly { hour: string; dimension: string }[]) =>
      totals.toSorted((a, b) => `${a.hour} ${a.dimension}`.localeCompare(`${b.hour} ${b.dimension}`));
    expect(data.length).toBeGreaterThan(250);
    expect(inOrder(data)).toEqual(
      inOrder(
        totalsOfRows(
          rows.map((row) => JSON.stringify(row)),
          new Set(),
        ),
      ),
    );
  });

  it('differ where a drift is planted', async () => {
    const drift = { hour: '2026-08-25T10:00:00Z', dimension: 'read_gib' };
    const other = await startBench({ fleet: bench.fleet, controlTotalDrift: drift });
    const path = '/v1/usage/control-totals?from=2026-08-25T09:00:00Z&to=2026-08-25T12:00:00Z';
    type Totals = { data: { hour: string; dimension: string; readings: number; quantity: string }[] };
    const [plain, drifted] = [await bench.json<Totals>(path), await other.json<Totals>(path)];
    const different = drifted.data.filter(
      (total, i) => JSON.stringify(total) !== JSON.stringify(plain.data[i]),
    );
    expect(different).toHaveLength(1);
    expect(different[0]).toMatchObject(drift);
    const was = plain.data.find((total) => total.hour === drift.hour && total.dimension === drift.dimension);
    expect(different[0]?.readings).toBe((was?.readings ?? 0) + 1);
    await other.server.close();
  });
});
