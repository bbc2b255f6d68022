import { createFleet, type Fleet } from '../../simulators/fleet/fleet.ts';
import type { Instant } from '../../simulators/fleet/types.ts';
import { type PolarisSimulatorOptions, startPolarisSimulator } from '../../simulators/polaris/simulator.ts';
import type { RunningServer } from '../../simulators/server.ts';

/** One page of a change feed, as the wire shows it. */
export interface WirePage {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly next: string;
  readonly has_more: boolean;
  readonly as_of: string;
}

/** A simulator and a plain fetch client that shares no code with the project's connector. */
export interface PolarisBench {
  readonly fleet: Fleet;
  readonly server: RunningServer;
  now: Instant;
  tokenMs: number;
  token: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** @throws Error unless the answer is 200. */
  json<T>(path: string): Promise<T>;
  /** All rows of a feed, page by page, and the last bookmark. */
  follow(
    path: string,
    since?: string | null,
  ): Promise<{ rows: WirePage['data']; next: string; pages: number }>;
}

export const CLIENT = { clientId: 'reader', clientSecret: 's3cret' } as const;

/** Starts a simulator over a small fleet, with a token at hand. */
export async function startBench(more: Partial<PolarisSimulatorOptions> = {}): Promise<PolarisBench> {
  const fleet = more.fleet ?? createFleet({ customers: 5, days: 4, dimensions: 3 });
  const bench: PolarisBench = {
    fleet,
    now: fleet.default_now,
    tokenMs: 0,
    token: '',
    server: await startPolarisSimulator({
      ...CLIENT,
      fleet,
      now: () => bench.now,
      tokenClock: () => bench.tokenMs,
      ...more,
    }),
    get: (path, headers = {}) =>
      fetch(bench.server.url + path, { headers: { authorization: `Bearer ${bench.token}`, ...headers } }),
    json: async <T>(path: string) => {
      const response = await bench.get(path);
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    follow: (path, since = null) => follow(bench, path, since),
  };
  bench.token = await newToken(bench.server.url);
  return bench;
}

/** A fresh token. */
export async function newToken(url: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: CLIENT.clientId,
    client_secret: CLIENT.clientSecret,
  });
  const response = await fetch(`${url}/oauth/token`, { method: 'POST', body });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function follow(bench: PolarisBench, path: string, since: string | null) {
  const rows: WirePage['data'][number][] = [];
  const key = path.includes('from=') ? 'page' : 'since';
  let next = since;
  for (let pages = 1; ; pages += 1) {
    const mark = next === null ? '' : `${path.includes('?') ? '&' : '?'}${key}=${next}`;
    const page = await bench.json<WirePage>(path + mark);
    rows.push(...page.data);
    if (page.has_more && page.next === next) throw new Error(`${path}: a loop at ${next}`);
    next = page.next;
    if (!page.has_more) return { rows, next, pages };
  }
}
