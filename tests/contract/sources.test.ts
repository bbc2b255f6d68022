import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Source } from '../../connectors/source.ts';
import { SourceError } from '../../connectors/source.ts';
import type { Page, ParsedPage } from '../../schemas/page.ts';
import {
  type Call,
  type Reply,
  type ScriptedApi,
  scriptedApi,
  type TestEnv,
  testEnv,
} from '../connectors/scripted_api.ts';
import { POLARIS_CASES } from './polaris_cases.ts';
import { SALESFORCE_CASES } from './salesforce_cases.ts';
import { type Pages, SECRET, type SourceCase, TOKEN } from './source_case.ts';
import { TACKLE_CASES } from './tackle_cases.ts';

/** What every source must do with whatever its API does. A new source adds its cases to this list. */
const CASES: readonly SourceCase[] = [...POLARIS_CASES, ...SALESFORCE_CASES, ...TACKLE_CASES];

interface Delivery {
  readonly pages: readonly Page[];
  readonly parsed: readonly ParsedPage[];
  /** The key column of every good row, in order. */
  readonly keys: readonly (string | null | undefined)[];
}

const running: ScriptedApi[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

async function start(script: (call: Call) => Reply): Promise<ScriptedApi> {
  const api = await scriptedApi(script);
  running.push(api);
  return api;
}

async function deliver(which: SourceCase, source: Source, bookmark = which.bookmark): Promise<Delivery> {
  await source.open();
  const pages: Page[] = [];
  for await (const page of source.pages(which.stream, { bookmark })) pages.push(page);
  await source.close();
  const parsed = pages.map((page) => source.parse(which.stream, page, which.references));
  const index = which.stream.columns.findIndex(({ name }) => name === which.key.column);
  return { pages, parsed, keys: parsed.flatMap(({ columns }) => columns[index] ?? []) };
}

/** Reads everything from an API that is right but for what `fault` answers to page requests, by their number from 0. */
async function read(
  which: SourceCase,
  pages: Pages,
  fault: (nth: number, call: Call) => Reply | null = () => null,
  env: TestEnv = testEnv(),
): Promise<Delivery & { api: ScriptedApi }> {
  const answer = which.api(pages);
  let asked = 0;
  const api = await start((call) => {
    if (!which.isPage(call)) return answer(call);
    asked += 1;
    return fault(asked - 1, call) ?? answer(call);
  });
  return { ...(await deliver(which, which.create(api.url, env))), api };
}

function records(which: SourceCase, count: number): readonly Readonly<Record<string, unknown>>[] {
  return Array.from({ length: count }, (_, n) => which.record(n));
}

function expectedKeys(which: SourceCase, count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => which.key.value(n));
}

/** The error of a read that must fail; its message holds neither secret nor token. */
async function failure(reading: Promise<unknown>): Promise<SourceError> {
  const error: unknown = await reading.then(
    () => new Error('the read succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SourceError);
  const failed = error as SourceError;
  expect(failed.message).not.toContain(SECRET);
  expect(failed.message).not.toContain(TOKEN);
  expect(failed.next_step).not.toBe('');
  return failed;
}

const PASSING: readonly (readonly [string, Reply])[] = [
  ['429 with Retry-After in seconds', { status: 429, headers: { 'retry-after': '2' }, body: {} }],
  [
    '429 with Retry-After as a date',
    {
      status: 429,
      headers: { 'retry-after': 'Sun, 22 Nov 2026 03:00:12 GMT', date: 'Sun, 22 Nov 2026 03:00:10 GMT' },
      body: {},
    },
  ],
  ['500', { status: 500, body: 'oops' }],
  ['502', { status: 502, body: '<html>' }],
  ['503', { status: 503, body: {} }],
  ['504', { status: 504, body: {} }],
  ['a dropped connection', { drop: true }],
];

describe.each(CASES)('$title', (which) => {
  test('gives the same rows however they are split into pages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }), async (sizes) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const rows = records(which, total);
        let from = 0;
        const pages = sizes.map((size) => {
          from += size;
          return rows.slice(from - size, from);
        });
        const { keys, parsed } = await read(which, pages);
        expect(keys).toEqual(expectedKeys(which, total));
        expect(parsed.every(({ rejected }) => rejected.length === 0)).toBe(true);
      }),
      { numRuns: 12 },
    );
  });

  test('delivers a row as often as the source gives it', async () => {
    const [first = {}, second = {}] = records(which, 2);
    const { keys } = await read(which, [
      [first, second],
      [second, { ...first }],
    ]);
    expect(keys).toEqual([0, 1, 1, 0].map((n) => which.key.value(n)));
  });

  test('says who a page is: source, stream, hash, and a URL without secrets', async () => {
    const { pages } = await read(which, [records(which, 2)]);
    for (const page of pages) {
      expect(page).toMatchObject({ source: which.stream.source, stream: which.stream.name });
      expect(page.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(page.url).not.toContain(SECRET);
      expect(page.url).not.toContain(TOKEN);
    }
    expect(pages.length).toBeGreaterThan(0);
  });

  test('leaves a bookmark with its last page, or none where the list is given whole', async () => {
    const { pages } = await read(which, [records(which, 2), records(which, 1)]);
    const last = pages.at(-1)?.bookmark ?? null;
    if (which.nextBookmark === null) expect(pages.every(({ bookmark }) => bookmark === null)).toBe(true);
    else expect(last).toMatch(which.nextBookmark);
  });

  test.each(PASSING)('gives the same rows after %s', async (_name, reply) => {
    const env = testEnv();
    const { keys } = await read(which, [records(which, 3)], (nth) => (nth === 0 ? reply : null), env);
    expect(keys).toEqual(expectedKeys(which, 3));
    if (reply.status === 429) expect(Math.max(...env.slept)).toBeGreaterThanOrEqual(2000);
  });

  test('never takes a body that was cut short for a page', async () => {
    for (const keep of [0, 0.5, 0.95]) {
      const whole = which.api([records(which, 40)]);
      const cut = (nth: number, call: Call) => (nth === 0 ? { ...whole(call), keep } : null);
      const { keys, api } = await read(which, [records(which, 40)], cut);
      expect(keys).toEqual(expectedKeys(which, 40));
      expect(api.calls.filter(which.isPage).length).toBeGreaterThan(1);
    }
  });

  test('gives up within its bound when the fault stays', async () => {
    const env = testEnv();
    const reading = read(which, [records(which, 2)], () => ({ status: 503, body: {} }), env);
    const error = await failure(reading);
    expect(error.failure).toBe('unavailable');
    expect(error.message).toContain('status 503');
    expect(env.slept.length).toBeLessThan(12);
  });

  test('takes one new token when its token is refused', async () => {
    const { keys, api } = await read(which, [records(which, 3)], (nth) =>
      nth === 0 ? { status: 401, body: {} } : null,
    );
    expect(keys).toEqual(expectedKeys(which, 3));
    expect(api.calls.filter(which.isToken)).toHaveLength(2);
  });

  test('fails when the new token is refused as well', async () => {
    const error = await failure(read(which, [records(which, 1)], () => ({ status: 401, body: {} })));
    expect(error.failure).toBe('config');
    expect(error.message).toContain('401');
  });

  test.each([400, 401, 403])(
    'takes a sign-in refused with %i for a matter of configuration',
    async (status) => {
      const body = { error: 'invalid_client', detail: `told ${SECRET}` };
      const api = await start((call) => (which.isToken(call) ? { status, body } : { body: {} }));
      const error = await failure(deliver(which, which.create(api.url, testEnv())));
      expect(error.failure).toBe('config');
      expect(error.message).toContain(String(status));
      expect(api.calls).toHaveLength(1);
    },
  );

  test.each([400, 403, 404])('does not repeat a request that got %i', async (status) => {
    let asked = 0;
    const error = await failure(
      read(which, [records(which, 1)], () => {
        asked += 1;
        return { status, body: { detail: `told ${SECRET} and ${TOKEN}` } };
      }),
    );
    expect(asked).toBe(1);
    expect(error.message).toContain(String(status));
  });

  test('refuses a page that is not what the API gives', async () => {
    const html = { headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><p>Down' };
    const notJson = await failure(read(which, [records(which, 1)], () => html));
    expect(notJson.failure).toBe('contract');
    expect(notJson.message).toMatch(/http:\/\/127\.0\.0\.1.*got .*, want /s);
    const other = await failure(read(which, [records(which, 1)], () => ({ body: { results: [] } })));
    expect(other.failure).toBe('contract');
    expect(other.message).toMatch(/want /);
  });

  test('quarantines a bad row and keeps its neighbours', async () => {
    const [first = {}, second = {}, third = {}] = records(which, 3);
    const { keys, parsed } = await read(which, [[first, { ...second, ...which.bad.change }, third]]);
    expect(keys).toEqual([which.key.value(0), which.key.value(2)]);
    const rejected = parsed.flatMap((page) => page.rejected);
    expect(rejected).toHaveLength(1);
    expect(rejected[0]).toMatchObject({ offset: 1, column: which.bad.column });
    expect(rejected[0]?.reason).toMatch(which.bad.reason);
    expect(rejected[0]?.value).not.toBeNull();
    expect(Object.keys(JSON.parse(rejected[0]?.row ?? ''))).toEqual(
      expect.arrayContaining(Object.keys(second)),
    );
  });

  test('reads a range of hours only where it can be asked for; else it refuses rather than reads everything', async () => {
    const api = await start(which.api([records(which, 2), records(which, 1)]));
    const source = which.create(api.url, testEnv());
    await source.open();
    const hours = { from: '2026-11-21T00:00:00Z', to: '2026-11-22T00:00:00Z' };
    const before = api.calls.length;
    const read = async () => {
      const pages: Page[] = [];
      for await (const page of source.pages(which.stream, { bookmark: which.bookmark, hours }))
        pages.push(page);
      return pages;
    };
    if (source.bounded?.includes(which.stream.name)) {
      const pages = await read();
      expect(pages.every(({ bookmark }) => bookmark === null)).toBe(true);
      const asked = api.calls.slice(before).filter(which.isPage);
      expect(asked.length).toBeGreaterThan(1);
      for (const { url } of asked) {
        expect([...url.searchParams.values()]).toContain(hours.to);
        expect(url.searchParams.has('since')).toBe(false);
      }
    } else {
      expect((await failure(read())).message).toMatch(/got hours .*cannot be bounded/);
      expect(api.calls.length).toBe(before);
    }
    await source.close();
  });

  test('stops when it is told to, with the reason given', async () => {
    const stop = new AbortController();
    const api = await start(which.api([records(which, 1)]));
    const source = which.create(api.url, testEnv());
    await source.open();
    stop.abort(new Error('the operator stopped the night'));
    const iterator = source.pages(which.stream, { bookmark: which.bookmark, signal: stop.signal });
    await expect(iterator[Symbol.asyncIterator]().next()).rejects.toThrow('the operator stopped the night');
    await source.close();
  });
});

describe.each(CASES.filter(({ loop }) => loop !== undefined))('$title, which is paged,', (which) => {
  test('takes a page that leads to itself for a loop', async () => {
    const pages = [records(which, 1)];
    const error = await failure(read(which, pages, (_nth, call) => which.loop?.(call, pages) ?? null));
    expect(error.failure).toBe('contract');
    expect(error.message).toContain('loop');
  });
});

describe.each(CASES.filter(({ drift }) => drift !== null))('$title, which may grow,', (which) => {
  test('counts an unknown field as drift and loads the row', async () => {
    const rows = records(which, 3).map((row, n) => (n === 1 ? row : { ...row, new_field: { deep: n } }));
    const { keys, parsed } = await read(which, [rows]);
    expect(keys).toEqual(expectedKeys(which, 3));
    expect(parsed.map(({ drift }) => drift.get('new_field') ?? 0).reduce((sum, n) => sum + n, 0)).toBe(2);
  });
});
