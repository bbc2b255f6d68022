import { createSalesforceSource } from '../../connectors/salesforce/salesforce_source.ts';
import type { SourceEnv } from '../../connectors/source.ts';
import { ACCOUNT, SALESFORCE_OBJECTS } from '../../schemas/salesforce.ts';
import type { Call, Reply } from '../connectors/scripted_api.ts';
import { type Pages, SECRET, SERVED_AT, type SourceCase, TOKEN } from './source_case.ts';

export const DATA = '/services/data/v67.0';
const FIELDS = ACCOUNT.stream.columns.map(({ name }) => ACCOUNT.fields[name] ?? name);

/** The n-th good Account, as REST sends it. */
export function account(n: number): Record<string, unknown> {
  return {
    Id: `001000000000${String(n).padStart(3, '0')}AAA`,
    CreatedDate: '2026-01-01T00:00:00.000+0000',
    SystemModstamp: '2026-11-20T10:00:00.000+0000',
    IsDeleted: false,
    Name: `Name "${n}", NA`,
    ParentId: null,
    Type: 'NA',
    Industry: 'None',
    BillingCountry: null,
    Website: 'two\nlines',
    OwnerId: '005000000000001AAA',
    Polaris_Customer_Id__c: `cus-${n}`,
    Cloud_Provider__c: null,
    Target_Account__c: true,
    CSM__c: null,
    Renewal_Date__c: '2027-02-28',
    ARR__c: 25000.5,
  };
}

/** What every Salesforce script answers besides pages: tokens, describe, counts. */
export function salesforceApi(answer: (call: Call) => Reply, hidden: ReadonlySet<string> = new Set()) {
  const headers = { date: SERVED_AT, 'sforce-limit-info': 'api-usage=18/5000' };
  return (call: Call): Reply => {
    const { pathname, searchParams } = call.url;
    if (isToken(call))
      return { headers, body: { access_token: TOKEN, instance_url: call.url.origin, id: 'x' } };
    const object = /\/sobjects\/(\w+)\/describe$/.exec(pathname)?.[1];
    if (object !== undefined)
      return { headers, body: { name: object, fields: describedFields(object, hidden) } };
    if (searchParams.get('q')?.startsWith('SELECT COUNT()')) {
      return { headers, body: { totalSize: 5, done: true, records: [] } };
    }
    const reply = answer(call);
    return { ...reply, headers: { ...headers, ...reply.headers } };
  };
}

function describedFields(object: string, hidden: ReadonlySet<string>): readonly { name: string }[] {
  const spec = SALESFORCE_OBJECTS.find((candidate) => candidate.object === object);
  return Object.values(spec?.fields ?? {})
    .filter((name) => !hidden.has(`${object}.${name}`))
    .map((name) => ({ name }));
}

function isToken(call: Call): boolean {
  return call.url.pathname === '/services/oauth2/token';
}

function rest(pages: Pages) {
  const totalSize = pages.flat().length;
  return (call: Call): Reply => {
    const index = Number(/cursor-(\d+)$/.exec(call.url.pathname)?.[1] ?? '0');
    const done = index + 1 >= pages.length;
    const records = (pages[index] ?? []).map((record) => ({ attributes: { type: 'Account' }, ...record }));
    return {
      body: {
        totalSize,
        done,
        records,
        ...(done ? {} : { nextRecordsUrl: `${DATA}/query/cursor-${index + 1}` }),
      },
    };
  };
}

/** Records as Bulk writes them, every field quoted. */
export function bulkCsv(records: readonly object[], fields: readonly string[] = FIELDS): string {
  const lines = [fields, ...records.map((record) => fields.map((field) => Reflect.get(record, field) ?? ''))];
  return lines
    .map((line) =>
      line.map((value) => `"${String(value).replaceAll('"', '""').replace('+0000', 'Z')}"`).join(','),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function bulk(pages: Pages) {
  let polled = 0;
  return (call: Call): Reply => {
    const job = {
      id: '750000000000001AAA',
      state: 'InProgress',
      numberRecordsProcessed: pages.flat().length,
    };
    if (call.method === 'POST') return { body: { ...job, state: 'UploadComplete' } };
    if (call.method === 'DELETE') return { status: 204, body: '' };
    if (!call.url.pathname.endsWith('/results')) {
      polled += 1;
      return { body: { ...job, state: polled > 1 ? 'JobComplete' : 'InProgress' } };
    }
    const index = Number(call.url.searchParams.get('locator') ?? '0');
    return bulkPage(pages[index] ?? [], index + 1 < pages.length ? String(index + 1) : 'null');
  };
}

function bulkPage(records: readonly object[], locator: string): Reply {
  const headers = {
    'content-type': 'text/csv',
    'sforce-locator': locator,
    'sforce-numberofrecords': String(records.length),
  };
  return { headers, body: bulkCsv(records) };
}

const common = {
  stream: ACCOUNT.stream,
  references: new Map(),
  create: (url: string, env: SourceEnv) =>
    createSalesforceSource(
      { login_url: url, client_id: 'meterline', auth: { kind: 'client_credentials', client_secret: SECRET } },
      env,
    ),
  record: account,
  key: { column: 'polaris_customer_id', value: (n: number) => `cus-${n}` },
  isToken,
  nextBookmark: /^2026-11-22T02:55:10Z$/,
} as const;

export const SALESFORCE_CASES: readonly SourceCase[] = [
  {
    ...common,
    title: 'salesforce account (REST)',
    bookmark: '2026-11-21T02:55:00Z',
    bad: { change: { ARR__c: '12' }, column: 'arr', reason: /want a number, got a text/ },
    api: (pages) => salesforceApi(rest(pages)),
    isPage: (call) => /\/query(All)?\b/.test(call.url.pathname) && !call.url.search.includes('COUNT'),
    loop: (_call, pages) => ({
      body: {
        totalSize: 1000,
        done: false,
        nextRecordsUrl: `${DATA}/query/cursor-1`,
        records: pages[0] ?? [],
      },
    }),
    drift: 'new_field',
  },
  {
    ...common,
    title: 'salesforce account (Bulk 2.0)',
    bookmark: null,
    bad: { change: { ARR__c: 'many' }, column: 'arr', reason: /pattern/ },
    api: (pages) => salesforceApi(bulk(pages)),
    isPage: (call) => call.url.pathname.endsWith('/results'),
    loop: (_call, pages) => bulkPage(pages[0] ?? [], '1'),
    drift: null,
  },
];
