import { afterEach, describe, expect, test } from 'vitest';
import { ACCOUNT } from '../../schemas/salesforce.ts';
import { failure } from './salesforce_fixture.ts';
import { closeOrgs, startOrg } from './salesforce_org.ts';
import type { Call } from './scripted_api.ts';

afterEach(closeOrgs);

const SINCE = '2026-11-21T02:55:00Z';
const DELTA = { bookmark: SINCE };
const said = (night: { logged: readonly { level: string; message: string }[] }) =>
  night.logged.map(({ level, message }) => `${level}: ${message}`).join('\n');
/** The queries of the jobs that a night started. */
const jobQueries = (calls: readonly Call[]) =>
  calls
    .filter(({ method, url }) => method === 'POST' && url.pathname.endsWith('/jobs/query'))
    .map(({ body }) => (JSON.parse(body) as { query: string }).query);

describe('a field that had values', () => {
  test('and has none in any record fails the night, and the next one too', async () => {
    const { night, org } = await startOrg();
    await night();
    await night(DELTA);
    org.empty.add('Industry');
    const error = await failure(night(DELTA));
    expect(error).toMatchObject({ failure: 'contract', stream: 'account' });
    expect(error.message).toContain('field Account.Industry: got null in every record');
    expect((await failure(night(DELTA))).message).toContain('Account.Industry');
    org.empty.clear();
    expect((await night(DELTA)).pages).toHaveLength(1);
  });

  test('is warned of once with alert', async () => {
    const { night, org } = await startOrg();
    await night();
    org.empty.add('Industry');
    const alert = { ...DELTA, config: { on_vanished_field: 'alert' } } as const;
    expect(said(await night(alert))).toContain(
      'warn: connectors: salesforce account: field Account.Industry',
    );
    expect(said(await night(alert))).not.toContain('Industry');
  });

  test('is not emptied when the object has no records at all', async () => {
    const { night, org } = await startOrg();
    await night();
    org.hasRecords = false;
    expect((await night(DELTA)).pages).toHaveLength(1);
  });

  test('is remembered only by a night that was committed', async () => {
    const { night, org } = await startOrg();
    await night({ commits: false });
    org.empty.add('Industry');
    expect((await night()).pages).toHaveLength(2);
  });

  test('is not asked for where a query cannot', async () => {
    const { night, org } = await startOrg();
    org.described.set('Website', { filterable: false });
    const { calls } = await night();
    const asked = calls.map(({ url }) => url.searchParams.get('q') ?? '');
    expect(asked.filter((query) => query.includes('Website != null'))).toEqual([]);
    expect(asked.filter((query) => query.includes('Industry != null'))).toHaveLength(1);
  });
});

describe('a field without values', () => {
  test('is asked for again only on the schedule', async () => {
    const { night, org } = await startOrg();
    org.empty.add('Industry');
    await night();
    const asked = async (refresh: boolean) =>
      (await night({ ...DELTA, refresh })).calls.some(({ url }) =>
        url.searchParams.get('q')?.includes('Industry != null'),
      );
    expect([await asked(false), await asked(true)]).toEqual([false, true]);
  });
});

describe('a field is read of every record, for itself alone,', () => {
  const alone = { ...DELTA, config: { bulk_threshold: 4 } };
  const BEFORE = 'SystemModstamp < 2026-11-21T01:55:00Z';

  async function newField() {
    const started = await startOrg();
    started.org.hidden.add('Account.Industry');
    await started.night({ commits: true, bookmark: SINCE, config: { on_vanished_field: 'alert' } });
    started.org.hidden.clear();
    return started;
  }

  test('when it is newly selected, of the records that are not read for their changes', async () => {
    const { night } = await newField();
    const { pages, calls, logged } = await night(alone);
    expect(jobQueries(calls).at(-1)).toBe(`SELECT Id, SystemModstamp, Industry FROM Account WHERE ${BEFORE}`);
    expect(said({ logged })).toContain('newly selected Industry: read of every record, for itself alone');
    const patches = ['id', 'system_modstamp', 'industry'];
    expect(pages.map((page) => page.patches ?? null)).toEqual([null, null, patches, patches]);
    expect(pages.map(({ bookmark }) => bookmark)).toEqual([null, '2026-11-22T02:55:10Z', null, null]);
  });

  test('until a night is committed; a killed one is gone on with', async () => {
    const { night, org } = await newField();
    await night({ ...alone, killedAfter: 3 });
    const second = await night(DELTA);
    expect(org.queries).toHaveLength(2);
    // Of four pages three lie in the landing zone.
    expect(second.calls.filter(({ url }) => url.pathname.endsWith('/results'))).toHaveLength(1);
    expect(second.pages.map(({ format }) => format)).toEqual(['csv', 'csv', 'json', 'csv', 'csv']);
    const third = await night(DELTA);
    expect(third.pages.map(({ format, patches }) => [format, patches])).toEqual([['json', undefined]]);
  });

  test('by REST where the records are few', async () => {
    const { night } = await newField();
    const { pages, calls } = await night(DELTA);
    expect(jobQueries(calls)).toEqual([]);
    expect(pages.map(({ format, patches }) => [format, patches?.length])).toEqual([
      ['json', undefined],
      ['json', 3],
    ]);
  });

  test('when it is calculated and the schedule asks', async () => {
    const { night, org } = await startOrg();
    org.described.set('ARR__c', { calculated: true });
    await night();
    expect(jobQueries((await night(alone)).calls).join()).not.toContain(BEFORE);
    const scheduled = await night({ ...alone, refresh: true });
    expect(jobQueries(scheduled.calls).at(-1)).toBe(
      `SELECT Id, SystemModstamp, ARR__c FROM Account WHERE ${BEFORE}`,
    );
    expect(said(scheduled)).toContain('calculated ARR__c: read of every record');
  });

  test('but not on the schedule where nothing is calculated', async () => {
    const { night } = await startOrg();
    await night();
    expect((await night({ ...DELTA, refresh: true })).pages).toHaveLength(1);
  });

  test('but not where nothing is remembered yet, nor on a first read', async () => {
    const { night } = await startOrg();
    expect((await night(DELTA)).pages).toHaveLength(1);
    const other = await newField();
    expect((await other.night()).pages.map((page) => page.patches)).toEqual([undefined, undefined]);
  });

  test('with the contract of its column alone: a bad value is refused, the others are null', async () => {
    const { source } = await startOrg();
    const page = {
      url: 'x',
      format: 'csv' as const,
      stated_rows: 3,
      patches: ['id', 'system_modstamp', 'arr'],
      body: Buffer.from(
        '"Id","ARR__c","SystemModstamp"\n"001000000000001","12.50","2026-11-20T10:00:00.000Z"\n' +
          '"001000000000002AAA","many","2026-11-20T10:00:00.000Z"\n"001000000000003AAA","","2026-11-20T10:00:00.000Z"\n',
      ),
    };
    const accounts = source({ on_vanished_field: 'alert' }).source;
    const { columns, offsets, rejected } = accounts.parse(ACCOUNT.stream, page, new Map());
    const column = (name: string) => columns[ACCOUNT.stream.columns.findIndex((each) => each.name === name)];
    expect(offsets).toEqual([0, 2]);
    expect([column('id'), column('arr'), column('name'), column('is_deleted')]).toEqual([
      ['001000000000001AAA', '001000000000003AAA'],
      ['12.5', null],
      [null, null],
      [null, null],
    ]);
    expect(rejected).toMatchObject([{ offset: 1, column: 'arr', value: '"many"' }]);
    // Whatever is allowed of whole records: a field that is missing must not empty its column.
    const cut = { ...page, body: Buffer.from('"Id","SystemModstamp"\n'), stated_rows: null };
    expect(() => accounts.parse(ACCOUNT.stream, cut, new Map())).toThrow(/header line Id,SystemModstamp/);
  });
});

test('a change of type is said once', async () => {
  const { night, org } = await startOrg();
  org.described.set('ARR__c', { type: 'currency' });
  await night();
  org.described.set('ARR__c', { type: 'string' });
  expect(said(await night(DELTA))).toContain(
    'warn: connectors: salesforce account: field Account.ARR__c: type currency has become string',
  );
  expect(said(await night(DELTA))).not.toContain('ARR__c');
});
