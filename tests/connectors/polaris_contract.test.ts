import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { createPolarisSource } from '../../connectors/polaris/polaris_source.ts';
import type { Page } from '../../schemas/page.ts';
import { CLUSTERS, READINGS } from '../../schemas/polaris.ts';
import type { Stream } from '../../schemas/streams.ts';
import { READING_REFERENCES, reading } from '../contract/polaris_cases.ts';
import { type Call, type Reply, type ScriptedApi, scriptedApi, testEnv } from './scripted_api.ts';

// Sentences of Polaris' contract that the suite of all sources does not hold.

const AS_OF = '2026-11-22T03:00:10Z';
const running: ScriptedApi[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

async function read(
  stream: Stream,
  answer: (call: Call) => Reply,
  page_rows?: number,
): Promise<{ pages: readonly Page[]; calls: readonly Call[] }> {
  const api = await scriptedApi((call) =>
    call.url.pathname === '/oauth/token'
      ? { body: { access_token: 'token', token_type: 'Bearer', expires_in: 900 } }
      : answer(call),
  );
  running.push(api);
  const config = { url: api.url, client_id: 'meter line', client_secret: 'h&sh=1' };
  const source = createPolarisSource({ ...config, ...(page_rows && { page_rows }) }, testEnv());
  const pages: Page[] = [];
  for await (const page of source.pages(stream, { bookmark: null })) pages.push(page);
  return { pages, calls: api.calls };
}

const page = (more: object = {}): Reply => ({
  body: { data: [], next: 'b1', has_more: false, as_of: AS_OF, ...more },
});

describe('signing in', () => {
  test('posts the credentials as a form, each encoded, and sends the token as a bearer', async () => {
    const { calls } = await read(READINGS, () => page());
    const [asked, data] = calls;
    expect(asked?.method).toBe('POST');
    expect(asked?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'meter line',
      client_secret: 'h&sh=1',
    });
    expect(data?.headers.authorization).toBe('Bearer token');
  });

  test('a token that is revoked between two pages is replaced, and the page is asked for again', async () => {
    let revoked = false;
    const { pages, calls } = await read(READINGS, ({ url }) => {
      if (url.searchParams.get('since') !== 'b1') return page({ has_more: true });
      if (revoked) return page({ next: 'b2' });
      revoked = true;
      return { status: 401, body: {} };
    });
    expect(pages.map(({ bookmark }) => bookmark)).toEqual(['b1', 'b2']);
    expect(calls.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });
});

describe('pages', () => {
  test.each([1, 50_000])('asks for pages of %i rows, within what Polaris allows', async (limit) => {
    const { calls } = await read(READINGS, () => page(), limit);
    expect(calls.at(-1)?.url.search).toBe(`?limit=${limit}`);
  });

  test.each([50_001, 0.5, -1])('refuses to ask for pages of %d rows', async (limit) => {
    await expect(read(READINGS, () => page(), limit)).rejects.toThrow(/page_rows: got .*want .*1 to 50000/);
  });

  test('asks for gzip, and keeps the body as it was before', async () => {
    const data = Array.from({ length: 40 }, (_, n) => reading(n));
    const { pages, calls } = await read(READINGS, () => page({ data }));
    expect(calls.at(-1)?.headers['accept-encoding']).toContain('gzip');
    const sent = JSON.stringify({ data, next: 'b1', has_more: false, as_of: AS_OF });
    expect(String(pages[0]?.body)).toBe(sent);
    expect(pages[0]?.sha256).toBe(createHash('sha256').update(sent).digest('hex'));
  });

  test.each([
    ['next', undefined],
    ['next', ''],
    ['has_more', 'yes'],
    ['has_more', undefined],
    ['as_of', '2026-11-22 03:00:10'],
    ['data', {}],
  ])('refuses an envelope whose %s is %j', async (field, value) => {
    await expect(read(READINGS, () => page({ [field]: value }))).rejects.toThrow(
      new RegExp(`page http://.*got an envelope whose ${field} is wrong at offset 0 .*, want `),
    );
  });

  test('reads a catalogue by its page tokens up to null, and refuses one that ends otherwise', async () => {
    const { pages, calls } = await read(CLUSTERS, ({ url }) => ({
      body: { data: [], next_page: url.searchParams.has('page') ? null : 'second' },
    }));
    expect(pages.map(({ bookmark }) => bookmark)).toEqual([null, null]);
    expect(calls.slice(1).map(({ url }) => url.searchParams.get('page'))).toEqual([null, 'second']);
    await expect(read(CLUSTERS, () => ({ body: { data: [] } }))).rejects.toThrow(/next_page is wrong/);
  });
});

describe('quantities', () => {
  const parse = (quantity: unknown) => {
    const body = Buffer.from(
      JSON.stringify({ data: [{ ...reading(0), quantity }], next: 'n', has_more: false, as_of: AS_OF }),
    );
    const source = createPolarisSource(
      { url: 'http://127.0.0.1:1', client_id: 'a', client_secret: 'b' },
      testEnv(),
    );
    const about = { body, url: 'http://127.0.0.1:1/v1', format: 'json', stated_rows: null } as const;
    return source.parse(READINGS, about, READING_REFERENCES);
  };
  const column = READINGS.columns.findIndex(({ name }) => name === 'quantity');

  test.each(['0', '000.100', '123456789012345678.123456789'])('%s stays as it is', (quantity) => {
    expect(parse(quantity).columns[column]).toEqual([quantity]);
  });

  test.each(['1234567890123456789', '1.', '.5', '1e3', '+1', ' 1', '1,5', ''])(
    '%j is refused',
    (quantity) => {
      expect(parse(quantity).rejected).toMatchObject([{ column: 'quantity' }]);
    },
  );
});
