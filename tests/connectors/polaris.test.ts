import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createPolarisSource } from '../../connectors/polaris/polaris_source.ts';
import { SourceError } from '../../connectors/source.ts';
import type { Page } from '../../schemas/page.ts';
import { CUSTOMERS, FEATURES, READINGS } from '../../schemas/polaris.ts';
import { READING_REFERENCES, reading } from '../contract/polaris_cases.ts';
import { type Call, type Reply, type ScriptedApi, scriptedApi, testEnv } from './scripted_api.ts';

const running: ScriptedApi[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

async function start(answer: (call: Call) => Reply) {
  const api = await scriptedApi((call) =>
    call.url.pathname === '/oauth/token'
      ? { body: { access_token: 'token', expires_in: 900 } }
      : answer(call),
  );
  running.push(api);
  const env = testEnv();
  return {
    api,
    env,
    source: createPolarisSource({ url: api.url, client_id: 'a', client_secret: 'hush' }, env),
  };
}

const AS_OF = '2026-11-22T03:00:10Z';
const feedPage = (data: readonly object[], next: string, has_more = false): Reply => ({
  body: { data, next, has_more, as_of: AS_OF },
});

function parse(data: readonly unknown[] | string) {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const body = Buffer.from(`{"data":${text},"next":"n","has_more":false,"as_of":"${AS_OF}"}`);
  const source = createPolarisSource(
    { url: 'http://127.0.0.1:1', client_id: 'a', client_secret: 'b' },
    testEnv(),
  );
  return source.parse(
    READINGS,
    { body, url: 'http://127.0.0.1:1/v1', format: 'json', stated_rows: null },
    READING_REFERENCES,
  );
}

describe('an expired bookmark', () => {
  const gone: Reply = {
    status: 410,
    headers: { date: 'Sun, 22 Nov 2026 03:00:10 GMT' },
    body: { code: 'bookmark_expired', oldest: '2026-10-18T00:00:00Z', latest: 'end' },
  };

  function readings(call: Call): Reply {
    const query = call.url.searchParams;
    if (query.get('since') === 'old') return gone;
    if (query.get('since') === 'end') return feedPage([reading(9)], 'newest');
    if (query.get('page') === 'p1') return feedPage([reading(2)], 'p2');
    return feedPage([reading(1)], 'p1', true);
  }

  test.each([
    ['everything where every hour is open', undefined, '2000-01-01T00:00:00Z'],
    ['35 days at least, and the oldest hour', '2026-11-01T00:00:00Z', '2026-10-18T00:00:00Z'],
    ['from the earliest open hour', '2026-08-01T00:00:00Z', '2026-08-01T00:00:00Z'],
  ])('reads again %s, then on from the present end', async (_name, open_from, want) => {
    const { api, env, source } = await start(readings);
    const pages: Page[] = [];
    const from = { bookmark: 'old', ...(open_from === undefined ? {} : { open_from }) };
    for await (const page of source.pages(READINGS, from)) pages.push(page);
    const queries = api.calls.filter(({ method }) => method === 'GET').map(({ url }) => url.searchParams);
    expect(queries.map((query) => query.get('from'))).toEqual([null, want, want, null]);
    expect(queries[1]?.get('to')).toBe('2026-11-22T05:00:00Z');
    expect(queries[2]?.get('page')).toBe('p1');
    expect(queries[3]?.get('since')).toBe('end');
    expect(pages.map(({ bookmark }) => bookmark)).toEqual([null, null, 'newest']);
    expect(
      env.logged
        .filter(({ level }) => level === 'warn')
        .map(({ message }) => message)
        .join(),
    ).toContain('bookmark has expired');
  });

  test('reads on until no page’s as_of is beyond the hours asked for, whatever the Date header says', async () => {
    const behind = { ...gone, headers: { date: 'Sun, 01 Nov 2026 12:00:00 GMT' } };
    const { api, source } = await start((call) =>
      call.url.searchParams.get('since') === 'old' ? behind : feedPage([], 'end'),
    );
    for await (const page of source.pages(READINGS, { bookmark: 'old' })) expect(page.as_of).toBe(AS_OF);
    const asked = api.calls.map(({ url }) => [url.searchParams.get('from'), url.searchParams.get('to')]);
    expect(asked.filter(([from]) => from !== null)).toEqual([
      ['2000-01-01T00:00:00Z', '2026-11-01T14:00:00Z'],
      ['2026-11-01T14:00:00Z', '2026-11-22T05:00:00Z'],
    ]);
  });

  test('reads the feature feed from its beginning, since it has no hours to ask for', async () => {
    const { api, source } = await start((call) => {
      const since = call.url.searchParams.get('since');
      if (since === 'old') return gone;
      return feedPage([], since === null ? 'b1' : since === 'b1' ? 'b2' : 'newest', since === null);
    });
    const bookmarks: (string | null)[] = [];
    for await (const page of source.pages(FEATURES, { bookmark: 'old' })) bookmarks.push(page.bookmark);
    expect(bookmarks).toEqual([null, null, 'newest']);
    expect(api.calls.every(({ url }) => !url.searchParams.has('from'))).toBe(true);
  });

  test('fails on a 410 that does not say where the feed ends', async () => {
    const { source } = await start(() => ({ status: 410, body: { code: 'gone' } }));
    const first = source.pages(READINGS, { bookmark: 'old' })[Symbol.asyncIterator]().next();
    await expect(first).rejects.toThrow(/410 without code bookmark_expired/);
  });
});

describe('the change feed', () => {
  test('reads on over empty pages, hands on as_of, and asks for its pages with a limit', async () => {
    const { api, source } = await start((call) => {
      const since = call.url.searchParams.get('since');
      return since === null ? feedPage([], 'b1', true) : feedPage([reading(1)], 'b2');
    });
    const pages: Page[] = [];
    for await (const page of source.pages(READINGS, { bookmark: null })) pages.push(page);
    expect(pages.map(({ as_of, bookmark }) => [as_of, bookmark])).toEqual([
      [AS_OF, 'b1'],
      [AS_OF, 'b2'],
    ]);
    expect(Number(api.calls.at(-1)?.url.searchParams.get('limit'))).toBeLessThanOrEqual(50_000);
  });

  test('finds a loop of several pages', async () => {
    const { source } = await start((call) => {
      const since = call.url.searchParams.get('since');
      return feedPage([], since === 'b1' ? 'b2' : 'b1', true);
    });
    const reading = (async () => {
      for await (const page of source.pages(READINGS, { bookmark: null }))
        expect(page.stream).toBe('readings');
    })();
    await expect(reading).rejects.toThrow(/loop/);
  });

  test('a repeated bookmark at the end of the feed is no loop', async () => {
    const { source } = await start(() => feedPage([], 'same'));
    const bookmarks: (string | null)[] = [];
    for await (const page of source.pages(READINGS, { bookmark: 'same' })) bookmarks.push(page.bookmark);
    expect(bookmarks).toEqual(['same']);
  });

  test('takes a new token before the old one ends', async () => {
    const { api, env, source } = await start((call) => {
      const since = call.url.searchParams.get('since');
      return since === 'b1' ? feedPage([], 'b2') : feedPage([], 'b1', true);
    });
    await source.open();
    await env.sleep(900_000);
    for await (const page of source.pages(READINGS, { bookmark: null })) expect(page.bookmark).not.toBeNull();
    expect(api.calls.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });
});

describe('the rows of a page', () => {
  test.each([
    ['a missing key', { subscription_id: undefined }, 'subscription_id', 'missing key', null],
    ['a null where none may be', { region: null }, 'region', /expected string, received null/, 'null'],
    ['a value of another type', { quantity: 3 }, 'quantity', /expected string/, '3'],
    [
      'a time without Z',
      { recorded_at: '2026-11-21T06:00:03+00:00' },
      'recorded_at',
      /RFC 3339/,
      '"2026-11-21T06:00:03+00:00"',
    ],
    [
      'a day that does not exist',
      { recorded_at: '2026-02-29T06:00:03Z' },
      'recorded_at',
      /exists/,
      '"2026-02-29T06:00:03Z"',
    ],
    [
      'an hour that is not whole',
      { hour: '2026-11-21T05:30:00Z' },
      'hour',
      /start of an hour/,
      '"2026-11-21T05:30:00Z"',
    ],
    ['ten fraction digits', { quantity: '1.0000000001' }, 'quantity', /pattern/, '"1.0000000001"'],
    ['a negative quantity', { quantity: '-1' }, 'quantity', /pattern/, '"-1"'],
    [
      'a dimension that is not in the catalogue',
      { dimension: 'x' },
      'dimension',
      /not in the catalogue/,
      '"x"',
    ],
    ['a unit that is not the dimension’s', { unit: 'GiB' }, 'unit', /TiB/, '"GiB"'],
    ['revision 0', { revision: 0 }, 'revision', />=1/, '0'],
    ['seq 0', { seq: 0 }, 'seq', />=1/, '0'],
    ['an unknown cloud', { cloud: 'moon' }, 'cloud', /expected one of/, '"moon"'],
    ['an empty key', { cluster_id: '' }, 'cluster_id', /non-empty/, '""'],
    ['a lone surrogate', { region: '\ud800' }, 'region', /well-formed/, '"\\ud800"'],
  ])('%s is refused', (_name, change, column, reason, value) => {
    const { rejected, offsets } = parse([reading(0), { ...reading(1), ...change }, reading(2)]);
    expect(offsets).toEqual([0, 2]);
    expect(rejected).toMatchObject([{ offset: 1, column, value }]);
    expect(rejected[0]?.reason).toMatch(reason);
  });

  test('a number that a double cannot hold is refused and shown digit by digit', () => {
    const row = JSON.stringify(reading(1)).replace('"seq":2', '"seq":9007199254740993');
    const { rejected, columns } = parse(`[${JSON.stringify(reading(0))},${row}]`);
    expect(columns[1]).toEqual(['1']);
    expect(rejected[0]).toMatchObject({ column: 'seq', cluster_id: 'clu-1', seq: null });
    expect(rejected[0]?.row).toContain('"seq":9007199254740993');
  });

  test('a refused reading still says whose number it fills', () => {
    const { rejected } = parse([{ ...reading(4), unit: 'GiB' }, 'no row', null, [1]]);
    expect(rejected.map(({ cluster_id, seq }) => [cluster_id, seq])).toEqual([
      ['clu-1', '5'],
      [null, null],
      [null, null],
      [null, null],
    ]);
    expect(rejected.map(({ row }) => row).slice(1)).toEqual(['"no row"', 'null', '[1]']);
  });

  test('whatever a row is, it is either good or refused with a reason', () => {
    const field = fc.constantFrom(...READINGS.columns.map(({ name }) => name));
    const changed = fc
      .tuple(field, fc.jsonValue())
      .map(([name, value]) => ({ ...reading(1), [name]: value }));
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.jsonValue(), changed), { maxLength: 8 }), (rows) => {
        const { offsets, rejected, columns } = parse(rows);
        expect([...offsets, ...rejected.map(({ offset }) => offset)].toSorted((a, b) => a - b)).toEqual([
          ...rows.keys(),
        ]);
        expect(rejected.every(({ reason, row }) => reason !== '' && row !== '')).toBe(true);
        expect(columns.every((column) => column.length === offsets.length)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('odd texts are kept as they are', () => {
    const odd = 'NUL \u0000, line\nend, "quote", 🚀, NA';
    const { columns, rejected } = parse([{ ...reading(0), region: odd }]);
    expect(rejected).toEqual([]);
    expect(columns[READINGS.columns.findIndex(({ name }) => name === 'region')]).toEqual([odd]);
  });

  test('a value nested without end is refused, not a crash', () => {
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    const row = JSON.stringify(reading(1)).replace('"TiB"', deep);
    const { offsets, rejected } = parse(`[${JSON.stringify(reading(0))},${row}]`);
    expect(offsets).toEqual([0]);
    expect(rejected[0]).toMatchObject({ column: 'unit', cluster_id: 'clu-1', seq: '2' });
  });

  test('bytes that are not UTF-8 make the page broken, since a decoder would change them', () => {
    const source = createPolarisSource(
      { url: 'http://127.0.0.1:1', client_id: 'a', client_secret: 'b' },
      testEnv(),
    );
    const body = Buffer.concat([Buffer.from('{"data":[{"a":"'), Buffer.from([0xff]), Buffer.from('"}]}')]);
    const page = { body, url: 'http://h/v1', format: 'json', stated_rows: null } as const;
    expect(() => source.parse(READINGS, page, READING_REFERENCES)).toThrow(/not UTF-8/);
  });

  test('a byte order mark before the JSON is passed over', () => {
    const source = createPolarisSource(
      { url: 'http://127.0.0.1:1', client_id: 'a', client_secret: 'b' },
      testEnv(),
    );
    const text = `\ufeff${JSON.stringify({ data: [reading(0)], next: 'n', has_more: false, as_of: AS_OF })}`;
    const page = { body: Buffer.from(text), url: 'http://h/v1', format: 'json', stated_rows: null } as const;
    expect(source.parse(READINGS, page, READING_REFERENCES).offsets).toEqual([0]);
  });

  test.each([
    ['<!doctype html><title>Down</title>', 0],
    ['{"data":[', 9],
    ['{"data":["é",]}', 14],
    ['{"data":[1,2,3,4,5,6,7,8,9,oops,1,2,3,4,5]}', 27],
  ])('a page that is not JSON is an error that says where: %s', (text, offset) => {
    const source = createPolarisSource(
      { url: 'http://127.0.0.1:1', client_id: 'a', client_secret: 'b' },
      testEnv(),
    );
    const page = { body: Buffer.from(text), url: 'http://h/v1', format: 'json', stated_rows: null } as const;
    expect(() => source.parse(READINGS, page, READING_REFERENCES)).toThrow(
      `page http://h/v1: got ${Buffer.byteLength(text)} bytes that are not JSON from offset ${offset} on`,
    );
  });

  test('readings without a catalogue are no good', () => {
    const source = createPolarisSource(
      { url: 'http://127.0.0.1:1', client_id: 'a', client_secret: 'b' },
      testEnv(),
    );
    const body = Buffer.from(JSON.stringify({ data: [], next: 'n', has_more: false, as_of: AS_OF }));
    const page = { body, url: 'http://h/v1', format: 'json', stated_rows: null } as const;
    expect(() => source.parse(READINGS, page, new Map())).toThrow(SourceError);
  });

  test('a column that is in no row of a catalogue has vanished: the page is broken', () => {
    const source = createPolarisSource(
      { url: 'http://127.0.0.1:1', client_id: 'a', client_secret: 'b' },
      testEnv(),
    );
    const row = { customer_id: 'c', name: 'n', created_at: AS_OF, status: 'active' };
    const page = (data: readonly object[]) => ({
      body: Buffer.from(JSON.stringify({ data, next_page: null })),
      url: 'http://h/v1',
      format: 'json' as const,
      stated_rows: null,
    });
    expect(() => source.parse(CUSTOMERS, page([row, row]), new Map())).toThrow(
      /2 rows without salesforce_account_id/,
    );
    const mixed = source.parse(CUSTOMERS, page([row, { ...row, salesforce_account_id: null }]), new Map());
    expect(mixed.rejected).toMatchObject([
      { offset: 0, column: 'salesforce_account_id', reason: 'missing key', value: null },
    ]);
  });
});
