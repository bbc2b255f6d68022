import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { closeOrgs, startOrg } from './salesforce_org.ts';
import type { Call } from './scripted_api.ts';

afterEach(closeOrgs);

const created = (calls: readonly Call[]) =>
  calls.filter(({ method, url }) => method === 'POST' && url.pathname.endsWith('/jobs/query')).length;
const deleted = (calls: readonly Call[]) => calls.filter(({ method }) => method === 'DELETE').length;
const results = ({ url }: Call) => url.pathname.endsWith('/results');
const JOB_END = '2026-11-22T02:55:10Z';

describe('a job that a night left open', () => {
  test('is gone on with by the next night, and not created twice', async () => {
    const { night, state_dir } = await startOrg();
    const killed = await night({ killedAfter: 1 });
    expect([created(killed.calls), deleted(killed.calls)]).toEqual([1, 0]);
    const next = await night();
    expect(created(next.calls)).toBe(0);
    const { received_at, sha256, stated_rows } = killed.pages[0] ?? {};
    expect(next.pages[0]).toMatchObject({ received_at, sha256, stated_rows });
    expect(next.pages.slice(0, 2).map(({ bookmark }) => bookmark)).toEqual([null, JOB_END]);
    expect(next.logged.map(({ message }) => message).join()).toContain('of an earlier night: resumed');
    expect(deleted(next.calls)).toBe(1);
    for (const file of ['account.job.json', 'account.pages.jsonl'])
      expect(existsSync(join(state_dir, file))).toBe(false);
    expect(created((await night()).calls)).toBe(1);
  });

  test('is followed by what changed since its window', async () => {
    const { night } = await startOrg();
    await night({ killedAfter: 1 });
    const { pages } = await night();
    expect(pages.map(({ format }) => format)).toEqual(['csv', 'csv', 'json']);
    expect(decodeURIComponent(pages[2]?.url ?? '').replaceAll('+', ' ')).toContain(
      'SystemModstamp >= 2026-11-22T01:55:10Z AND SystemModstamp < 2026-11-22T02:55:10Z',
    );
  });

  test('is on file before its first poll', async () => {
    const { night, org } = await startOrg();
    org.fault = (call) => (/\/jobs\/query\/\w+$/.test(call.url.pathname) ? { status: 503, body: [] } : null);
    await expect(night()).rejects.toThrow(/503/);
    org.fault = () => null;
    expect(created((await night()).calls)).toBe(0);
  });

  test('stays when the night failed on its results for a reason that may pass', async () => {
    const { night, org, api } = await startOrg();
    org.fault = (call) => (call.url.searchParams.has('locator') ? { status: 503, body: [] } : null);
    await expect(night()).rejects.toThrow(/503/);
    expect(deleted(api.calls)).toBe(0);
    org.fault = () => null;
    expect(created((await night()).calls)).toBe(0);
  });

  test('is given up when its results break their contract', async () => {
    const { night, org } = await startOrg();
    org.fault = (call) =>
      results(call) ? { headers: { 'content-type': 'text/csv' }, body: '"Id"\n"1"\n' } : null;
    await expect(night()).rejects.toThrow(/Sforce-NumberOfRecords/);
    org.fault = () => null;
    expect(created((await night()).calls)).toBe(1);
  });

  test('is given up when all of it was read and the load was refused', async () => {
    const { night } = await startOrg();
    expect(deleted((await night({ commits: false })).calls)).toBe(1);
    expect(created((await night()).calls)).toBe(1);
  });
});

describe('of the results of a job that a night left open', () => {
  const locators = (calls: readonly Call[]) =>
    calls.filter(results).map(({ url }) => url.searchParams.get('locator'));
  const killed = async () => {
    const started = await startOrg();
    started.org.records = 4;
    const { pages } = await started.night({ killedAfter: 2 });
    return { ...started, pages };
  };

  test('those that were landed are not asked for again', async () => {
    const { night } = await killed();
    const { calls, pages } = await night();
    expect(locators(calls)).toEqual(['2', '3']);
    expect(pages).toHaveLength(5);
    expect(new Set(pages.map(({ sha256 }) => sha256)).size).toBe(5);
  });

  test('those of a third night neither', async () => {
    const { night } = await killed();
    await night({ killedAfter: 3 });
    expect(locators((await night()).calls)).toEqual(['3']);
  });

  test('none is asked for when all were landed, but the job', async () => {
    const { night } = await killed();
    await night({ killedAfter: 4 });
    const { calls, pages } = await night();
    expect(locators(calls)).toEqual([]);
    expect(pages).toHaveLength(5);
    expect(
      calls.filter(({ method, url }) => method === 'GET' && /\/query\/\w+$/.test(url.pathname)),
    ).not.toEqual([]);
  });

  test('one that is gone from the landing zone is downloaded again, and the log says so', async () => {
    const { night, org, pages } = await killed();
    org.landed.delete(`landing/${pages[0]?.sha256}`);
    const next = await night();
    expect(locators(next.calls)).toEqual([null, '2', '3']);
    expect(next.logged.map(({ message }) => message).join()).toContain(
      'is not there; it is downloaded again',
    );
  });

  test('one whose note was cut short is downloaded again, and noted again', async () => {
    const { night, state_dir } = await killed();
    const file = join(state_dir, 'account.pages.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -9));
    expect(locators((await night({ killedAfter: 3 })).calls).slice(0, 2)).toEqual(['1', '2']);
    expect(locators((await night()).calls)).toEqual(['3']);
  });

  test('all are asked for where there is no landing zone', async () => {
    const { night } = await killed();
    expect(locators((await night({ lands: false })).calls)).toEqual([null, '1', '2', '3']);
  });

  test('none is taken from another job', async () => {
    const { night, state_dir } = await killed();
    const pagesFile = join(state_dir, 'account.pages.jsonl');
    const notes = readFileSync(pagesFile, 'utf8');
    await night();
    await night({ killedAfter: 1 });
    writeFileSync(pagesFile, notes);
    expect(locators((await night()).calls)).toEqual([null, '1', '2', '3']);
  });
});

describe('a new job is started, and the log says why, when the old one', () => {
  const reason = async (night: Awaited<ReturnType<typeof startOrg>>['night'], options = {}) => {
    const next = await night(options);
    expect(created(next.calls)).toBe(1);
    return next.logged.map(({ message }) => message).join('\n');
  };

  test('is no longer known', async () => {
    const { night, org } = await startOrg();
    await night({ killedAfter: 1 });
    let isKnown = false;
    org.fault = (call) => {
      if (call.method === 'POST') isKnown = true;
      return !isKnown && call.url.pathname.includes('/jobs/query/')
        ? { status: 404, body: [{ errorCode: 'NOT_FOUND', message: 'gone' }] }
        : null;
    };
    expect(await reason(night)).toContain('no longer known to Salesforce; a new job is started');
  });

  test('failed', async () => {
    const { night, org } = await startOrg();
    await night({ killedAfter: 1 });
    org.jobState = 'Failed';
    org.fault = (call) => {
      if (call.method === 'POST') org.jobState = 'JobComplete';
      return null;
    };
    expect(await reason(night)).toContain('in state Failed; a new job is started');
  });

  test('is of another query', async () => {
    const { night } = await startOrg();
    await night({ killedAfter: 1 });
    const options = { bookmark: '2026-11-21T00:00:00Z', config: { bulk_threshold: 1 } };
    expect(await reason(night, options)).toContain('of another query; a new job is started');
  });

  test('has results that are about to go', async () => {
    const { night, state_dir } = await startOrg();
    await night({ killedAfter: 1 });
    const file = join(state_dir, 'account.job.json');
    const job: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const created_at = new Date(Date.now() - 7 * 86_400_000).toISOString();
    writeFileSync(file, JSON.stringify({ ...(job as object), created_at }));
    expect(await reason(night)).toContain('its results are about to go; a new job is started');
  });

  test('cannot be made out', async () => {
    const { night, state_dir } = await startOrg();
    await night({ killedAfter: 1 });
    writeFileSync(join(state_dir, 'account.job.json'), '{"id":');
    expect(await reason(night)).toContain('state file account.job.json: unreadable');
  });
});
