import type { FaultKind } from '../faults.ts';
import type { ControlTotal } from '../fleet/control_totals.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { HOUR_SECONDS, toSeconds } from '../fleet/instants.ts';
import { POLARIS_CATALOGUES, type PolarisCatalogue } from '../fleet/polaris_catalogues.ts';
import type { Instant } from '../fleet/types.ts';
import {
  type Handler,
  problem,
  type Route,
  type RunningServer,
  type SimReply,
  type SimRequest,
  serve,
} from '../server.ts';
import { AccessTokens } from './access_tokens.ts';
import type { Bookmark } from './bookmark.ts';
import { nanoText, toNano, totalsOfRows } from './current_totals.ts';
import { type FeedPage, FeedPages } from './feed_pages.ts';
import { allowOnly, BadRequest, hourOf, limitOf } from './page_request.ts';
import { spoilRows, withoutField } from './spoiled_rows.ts';

/** What a Polaris simulator shows, and to whom. */
export interface PolarisSimulatorOptions {
  readonly fleet: Fleet;
  /** The world's clock: rows recorded later do not exist yet. */
  readonly now: () => Instant;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly port?: number;
  /** Now and then an empty page with `has_more`; on unless switched off. */
  readonly emptyPages?: boolean;
  /** Milliseconds by which tokens age; the machine's clock unless given. */
  readonly tokenClock?: () => number;
  /** One hour and dimension whose control total says one reading and one unit more than there is. */
  readonly controlTotalDrift?: { readonly hour: Instant; readonly dimension: string };
}

/** Starts the Polaris API, version 1, over a fleet on loopback. */
export function startPolarisSimulator(options: PolarisSimulatorOptions): Promise<RunningServer> {
  const box: { server?: RunningServer } = {};
  const strike = (request: SimRequest, kinds: readonly FaultKind[]): FaultKind | null =>
    box.server?.faults.strike(request.url.pathname + request.url.search, kinds) ?? null;
  const simulator = new PolarisSimulator(options, strike);
  return serve(simulator.routes(), options.port ?? 0).then((server) => {
    box.server = server;
    return server;
  });
}

type Strike = (request: SimRequest, kinds: readonly FaultKind[]) => FaultKind | null;

class PolarisSimulator {
  readonly #options: PolarisSimulatorOptions;
  readonly #strike: Strike;
  readonly #tokens: AccessTokens;
  readonly #pages: FeedPages;
  /** Ids of readings last served spoiled, by hour: control totals leave them out. */
  readonly #spoiled = new Map<Instant, Set<string>>();

  constructor(options: PolarisSimulatorOptions, strike: Strike) {
    this.#options = options;
    this.#strike = strike;
    this.#tokens = new AccessTokens(options.clientId, options.clientSecret, options.tokenClock ?? Date.now);
    this.#pages = new FeedPages(options.fleet, options.emptyPages ?? true);
  }

  routes(): readonly Route[] {
    const get = (path: string, handler: Handler): Route => ({
      method: 'GET',
      pattern: new RegExp(`^${path}$`),
      handler: async (request) => this.#dated(await this.#guarded(request, handler)),
    });
    return [
      { method: 'POST', pattern: /^\/oauth\/token$/, handler: (r) => this.#tokens.grant(r), open: true },
      get('/v1/usage/readings', (request) => this.#feed('readings', request)),
      get('/v1/usage/features', (request) => this.#feed('features', request)),
      get('/v1/usage/control-totals', (request) => this.#controlTotals(request)),
      ...POLARIS_CATALOGUES.map((name) => get(`/v1/${name}`, (request) => this.#catalogue(name, request))),
    ];
  }

  /** Checks the token; turns a broken request into its answer, and a page into what some faults make of it. */
  async #guarded(request: SimRequest, handler: Handler): Promise<SimReply> {
    if (this.#strike(request, ['revoked_token']) !== null) this.#tokens.revoke(request);
    if (!this.#tokens.admits(request)) {
      const reply = problem(401, 'invalid_token', 'The bearer token is missing, has expired or was revoked.');
      return { ...reply, headers: { ...reply.headers, 'www-authenticate': 'Bearer error="invalid_token"' } };
    }
    if (this.#strike(request, ['not_json']) !== null) {
      const body = '<!doctype html><title>Maintenance</title><p>Back soon.</p>';
      return { status: 200, headers: { 'content-type': 'text/html' }, body };
    }
    try {
      const reply = await handler(request);
      if (reply.status !== 200 || this.#strike(request, ['wrong_envelope']) === null) return reply;
      return { status: 200, body: { items: [], cursor: null } };
    } catch (error) {
      if (error instanceof BadRequest) return error.reply;
      throw error;
    }
  }

  /** The `Date` of an answer is the world's, as its rows are. */
  #dated(reply: SimReply): SimReply {
    return { ...reply, headers: { ...reply.headers, date: new Date(this.#options.now()).toUTCString() } };
  }

  #feed(feed: Bookmark['feed'], request: SimRequest): SimReply {
    const query = request.url.searchParams;
    const now = this.#options.now();
    if (query.has('since') && this.#strike(request, ['expired_bookmark']) !== null) {
      return this.#pages.expired(feed, now);
    }
    const page = this.#pages.page(feed, query, now);
    if ('status' in page) return page;
    const loops = page.since !== null && this.#strike(request, ['repeated_bookmark']) !== null;
    const rows = this.#rowsAfterFaults(feed, request, page);
    const next = loops ? page.since : page.next;
    const end = JSON.stringify({ next, has_more: loops || page.has_more, as_of: page.as_of }).slice(1);
    const body = `{"data":[${rows.join(',')}],${end}`;
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }

  #rowsAfterFaults(feed: Bookmark['feed'], request: SimRequest, page: FeedPage): readonly string[] {
    if (page.rows.length === 0) return page.rows;
    if (this.#strike(request, ['vanished_field']) !== null) {
      return withoutField(page.rows, feed === 'readings' ? 'region' : 'operations');
    }
    const bad = this.#strike(request, ['bad_rows']) !== null;
    if (feed === 'readings' && this.#spoiled.size > 0) this.#forgetServed(page.rows);
    if (!bad) return page.rows;
    const { rows, spoiled } = spoilRows(feed, page.rows);
    for (const row of feed === 'readings' ? spoiled : []) {
      const hour = String(row.hour);
      const ids = this.#spoiled.get(hour) ?? new Set();
      this.#spoiled.set(hour, ids.add(String(row.reading_id)));
    }
    return rows;
  }

  /** A row that is served again as it should be counts again. */
  #forgetServed(rows: readonly string[]): void {
    for (const text of rows) {
      const row = JSON.parse(text) as { reading_id: string; hour: string };
      const ids = this.#spoiled.get(row.hour);
      if (ids?.delete(row.reading_id) && ids.size === 0) this.#spoiled.delete(row.hour);
    }
  }

  #catalogue(name: PolarisCatalogue, request: SimRequest): SimReply {
    const query = request.url.searchParams;
    allowOnly(query, ['page', 'limit']);
    const limit = limitOf(query);
    const token = query.get('page');
    const plain = token === null ? `${name}:0` : Buffer.from(token, 'base64url').toString('utf8');
    const [of, from] = plain.split(':');
    if (of !== name || !/^\d+$/.test(from ?? ''))
      throw new BadRequest('page is not a page token of this list.');
    const all = this.#options.fleet.catalogue(name, this.#options.now());
    const end = Number(from) + limit;
    const next_page = end < all.length ? Buffer.from(`${name}:${end}`).toString('base64url') : null;
    return { status: 200, body: { data: all.slice(Number(from), end), next_page } };
  }

  #controlTotals(request: SimRequest): SimReply {
    const { fleet, now: clock } = this.#options;
    const query = request.url.searchParams;
    allowOnly(query, ['from', 'to']);
    const [first, end] = [hourOf(query, 'from'), hourOf(query, 'to')];
    if (end < first) throw new BadRequest('to must not lie before from.');
    const now = clock();
    const hour = (seconds: number) => Math.max(0, Math.floor((seconds - fleet.plan.start) / HOUR_SECONDS));
    const totals = [...fleet.controlTotals({ from: hour(first), to: hour(end) }, now)];
    const data = this.#withoutSpoiled(totals, now).map((total) => this.#drifted(total));
    const [one] = data;
    if (one !== undefined && this.#strike(request, ['count_mismatch']) !== null) data[0] = oneMore(one);
    return { status: 200, body: { data, as_of: now } };
  }

  /** Puts totals counted row by row in the place of those of hours that have spoiled rows. */
  #withoutSpoiled(totals: readonly ControlTotal[], now: Instant): readonly ControlTotal[] {
    if (this.#spoiled.size === 0) return totals;
    const counted = new Map<string, ControlTotal | null>();
    for (const [hour, ids] of this.#spoiled) {
      const nth = Math.floor((toSeconds(hour) - this.#options.fleet.plan.start) / HOUR_SECONDS);
      const hours = { from: nth, to: nth + 1 };
      const all = Number.MAX_SAFE_INTEGER;
      const { rows } = this.#options.fleet.readings.read(
        { tick: nth, offset: 0 },
        all,
        toSeconds(now),
        hours,
      );
      const clean = totalsOfRows(rows, ids);
      for (const { dimension } of this.#options.fleet.dimensions) {
        counted.set(`${hour} ${dimension}`, clean.find((total) => total.dimension === dimension) ?? null);
      }
    }
    return totals.flatMap((total) => {
      const clean = counted.get(`${total.hour} ${total.dimension}`);
      return clean === undefined ? [total] : clean === null ? [] : [clean];
    });
  }

  #drifted(total: ControlTotal): ControlTotal {
    const drift = this.#options.controlTotalDrift;
    return drift?.hour === total.hour && drift.dimension === total.dimension ? oneMore(total) : total;
  }
}

function oneMore(total: ControlTotal): ControlTotal {
  const quantity = nanoText(toNano(total.quantity) + 1_000_000_000n);
  return { ...total, readings: total.readings + 1, quantity };
}
