import { afterEach, describe, expect, test } from 'vitest';
import type { Page } from '../../schemas/page.ts';
import { ACCOUNT } from '../../schemas/salesforce.ts';
import { account, bulkCsv, salesforceApi } from '../contract/salesforce_cases.ts';
import { closeAll, failure, nothing, start } from './salesforce_fixture.ts';
import type { Call, Reply } from './scripted_api.ts';

afterEach(closeAll);

const REST: Reply = {
  body: { totalSize: 2, done: true, records: [{ Id: '001000000000001AAA' }, { Id: '001D000000Jsm8y' }] },
};

async function keys(script: (call: Call) => Reply, bulk_threshold = 10_000) {
  const { source, api } = await start(salesforceApi(script), { bulk_threshold });
  await source.open();
  const found: string[] = [];
  for await (const listed of source.presentKeys?.(ACCOUNT.stream) ?? []) {
    expect(listed.page.bookmark).toBeNull();
    found.push(...listed.keys);
  }
  await source.close();
  return { found, calls: api.calls };
}

function bulk(total: number) {
  return (call: Call): Reply => {
    if (call.method === 'DELETE') return { status: 204, body: '' };
    if (!call.url.pathname.endsWith('/results'))
      return { body: { id: '750000000000001AAA', state: 'JobComplete', numberRecordsProcessed: total } };
    const isFirst = !call.url.searchParams.has('locator');
    const headers = {
      'content-type': 'text/csv',
      'sforce-locator': isFirst ? 'next' : 'null',
      'sforce-numberofrecords': '1',
    };
    return { headers, body: `"Id"\n"00100000000000${isFirst ? 1 : 2}AAA"\n` };
  };
}

describe('the list of keys', () => {
  test('names every record, deleted ones included, with 18 characters', async () => {
    const { found, calls } = await keys(() => REST);
    expect(found).toEqual(['001000000000001AAA', '001D000000Jsm8yIAB']);
    const last = calls.at(-1)?.url;
    expect(last?.pathname).toContain('/queryAll');
    expect(last?.searchParams.get('q')).toBe('SELECT Id FROM Account');
  });

  test('comes by Bulk when it is long, and its job is deleted', async () => {
    const { found, calls } = await keys(bulk(2), 4);
    expect(found).toEqual(['001000000000001AAA', '001000000000002AAA']);
    expect(calls.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  test('that is not whole is an error', async () => {
    expect((await failure(keys(bulk(3), 4))).message).toContain('2 rows on all pages, the job states 3');
  });

  test.each([[{}], [{ Id: 'nonsense' }], [null]])(
    'with %j in the place of a record is an error',
    async (record) => {
      const error = await failure(keys(() => ({ body: { totalSize: 1, done: true, records: [record] } })));
      expect(error).toMatchObject({ name: 'SourceError', failure: 'contract' });
      expect(error.message).toContain('want ids of 15 or 18 characters');
    },
  );

  test('of an object without records is empty', async () => {
    expect((await keys(nothing)).found).toEqual([]);
  });
});

describe('records that are asked for by their ids', () => {
  const ids = Array.from({ length: 250 }, (_, n) => `001${String(n).padStart(12, '0')}AAA`);

  async function wholes(script: (call: Call) => Reply, bulk_threshold = 10_000) {
    const { source, api } = await start(salesforceApi(script), { bulk_threshold });
    await source.open();
    const pages: Page[] = [];
    for await (const page of source.records?.(ACCOUNT.stream, ids) ?? []) pages.push(page);
    await source.close();
    return { pages, calls: api.calls };
  }

  test('are read whole, two hundred at a time, deleted ones too, the newest left out', async () => {
    const { pages, calls } = await wholes(nothing);
    const queries = calls
      .filter(({ url }) => url.pathname.endsWith('/queryAll'))
      .map(({ url }) => url.searchParams.get('q'));
    expect(queries.map((query) => query?.match(/'001\d{12}AAA'/g)?.length)).toEqual([200, 50]);
    expect(queries[0]).toMatch(/^SELECT Id, CreatedDate, .*ARR__c FROM Account WHERE Id IN \('0010/);
    expect(queries[0]).toMatch(/\) AND SystemModstamp < 2026-11-22T02:55:10Z$/);
    expect(pages.map(({ bookmark, patches }) => [bookmark, patches])).toEqual([
      [null, undefined],
      [null, undefined],
    ]);
    // Some proxies refuse longer request lines.
    expect(Math.max(...calls.map(({ url }) => url.href.length))).toBeLessThan(8000);
  });

  test('are found by reading all where they are many, and the job is deleted', async () => {
    const records = [account(1), account(2)];
    const api = (call: Call): Reply => {
      if (call.method === 'DELETE') return { status: 204, body: '' };
      if (!call.url.pathname.endsWith('/results'))
        return { body: { id: '750000000000001AAA', state: 'JobComplete', numberRecordsProcessed: 2 } };
      const headers = { 'content-type': 'text/csv', 'sforce-locator': 'null', 'sforce-numberofrecords': '2' };
      return { headers, body: bulkCsv(records) };
    };
    const { pages, calls } = await wholes(api, 249);
    expect(pages.map(({ format, bookmark }) => [format, bookmark])).toEqual([['csv', null]]);
    const created = calls.find(
      ({ method, url }) => method === 'POST' && url.pathname.endsWith('/jobs/query'),
    );
    expect(created?.body).toMatch(/FROM Account WHERE SystemModstamp < 2026-11-22T02:55:10Z"/);
    expect(calls.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });
});
