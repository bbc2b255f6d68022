import { afterEach, describe, expect, test } from 'vitest';
import { account, SALESFORCE_CASES } from '../contract/salesforce_cases.ts';
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
    expect(error).toMatchObject({ name: 'SourceError', failure: 'contract' });
    expect(error.message).toContain('header line');
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
