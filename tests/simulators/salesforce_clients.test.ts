import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import jsforce from 'jsforce';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SALESFORCE_OBJECTS } from '../../simulators/fleet/types.ts';
import { AUTH, account, accountId, assertion, type Fixture, startFixture } from './salesforce_fixture.ts';

const COUNT = 450;
const SCRIPT = join(import.meta.dirname, '../python/salesforce_client.py');
const run = promisify(execFile);
const ids = Array.from({ length: COUNT }, (_, i) => i);
const live = ids.filter((i) => account(i).IsDeleted !== true).map(accountId);

let fixture: Fixture;
let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'salesforce-clients-'));
  fixture = await startFixture(COUNT, { maxRecordsPerPage: 200 });
});
afterEach(async () => {
  await fixture.server.close();
  rmSync(directory, { recursive: true });
});

/** The Python of the virtual environment: METERLINE_VENV, or the nearest `.venv` upward. */
function venvPython(): string {
  const folders = [import.meta.dirname];
  for (let last = ''; last !== folders.at(-1); folders.push(dirname(last))) last = folders.at(-1) ?? '';
  const candidates = [process.env.METERLINE_VENV, ...folders.map((folder) => join(folder, '.venv'))];
  const found = candidates
    .filter((venv) => venv !== undefined)
    .map((venv) => join(venv, 'bin/python'))
    .find(existsSync);
  if (found === undefined)
    throw new Error('tests: virtual environment: got none, want .venv; run npm run setup');
  return found;
}

interface ClientReport {
  readonly first_page: number;
  readonly live: readonly string[];
  readonly with_deleted: readonly (readonly [string, string, number])[];
  readonly fields: Readonly<Record<string, string>>;
  readonly objects: readonly string[];
  readonly one: string;
  readonly bulk: readonly (readonly Record<string, string>[])[];
  readonly bulk_all: readonly (readonly Record<string, string>[])[];
  readonly refusal: string | null;
  readonly max_requests: number;
  readonly usage: number;
}

test('simple-salesforce signs in by JWT, queries, describes and reads Bulk results of several pages', async () => {
  const keyFile = join(directory, 'key.pem');
  writeFileSync(keyFile, AUTH.privateKeyPem, { mode: 0o600 });
  const args = [SCRIPT, fixture.server.url, AUTH.username, AUTH.clientId, keyFile];
  const { stdout } = await run(venvPython(), args, { maxBuffer: 64 * 1024 * 1024 });
  const report = JSON.parse(stdout) as ClientReport;
  expect(report.first_page).toBe(200);
  expect(report.live).toEqual(live);
  expect(report.with_deleted).toEqual(ids.map((i) => [accountId(i), account(i).Name, account(i).ARR__c]));
  expect(report.fields).toMatchObject({ Id: 'id', SystemModstamp: 'datetime', ARR__c: 'currency' });
  expect(report.objects).toEqual(SALESFORCE_OBJECTS);
  expect(report.one).toBe(account(0).Name);
  expect(report.bulk.map((page) => page.length)).toEqual([100, 100, 100, live.length - 300]);
  expect(report.bulk.flat().map((row) => row.Id)).toEqual(live);
  expect(report.bulk_all.flat().map((row) => [row.Id, row.Name, Number(row.ARR__c)])).toEqual(
    report.with_deleted,
  );
  expect(report).toMatchObject({ refusal: 'INVALID_FIELD', max_requests: 100_000, usage: 100_000 });
});

test('jsforce signs in both ways, queries all pages, describes and reads limits', async () => {
  const loginUrl = fixture.server.url;
  const bySecret = new jsforce.Connection({
    oauth2: { loginUrl, clientId: AUTH.clientId, clientSecret: AUTH.clientSecret },
    version: '67.0',
  });
  await bySecret.authorize({ grant_type: 'client_credentials' });
  const all = await bySecret.query('SELECT Id, Name FROM Account', { autoFetch: true, maxFetch: 10_000 });
  expect(all.totalSize).toBe(live.length);
  expect(all.records.map((record) => record.Id)).toEqual(live);
  expect(bySecret.limitInfo.apiUsage?.limit).toBe(100_000);

  const byKey = new jsforce.Connection({ oauth2: { loginUrl, clientId: AUTH.clientId }, version: '67.0' });
  await byKey.authorize({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: assertion({ aud: loginUrl }),
  });
  const described = await byKey.describe('Account');
  expect(described.fields.find((one) => one.name === 'IsDeleted')?.type).toBe('boolean');
  const deleted = await byKey.query('SELECT Id FROM Account WHERE IsDeleted = true', {
    scanAll: true,
    autoFetch: true,
  });
  expect(deleted.records).toHaveLength(COUNT - live.length);
  const found = await byKey.sobject('Account').find({ Name: account(3).Name }, ['Id']);
  expect(found.map((record) => record.Id)).toEqual([accountId(3)]);
  await expect(byKey.query('SELECT Nope FROM Account')).rejects.toThrow("No such column 'Nope'");
});

test('jsforce asks for a new token when the one it has is refused', async () => {
  const connection = new jsforce.Connection({
    instanceUrl: fixture.server.url,
    accessToken: 'worn out',
    version: '67.0',
    refreshFn: (_, done) => done(null, fixture.token),
  });
  const found = await connection.query('SELECT Id FROM Account LIMIT 1');
  expect(found.records[0]?.Id).toBe(accountId(0));
});
