import { afterEach, describe, expect, test } from 'vitest';
import { field } from '../../simulators/salesforce/objects.ts';
import {
  AUTH,
  account,
  accountId,
  assertion,
  DATA,
  errorCode,
  type Fixture,
  NOW,
  requestToken,
  startFixture,
} from './salesforce_fixture.ts';

let fixture: Fixture;
afterEach(() => fixture.server.close());

interface QueryPage {
  readonly totalSize: number;
  readonly done: boolean;
  readonly nextRecordsUrl?: string;
  readonly records: readonly Record<string, unknown>[];
}

async function allPages(path: string, headers?: Record<string, string>): Promise<readonly QueryPage[]> {
  const pages: QueryPage[] = [];
  for (let next: string | undefined = path; next !== undefined; next = pages.at(-1)?.nextRecordsUrl) {
    const response = await fixture.get(next, headers);
    expect(response.status).toBe(200);
    pages.push((await response.json()) as QueryPage);
  }
  return pages;
}

const path = (soql: string, resource = 'query'): string =>
  `${DATA}/${resource}?${new URLSearchParams({ q: soql })}`;

describe('signing in', () => {
  const bearer = (jwt: string): Promise<Response> =>
    requestToken(fixture.server.url, {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: jwt,
    });

  test('a JWT signed by the key gives a token that works', async () => {
    fixture = await startFixture(1);
    const response = await bearer(assertion({ aud: fixture.server.url }));
    const body = (await response.json()) as { access_token: string; instance_url: string };
    expect(body).toMatchObject({ token_type: 'Bearer', instance_url: fixture.server.url });
    const limits = await fixture.get(`${DATA}/limits`, { authorization: `Bearer ${body.access_token}` });
    expect(limits.status).toBe(200);
  });

  test('a JWT that breaks a rule is refused with the reason', async () => {
    fixture = await startFixture(1);
    const cases: readonly [object, string, string][] = [
      [{ iss: 'other' }, 'invalid_client_id', 'client identifier invalid'],
      [{ sub: 'other@example.com' }, 'invalid_grant', "user hasn't approved this consumer"],
      [{ aud: 'https://example.com' }, 'invalid_grant', 'audience is invalid'],
      [{ exp: Math.floor(Date.now() / 1000) - 1 }, 'invalid_grant', 'expired assertion'],
    ];
    for (const [claims, error, error_description] of cases) {
      const response = await bearer(assertion(claims));
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error, error_description });
    }
    const forged = assertion().replace(/[^.]+$/, Buffer.alloc(256).toString('base64url'));
    expect(await (await bearer(forged)).json()).toMatchObject({ error_description: 'invalid assertion' });
    expect((await bearer('not.a.jwt')).status).toBe(400);
  });

  test('client credentials are taken from the form or the Basic header, and checked', async () => {
    fixture = await startFixture(1);
    const basic = Buffer.from(`${AUTH.clientId}:${AUTH.clientSecret}`, 'utf8').toString('base64');
    const good = await fetch(`${fixture.server.url}/services/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect(good.status).toBe(200);
    const form = { grant_type: 'client_credentials', client_id: AUTH.clientId, client_secret: 'wrong' };
    expect(await (await requestToken(fixture.server.url, form)).json()).toMatchObject({
      error: 'invalid_client',
    });
    const password = await requestToken(fixture.server.url, { ...form, grant_type: 'password' });
    expect(await password.json()).toMatchObject({ error: 'unsupported_grant_type' });
  });

  test('no token, or an unknown one, is 401', async () => {
    fixture = await startFixture(1);
    const response = await fetch(`${fixture.server.url}${DATA}/limits`);
    expect(response.status).toBe(401);
    expect(await errorCode(response)).toBe('INVALID_SESSION_ID');
    const unknown = await fixture.get(`${DATA}/limits`, { authorization: 'Bearer unknown' });
    expect(unknown.status).toBe(401);
  });
});

describe('resources', () => {
  test('every data answer carries the clock and the quota', async () => {
    fixture = await startFixture(1, { dailyRequests: 50 });
    const response = await fixture.get(`${DATA}/limits`);
    expect(response.headers.get('date')).toBe(new Date(NOW).toUTCString());
    expect(response.headers.get('sforce-limit-info')).toBe('api-usage=1/50');
    expect(await response.json()).toMatchObject({ DailyApiRequests: { Max: 50, Remaining: 49 } });
  });

  test('past the quota every request is 403 until the next day of the clock', async () => {
    let now = NOW;
    fixture = await startFixture(1, { dailyRequests: 1, now: () => now });
    expect((await fixture.get(`${DATA}/limits`)).status).toBe(200);
    const refused = await fixture.get(`${DATA}/limits`);
    expect(refused.status).toBe(403);
    expect(refused.headers.get('sforce-limit-info')).toBe('api-usage=1/1');
    expect(await errorCode(refused)).toBe('REQUEST_LIMIT_EXCEEDED');
    now = '2026-03-05T00:00:00Z';
    expect((await fixture.get(`${DATA}/limits`)).status).toBe(200);
  });

  test('versions are listed without a token; an unknown version is 404', async () => {
    fixture = await startFixture(1);
    const versions = (await (await fetch(`${fixture.server.url}/services/data/`)).json()) as object[];
    expect(versions.at(-1)).toEqual({ label: "Summer '26", url: DATA, version: '67.0' });
    expect((await fixture.get('/services/data/v99.0/limits')).status).toBe(404);
  });

  test('describe tells types, lengths, nullability and formulas; setup objects have no IsDeleted', async () => {
    const ARR__c = field('ARR__c', 'double', { calculated: true });
    fixture = await startFixture(1, { customFields: { Account: [ARR__c, field('Region__c', 'string')] } });
    const described = async (object: string): Promise<Map<string, Record<string, unknown>>> => {
      const body = (await (await fixture.get(`${DATA}/sobjects/${object}/describe`)).json()) as {
        fields: { name: string }[];
      };
      return new Map(body.fields.map((one) => [one.name, { ...one }]));
    };
    const fields = await described('Account');
    expect(fields.get('Id')).toMatchObject({ type: 'id', length: 18, nillable: false });
    expect(fields.get('ARR__c')).toMatchObject({ type: 'double', calculated: true, custom: true });
    expect(fields.get('Region__c')).toMatchObject({ type: 'string', length: 255, nillable: true });
    expect(fields.get('SystemModstamp')).toMatchObject({ type: 'datetime', soapType: 'xsd:dateTime' });
    expect((await described('Profile')).has('IsDeleted')).toBe(false);
    const missing = await fixture.get(`${DATA}/sobjects/Nope/describe`);
    expect(missing.status).toBe(404);
    expect(await errorCode(missing)).toBe('NOT_FOUND');
  });

  test('one record by its id', async () => {
    fixture = await startFixture(3);
    const found = await fixture.get(`${DATA}/sobjects/Account/${accountId(2)}?fields=Id,Name`);
    expect(await found.json()).toMatchObject({ Id: accountId(2), Name: account(2).Name });
    expect((await fixture.get(`${DATA}/sobjects/Account/${accountId(99)}`)).status).toBe(404);
  });
});

describe('queries', () => {
  test('pages of the batch size hold every record once, and the total', async () => {
    fixture = await startFixture(1000);
    const pages = await allPages(path('SELECT Id FROM Account', 'queryAll'), {
      'sforce-query-options': 'batchSize=300',
    });
    expect(pages.map((page) => page.records.length)).toEqual([300, 300, 300, 100]);
    expect(new Set(pages.map((page) => page.totalSize))).toEqual(new Set([1000]));
    const ids = pages.flatMap((page) => page.records.map((record) => record.Id));
    expect(ids).toEqual(Array.from({ length: 1000 }, (_, i) => accountId(i)));
  });

  test('values have the forms of the REST API', async () => {
    fixture = await startFixture(5);
    const soql = `SELECT Id, name, ARR__c, Renewal_Date__c, SystemModstamp, Target_Account__c FROM Account
      WHERE SystemModstamp > 2026-01-01T00:00:00Z LIMIT 1`;
    const text = await (await fixture.query(soql)).text();
    expect(text).toContain('"ARR__c":1.25E7');
    expect(JSON.parse(text)).toEqual({
      totalSize: 1,
      done: true,
      records: [
        {
          attributes: { type: 'Account', url: `${DATA}/sobjects/Account/${accountId(1)}` },
          Id: accountId(1),
          Name: 'With "quotes" 1',
          ARR__c: 12_500_000,
          Renewal_Date__c: '2026-12-31',
          SystemModstamp: '2026-01-01T00:01:00.000+0000',
          Target_Account__c: false,
        },
      ],
    });
  });

  test('counts, with and without deleted records', async () => {
    fixture = await startFixture(14);
    const count = async (soql: string, resource?: 'query' | 'queryAll'): Promise<QueryPage> =>
      (await (await fixture.query(soql, resource)).json()) as QueryPage;
    expect(await count('SELECT COUNT() FROM Account')).toEqual({ totalSize: 12, done: true, records: [] });
    expect(await count('SELECT COUNT() FROM Account', 'queryAll')).toMatchObject({ totalSize: 14 });
    const websites = await count('SELECT COUNT(Website) FROM Account', 'queryAll');
    expect(websites.records).toEqual([{ attributes: { type: 'AggregateResult' }, expr0: 11 }]);
  });

  test('a refused query says why; a query cursor that is unknown is refused', async () => {
    fixture = await startFixture(1);
    const refused = await fixture.query('SELECT Nope FROM Account');
    expect(refused.status).toBe(400);
    expect(await errorCode(refused)).toBe('INVALID_FIELD');
    const unknown = await fixture.get(`${DATA}/query/01g000000000009AAA-2000`);
    expect(await errorCode(unknown)).toBe('INVALID_QUERY_LOCATOR');
  });
});

describe('faults', () => {
  const soql = 'SELECT Id, SystemModstamp, Polaris_Customer_Id__c FROM Account';
  const first = async (): Promise<QueryPage> => (await (await fixture.query(soql)).json()) as QueryPage;

  test('revoked_token: the token stays refused, a new one works', async () => {
    fixture = await startFixture(1);
    fixture.server.faults.set([{ kind: 'revoked_token', times: 1 }]);
    expect((await fixture.get(`${DATA}/limits`)).status).toBe(401);
    expect((await fixture.get(`${DATA}/limits`)).status).toBe(401);
    const response = await requestToken(fixture.server.url, {
      grant_type: 'client_credentials',
      client_id: AUTH.clientId,
      client_secret: AUTH.clientSecret,
    });
    const { access_token } = (await response.json()) as { access_token: string };
    const again = await fixture.get(`${DATA}/limits`, { authorization: `Bearer ${access_token}` });
    expect(again.status).toBe(200);
  });

  test('bad_rows: an Id of a wrong form and an instant that is none, in two rows of one page', async () => {
    fixture = await startFixture(5);
    fixture.server.faults.set([{ kind: 'bad_rows', times: 1, path: '/query' }]);
    const { records } = await first();
    expect(records.map((record) => record.Id)).toEqual(['not-an-id', ...[1, 2, 3, 4].map(accountId)]);
    expect(records[1]?.SystemModstamp).toBe('not-a-date');
    expect((await first()).records[0]?.Id).toBe(accountId(0));
  });

  test('vanished_field: gone from describe, and unknown to queries', async () => {
    fixture = await startFixture(1);
    fixture.server.faults.set([{ kind: 'vanished_field', times: 2 }]);
    const described = await (await fixture.get(`${DATA}/sobjects/Account/describe`)).text();
    expect(described).not.toContain('Polaris_Customer_Id__c');
    expect(described).toContain('ARR__c');
    expect(await errorCode(await fixture.query(soql))).toBe('INVALID_FIELD');
    expect((await fixture.query(soql)).status).toBe(200);
  });

  test('count_mismatch: the total is one too many', async () => {
    fixture = await startFixture(5);
    fixture.server.faults.set([{ kind: 'count_mismatch', times: 1 }]);
    const page = await first();
    expect(page.totalSize).toBe(6);
    expect(page.records).toHaveLength(5);
  });

  test('repeated_bookmark: the next page is the same page', async () => {
    fixture = await startFixture(450, { maxRecordsPerPage: 200 });
    const page = await first();
    fixture.server.faults.set([{ kind: 'repeated_bookmark', times: 1 }]);
    const second = (await (await fixture.get(page.nextRecordsUrl ?? '')).json()) as QueryPage;
    expect(second.nextRecordsUrl).toBe(page.nextRecordsUrl);
    expect(second.done).toBe(false);
  });

  test('expired_bookmark, not_json and wrong_envelope', async () => {
    fixture = await startFixture(450, { maxRecordsPerPage: 200 });
    const page = await first();
    fixture.server.faults.set([{ kind: 'expired_bookmark', times: 1, path: '/query/' }]);
    expect(await errorCode(await fixture.get(page.nextRecordsUrl ?? ''))).toBe('INVALID_QUERY_LOCATOR');
    fixture.server.faults.set([{ kind: 'not_json', times: 1 }]);
    const html = await fixture.query(soql);
    expect(html.headers.get('content-type')).toBe('text/html');
    expect(await html.text()).toMatch(/^<!DOCTYPE/);
    fixture.server.faults.set([{ kind: 'wrong_envelope', times: 1 }]);
    expect(await first()).not.toHaveProperty('records');
  });

  test('the transport faults of every simulator work here', async () => {
    fixture = await startFixture(1);
    fixture.server.faults.set([{ kind: 'throttle_seconds', times: 1 }]);
    const throttled = await fixture.get(`${DATA}/limits`);
    expect(throttled.status).toBe(429);
    expect(throttled.headers.get('retry-after')).toBe('1');
  });
});
