import { createPolarisSource } from '../../connectors/polaris/polaris_source.ts';
import type { Column } from '../../schemas/columns.ts';
import { CLUSTERS, CUSTOMERS, DIMENSIONS, FEATURES, READINGS, USERS } from '../../schemas/polaris.ts';
import type { Call, Reply } from '../connectors/scripted_api.ts';
import { type Pages, SECRET, type SourceCase, TOKEN } from './source_case.ts';

const AS_OF = '2026-11-22T03:00:10Z';

/** The n-th good reading; three clusters, each hour of each once. */
export function reading(n: number): Record<string, unknown> {
  const hour = new Date(Date.UTC(2026, 10, 21, 5 - Math.floor(n / 3))).toISOString();
  return {
    reading_id: `r-${n}`,
    seq: n + 1,
    customer_id: 'cus-1',
    cluster_id: `clu-${n % 3}`,
    subscription_id: n % 2 === 0 ? null : 'sub-1',
    hour: `${hour.slice(0, 19)}Z`,
    dimension: 'stored_tib',
    quantity: `${n}.000000001`,
    unit: 'TiB',
    revision: 1,
    recorded_at: '2026-11-21T06:00:03.5Z',
    cloud: 'azure',
    region: 'westeurope',
    software_version: '9.2.1',
  };
}

export const READING_REFERENCES = new Map([['dimensions', [{ dimension: 'stored_tib', unit: 'TiB' }]]]);

function isToken(call: Call): boolean {
  return call.url.pathname === '/oauth/token';
}

/** Bookmarks `b0`, `b1` …: the number of pages given so far. `start` comes before `b0`. */
function feed(pages: Pages) {
  return (call: Call): Reply => {
    const since = call.url.searchParams.get('since') ?? call.url.searchParams.get('page');
    const index = since === null || since === 'start' ? 0 : Number(since.slice(1));
    const body = {
      data: pages[index] ?? [],
      next: `b${Math.min(index + 1, pages.length)}`,
      has_more: index + 1 < pages.length,
      as_of: AS_OF,
    };
    return { body };
  };
}

function catalogue(pages: Pages) {
  return (call: Call): Reply => {
    const index = Number(call.url.searchParams.get('page') ?? '0');
    return {
      body: { data: pages[index] ?? [], next_page: index + 1 < pages.length ? String(index + 1) : null },
    };
  };
}

function withToken(answer: (call: Call) => Reply) {
  return (call: Call): Reply =>
    isToken(call) ? { body: { access_token: TOKEN, token_type: 'Bearer', expires_in: 900 } } : answer(call);
}

const common = {
  create: (url: string, env: Parameters<typeof createPolarisSource>[1]) =>
    createPolarisSource({ url, client_id: 'meterline', client_secret: SECRET }, env),
  isToken,
  isPage: (call: Call) => !isToken(call),
  transport: 'json',
  field: (column: Column) => ({ path: [column.name], sent: column.type }) as const,
  absent: 'refused',
  drift: 'new_field',
} as const;

const catalogueCase = {
  ...common,
  references: new Map(),
  bookmark: null,
  api: (pages: Pages) => withToken(catalogue(pages)),
  loop: (_call: Call, pages: Pages): Reply => ({ body: { data: pages[0] ?? [], next_page: '1' } }),
  nextBookmark: null,
} as const;

export const POLARIS_CASES: readonly SourceCase[] = [
  {
    ...common,
    title: 'polaris readings (change feed)',
    stream: READINGS,
    references: READING_REFERENCES,
    bookmark: 'start',
    record: reading,
    bad: { change: { quantity: 12.5 }, column: 'quantity', reason: /expected string, received number/ },
    key: { column: 'reading_id', value: (n) => `r-${n}` },
    api: (pages) => withToken(feed(pages)),
    loop: (_call, pages) => ({ body: { data: pages[0] ?? [], next: 'b1', has_more: true, as_of: AS_OF } }),
    nextBookmark: /^b\d+$/,
  },
  {
    ...common,
    title: 'polaris features (change feed)',
    stream: FEATURES,
    references: new Map(),
    bookmark: null,
    record: (n) => ({
      feature_event_id: `f-${n}`,
      customer_id: 'cus-1',
      cluster_id: 'clu-1',
      hour: '2026-11-21T05:00:00Z',
      feature: 'snapshots',
      operations: n,
      active_clients: 0,
      recorded_at: '2026-11-21T06:00:03Z',
    }),
    bad: { change: { operations: -1 }, column: 'operations', reason: />=0/ },
    key: { column: 'feature_event_id', value: (n) => `f-${n}` },
    api: (pages) => withToken(feed(pages)),
    loop: (_call, pages) => ({ body: { data: pages[0] ?? [], next: 'b1', has_more: true, as_of: AS_OF } }),
    nextBookmark: /^b\d+$/,
  },
  {
    ...catalogueCase,
    title: 'polaris clusters (catalogue)',
    stream: CLUSTERS,
    record: (n) => ({
      cluster_id: `clu-${n}`,
      customer_id: 'cus-1',
      subscription_id: null,
      cloud: 'aws',
      region: 'eu-west-1',
      provisioned_tib: '12.5',
      created_at: '2026-01-02T03:04:05Z',
      terminated_at: null,
    }),
    bad: { change: { cloud: 'moon' }, column: 'cloud', reason: /expected one of/ },
    key: { column: 'cluster_id', value: (n) => `clu-${n}` },
  },
  {
    ...catalogueCase,
    title: 'polaris dimensions (catalogue)',
    stream: DIMENSIONS,
    record: (n) => ({
      dimension: `dim-${n}`,
      unit: 'TiB',
      measure: 'level',
      billable: n % 2 === 0,
      description: 'NA',
    }),
    bad: { change: { billable: 'yes' }, column: 'billable', reason: /expected boolean/ },
    key: { column: 'dimension', value: (n) => `dim-${n}` },
  },
  {
    ...catalogueCase,
    title: 'polaris customers (catalogue)',
    stream: CUSTOMERS,
    record: (n) => ({
      customer_id: `cus-${n}`,
      name: 'Ærø "Data", Ltd',
      salesforce_account_id: n % 2 === 0 ? null : '001000000000001AAA',
      created_at: '2026-01-02T03:04:05Z',
      status: 'active',
    }),
    bad: { change: { status: 'gone' }, column: 'status', reason: /expected one of/ },
    key: { column: 'customer_id', value: (n) => `cus-${n}` },
  },
  {
    ...catalogueCase,
    title: 'polaris users (catalogue)',
    stream: USERS,
    record: (n) => ({
      user_id: `use-${n}`,
      customer_id: 'cus-1',
      email: `a${n}@example.com`,
      role: 'viewer',
      status: 'active',
      last_login_at: n % 2 === 0 ? null : '2026-11-20T00:00:00.25Z',
      granted_at: '2026-01-02T03:04:05Z',
    }),
    bad: { change: { role: 'king' }, column: 'role', reason: /expected one of/ },
    key: { column: 'user_id', value: (n) => `use-${n}` },
  },
];
