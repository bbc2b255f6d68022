import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT_FIELDS, type Rendered, renderDataSets } from '../../bench/data_sets.ts';
import { type BenchServer, startServer } from '../../bench/server/start_server.ts';
import { scratch } from '../support/scratch.ts';

// Enough for a row that the fleet delivers twice.
const ROWS = 8_500;
const root = scratch();
const credentials = { client_id: 'bench', client_secret: 'loopback' };
const served: { server?: BenchServer; rendered?: Rendered } = {};

beforeAll(async () => {
  served.rendered = await renderDataSets(root, { readings: ROWS, accounts: ROWS });
  const { stores } = served.rendered;
  served.server = await startServer(stores.readings, stores.accounts, credentials);
}, 120_000);

afterAll(async () => {
  await served.server?.close();
  rmSync(root, { recursive: true, force: true });
});

async function ask(path: string, token: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${served.server?.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });
}

async function signIn(path: string): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...credentials });
  const answer = await fetch(`${served.server?.url}${path}`, { method: 'POST', body: form });
  return ((await answer.json()) as { access_token: string }).access_token;
}

interface FeedPage {
  readonly data: readonly { readonly reading_id: string }[];
  readonly next: string;
  readonly has_more: boolean;
}

async function readFeed(limit: number, token: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let since = ''; ; ) {
    const answer = await ask(`/v1/usage/readings?limit=${limit}${since}`, token);
    const page = (await answer.json()) as FeedPage;
    ids.push(...page.data.map(({ reading_id }) => reading_id));
    if (!page.has_more) return ids;
    since = `&since=${page.next}`;
  }
}

test('the feed gives the same rows in pages of any whole thousand, each id once', async () => {
  const token = await signIn('/oauth/token');
  const ids = await readFeed(50_000, token);
  expect(new Set(ids).size).toBe(ROWS);
  expect(await readFeed(1000, token)).toEqual(ids);
  expect(await readFeed(4000, token)).toEqual(ids);
});

test('a page size that the rendered rows cannot be cut into is refused, not rounded', async () => {
  const token = await signIn('/oauth/token');
  const answer = await ask('/v1/usage/readings?limit=1500', token);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('ask for pages of whole thousands');
});

test('the body is plain whatever a client takes, and the server tells how pages were asked for', async () => {
  const token = await signIn('/oauth/token');
  await served.server?.look();
  const answer = await fetch(`${served.server?.url}/v1/usage/readings?limit=2000`, {
    headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' },
  });
  expect(answer.headers.get('content-encoding')).toBeNull();
  expect(((await answer.json()) as FeedPage).data).toHaveLength(2000);
  const look = await served.server?.look();
  expect(look?.asked).toEqual([{ accept_encoding: 'gzip', page_rows: '2000' }]);
});

test.each(['/v1/usage/readings', '/v1/dimensions', '/services/data/v67.0/limits'])(
  '%s wants a token',
  async (path) => {
    expect((await ask(path, 'no-token')).status).toBe(401);
  },
);

test('a Bulk job gives all accounts, counted per page, and only for the rendered columns', async () => {
  const token = await signIn('/services/oauth2/token');
  const create = (fields: readonly string[]) =>
    ask('/services/data/v67.0/jobs/query', token, {
      method: 'POST',
      body: JSON.stringify({ operation: 'queryAll', query: `SELECT ${fields.join(', ')} FROM Account` }),
    });
  expect((await create(ACCOUNT_FIELDS.toReversed())).status).toBe(400);
  const { id } = (await (await create(ACCOUNT_FIELDS)).json()) as { id: string };
  const lines: string[] = [];
  let counted = 0;
  for (let locator = '0'; locator !== 'null'; ) {
    const path = `/services/data/v67.0/jobs/query/${id}/results?maxRecords=2000&locator=${locator}`;
    const answer = await ask(path, token);
    const [header, ...rows] = (await answer.text()).trimEnd().split('\n');
    expect(header).toBe(ACCOUNT_FIELDS.map((name) => `"${name}"`).join(','));
    lines.push(...rows);
    counted += Number(answer.headers.get('sforce-numberofrecords'));
    locator = answer.headers.get('sforce-locator') ?? 'null';
  }
  const odd = `/services/data/v67.0/jobs/query/${id}/results?maxRecords=1500`;
  expect((await ask(odd, token)).status).toBe(400);
  expect(counted).toBe(ROWS);
  expect(new Set(lines.map((line) => line.slice(1, 19))).size).toBe(ROWS);
});
