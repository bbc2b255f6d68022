import { afterEach, describe, expect, test } from 'vitest';
import { ACCOUNT } from '../../schemas/salesforce.ts';
import { account, bulkCsv, SALESFORCE_CASES } from '../contract/salesforce_cases.ts';
import { closeAll, failure, nothing, readAll, start } from './salesforce_fixture.ts';
import type { Call, Reply } from './scripted_api.ts';

afterEach(closeAll);

const bulkCase = SALESFORCE_CASES.find(({ title }) => title.includes('Bulk'));

describe('a Bulk job', () => {
  const api = (change: (call: Call, reply: Reply) => Reply) => {
    const right = bulkCase?.api([[account(1)], [account(2)]]) ?? nothing;
    return (call: Call) => change(call, right(call));
  };
  const results = (call: Call) => call.url.pathname.endsWith('/results');
  const job = (call: Call) => /\/jobs\/query\/\w+$/.test(call.url.pathname) && call.method === 'GET';

  test('asks for deleted records too, and polls ever more seldom', async () => {
    const started = await start(api((_call, reply) => reply));
    await readAll(started);
    const created = started.api.calls.find(
      ({ method, url }) => method === 'POST' && url.pathname.endsWith('/jobs/query'),
    );
    expect(JSON.parse(created?.body ?? '{}')).toMatchObject({
      operation: 'queryAll',
      contentType: 'CSV',
      lineEnding: 'LF',
    });
    expect(started.env.slept.toSorted((a, b) => a - b)).toEqual(started.env.slept);
  });

  test('is deleted when the source is closed after its last page', async () => {
    const started = await start(api((_call, reply) => reply));
    await readAll(started);
    expect(started.api.calls.some(({ method }) => method === 'DELETE')).toBe(false);
    await started.source.close();
    expect(started.api.calls.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  test('stays when it was not read to its end', async () => {
    const started = await start(
      api((call, reply) => (call.url.searchParams.has('locator') ? { status: 404 } : reply)),
    );
    await failure(readAll(started));
    await started.source.close();
    expect(started.api.calls.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('whose pages do not add up to its own count is refused', async () => {
    const started = await start(
      api((call, reply) =>
        job(call) ? { ...reply, body: { ...(reply.body as object), numberRecordsProcessed: 3 } } : reply,
      ),
    );
    expect((await failure(readAll(started))).message).toContain('2 rows on all pages, the job states 3');
  });

  test('without a count of its own is refused', async () => {
    const started = await start(
      api((call, reply) =>
        job(call)
          ? { ...reply, body: { ...(reply.body as object), numberRecordsProcessed: undefined } }
          : reply,
      ),
    );
    expect((await failure(readAll(started))).message).toContain('the job states no number');
  });

  test('without a row count on a page is refused', async () => {
    const started = await start(
      api((call, reply) =>
        results(call)
          ? { ...reply, headers: { 'content-type': 'text/csv', 'sforce-locator': 'null' } }
          : reply,
      ),
    );
    expect((await failure(readAll(started))).message).toContain('Sforce-NumberOfRecords');
  });

  test('whose columns are swapped is refused', async () => {
    const started = await start(
      api((call, reply) =>
        results(call)
          ? { ...reply, body: String(reply.body).replace('"Name","ParentId"', '"ParentId","Name"') }
          : reply,
      ),
    );
    expect((await failure(readAll(started))).message).toContain('header line');
  });

  test('whose header line is cut within quotes is refused', async () => {
    const started = await start(
      api((call, reply) => (results(call) ? { ...reply, body: String(reply.body).slice(0, 8) } : reply)),
    );
    const error = await failure(readAll(started));
    expect(error).toMatchObject({ name: 'SourceError', failure: 'unavailable' });
    expect(error.message).toContain('a body cut short after 8 bytes');
  });

  test.each([
    ['within a quoted field', (body: string) => body.slice(0, -40)],
    ['after a field', (body: string) => body.slice(0, body.lastIndexOf(',"'))],
    [
      'within a character',
      (body: string) => Buffer.from(body.replace('cus-', 'ü')).subarray(0, body.indexOf('cus-') + 1),
    ],
  ])('whose page is cut short %s is asked for again', async (_where, cut) => {
    let asked = 0;
    const started = await start(
      api((call, reply) => {
        if (!results(call)) return reply;
        asked += 1;
        return asked === 1 ? { ...reply, body: cut(String(reply.body)) } : reply;
      }),
    );
    expect(await readAll(started)).toHaveLength(2);
    expect(asked).toBe(3);
  });

  test('whose page is cut between two lines is an error, by its count', async () => {
    const started = await start(bulkCase?.api([[account(1), account(2)]]) ?? nothing);
    const [page] = await readAll(started);
    const body = page?.body.subarray(0, page.body.lastIndexOf('\n"001') + 1) ?? Buffer.alloc(0);
    expect(() => page && started.source.parse(ACCOUNT.stream, { ...page, body }, new Map())).toThrow(
      /got 1 rows, want 2, as stated with the page/,
    );
  });

  test('without a line end at its end is whole', async () => {
    const started = await start(
      api((call, reply) => (results(call) ? { ...reply, body: String(reply.body).trimEnd() } : reply)),
    );
    expect(await readAll(started)).toHaveLength(2);
    expect(started.env.slept.length).toBeLessThan(3);
  });

  test('whose pages are too large is read with fewer rows a page', async () => {
    const big = { ...account(1), Website: 'x'.repeat(9 * 1024 * 1024) };
    const started = await start(
      api((call, reply) => {
        if (!results(call)) return reply;
        const rows = Number(call.url.searchParams.get('maxRecords'));
        return { ...reply, body: bulkCsv(Array.from({ length: Math.min(rows, 4) }, () => big)) };
      }),
      { bulk_page_rows: 8 },
    );
    await started.source.open();
    const [page] = await readAll(started);
    const asked = started.api.calls.filter(results).map(({ url }) => url.searchParams.get('maxRecords'));
    // Four rows exceed 32 MiB, three do not: the first page is asked for with 8, 4 and 2 rows.
    expect(asked).toEqual(['8', '4', '2', '2']);
    expect(page?.body.length).toBeGreaterThan(18 * 1024 * 1024);
    expect(started.env.logged.map(({ message }) => message).join()).toContain('going on with 2 rows a page');
  });

  test('one row may be larger than a page', async () => {
    const big = { ...account(1), Website: 'x'.repeat(10 * 1024 * 1024), Name: 'y'.repeat(25 * 1024 * 1024) };
    const started = await start(bulkCase?.api([[big]]) ?? nothing, { bulk_page_rows: 2 });
    const [page] = await readAll(started);
    const parsed = page && started.source.parse(ACCOUNT.stream, page, new Map());
    expect(parsed?.rejected).toEqual([]);
    const website = ACCOUNT.stream.columns.findIndex(({ name }) => name === 'website');
    expect(parsed?.columns[website]?.[0]).toHaveLength(10 * 1024 * 1024);
  });

  test('that failed says why', async () => {
    const started = await start(
      api((call, reply) =>
        job(call)
          ? { ...reply, body: { ...(reply.body as object), state: 'Failed', errorMessage: 'InvalidBatch' } }
          : reply,
      ),
    );
    expect((await failure(readAll(started))).message).toMatch(/in state Failed \(InvalidBatch\)/);
  });

  test('that never ends is given up after two hours', async () => {
    const started = await start(
      api((call, reply) =>
        job(call) ? { ...reply, body: { ...(reply.body as object), state: 'InProgress' } } : reply,
      ),
    );
    expect((await failure(readAll(started))).message).toContain('still in state InProgress after two hours');
  });
});
