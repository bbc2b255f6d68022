import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Page } from '../../schemas/page.ts';
import { testEnv } from '../connectors/scripted_api.ts';
import { CASES } from './source_cases.ts';
import {
  closeAfterEach,
  deliver,
  expectedKeys,
  failure,
  pagesOf,
  read,
  records,
  start,
} from './sources/reading.ts';

closeAfterEach();

describe.each(CASES)('$title', (which) => {
  test('reads a range of hours only where it can be asked for; else it refuses rather than reads everything', async () => {
    const api = await start(which.api([records(which, 2), records(which, 1)]));
    const source = which.create(api.url, testEnv());
    await source.open();
    const hours = { from: '2026-11-21T00:00:00Z', to: '2026-11-22T00:00:00Z' };
    const before = api.calls.length;
    const readHours = async () => {
      const pages: Page[] = [];
      for await (const page of source.pages(which.stream, { bookmark: which.bookmark, hours }))
        pages.push(page);
      return pages;
    };
    if (source.bounded?.includes(which.stream.name)) {
      const pages = await readHours();
      expect(pages.every(({ bookmark }) => bookmark === null)).toBe(true);
      const asked = api.calls.slice(before).filter(which.isPage);
      expect(asked.length).toBeGreaterThan(1);
      for (const { url } of asked) {
        expect([...url.searchParams.values()]).toContain(hours.to);
        expect(url.searchParams.has('since')).toBe(false);
      }
    } else {
      expect((await failure(readHours())).message).toMatch(/got hours .*cannot be bounded/);
      expect(api.calls.length).toBe(before);
    }
    await source.close();
  });

  test('gives the same rows however they are split into pages, empty ones with more to come among them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }), async (sizes) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const { keys, parsed } = await read(which, pagesOf(which, sizes));
        expect(keys).toEqual(expectedKeys(which, total));
        expect(parsed.every(({ rejected }) => rejected.length === 0)).toBe(true);
      }),
      { numRuns: 5, examples: [[[0, 0, 2, 0, 1, 0]]] },
    );
  });

  test('gives a row as often as the source does', async () => {
    const [first = {}, second = {}] = records(which, 2);
    const { keys } = await read(which, [
      [first, second],
      [second, { ...first }],
    ]);
    expect(keys).toEqual([0, 1, 1, 0].map((n) => which.key.value(n)));
  });

  test('leaves a bookmark with its last page, or none where the list is given whole', async () => {
    const { pages } = await read(which, pagesOf(which, [2, 1]));
    const last = pages.at(-1)?.bookmark ?? null;
    if (which.nextBookmark === null) expect(pages.every(({ bookmark }) => bookmark === null)).toBe(true);
    else expect(last).toMatch(which.nextBookmark);
    expect(which.stream.full).toBe(which.nextBookmark === null);
  });

  test('read up to any page and again from what was left, skips nothing', async () => {
    const all = expectedKeys(which, 6);
    const whole = (await read(which, pagesOf(which, [2, 0, 1, 2, 1]))).pages.length;
    for (let stop_after = 1; stop_after <= whole; stop_after += 1) {
      const api = await start(which.api(pagesOf(which, [2, 0, 1, 2, 1])));
      const before = await deliver(which, which.create(api.url, testEnv()), { stop_after });
      const bookmark = before.pages.findLast((page) => page.bookmark !== null)?.bookmark ?? which.bookmark;
      const after = await deliver(which, which.create(api.url, testEnv()), { bookmark });
      expect(new Set([...before.keys, ...after.keys])).toEqual(new Set(all));
      expect(all.slice(0, before.keys.length)).toEqual(before.keys);
      expect(after.keys).toEqual(all.slice(all.length - after.keys.length));
    }
  });

  test('reads on from its own last bookmark without an error, and leaves it where it is', async () => {
    const api = await start(which.api(pagesOf(which, [2, 1])));
    const first = await deliver(which, which.create(api.url, testEnv()));
    const bookmark = first.pages.at(-1)?.bookmark ?? which.bookmark;
    const second = await deliver(which, which.create(api.url, testEnv()), { bookmark });
    expect(first.keys).toEqual(expect.arrayContaining([...second.keys]));
    expect(second.pages.at(-1)?.bookmark ?? which.bookmark).toBe(bookmark);
  });

  test('takes a page of thousands of rows and a very long text', async () => {
    const long = 'long '.repeat(200_000);
    const column = which.stream.columns.find(
      ({ name, type }) =>
        type === 'text' &&
        name !== which.key.column &&
        !which.stream.key.includes(name) &&
        which.stream.schema.shape[name]?.safeParse(long).success === true &&
        which.field(columnNamed(name))?.path.length === 1,
    );
    const path = column === undefined ? undefined : which.field(column)?.path[0];
    const rows = records(which, 1200).map((row, n) =>
      path === undefined || n !== 1 ? row : { ...row, [path]: long },
    );
    const { keys, parsed } = await read(which, [rows]);
    expect(keys).toEqual(expectedKeys(which, 1200));
    if (column === undefined) return;
    const index = which.stream.columns.indexOf(column);
    expect(parsed.flatMap(({ columns }) => columns[index] ?? [])[1]).toBe(long);
  });

  test('stops when it is told to before it begins, with the reason given', async () => {
    const stop = new AbortController();
    const api = await start(which.api(pagesOf(which, [1])));
    const source = which.create(api.url, testEnv());
    await source.open();
    stop.abort(new Error('the operator stopped the night'));
    const iterator = source.pages(which.stream, { bookmark: which.bookmark, signal: stop.signal });
    await expect(iterator[Symbol.asyncIterator]().next()).rejects.toThrow('the operator stopped the night');
    await source.close();
  });

  function columnNamed(name: string) {
    const found = which.stream.columns.find((column) => column.name === name);
    if (found === undefined) throw new Error(`test: ${which.title}: got no column ${name}, want one`);
    return found;
  }
});

describe.each(CASES.filter(({ loop }) => loop !== undefined))('$title, which is paged,', (which) => {
  test('takes a page that leads to itself for a loop', async () => {
    const pages = [records(which, 1)];
    const error = await failure(read(which, pages, (_nth, call) => which.loop?.(call, pages) ?? null));
    expect(error.failure).toBe('contract');
    expect(error.message).toContain('loop');
  });

  test('stops between its pages when it is told to, and does not pass for whole', async () => {
    const stop = new AbortController();
    const api = await start(which.api(pagesOf(which, [1, 1, 1, 1, 1, 1])));
    const source = which.create(api.url, testEnv());
    await source.open();
    const reading = async () => {
      const from = { bookmark: which.bookmark, signal: stop.signal };
      for await (const _ of source.pages(which.stream, from)) stop.abort(new Error('stopped by hand'));
    };
    await expect(reading()).rejects.toThrow('stopped by hand');
    await source.close();
  });
});

describe.each(CASES.filter(({ loop }) => loop === undefined))('$title, which is not paged,', (which) => {
  test('asks once', async () => {
    const { api, pages } = await read(which, pagesOf(which, [2, 2]));
    expect(api.calls.filter(which.isPage)).toHaveLength(1);
    expect(pages).toHaveLength(1);
  });
});

describe.each(CASES.filter(({ miscount }) => miscount !== undefined))(
  '$title, which is counted,',
  (which) => {
    test.each([-1, 1])('fails when the API states %i rows more than it gives', async (more) => {
      const pages = pagesOf(which, [2, 2]);
      const answer = which.api(pages);
      const error = await failure(
        read(which, pages, (_, call) => which.miscount?.(answer(call), more) ?? null),
      );
      expect(error.failure).toBe('contract');
      expect(error.message).toMatch(/got .* want /s);
    });

    test('states the rows of its last page', async () => {
      const { pages } = await read(which, pagesOf(which, [2, 3]));
      expect(pages.at(-1)?.stated_rows).toBe(3);
    });
  },
);

describe.each(CASES.filter(({ miscount }) => miscount === undefined))(
  '$title, which is not counted,',
  (which) => {
    test('states no count', async () => {
      const { pages } = await read(which, pagesOf(which, [2, 2]));
      expect(pages.every(({ stated_rows }) => stated_rows === null)).toBe(true);
    });
  },
);
