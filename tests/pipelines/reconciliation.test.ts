import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeEnv } from '../../connectors/node_env.ts';
import { runNight } from '../../pipelines/nightly.ts';
import { CONFIG } from '../../schemas/config.ts';
import type { SalesforceRecord } from '../../simulators/fleet/types.ts';
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
const SATURDAY = '2026-03-07T02:30:00Z';
const NEXT_MONDAY = '2026-03-09T02:30:00Z';

/** The org's accounts; a test takes some away for good. */
let accounts: SalesforceRecord[] = [];
let org: Fixture;
let dataDir = '';

beforeEach(async () => {
  accounts = Array.from({ length: 60 }, (_, i) => account(i));
  const user = {
    Id: '005000000000001AAA',
    Username: 'a@b.c',
    Name: 'A',
    IsActive: true,
    SystemModstamp: NOW,
  };
  org = await startFixture(0, {
    source: (object, now) => sourceOf({ Account: accounts, User: [user] })(object, now),
  });
  dataDir = scratch();
});

afterEach(async () => {
  await org.server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function night(at: string, accept_quarantine: readonly string[] = [], reconcile_cron = '0 4 * * 0') {
  const auth = { kind: 'client_credentials', client_secret: AUTH.clientSecret };
  const salesforce = { login_url: org.server.url, client_id: AUTH.clientId, auth, reconcile_cron };
  const config = CONFIG.parse({ data_dir: dataDir, sources: { salesforce } });
  const began = Date.now();
  return runNight(
    config,
    { ...WHOLE_NIGHT, only: ['salesforce'], accept_quarantine },
    {
      ...nodeEnv(),
      now: () => new Date(Date.parse(at) + Date.now() - began),
      onEvent: () => undefined,
      signal: new AbortController().signal,
    },
  );
}

const buried = () =>
  withWarehouse(dataDir, async (sql) =>
    (await sql('SELECT id FROM raw.salesforce_account WHERE is_vanished ORDER BY load_id, id')).map(
      ({ id }) => id,
    ),
  );
const remove = (...gone: readonly number[]) => {
  const ids = gone.map(accountId);
  accounts = accounts.filter(({ Id }) => !ids.includes(String(Id)));
};

describe('reconciliation', () => {
  it('buries what was deleted for good once its time has passed, and not before', async () => {
    expect((await night(MONDAY)).error).toBeNull();
    // The second one is marked as deleted already: it has ended, and needs no tombstone.
    remove(3, 6);
    expect((await night(SATURDAY)).error).toBeNull();
    expect(await buried()).toEqual([]);
    expect((await night(NEXT_MONDAY)).error).toBeNull();
    expect(await buried()).toEqual([accountId(3)]);
    expect((await night('2026-03-16T02:30:00Z')).error).toBeNull();
    expect(await buried()).toEqual([accountId(3)]);
  });

  it('is not noted, and made up for, when the night fails', async () => {
    await night(MONDAY);
    const all = accounts;
    accounts = [];
    const failed = await night(NEXT_MONDAY);
    expect(failed.error).toMatchObject({ stage: 'load', source: 'salesforce.account' });
    expect(failed.error?.message).toContain('got a list without 52 of the 60 records held');
    expect(failed.error?.next_step).toContain('--accept-quarantine salesforce.account');
    accounts = all;
    remove(3);
    expect((await night('2026-03-10T02:30:00Z')).error).toBeNull();
    expect(await buried()).toEqual([accountId(3)]);
  });

  it('buries many when that is accepted', async () => {
    await night(MONDAY);
    accounts = accounts.slice(0, 5);
    expect((await night(NEXT_MONDAY, ['salesforce.account'])).error).toBeNull();
    expect(await buried()).toHaveLength(60 - 5 - 8);
  });

  it('refuses an expression that is not cron', async () => {
    const { error } = await night(MONDAY, [], 'weekly');
    expect(error?.message).toContain('reconcile_cron: got "weekly"');
  });
});

it('leaves no job on file after a committed night', async () => {
  await night(MONDAY);
  expect(existsSync(join(dataDir, 'state', 'salesforce', 'account.fields.json'))).toBe(true);
  expect(existsSync(join(dataDir, 'state', 'salesforce', 'account.job.json'))).toBe(false);
});
