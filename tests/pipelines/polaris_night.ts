import { join } from 'node:path';
import { nodeEnv } from '../../connectors/node_env.ts';
import type { NightOptions } from '../../pipelines/night.ts';
import { runNight } from '../../pipelines/nightly.ts';
import { CONFIG, type Config } from '../../schemas/config.ts';
import type { Call, Reply, ScriptedApi } from '../connectors/scripted_api.ts';
import { scriptedApi } from '../connectors/scripted_api.ts';

type Record = Readonly<{ [field: string]: unknown }>;

/** What a scripted Polaris shows now; a test changes it between nights. */
export interface PolarisState {
  dimensions: Record[];
  customers: Record[];
  readings: Record[];
  /** Readings that the feed has passed over: only a re-read by hours gives them. */
  passed_over: Record[];
  clusters: Record[];
  /** What it counts, whatever the readings say. */
  totals: Record[];
  /** `as_of` of the totals, and of the n-th page of the feed. */
  totals_as_of: string;
  feed_as_of: (page: number) => string;
}

export const AS_OF = '2026-11-22T03:00:10Z';

export const capacity = {
  dimension: 'capacity_used_tib',
  unit: 'TiB',
  measure: 'level',
  billable: true,
  description: 'held',
};

/** The n-th reading, of the n-th hour of a day. */
export const readingOf = (n: number, change: Record = {}): Record => ({
  reading_id: `r-${n}`,
  seq: n,
  customer_id: 'cus-1',
  cluster_id: 'clu-1',
  subscription_id: null,
  hour: `2026-11-21T0${n}:00:00Z`,
  dimension: 'capacity_used_tib',
  quantity: '12.5',
  unit: 'TiB',
  revision: 1,
  recorded_at: `2026-11-21T0${n + 1}:00:03Z`,
  cloud: 'aws',
  region: 'eu-west-1',
  software_version: '7.2.1',
  ...change,
});

export function polarisState(): PolarisState {
  return {
    dimensions: [capacity],
    customers: [],
    readings: [],
    passed_over: [],
    clusters: [],
    totals: [],
    totals_as_of: AS_OF,
    feed_as_of: () => AS_OF,
  };
}

/** A Polaris of a few rows whose feed's bookmark is the number of rows given so far. */
export function startPolaris(state: PolarisState): Promise<ScriptedApi> {
  let pages = 0;
  const feed = (rows: readonly Record[], call: Call): Reply => {
    const from = Number(call.url.searchParams.get('since') ?? '0');
    pages += 1;
    const as_of = state.feed_as_of(pages);
    return { body: { data: rows.slice(from), next: String(rows.length), has_more: false, as_of } };
  };
  const hours = (from: string, to: string): Reply => {
    const rows = [...state.readings, ...state.passed_over];
    const data = rows.filter(({ hour }) => String(hour) >= from && String(hour) < to);
    return { body: { data, next: 'page', has_more: false, as_of: state.totals_as_of } };
  };
  return scriptedApi((call) => {
    const from = call.url.searchParams.get('from');
    const list = (data: readonly Record[]): Reply => ({ body: { data, next_page: null } });
    switch (call.url.pathname) {
      case '/oauth/token':
        return { body: { access_token: 'token', expires_in: 900 } };
      case '/v1/dimensions':
        return list(state.dimensions);
      case '/v1/customers':
        return list(state.customers);
      case '/v1/clusters':
        return list(state.clusters);
      case '/v1/usage/readings':
        if (from !== null) return hours(from, call.url.searchParams.get('to') ?? '');
        return feed(state.readings, call);
      case '/v1/usage/features':
        return { body: { data: [], next: 'end', has_more: false, as_of: AS_OF } };
      case '/v1/usage/control-totals':
        return { body: { data: state.totals, as_of: state.totals_as_of } };
      default:
        return list([]);
    }
  });
}

export function configFor(root: string, url: string): Config {
  return CONFIG.parse({
    data_dir: join(root, 'data'),
    sources: { polaris: { url, client_id: 'a', client_secret: 'b' } },
  });
}

/** The outside world of a night that never waits. */
export function quickEnv() {
  return {
    ...nodeEnv(() => undefined),
    sleep: async () => undefined,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
}

/** Reads, loads and seals. */
export function loadNight(config: Config) {
  const options: NightOptions = {
    command: 'run',
    as_of: null,
    accept_quarantine: [],
    only: ['load', 'seal'],
    full_refresh: false,
    publish: false,
  };
  return runNight(config, options, quickEnv());
}
