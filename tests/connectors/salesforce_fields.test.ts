import { afterEach, describe, expect, test } from 'vitest';
import { failure } from './salesforce_fixture.ts';
import { closeOrgs, startOrg } from './salesforce_org.ts';
import type { Call } from './scripted_api.ts';

afterEach(closeOrgs);

const SINCE = '2026-11-21T02:55:00Z';
const DELTA = { bookmark: SINCE };
const said = (night: { logged: readonly { level: string; message: string }[] }) =>
  night.logged.map(({ level, message }) => `${level}: ${message}`).join('\n');
/** The query of the job that a night started; null where it read changes only. */
const jobQuery = (calls: readonly Call[]): string | null => {
  const job = calls.find(({ method, url }) => method === 'POST' && url.pathname.endsWith('/jobs/query'));
  return job === undefined ? null : (JSON.parse(job.body) as { query: string }).query;
};

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

describe('all records are read', () => {
  test('when a field is newly selected, until a night is committed', async () => {
    const { night, org } = await startOrg();
    org.hidden.add('Account.Industry');
    await night({ commits: true, bookmark: SINCE, config: { on_vanished_field: 'alert' } });
    org.hidden.clear();
    const first = await night({ ...DELTA, killedAfter: 1 });
    expect(jobQuery(first.calls)).toMatch(/Industry.* FROM Account WHERE SystemModstamp < /);
    expect(said(first)).toContain('newly selected Industry: all records are read');
    const second = await night(DELTA);
    expect(jobQuery(second.calls)).toBeNull();
    expect(second.pages.map(({ format }) => format)).toEqual(['csv', 'csv', 'json']);
    const third = await night(DELTA);
    expect(third.pages.map(({ format }) => format)).toEqual(['json']);
  });

  test('when a field is calculated and the schedule asks', async () => {
    const { night, org } = await startOrg();
    org.described.set('ARR__c', { calculated: true });
    await night();
    expect(jobQuery((await night(DELTA)).calls)).toBeNull();
    const scheduled = await night({ ...DELTA, refresh: true });
    expect(jobQuery(scheduled.calls)).toMatch(/ARR__c FROM Account WHERE SystemModstamp < /);
    expect(said(scheduled)).toContain('calculated ARR__c: all records are read');
  });

  test('but not on the schedule where nothing is calculated', async () => {
    const { night } = await startOrg();
    await night();
    expect(jobQuery((await night({ ...DELTA, refresh: true })).calls)).toBeNull();
  });

  test('but not where nothing is remembered yet', async () => {
    const { night } = await startOrg();
    expect(jobQuery((await night(DELTA)).calls)).toBeNull();
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
