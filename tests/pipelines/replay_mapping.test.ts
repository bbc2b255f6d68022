import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeEnv } from '../../connectors/node_env.ts';
import { runNight } from '../../pipelines/nightly.ts';
import { replayQuarantine } from '../../pipelines/replay.ts';
import { CONFIG } from '../../schemas/config.ts';
import type { SalesforceRecord } from '../../simulators/fleet/types.ts';
import {
  AUTH,
  account,
  type Fixture,
  NOW,
  sourceOf,
  startFixture,
} from '../simulators/salesforce_fixture.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import { WHOLE_NIGHT } from '../support/test_night.ts';

/** Each column reads the other's field: a web address is no day, so rows that have one are refused. */
const SWAPPED = { website: 'Renewal_Date__c', renewal_date: 'Website' };
const ALL = { source: null, stream: null, quarantine_id: null } as const;

describe('replay after a changed mapping', () => {
  let org: Fixture;
  let dataDir = '';
  const accounts: SalesforceRecord[] = [1, 2, 3].map(account);

  beforeEach(async () => {
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
    await org.server.close().catch(() => undefined);
    rmSync(dataDir, { recursive: true, force: true });
  });

  const configWith = (columns: Readonly<Record<string, string>>, on_vanished_field = 'fail') => {
    const auth = { kind: 'client_credentials', client_secret: AUTH.clientSecret };
    const objects = { Account: { columns } };
    const salesforce = {
      login_url: org.server.url,
      client_id: AUTH.clientId,
      auth,
      objects,
      on_vanished_field,
    };
    return CONFIG.parse({ data_dir: dataDir, sources: { salesforce } });
  };
  const messages: string[] = [];
  const env = () => ({
    ...nodeEnv(),
    sleep: async () => undefined,
    onEvent: (event: object) => void messages.push(JSON.stringify(event)),
    signal: new AbortController().signal,
  });
  const night = (...mapping: Parameters<typeof configWith>) =>
    runNight(configWith(...mapping), { ...WHOLE_NIGHT, only: ['salesforce'] }, env());
  const sql = (query: string) =>
    withWarehouse(dataDir, async (run) => (await run(query)).map((row) => Object.values(row).join('|')));

  it('loads what the landed pages hold, offline', async () => {
    expect(await night(SWAPPED)).toMatchObject({
      error: null,
      quarantined_open: { 'salesforce.account': 3 },
    });
    await org.server.close();
    const report = await replayQuarantine(configWith({}), ALL, env());
    expect(report.streams).toMatchObject([
      { stream: 'account', rows: 3, rows_loaded: 3, rows_still_refused: 0, still_open: [] },
    ]);
    expect(await sql('SELECT website, renewal_date FROM raw.salesforce_account ORDER BY id')).toEqual(
      [1, 2, 3].map((i) => `https://example.com/${i}|2026-12-31`),
    );
  });

  it('keeps rows open, saying why, where the pages lack the field; the next night, which reads it, settles them', async () => {
    // Nobody asks for Renewal_Date__c, so the pages do not have it; nor for Kind__c, which is not there.
    await night({ renewal_date: 'Type', type: 'Kind__c' }, 'alert');
    messages.length = 0;
    const report = await replayQuarantine(configWith({}), ALL, env());
    expect(report.streams).toMatchObject([{ rows: 3, rows_loaded: 0, rows_still_refused: 3 }]);
    expect(messages.join('\n')).toMatch(/header line .*want .*Renewal_Date__c/);
    expect(await night({})).toMatchObject({ error: null, quarantined_open: {} });
    expect(await sql('SELECT DISTINCT status FROM ops.quarantine')).toEqual(['outdated']);
    expect(await sql('SELECT DISTINCT renewal_date FROM raw.salesforce_account')).toEqual(['2026-12-31']);
  });
});
