import { toInstant } from '../../simulators/fleet/instants.ts';
import { POLARIS_CATALOGUES } from '../../simulators/fleet/polaris_catalogues.ts';
import { AccessTokens } from '../../simulators/polaris/access_tokens.ts';
import { allowOnly, BadRequest, hourOf, limitOf } from '../../simulators/polaris/page_request.ts';
import {
  type Handler,
  problem,
  type Route,
  type SimReply,
  type SimRequest,
} from '../../simulators/server.ts';
import type { ReadingFacts } from '../render_readings.ts';
import type { RowStore } from '../row_store.ts';
import type { AskedPages } from './asked_pages.ts';

/** Who may ask. No secret of anybody's: the server listens on loopback while the benchmark runs. */
export interface Credentials {
  readonly client_id: string;
  readonly client_secret: string;
}

/** Polaris' API, version 1, over rendered readings: token, catalogues, change feeds (features are none), totals. */
export function polarisRoutes(
  store: RowStore<ReadingFacts>,
  { client_id, client_secret }: Credentials,
  asked: AskedPages,
): readonly Route[] {
  const tokens = new AccessTokens(client_id, client_secret, Date.now);
  const get = (path: string, answer: Answer): Route => ({
    method: 'GET',
    pattern: new RegExp(`^/v1/${path}$`),
    handler: guarded(tokens, answer),
  });
  const { facts } = store;
  return [
    { method: 'POST', pattern: /^\/oauth\/token$/, handler: (request) => tokens.grant(request), open: true },
    get('usage/readings', (query, request) => {
      asked.note(request, query.get('limit'));
      return readings(store, query);
    }),
    get('usage/features', () => feed({ data: [], next: 'end', has_more: false, as_of: facts.as_of })),
    get('usage/control-totals', (query) => controlTotals(facts, query)),
    ...POLARIS_CATALOGUES.map((name) =>
      get(name, () => ({ status: 200, body: { data: facts.catalogues[name], next_page: null } })),
    ),
  ];
}

type Answer = (query: URLSearchParams, request: SimRequest) => SimReply;

function guarded(tokens: AccessTokens, answer: Answer): Handler {
  return (request) => {
    if (!tokens.admits(request))
      return problem(401, 'invalid_token', 'The bearer token is missing or wrong.');
    try {
      return answer(request.url.searchParams, request);
    } catch (error) {
      if (error instanceof BadRequest) return error.reply;
      // A page that the rendered rows cannot be cut into: final, so that no client tries it again.
      if (error instanceof RangeError) return new BadRequest(error.message).reply;
      throw error;
    }
  };
}

/** A bookmark is the number of the next row. */
function readings(store: RowStore<ReadingFacts>, query: URLSearchParams): SimReply {
  allowOnly(query, ['since', 'limit']);
  const { rows, as_of } = store.facts;
  const since = query.get('since') ?? '0';
  if (!/^\d{1,9}$/.test(since) || Number(since) > rows)
    throw new BadRequest('since is not a bookmark of this feed.');
  const first = Number(since);
  const end = Math.min(rows, first + limitOf(query));
  const rest = JSON.stringify({ next: String(end), has_more: end < rows, as_of });
  const body = store.page('{"data":[', first, end, `],${rest.slice(1)}`);
  return { status: 200, headers: { 'content-type': 'application/json' }, body, plain: true };
}

function feed(body: object): SimReply {
  return { status: 200, body };
}

function controlTotals({ totals, totals_as_of }: ReadingFacts, query: URLSearchParams): SimReply {
  allowOnly(query, ['from', 'to']);
  const [from, to] = [toInstant(hourOf(query, 'from')), toInstant(hourOf(query, 'to'))];
  const data = totals.filter(({ hour }) => hour >= from && hour < to);
  return { status: 200, body: { data, as_of: totals_as_of } };
}
