import { createSalesforceSource } from '../../connectors/salesforce/salesforce_source.ts';
import type { SourceEnv } from '../../connectors/source.ts';
import type { Column } from '../../schemas/columns.ts';
import { ACCOUNT, SALESFORCE_OBJECTS, type SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import type { Call, Reply } from '../connectors/scripted_api.ts';
import { type Pages, SECRET, SERVED_AT, type SourceCase, TOKEN } from './source_case.ts';

export const DATA = '/services/data/v67.0';

const fieldsOf = ({ stream, fields }: SalesforceObjectSpec): readonly string[] =>
  stream.columns.map(({ name }) => fields[name] ?? name);

const recordId = (n: number): string => `001${String(n).padStart(12, '0')}AAA`;

/** The n-th good Account, as REST sends it. */
export function account(n: number): Record<string, unknown> {
  return {
    Id: recordId(n),
    CreatedDate: '2026-01-01T00:00:00.000+0000',
    SystemModstamp: '2026-11-21T10:00:00.000+0000',
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

/** The n-th good record of an object; what may be null is in every second one. */
function recordOf(spec: SalesforceObjectSpec, n: number): Readonly<Record<string, unknown>> {
  const values = spec.stream.columns.map((column) => [
    spec.fields[column.name] ?? column.name,
    column.name === 'id' ? recordId(n) : column.nullable && n % 2 === 0 ? null : sample(column, n),
  ]);
  return Object.fromEntries(values);
}

function sample({ name, type }: Column, n: number): unknown {
  switch (type) {
    case 'timestamp':
      return '2026-11-21T10:00:00.000+0000';
    case 'date':
      return '2027-02-28';
    case 'boolean':
      return n % 3 === 0;
    case 'integer':
      return 12 + n;
    case 'decimal':
      return 25000.5;
    default:
      return name.endsWith('_id') ? '005000000000001AAA' : `NA "${name}", ${n}`;
  }
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

/** Every record changed at `2026-11-21T10:00:00Z`: a window that begins later has none of them. */
function rest(pages: Pages) {
  const totalSize = pages.flat().length;
  return (call: Call): Reply => {
    const since = /SystemModstamp >= (\S+)/.exec(call.url.searchParams.get('q') ?? '')?.[1] ?? '';
    if (since > '2026-11-21T10') return { body: { totalSize: 0, done: true, records: [] } };
    const index = Number(/cursor-(\d+)$/.exec(call.url.pathname)?.[1] ?? '0');
    const done = index + 1 >= pages.length;
    const records = (pages[index] ?? []).map((record) =>
      isObject(record) ? { attributes: { type: 'Object' }, ...record } : record,
    );
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

const isObject = (record: unknown): record is object =>
  typeof record === 'object' && record !== null && !Array.isArray(record);

/** Records as Bulk writes them, every field quoted. */
export function bulkCsv(records: readonly unknown[], fields = fieldsOf(ACCOUNT)): string {
  const lines = [
    fields,
    ...records.map((record) => fields.map((field) => Reflect.get(Object(record), field) ?? '')),
  ];
  return lines
    .map((line) =>
      line.map((value) => `"${String(value).replaceAll('"', '""').replace('+0000', 'Z')}"`).join(','),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** A query job; once there is a bookmark, small changes are asked for by REST. */
function bulk(pages: Pages, fields: readonly string[]) {
  let polled = 0;
  return (call: Call): Reply => {
    if (!call.url.pathname.includes('/jobs/')) return rest(pages)(call);
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
    return bulkPage(pages[index] ?? [], fields, index + 1 < pages.length ? String(index + 1) : 'null');
  };
}

function bulkPage(records: readonly unknown[], fields: readonly string[], locator: string): Reply {
  const headers = {
    'content-type': 'text/csv',
    'sforce-locator': locator,
    'sforce-numberofrecords': String(records.length),
  };
  return { headers, body: bulkCsv(records, fields) };
}

const common = {
  references: new Map(),
  create: (url: string, env: SourceEnv) =>
    createSalesforceSource(
      { login_url: url, client_id: 'meterline', auth: { kind: 'client_credentials', client_secret: SECRET } },
      env,
    ),
  isToken,
  absent: 'refused',
  nextBookmark: /^2026-11-22T02:55:10Z$/,
} as const;

/** The bad value of a case: of the amount of an Account, of the time stamp of any other record. */
function bad(spec: SalesforceObjectSpec, amount: string, reason: RegExp): SourceCase['bad'] {
  if (spec === ACCOUNT) return { change: { ARR__c: amount }, column: 'arr', reason };
  return { change: { SystemModstamp: 'yesterday' }, column: 'system_modstamp', reason: /want RFC 3339/ };
}

function about(spec: SalesforceObjectSpec) {
  const isAccount = spec === ACCOUNT;
  return {
    ...common,
    stream: spec.stream,
    record: (n: number) => (isAccount ? account(n) : recordOf(spec, n)),
    key: isAccount
      ? { column: 'polaris_customer_id', value: (n: number) => `cus-${n}` }
      : { column: 'id', value: recordId },
    field: ({ name, type }: Column) =>
      ({ path: [spec.fields[name] ?? name], sent: type === 'decimal' ? 'number' : type }) as const,
  };
}

function restCase(spec: SalesforceObjectSpec): SourceCase {
  return {
    ...about(spec),
    title: `salesforce ${spec.stream.name} (REST)`,
    bookmark: '2026-11-21T02:55:00Z',
    transport: 'json',
    bad: bad(spec, '12', /want a number, got a text/),
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
    miscount: (reply, more) => {
      const body = reply.body as { readonly totalSize: number };
      return { ...reply, body: { ...body, totalSize: body.totalSize + more } };
    },
    drift: 'new_field',
  };
}

function bulkCase(spec: SalesforceObjectSpec): SourceCase {
  const fields = fieldsOf(spec);
  return {
    ...about(spec),
    title: `salesforce ${spec.stream.name} (Bulk 2.0)`,
    bookmark: null,
    transport: 'csv',
    bad: bad(spec, 'many', /pattern/),
    api: (pages) => salesforceApi(bulk(pages, fields)),
    isPage: (call) => call.url.pathname.endsWith('/results'),
    loop: (_call, pages) => bulkPage(pages[0] ?? [], fields, '1'),
    miscount: ({ headers = {}, ...reply }, more) => {
      const stated = Number(headers['sforce-numberofrecords']) + more;
      return { ...reply, headers: { ...headers, 'sforce-numberofrecords': String(stated) } };
    },
    // Bulk gives what was selected and nothing else.
    drift: null,
  };
}

/** Account first: other tests take the first case of either interface. */
export const SALESFORCE_CASES: readonly SourceCase[] = SALESFORCE_OBJECTS.flatMap((spec) => [
  restCase(spec),
  bulkCase(spec),
]);
