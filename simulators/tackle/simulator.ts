import type { FaultKind } from '../faults.ts';
import type { Instant, TackleList, TackleRecord, TackleSource } from '../fleet/types.ts';
import { type Route, type RunningServer, type SimReply, type SimRequest, serve } from '../server.ts';
import { breakRecords, dropField } from './broken_records.ts';
import { moneyFilter, usageFilter, wholeNumber } from './list_filters.ts';
import { OpenLists } from './open_lists.ts';
import { badParameter, TackleError, type TackleHost } from './tackle_error.ts';
import { TackleTokens } from './tackle_tokens.ts';

export interface TackleSimulatorOptions {
  readonly source: TackleSource;
  /** The marketplace's clock: what exists, and the `Date` header. */
  readonly now: () => Instant;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly port?: number;
  /** Rows of a page of the `{"data","metadata"}` lists; usage records take `size`. Default 100. */
  readonly pageSize?: number;
}

/** One server for Tackle's four hosts, each under a path of its own; `url` is the main one. */
export interface TackleSimulator extends RunningServer {
  readonly contractsUrl: string;
  readonly microsoftOffersUrl: string;
  readonly awsOffersUrl: string;
}

const HOST_PATHS: Readonly<Record<TackleHost, string>> = {
  main: '',
  contracts: '/contracts-host',
  microsoft: '/microsoft',
  aws: '/aws',
};
const PAGE_FAULTS = [
  'bad_rows',
  'not_json',
  'wrong_envelope',
  'repeated_bookmark',
  'vanished_field',
] as const satisfies readonly FaultKind[];
const MAX_USAGE_SIZE = 1000;
const HTML = '<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>';

/** Tackle's read API over the lists of a source. */
export async function startTackleSimulator(options: TackleSimulatorOptions): Promise<TackleSimulator> {
  const started: { server?: RunningServer } = {};
  const strike = (request: SimRequest, kinds: readonly FaultKind[]): FaultKind | null =>
    started.server?.faults.strike(request.url.pathname + request.url.search, kinds) ?? null;
  const server = await serve(new Marketplace(options, strike).routes(), options.port ?? 0);
  started.server = server;
  return {
    ...server,
    contractsUrl: server.url + HOST_PATHS.contracts,
    microsoftOffersUrl: server.url + HOST_PATHS.microsoft,
    awsOffersUrl: server.url + HOST_PATHS.aws,
  };
}

interface ListCall {
  readonly query: URLSearchParams;
  readonly strike: FaultKind | null;
}

type Strike = (request: SimRequest, kinds: readonly FaultKind[]) => FaultKind | null;
type Filter = (record: TackleRecord) => boolean;

/** The routes and what they share: tokens and the lists that are being paged through. */
class Marketplace {
  readonly #options: TackleSimulatorOptions;
  readonly #strike: Strike;
  readonly #tokens: TackleTokens;
  readonly #lists = new OpenLists<TackleRecord>();

  constructor(options: TackleSimulatorOptions, strike: Strike) {
    this.#options = options;
    this.#strike = strike;
    this.#tokens = new TackleTokens(options.clientId, options.clientSecret);
  }

  routes(): readonly Route[] {
    const all = (): Filter => () => true;
    return [
      this.#authenticate(),
      this.#route('main', '/v1/subscriptions', (call) => this.#data('subscriptions', call, all())),
      this.#route('main', '/v1/products', (call) => this.#data('products', call, all())),
      this.#route('main', '/v1/invoices', (call) => this.#data('invoices', call, moneyFilter(call.query))),
      this.#route('main', '/v1/disbursements', (call) =>
        this.#data('disbursements', call, moneyFilter(call.query)),
      ),
      this.#route('main', '/v1/metering/usage-records', (call) => this.#usageRecords(call)),
      this.#route('main', '/v1/webhooks', () => ({ data: [], metadata: { nextPageToken: null } })),
      this.#route('contracts', '/api/contracts', (call) => this.#contracts(call)),
      this.#route('microsoft', '/private-offers', (call) => this.#microsoftOffers(call)),
      this.#route('aws', '/private-offers', (call) => this.#awsOffers(call)),
    ];
  }

  #authenticate(): Route {
    return {
      method: 'POST',
      pattern: /^\/v1\/authenticate$/,
      open: true,
      handler: (request) => this.#answer('main', () => this.#tokens.issue(request)),
    };
  }

  #route(host: TackleHost, path: string, body: (call: ListCall) => object): Route {
    return {
      method: 'GET',
      pattern: new RegExp(`^${HOST_PATHS[host]}${path}$`),
      handler: (request) =>
        this.#answer(host, () => {
          this.#admit(request);
          const strike = this.#strike(request, PAGE_FAULTS);
          const shown = body({ query: request.url.searchParams, strike });
          if (strike === 'not_json')
            return { status: 200, headers: { 'content-type': 'text/html' }, body: HTML };
          return { status: 200, body: strike === 'wrong_envelope' ? rewrapped(shown) : shown };
        }),
    };
  }

  #answer(host: TackleHost, reply: () => SimReply): SimReply {
    const date = new Date(this.#options.now()).toUTCString();
    try {
      const { headers, ...rest } = reply();
      return { ...rest, headers: { date, ...headers } };
    } catch (error) {
      if (error instanceof TackleError) return { ...error.reply(host), headers: { date } };
      throw error;
    }
  }

  #admit(request: SimRequest): void {
    const token = this.#tokens.bearer(request);
    const isRevoked = this.#strike(request, ['revoked_token']) !== null;
    if (isRevoked && token !== null) this.#tokens.revoke(token);
    if (token === null || isRevoked) throw new TackleError(401, 'unauthorized', 'Unauthorized');
  }

  #data(list: TackleList, call: ListCall, matches: Filter, size = this.#options.pageSize ?? 100): object {
    const page = this.#page(list, call, 'page', size, matches);
    return { data: page.items, metadata: { nextPageToken: page.next } };
  }

  #usageRecords(call: ListCall): object {
    const otherwise = Math.min(this.#options.pageSize ?? 100, MAX_USAGE_SIZE);
    const size = wholeNumber(call.query, 'size', { min: 1, max: MAX_USAGE_SIZE, otherwise });
    return this.#data('usage_records', call, usageFilter(call.query), size);
  }

  #contracts(call: ListCall): object {
    const size = wholeNumber(call.query, 'limit', { min: 1, max: 100, otherwise: 50 });
    const page = this.#page('contracts', call, 'cursor', size, () => true);
    return { contracts: page.items, next: page.next };
  }

  #microsoftOffers(call: ListCall): readonly TackleRecord[] {
    return struck(
      'microsoft_offers',
      [...this.#options.source('microsoft_offers', this.#options.now())],
      call,
    );
  }

  /** Under `repeated_bookmark` the offset has no effect: each page is the first one again. */
  #awsOffers(call: ListCall): readonly TackleRecord[] {
    const limit = wholeNumber(call.query, 'limit', { min: 1, max: 100, otherwise: 100 });
    const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 };
    const offset = wholeNumber(call.query, 'offset', bounds);
    const first = call.strike === 'repeated_bookmark' ? 0 : offset;
    return struck('aws_offers', this.#rows('aws_offers', first, limit, '', () => true).items, call);
  }

  /** A page by an opaque token in the parameter `name`; the token only fits the filters it was made for. */
  #page(
    list: TackleList,
    call: ListCall,
    name: 'page' | 'cursor',
    size: number,
    matches: Filter,
  ): { items: readonly TackleRecord[]; next: string | null } {
    const filters = filterText(call.query);
    const token = call.query.get(name);
    const first = token === null ? 0 : decodeToken(token, list, filters, name);
    const { items, hasMore } = this.#rows(list, first, size, filters, matches);
    const isLoop = call.strike === 'repeated_bookmark';
    const next = isLoop ? first : first + items.length;
    return {
      items: struck(list, items, call).map(withoutRoutingFields),
      next: hasMore || isLoop ? encodeToken(next, list, filters) : null,
    };
  }

  #rows(list: TackleList, first: number, size: number, filters: string, matches: Filter) {
    const now = this.#options.now();
    const source = () => Iterator.from(this.#options.source(list, now)).filter(matches);
    return this.#lists.page(`${list}?${filters}@${now}`, source, first, size);
  }
}

/** Invoices and disbursements name no cloud in their rows: it is only a parameter of the request. */
function withoutRoutingFields(record: TackleRecord): TackleRecord {
  if (!('account_receivable_period' in record)) return record;
  const { cloud: _, ...shown } = record;
  return shown;
}

function struck(list: TackleList, rows: readonly TackleRecord[], call: ListCall): readonly TackleRecord[] {
  if (call.strike === 'bad_rows') return breakRecords(list, rows);
  return call.strike === 'vanished_field' ? dropField(list, rows) : rows;
}

/** The same rows under a name that no client knows. */
function rewrapped(shown: object): object {
  if (Array.isArray(shown)) return { results: shown };
  const rows = Object.values(shown).find((value) => Array.isArray(value));
  return { results: rows ?? [] };
}

/** The parameters that choose rows, in one text: a page token holds for these only. */
function filterText(query: URLSearchParams): string {
  const filters = [...query].filter(([name]) => !['page', 'cursor', 'limit', 'size'].includes(name));
  return new URLSearchParams(filters.toSorted(([left], [right]) => (left < right ? -1 : 1))).toString();
}

function encodeToken(first: number, list: TackleList, filters: string): string {
  return Buffer.from(JSON.stringify([first, list, filters]), 'utf8').toString('base64url');
}

function decodeToken(token: string, list: TackleList, filters: string, name: string): number {
  const [first] = /^\[(\d+),/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.slice(1) ?? [];
  if (first === undefined || encodeToken(Number(first), list, filters) !== token) {
    throw badParameter(name, token, 'a token of this list and these filters');
  }
  return Number(first);
}
