import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { ACCOUNT, CONTACT } from '../../schemas/salesforce.ts';
import { account, bulkCsv, DATA, SALESFORCE_CASES, salesforceApi } from '../contract/salesforce_cases.ts';
import { SERVED_AT } from '../contract/source_case.ts';
import { closeAll, failure, nothing, readAll, start } from './salesforce_fixture.ts';
import type { Call, Reply, ScriptedApi } from './scripted_api.ts';

afterEach(closeAll);

const queries = (api: ScriptedApi) =>
  api.calls.map(({ url }) => url.searchParams.get('q')).filter((query) => query !== null);
const [restCase, bulkCase] = SALESFORCE_CASES;

describe('signing in', () => {
  test('sends a signed assertion and no secret (JWT bearer)', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const private_key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    const started = await start(salesforceApi(nothing), {
      auth: { kind: 'jwt', username: 'night@example.com', private_key },
    });
    await started.source.open();
    const body = new URLSearchParams(started.api.calls[0]?.body);
    expect(body.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload } = await jwtVerify(body.get('assertion') ?? '', publicKey, {
      audience: started.api.url,
    });
    expect(payload).toMatchObject({ iss: 'app', sub: 'night@example.com' });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(300);
    expect(
      started.api.calls
        .slice(1)
        .every(({ headers }) => headers.authorization === 'Bearer token-of-the-night'),
    ).toBe(true);
  });

  test('a refused sign-in says why, without the secret', async () => {
    const started = await start(() => ({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'user has not approved this consumer' },
    }));
    const error = await failure(started.source.open());
    expect(error.failure).toBe('config');
    expect(error.message).toContain('invalid_grant (user has not approved this consumer)');
    expect(error.message).not.toContain('hush-hush');
    expect(started.api.calls).toHaveLength(1);
  });

  test('a key that is no key is a configuration error', async () => {
    const started = await start(nothing, { auth: { kind: 'jwt', username: 'u', private_key: 'nonsense' } });
    const error = await failure(started.source.open());
    expect(error.failure).toBe('config');
    expect(error.message).toContain('want an RSA key in PEM');
  });
});

describe('the key of the JWT flow', () => {
  test('of another kind is a configuration error', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const started = await start(nothing, { auth: { kind: 'jwt', username: 'u', private_key } });
    const error = await failure(started.source.open());
    expect(error.failure).toBe('config');
    expect(error.message).toContain('got one of type ec, want an RSA key in PEM');
  });
});

describe('describe', () => {
  test('a field that vanished fails the night', async () => {
    const started = await start(salesforceApi(nothing, new Set(['Account.Industry'])));
    const error = await failure(started.source.open());
    expect(error.failure).toBe('config');
    expect(error.message).toContain('field Account.Industry: got no such field in describe');
    expect(error.next_step).toContain('on_vanished_field');
  });

  test('with alert it is left out, warned of, and its column is null', async () => {
    const started = await start(
      salesforceApi(
        () => {
          const { Industry: _, ...record } = account(1);
          return { body: { totalSize: 1, done: true, records: [record] } };
        },
        new Set(['Account.Industry']),
      ),
      { on_vanished_field: 'alert' },
    );
    const [page] = await readAll(started, '2026-11-21T00:00:00Z');
    expect(queries(started.api).at(-1)).not.toContain('Industry');
    expect(started.env.logged.some(({ message }) => message.includes('Account.Industry'))).toBe(true);
    const parsed = page && started.source.parse(ACCOUNT.stream, page, new Map());
    expect(parsed?.rejected).toEqual([]);
    expect(parsed?.columns[ACCOUNT.stream.columns.findIndex(({ name }) => name === 'industry')]).toEqual([
      null,
    ]);
  });

  test('alert does not help a column that cannot be null', async () => {
    const started = await start(salesforceApi(nothing, new Set(['Account.Name'])), {
      on_vanished_field: 'alert',
    });
    await expect(started.source.open()).rejects.toThrow(/Account\.Name/);
  });

  test('a mapped field takes the place of the default one', async () => {
    const script = salesforceApi((call) =>
      call.url.searchParams.get('q')?.includes('Other__c')
        ? { body: { totalSize: 1, done: true, records: [{ ...account(1), Other__c: 'cus-other' }] } }
        : nothing(),
    );
    const described = (call: Call): Reply => {
      const reply = script(call);
      if (!call.url.pathname.endsWith('/Account/describe')) return reply;
      const { fields } = reply.body as { fields: readonly { name: string }[] };
      return { ...reply, body: { name: 'Account', fields: [...fields, { name: 'Other__c' }] } };
    };
    const started = await start(described, {
      objects: { Account: { columns: { polaris_customer_id: 'Other__c' } } },
    });
    const [page] = await readAll(started, '2026-11-21T00:00:00Z');
    const parsed = page && started.source.parse(ACCOUNT.stream, page, new Map());
    const at = ACCOUNT.stream.columns.findIndex(({ name }) => name === 'polaris_customer_id');
    expect(parsed?.columns[at]).toEqual(['cus-other']);
  });

  test('a field that is not read is not asked for, and its column is null', async () => {
    const { Website: _, ...record } = account(1);
    const started = await start(
      salesforceApi(
        () => ({ body: { totalSize: 1, done: true, records: [record] } }),
        new Set(['Account.Website']),
      ),
      { objects: { Account: { columns: { website: null } } } },
    );
    const [page] = await readAll(started, '2026-11-21T00:00:00Z');
    expect(queries(started.api).at(-1)).not.toContain('Website');
    const parsed = page && started.source.parse(ACCOUNT.stream, page, new Map());
    expect(parsed?.rejected).toEqual([]);
    expect(parsed?.columns[ACCOUNT.stream.columns.findIndex(({ name }) => name === 'website')]).toEqual([
      null,
    ]);
    expect(parsed?.columns[0]).toEqual(['001000000000001AAA']);
  });

  test('an object that is not read is not described, and no stream', async () => {
    const { source, api } = await start(salesforceApi(nothing), {
      objects: { Entitlement: { read: false } },
    });
    await source.open();
    expect(source.streams.map(({ name }) => name)).not.toContain('entitlement');
    expect(source.streams).toHaveLength(9);
    expect(api.calls.filter(({ url }) => url.pathname.includes('Entitlement'))).toEqual([]);
  });

  test.each([
    [{ Acount: { columns: {} } }, /object Acount: got an unknown name, want one of Account/],
    [{ Account: { columns: { polaris_id: 'X__c' } } }, /column polaris_id of Account/],
    [
      { Account: { columns: { name: null } } },
      /column name of Account: got null, want a field: only parent_id, /,
    ],
  ])('a mapping of something unknown is refused at once: %j', async (objects, want) => {
    await expect(start(nothing, { objects })).rejects.toThrow(want);
  });
});

describe('the window', () => {
  test('goes from the bookmark less the look-back to five minutes before the server’s clock', async () => {
    const started = await start(salesforceApi(nothing), { lookback_minutes: 90 });
    const pages = await readAll(started, '2026-11-21T02:55:00Z');
    const where =
      'FROM Account WHERE SystemModstamp >= 2026-11-21T01:25:00Z AND SystemModstamp < 2026-11-22T02:55:10Z';
    expect(queries(started.api)).toEqual([`SELECT COUNT() ${where}`, expect.stringContaining(where)]);
    expect(pages.map(({ bookmark }) => bookmark)).toEqual(['2026-11-22T02:55:10Z']);
    expect(started.api.calls.at(-1)?.url.pathname).toBe(`${DATA}/queryAll`);
  });

  test('a server’s clock that has gone back does not take the bookmark with it', async () => {
    const started = await start(salesforceApi(nothing));
    const pages = await readAll(started, '2026-11-23T00:00:00Z');
    expect(pages.at(-1)?.bookmark).toBe('2026-11-23T00:00:00Z');
  });

  test('an object without IsDeleted is not asked for it', async () => {
    const started = await start(salesforceApi(nothing));
    await started.source.open();
    const user = started.source.streams.find(({ name }) => name === 'user');
    for await (const page of started.source.pages(user ?? CONTACT.stream, {
      bookmark: '2026-11-21T00:00:00Z',
    })) {
      expect(page.stream).toBe('user');
    }
    expect(queries(started.api).at(-1)).not.toContain('IsDeleted');
  });

  test('many changes are read by Bulk', async () => {
    const bulk = bulkCase?.api([[account(1), account(2)]]) ?? nothing;
    const started = await start(bulk, { bulk_threshold: 4 });
    const pages = await readAll(started, '2026-11-21T00:00:00Z');
    expect(pages.map(({ format, stated_rows }) => [format, stated_rows])).toEqual([['csv', 2]]);
  });
});

describe('REST and Bulk', () => {
  test('give the same rows for the same records', async () => {
    const records = [account(1), { ...account(2), ARR__c: 12_500_000.5, Id: '001D000000Jsm8y' }];
    const rest = await start(restCase?.api([records]) ?? nothing);
    const bulk = await start(bulkCase?.api([records]) ?? nothing);
    const [restPage] = await readAll(rest, '2026-11-21T00:00:00Z');
    const [bulkPage] = await readAll(bulk);
    const byRest = restPage && rest.source.parse(ACCOUNT.stream, restPage, new Map());
    const byBulk = bulkPage && bulk.source.parse(ACCOUNT.stream, bulkPage, new Map());
    expect(byBulk?.columns).toEqual(byRest?.columns);
    expect(byRest?.columns[0]).toEqual(['001000000000001AAA', '001D000000Jsm8yIAB']);
    expect([restPage?.api_version, bulkPage?.api_version]).toEqual(['v67.0', 'v67.0']);
  });

  test('a REST query ends with done, whatever nextRecordsUrl says', async () => {
    const started = await start(
      salesforceApi(() => ({
        body: { totalSize: 1, done: true, nextRecordsUrl: null, records: [account(1)] },
      })),
    );
    expect(await readAll(started, '2026-11-21T00:00:00Z')).toHaveLength(1);
  });

  test('REST pages that go on beyond the total are an error, not an endless night', async () => {
    let asked = 0;
    const started = await start(
      salesforceApi(() => {
        asked += 1;
        const nextRecordsUrl = `${DATA}/query/cursor-${asked}`;
        return { body: { totalSize: 2, done: false, nextRecordsUrl, records: [account(asked)] } };
      }),
    );
    const error = await failure(readAll(started, '2026-11-21T00:00:00Z'));
    expect(error.message).toContain('3 rows in all, totalSize 2');
  });

  test('REST pages must add up to the total', async () => {
    const started = await start(
      salesforceApi(() => ({ body: { totalSize: 3, done: true, records: [account(1)] } })),
    );
    const error = await failure(readAll(started, '2026-11-21T00:00:00Z'));
    expect(error.failure).toBe('contract');
    expect(error.message).toContain('1 rows in all, totalSize 3');
  });

  test('a page must have the rows that it states', async () => {
    const { source } = await start(nothing);
    const page = {
      body: Buffer.from(bulkCsv([account(1)])),
      url: 'x',
      format: 'csv' as const,
      stated_rows: 2,
    };
    expect(() => source.parse(ACCOUNT.stream, page, new Map())).toThrow(/got 1 rows, want 2/);
    expect(source.parse(ACCOUNT.stream, { ...page, stated_rows: 1 }, new Map()).offsets).toEqual([0]);
  });

  test('a Bulk row with too few fields is quarantined and counted', async () => {
    const { source } = await start(nothing);
    const body = Buffer.from(`${bulkCsv([account(1)])}"001","too short"\n`);
    const parsed = source.parse(ACCOUNT.stream, { body, url: 'x', format: 'csv', stated_rows: 2 }, new Map());
    expect(parsed.offsets).toEqual([0]);
    expect(parsed.rejected).toMatchObject([
      { offset: 1, column: null, reason: expect.stringContaining('fields') },
    ]);
  });
});

describe('limits', () => {
  test('reading stops at the configured share of the day’s requests', async () => {
    const script = salesforceApi(nothing);
    const used = (call: Call): Reply => {
      const reply = script(call);
      if (call.method === 'POST') return reply;
      return { ...reply, headers: { ...reply.headers, 'sforce-limit-info': 'api-usage=4500/5000' } };
    };
    const started = await start(used, { quota_share: 0.9 });
    const error = await failure(started.source.open());
    expect(error.failure).toBe('quota');
    expect(error.message).toContain('4500 of 5000 requests used');
    expect(started.api.calls.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  test('the share is read off every answer, refused ones too: above it nothing is tried again', async () => {
    const script = salesforceApi(() => ({
      status: 503,
      headers: { 'sforce-limit-info': 'api-usage=4000/5000 per-app-api-usage=17/250(appName=x)' },
      body: [],
    }));
    const started = await start(script);
    const error = await failure(readAll(started, '2026-11-21T00:00:00Z'));
    expect(error.message).toContain('status 503, 4000 of 5000 requests used');
    expect(started.env.slept).toEqual([]);
    expect((await failure(readAll(started, '2026-11-21T00:00:00Z'))).failure).toBe('quota');
  });

  test('Retry-After is waited for, within a bound', async () => {
    let asked = 0;
    const wait = (seconds: string) => (): Reply => {
      asked += 1;
      return asked === 1 ? { status: 429, headers: { 'retry-after': seconds }, body: [] } : nothing();
    };
    const patient = await start(salesforceApi(wait('17')));
    await readAll(patient, '2026-11-21T00:00:00Z');
    expect(patient.env.slept).toEqual([17_000]);
    asked = 0;
    const error = await failure(readAll(await start(salesforceApi(wait('3600'))), '2026-11-21T00:00:00Z'));
    expect(error.message).toContain('asked to wait 3600 s');
  });

  test('REQUEST_LIMIT_EXCEEDED is tried again, then fails the night', async () => {
    const exceeded: Reply = {
      status: 403,
      body: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }],
    };
    const started = await start(salesforceApi(() => exceeded));
    const error = await failure(readAll(started, '2026-11-21T00:00:00Z'));
    expect(error.failure).toBe('quota');
    expect(error.message).toContain('REQUEST_LIMIT_EXCEEDED');
    expect(started.env.slept).toHaveLength(2);
  });

  test.each([406, 420, 429, 500, 501, 520, 599])('status %i is tried again', async (status) => {
    const started = await start(salesforceApi(() => ({ status, body: [] })));
    const error = await failure(readAll(started, '2026-11-21T00:00:00Z'));
    expect(error.failure).toBe('unavailable');
    expect(started.env.slept).toHaveLength(2);
  });

  test('a sign-in that is asked to wait is tried again', async () => {
    let signIns = 0;
    const script = salesforceApi(nothing);
    const started = await start((call) => {
      if (!call.url.pathname.endsWith('/token')) return script(call);
      signIns += 1;
      return signIns === 1 ? { status: 429, body: { error: 'rate_limited' } } : script(call);
    });
    await started.source.open();
    expect(signIns).toBe(2);
  });

  test('an answer without a Date header is no clock', async () => {
    const started = await start((call) => {
      const { headers: _, ...reply } = salesforceApi(nothing)(call);
      return { ...reply, headers: { date: 'unknown' } };
    });
    expect((await failure(readAll(started, '2026-11-21T00:00:00Z'))).message).toContain('Date header');
    expect(SERVED_AT).toContain('GMT');
  });
});
