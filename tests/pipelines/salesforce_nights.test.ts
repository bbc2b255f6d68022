import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeEnv } from '../../connectors/node_env.ts';
import type { Source } from '../../connectors/source.ts';
import { runNight } from '../../pipelines/nightly.ts';
import { replayQuarantine } from '../../pipelines/replay.ts';
import { createSources } from '../../pipelines/sources.ts';
import { CONFIG, type Config } from '../../schemas/config.ts';
import type { SalesforceRecord } from '../../simulators/fleet/types.ts';
import { field } from '../../simulators/salesforce/objects.ts';
import type { SalesforceSimulatorOptions } from '../../simulators/salesforce/simulator.ts';
import {
  AUTH,
  account,
  accountId,
  type Fixture,
  NOW,
  sourceOf,
  startFixture,
} from '../simulators/salesforce_fixture.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import { WHOLE_NIGHT } from '../support/test_night.ts';

const MONDAY = '2026-03-02T02:30:00Z';
const TUESDAY = '2026-03-03T02:30:00Z';
const NEXT_MONDAY = '2026-03-09T02:30:00Z';
/** The simulator's clock less the safety lag: the bookmark of every night. */
const BOOKMARK = '2026-03-04T05:01:07Z';
const FIELDS = [
  field('Segment__c', 'string'),
  field('ARR__c', 'currency', { calculated: true }),
  field('Next_Review__c', 'string'),
];

let accounts: SalesforceRecord[] = [];
let org: Fixture;
let dataDir = '';
/** What a fault does in the place of a request; null lets it through. */
let fault: (url: URL) => Error | null = () => null;
let asked: URL[] = [];

async function startOrg(options: Partial<SalesforceSimulatorOptions> = {}) {
  const user = { Id: '005000000000001AAA', Username: 'a', Name: 'A', IsActive: true, SystemModstamp: NOW };
  org = await startFixture(0, {
    source: (object, now) => sourceOf({ Account: accounts, User: [user] })(object, now),
    maxRecordsPerLocator: 10,
    customFields: { Account: FIELDS },
    ...options,
  });
}

beforeEach(() => {
  accounts = Array.from({ length: 60 }, (_, i) => account(i));
  dataDir = scratch();
  fault = () => null;
});

afterEach(async () => {
  await org.server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Some columns of accounts are read from fields of the test's choice. */
function configOf(columns: Readonly<Record<string, string>> = {}): Config {
  const auth = { kind: 'client_credentials', client_secret: AUTH.clientSecret };
  const objects = { Account: { columns } };
  const salesforce = { login_url: org.server.url, client_id: AUTH.clientId, auth, objects };
  return CONFIG.parse({ data_dir: dataDir, sources: { salesforce } });
}

function envAt(at: string) {
  const began = Date.now();
  const fetched: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    asked.push(url);
    const error = fault(url);
    if (error !== null) throw error;
    return fetch(input, init);
  };
  return {
    ...nodeEnv(),
    fetch: fetched,
    sleep: async () => undefined,
    now: () => new Date(Date.parse(at) + Date.now() - began),
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
}

function night(at: string, columns: Readonly<Record<string, string>> = {}) {
  asked = [];
  return runNight(configOf(columns), { ...WHOLE_NIGHT, only: ['salesforce'] }, envAt(at));
}

const sql = (query: string) =>
  withWarehouse(dataDir, async (run) => (await run(query)).map((row) => Object.values(row).join('|')));
const results = () => asked.filter(({ pathname }) => pathname.endsWith('/results')).length;
const selects = () => asked.map((url) => url.searchParams.get('q') ?? '').filter((q) => /Account\b/.test(q));
const change = (i: number, values: SalesforceRecord) => {
  accounts = accounts.map((each) => (each.Id === accountId(i) ? { ...each, ...values } : each));
};

describe('a record that was saved late', () => {
  it('is found behind the bookmark, within the look-back', async () => {
    await startOrg();
    expect((await night(MONDAY)).error).toBeNull();
    expect(await sql("SELECT bookmark FROM ops.bookmarks WHERE stream = 'account'")).toEqual([BOOKMARK]);
    accounts.push({ ...account(60), SystemModstamp: '2026-03-04T04:01:07Z' });
    accounts.push({ ...account(61), SystemModstamp: '2026-03-04T04:01:06Z' });
    expect((await night(TUESDAY)).error).toBeNull();
    const late = `SELECT id FROM raw.salesforce_account WHERE id > '${accountId(59)}'`;
    expect(await sql(late)).toEqual([accountId(60)]);
  });

  it('is found by its key, however late, when keys are listed; the newest ones are left to the next night', async () => {
    await startOrg();
    await night(MONDAY);
    accounts.push({ ...account(60), SystemModstamp: '2026-02-01T00:00:00Z' });
    accounts.push({ ...account(61), SystemModstamp: '2026-03-04T05:03:00Z' });
    expect((await night(TUESDAY)).sources.salesforce?.rows_loaded).toBe(0);
    expect((await night(NEXT_MONDAY)).error).toBeNull();
    expect(await sql(`SELECT id FROM raw.salesforce_account WHERE id > '${accountId(59)}'`)).toEqual([
      accountId(60),
    ]);
  });
});

describe('a field that is newly selected', () => {
  it('comes into every record, and is read for itself alone', async () => {
    accounts = accounts.map((each, i) => ({ ...each, Segment__c: i === 7 ? null : `segment ${i}` }));
    await startOrg();
    await night(MONDAY);
    change(3, { SystemModstamp: '2026-03-04T05:00:00Z', Name: 'changed', Segment__c: 'changed too' });
    const { sources } = await night(TUESDAY, { csm: 'Segment__c' });
    expect(sources.salesforce).toMatchObject({ rows_loaded: 59, rows_quarantined: 0 });
    expect(selects().filter((q) => q.includes('Segment__c,') || q.includes(', Segment__c'))).toEqual([
      expect.stringMatching(
        /^SELECT Id, .*Name.*Segment__c.* WHERE SystemModstamp >= 2026-03-04T04:01:07Z AND /,
      ),
      'SELECT Id, SystemModstamp, Segment__c FROM Account WHERE SystemModstamp < 2026-03-04T04:01:07Z',
    ]);
    expect(
      await sql(`SELECT id, name, csm FROM raw.salesforce_account WHERE load_id > 10 AND id IN
        ('${accountId(3)}', '${accountId(4)}', '${accountId(7)}')`),
    ).toEqual([`${accountId(3)}|changed|changed too`, `${accountId(4)}|NA 4|segment 4`]);
    // The same content as a whole read gives.
    const versions = 'SELECT * EXCLUDE (load_id, run_id, loaded_at, received_at, page_sha256, page_offset)';
    const current = `${versions} FROM raw.salesforce_account
      QUALIFY row_number() OVER (PARTITION BY id ORDER BY load_id DESC) = 1 ORDER BY id`;
    const patched = await sql(current);
    rmSync(dataDir, { recursive: true });
    await night(TUESDAY, { csm: 'Segment__c' });
    expect(await sql(current)).toEqual(patched);
  });

  it('is quarantined where its value is bad, and replayed from the landed page', async () => {
    const day = '2027-01-01';
    accounts = accounts.map((each, i) => ({ ...each, Next_Review__c: i === 5 ? 'soon' : day }));
    await startOrg();
    await night(MONDAY);
    const mapped = { renewal_date: 'Next_Review__c' };
    expect((await night(TUESDAY, mapped)).sources.salesforce).toMatchObject({
      rows_loaded: 59,
      rows_quarantined: 1,
    });
    expect(await sql('SELECT column_name, value, row_text FROM ops.quarantine')).toEqual([
      expect.stringMatching(
        new RegExp(`^renewal_date\\|"soon"\\|{.*"Id":"${accountId(5)}".*"Next_Review__c":"soon"}`),
      ),
    ]);
    const [strict] = await createSources(configOf(mapped), envAt(TUESDAY));
    if (strict === undefined) throw new Error('want a source');
    const loose: Source = {
      ...strict,
      parse: (stream, page, references) =>
        strict.parse(
          stream,
          { ...page, body: Buffer.from(String(page.body).replace('soon', '2027-05-05')) },
          references,
        ),
    };
    const replay = (source: Source) => {
      const all = { source: null, stream: null, quarantine_id: null };
      return replayQuarantine(configOf(mapped), all, envAt(TUESDAY), [source]);
    };
    expect((await replay(strict)).streams).toMatchObject([{ rows: 1, rows_still_refused: 1 }]);
    expect((await replay(loose)).streams).toMatchObject([{ rows: 1, rows_loaded: 1 }]);
    expect(
      await sql(
        `SELECT name, renewal_date FROM raw.salesforce_account WHERE id = '${accountId(5)}' ORDER BY load_id`,
      ),
    ).toEqual(['None 5|', 'None 5|2027-05-05']);
  });
});

describe('calculated fields', () => {
  it('are refreshed on the schedule, and read alone', async () => {
    await startOrg();
    await night(MONDAY);
    change(4, { ARR__c: 77 });
    await night(TUESDAY);
    const arr = `SELECT name, arr::VARCHAR FROM raw.salesforce_account WHERE id = '${accountId(4)}' ORDER BY load_id`;
    expect(await sql(arr)).toEqual(['NA 4|4002.000000000']);
    const { sources } = await night(NEXT_MONDAY);
    expect(sources.salesforce?.rows_loaded).toBe(1);
    expect(await sql(arr)).toEqual(['NA 4|4002.000000000', 'NA 4|77.000000000']);
    expect(selects()).toContain(
      'SELECT Id, SystemModstamp, ARR__c FROM Account WHERE SystemModstamp < 2026-03-04T04:01:07Z',
    );
  });
});

describe('a night that broke off within a job', () => {
  it('is gone on with: no landed page is asked for again, and the tables are as if nothing had been', async () => {
    await startOrg();
    let left = 4;
    fault = (url) => {
      if (!url.pathname.endsWith('/results')) return null;
      left -= 1;
      return left < 0 ? new TypeError('the line is down') : null;
    };
    expect((await night(MONDAY)).error).toMatchObject({ stage: 'read', source: 'salesforce.account' });
    fault = () => null;
    expect((await night(MONDAY)).error).toBeNull();
    expect(asked.filter(({ pathname }) => pathname.endsWith('/jobs/query'))).toHaveLength(9);
    // Accounts: 6 pages, 4 of which came. One page for each other object: the nine of them are read by Bulk, too.
    expect(results()).toBe(2 + 9);
    expect(await sql('SELECT count(*), count(DISTINCT id) FROM raw.salesforce_account')).toEqual(['60|60']);
    expect(
      await sql(
        "SELECT count(*), sum(rows_in_body) FROM ops.pages WHERE stream = 'account' AND path LIKE '%csv%'",
      ),
    ).toEqual(['6|60']);
  });
});

it('a night that exceeds the limit is a failed night, and keeps nothing of the stream', async () => {
  await startOrg({ dailyRequests: 20 });
  const { status, error } = await night(MONDAY);
  expect(status).toBe('failed');
  expect(error?.message).toMatch(/\d+ of 20 requests used/);
  expect(error?.next_step).toContain('quota_share');
  expect(await sql("SELECT count(*) FROM ops.bookmarks WHERE stream = 'account'")).toEqual(['0']);
});
