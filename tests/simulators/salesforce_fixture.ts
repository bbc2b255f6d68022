import { generateKeyPairSync, sign } from 'node:crypto';
import type { SalesforceObject, SalesforceRecord, SalesforceSource } from '../../simulators/fleet/types.ts';
import {
  type SalesforceSimulatorOptions,
  startSalesforceSimulator,
} from '../../simulators/salesforce/simulator.ts';
import type { RunningServer } from '../../simulators/server.ts';

export const NOW = '2026-03-04T05:06:07Z';
export const DATA = '/services/data/v67.0';

const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

export const AUTH = {
  clientId: 'consumer-key',
  clientSecret: 'consumer-secret',
  username: 'integration@example.com',
  publicKeyPem: keys.publicKey,
  privateKeyPem: keys.privateKey,
};

/** Names that break careless readers and writers of CSV. */
export const NAMES = [
  'Plain',
  'With "quotes"',
  'With, comma',
  'Two\nlines',
  'NA',
  'None',
  "O'Neil",
  'Zürich 貯蔵',
] as const;

/** Account i: every seventh deleted, every fifth without website and renewal date, modified one minute after the last. */
export function account(i: number): SalesforceRecord {
  const modified = new Date(Date.UTC(2026, 0, 1, 0, i)).toISOString().replace('.000Z', 'Z');
  return {
    Id: accountId(i),
    Name: `${NAMES[i % NAMES.length]} ${i}`,
    ParentId: i % 2 === 0 ? null : accountId(0),
    Type: 'Customer - Direct',
    Website: i % 5 === 0 ? null : `https://example.com/${i}`,
    OwnerId: '005000000000001AAA',
    CreatedDate: '2025-12-31T23:59:59Z',
    SystemModstamp: modified,
    IsDeleted: i % 7 === 6,
    Polaris_Customer_Id__c: `cus_${i}`,
    Cloud_Provider__c: 'azure',
    Target_Account__c: i % 3 === 0,
    Renewal_Date__c: i % 5 === 0 ? null : '2026-12-31',
    ARR__c: i === 1 ? 12_500_000 : i * 1000.5,
  };
}

export function accountId(i: number): string {
  return `001${String(i).padStart(12, '0')}AAA`;
}

export function sourceOf(
  rows: Partial<Record<SalesforceObject, readonly SalesforceRecord[]>>,
): SalesforceSource {
  return (object) => rows[object] ?? [];
}

function accounts(count: number): SalesforceSource {
  return sourceOf({
    Account: Array.from({ length: count }, (_, i) => account(i)),
    User: [{ Id: '005000000000001AAA', Username: 'a@b.c', Name: 'A', IsActive: true, SystemModstamp: NOW }],
  });
}

/** A simulator over `count` accounts, and a `get` that signs in once by client credentials. */
export interface Fixture {
  readonly server: RunningServer;
  readonly token: string;
  send(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  query(soql: string, resource?: 'query' | 'queryAll'): Promise<Response>;
}

export async function startFixture(
  count: number,
  options: Partial<SalesforceSimulatorOptions> = {},
): Promise<Fixture> {
  const { privateKeyPem: _, ...auth } = AUTH;
  const server = await startSalesforceSimulator({
    source: accounts(count),
    now: () => NOW,
    auth,
    ...options,
  });
  const token = await signIn(server.url);
  const send: Fixture['send'] = (method, path, body, headers = {}) =>
    fetch(new URL(path, server.url), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    server,
    token,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    query: (soql, resource = 'query') =>
      send('GET', `${DATA}/${resource}?${new URLSearchParams({ q: soql })}`),
  };
}

async function signIn(url: string): Promise<string> {
  const response = await requestToken(url, {
    grant_type: 'client_credentials',
    client_id: AUTH.clientId,
    client_secret: AUTH.clientSecret,
  });
  const body = (await response.json()) as { access_token: string };
  return body.access_token;
}

export function requestToken(url: string, form: Record<string, string>): Promise<Response> {
  return fetch(`${url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
}

/** A signed JWT bearer assertion; claims that are given replace the good ones. */
export function assertion(claims: object = {}, privateKey: string = AUTH.privateKeyPem): string {
  const exp = Math.floor(Date.now() / 1000) + 180;
  const good = { iss: AUTH.clientId, sub: AUTH.username, aud: 'https://login.salesforce.com', exp };
  const part = (value: object): string => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
  const signed = `${part({ alg: 'RS256' })}.${part({ ...good, ...claims })}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed, 'utf8'), privateKey).toString('base64url')}`;
}

/** The `errorCode` of a refusal. */
export async function errorCode(response: Response): Promise<string | undefined> {
  const body = (await response.json()) as { errorCode: string; message: string }[];
  return body[0]?.errorCode;
}
