import type { FaultBox, FaultKind } from '../faults.ts';
import type { Instant, SalesforceSource } from '../fleet/types.ts';
import { type Route, type RunningServer, type SimReply, type SimRequest, serve } from '../server.ts';
import { BULK_PAGE_FAULTS, BulkJobs } from './bulk_jobs.ts';
import { describeGlobal, describeObject } from './describe.ts';
import { type CustomFields, type ObjectSpec, objectSpecs, vanishingField } from './objects.ts';
import { RequestQuota } from './request_quota.ts';
import { type PageCall, REST_PAGE_FAULTS, RestQueries, restRecord } from './rest_queries.ts';
import { notFound, SalesforceError } from './salesforce_error.ts';
import { planQuery, type QueryPlan } from './soql_plan.ts';
import { AccessTokens, type SalesforceAuth } from './tokens.ts';

export interface SalesforceSimulatorOptions {
  readonly source: SalesforceSource;
  /** The organisation's clock: what exists, the `Date` header, the day of the quota. */
  readonly now: () => Instant;
  readonly auth: SalesforceAuth;
  readonly port?: number;
  /** Most records of one page of Bulk results, whatever `maxRecords` asks for. Default 50,000. */
  readonly maxRecordsPerLocator?: number;
  /** Most records of one REST page, whatever `batchSize` asks for. Default 2,000. */
  readonly maxRecordsPerPage?: number;
  /** Requests a day before REQUEST_LIMIT_EXCEEDED. Default 100,000. */
  readonly dailyRequests?: number;
  /** Polls that still find a Bulk job unfinished. Default 2: UploadComplete, InProgress. */
  readonly pollsUntilComplete?: number;
  readonly customFields?: CustomFields;
}

const OLDEST_VERSION = 31;
const NEWEST_VERSION = 67;
const HTML = '<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>';

/**
 * A Salesforce organisation over records of a source: OAuth, describe, REST queries, Bulk API 2.0 queries.
 * Faults beyond the transport: revoked_token, not_json (any answer), vanished_field (describe and queries),
 * and those of result pages.
 */
export async function startSalesforceSimulator(options: SalesforceSimulatorOptions): Promise<RunningServer> {
  const started: { server?: RunningServer } = {};
  const running = (): RunningServer => {
    if (started.server === undefined)
      throw new Error('simulators: Salesforce: got a request before the start');
    return started.server;
  };
  const organisation = new Organisation(options, running);
  const server = await serve(organisation.routes(), options.port ?? 0);
  started.server = server;
  return {
    ...server,
    close: async () => {
      await server.close();
      await organisation.close();
    },
  };
}

interface DataCall extends PageCall {
  readonly request: SimRequest;
}

/** The state behind the routes: tokens, quota, cursors, jobs. */
class Organisation {
  readonly #options: SalesforceSimulatorOptions;
  readonly #running: () => RunningServer;
  readonly #specs: ReadonlyMap<string, ObjectSpec>;
  readonly #tokens: AccessTokens;
  readonly #quota: RequestQuota;
  readonly #queries: RestQueries;
  readonly #jobs: BulkJobs;

  constructor(options: SalesforceSimulatorOptions, running: () => RunningServer) {
    const { source, now } = options;
    this.#options = options;
    this.#running = running;
    this.#specs = objectSpecs(options.customFields);
    this.#tokens = new AccessTokens(options.auth, () => running().url);
    this.#quota = new RequestQuota(options.dailyRequests ?? 100_000, now);
    this.#queries = new RestQueries(source, now, options.maxRecordsPerPage ?? 2000);
    this.#jobs = new BulkJobs({
      source,
      now,
      maxRecordsPerLocator: options.maxRecordsPerLocator ?? 50_000,
      pollsUntilComplete: options.pollsUntilComplete ?? 2,
    });
  }

  close(): Promise<void> {
    return this.#jobs.close();
  }

  routes(): readonly Route[] {
    const token: Route['handler'] = (request) => this.#dated(this.#tokens.issue(request));
    const versions: Route['handler'] = () => this.#dated({ status: 200, body: versionList() });
    return [
      { method: 'POST', pattern: /^\/services\/oauth2\/token$/, open: true, handler: token },
      { method: 'GET', pattern: /^\/services\/data\/?$/, handler: versions },
      ...this.#describeRoutes(),
      ...this.#restRoutes(),
      ...this.#bulkRoutes(),
    ];
  }

  #restRoutes(): readonly Route[] {
    return [
      this.#data('GET', '', [], ({ version }) => ({ status: 200, body: resources(version) })),
      this.#data('GET', 'limits', [], () => ({ status: 200, body: this.#limits() })),
      this.#data('GET', '(?<resource>query|queryAll)', REST_PAGE_FAULTS, (call) => this.#query(call)),
      this.#data('GET', 'query(?:All)?/(?<locator>[\\w-]+)', REST_PAGE_FAULTS, (call) =>
        this.#queries.more(call.request.params.locator ?? '', call),
      ),
    ];
  }

  #describeRoutes(): readonly Route[] {
    return [
      this.#data('GET', 'sobjects', [], ({ version }) => {
        const sobjects = [...this.#specs.values()].map((spec) => describeGlobal(spec, version));
        return { status: 200, body: { encoding: 'UTF-8', maxBatchSize: 200, sobjects } };
      }),
      this.#data('GET', 'sobjects/(?<object>\\w+)', [], ({ request, version }) => {
        const objectDescribe = describeGlobal(this.#spec(request), version);
        return { status: 200, body: { objectDescribe, recentItems: [] } };
      }),
      this.#data('GET', 'sobjects/(?<object>\\w+)/describe', [], ({ request, version }) => {
        const spec = this.#spec(request);
        return { status: 200, body: describeObject(spec, version, this.#hidden(request)?.(spec) ?? null) };
      }),
      this.#data('GET', 'sobjects/(?<object>\\w+)/(?<id>[A-Za-z0-9]{15,18})', [], (call) =>
        this.#record(call),
      ),
    ];
  }

  #bulkRoutes(): readonly Route[] {
    const id = (call: DataCall): string => call.request.params.id ?? '';
    const job = 'jobs/query/(?<id>\\w+)';
    return [
      this.#data('POST', 'jobs/query', [], ({ request, version }) =>
        this.#jobs.create(request, version, (soql, all) => this.#plan(request, soql, all)),
      ),
      this.#data('GET', 'jobs/query', [], () => this.#jobs.list()),
      this.#data('GET', job, ['count_mismatch'], (call) => this.#jobs.show(id(call), call.strike)),
      this.#data('PATCH', job, [], (call) => this.#jobs.change(id(call), call.request)),
      this.#data('DELETE', job, [], (call) => this.#jobs.delete(id(call))),
      this.#data('GET', `${job}/results`, BULK_PAGE_FAULTS, (call) =>
        this.#jobs.results(id(call), call.request.url.searchParams, call.strike),
      ),
    ];
  }

  /** A route under `/services/data/vXX.0/` that needs a token, counts against the quota and can be struck. */
  #data(
    method: string,
    path: string,
    faults: readonly FaultKind[],
    answer: (call: DataCall) => SimReply | Promise<SimReply>,
  ): Route {
    const pattern = new RegExp(`^/services/data/v(?<version>\\d+\\.0)${path === '' ? '' : `/${path}`}/?$`);
    return {
      method,
      pattern,
      handler: async (request) => {
        try {
          const version = this.#admit(request);
          const strike = this.#strike(request, faults);
          const reply = await answer({ request, version, strike });
          return this.#dated(this.#strike(request, ['not_json']) === null ? reply : notJson(reply));
        } catch (error) {
          if (error instanceof SalesforceError) return this.#dated(error.reply());
          throw error;
        }
      },
    };
  }

  /** Checks version, token and quota, in this order; gives the version. */
  #admit(request: SimRequest): string {
    const version = request.params.version ?? '';
    const number = Number(version);
    const token = this.#tokens.bearer(request);
    const isRevoked = this.#strike(request, ['revoked_token']) !== null;
    if (isRevoked && token !== null) this.#tokens.revoke(token);
    if (token === null || isRevoked) {
      throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    }
    this.#quota.take();
    if (number < OLDEST_VERSION || number > NEWEST_VERSION) throw notFound();
    return version;
  }

  #query({ request, version, strike }: DataCall): SimReply {
    const soql = request.url.searchParams.get('q');
    if (soql === null)
      throw new SalesforceError(400, 'MALFORMED_QUERY', 'A query string has to be specified');
    const plan = this.#plan(request, soql, request.params.resource === 'queryAll');
    const wish = /batchSize=(\d+)/i.exec(String(request.headers['sforce-query-options'] ?? ''))?.[1];
    return this.#queries.first(plan, Number(wish ?? 2000), { version, strike });
  }

  #record({ request, version }: DataCall): SimReply {
    const spec = this.#spec(request);
    const names = request.url.searchParams.get('fields') ?? spec.fields.map(({ name }) => name).join(',');
    const soql = `SELECT ${names} FROM ${spec.name} WHERE Id = '${request.params.id ?? ''}'`;
    const plan = this.#plan(request, soql, false);
    for (const record of this.#options.source(spec.name, this.#options.now())) {
      if (plan.matches(record)) return { status: 200, body: restRecord(plan, record, version) };
    }
    throw notFound();
  }

  #plan(request: SimRequest, soql: string, includeDeleted: boolean): QueryPlan {
    const hiddenField = this.#hidden(request);
    return planQuery(soql, this.#specs, { includeDeleted, ...(hiddenField === null ? {} : { hiddenField }) });
  }

  #hidden(request: SimRequest): ((spec: ObjectSpec) => string | null) | null {
    return this.#strike(request, ['vanished_field']) === null ? null : vanishingField;
  }

  #strike(request: SimRequest, kinds: readonly FaultKind[]): FaultKind | null {
    const faults: FaultBox = this.#running().faults;
    return faults.strike(request.url.pathname + request.url.search, kinds);
  }

  #spec(request: SimRequest): ObjectSpec {
    const spec = this.#specs.get((request.params.object ?? '').toLowerCase());
    if (spec === undefined) throw notFound();
    return spec;
  }

  #limits(): object {
    const left = (max: number, used = 0): object => ({ Max: max, Remaining: max - used });
    return {
      DailyApiRequests: left(this.#quota.max, this.#quota.used),
      DailyBulkV2QueryJobs: left(10_000),
      DailyBulkV2QueryFileStorageMB: left(976_562),
    };
  }

  #dated(reply: SimReply): SimReply {
    const date = new Date(this.#options.now()).toUTCString();
    return { ...reply, headers: { ...reply.headers, date, 'sforce-limit-info': this.#quota.info } };
  }
}

function notJson(reply: SimReply): SimReply {
  return { ...reply, headers: { ...reply.headers, 'content-type': 'text/html' }, body: HTML };
}

/** Salesforce names three releases a year; version 61 was Summer '24. */
function versionList(): readonly object[] {
  const seasons = ['Spring', 'Summer', 'Winter'];
  return Array.from({ length: NEWEST_VERSION - OLDEST_VERSION + 1 }, (_, index) => {
    const number = OLDEST_VERSION + index;
    const season = seasons[number % 3] ?? '';
    const year = 4 + Math.floor(number / 3) + (season === 'Winter' ? 1 : 0);
    return { label: `${season} '${year}`, url: `/services/data/v${number}.0`, version: `${number}.0` };
  });
}

function resources(version: string): object {
  const names = ['sobjects', 'query', 'queryAll', 'limits', 'jobs'];
  return Object.fromEntries(names.map((name) => [name, `/services/data/v${version}/${name}`]));
}
