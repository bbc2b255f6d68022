import { afterEach, describe, expect, test } from 'vitest';
import { ACCOUNT } from '../../schemas/salesforce.ts';
import { salesforceApi } from '../contract/salesforce_cases.ts';
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
