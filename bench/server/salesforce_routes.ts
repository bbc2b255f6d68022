import { salesforceId } from '../../simulators/fleet/salesforce_ids.ts';
import { describeObject } from '../../simulators/salesforce/describe.ts';
import { type ObjectSpec, objectSpecs } from '../../simulators/salesforce/objects.ts';
import { notFound, SalesforceError } from '../../simulators/salesforce/salesforce_error.ts';
import { AccessTokens } from '../../simulators/salesforce/tokens.ts';
import type { Route, SimReply, SimRequest } from '../../simulators/server.ts';
import { rawNumber } from '../../simulators/tackle/raw_number.ts';
import type { AccountFacts } from '../render_accounts.ts';
import type { RowStore } from '../row_store.ts';
import type { AskedPages } from './asked_pages.ts';
import type { Credentials } from './polaris_routes.ts';

/** Most records of one page of results, whatever `maxRecords` asks for. */
const MOST_RECORDS = 50_000;
const FIRST_ID = salesforceId('Account', 1);
const EMPTY = { facts: { rows: 0 }, page: (head: string) => Buffer.from(head, 'utf8') };

interface Job {
  readonly id: string;
  readonly object: ObjectSpec;
  readonly fields: readonly string[];
  readonly operation: string;
  readonly version: string;
}

/**
 * Salesforce over rendered accounts: token, describe, limits, and Bulk 2.0 queries whose results are there at once.
 * Every other object has no records. A query selects the rendered fields in their order; its window is not looked at.
 */
export function salesforceRoutes(
  store: RowStore<AccountFacts>,
  { client_id, client_secret }: Credentials,
  asked: AskedPages,
  ownUrl: () => string,
): readonly Route[] {
  const auth = { clientId: client_id, clientSecret: client_secret, username: 'bench@simulator.example' };
  const tokens = new AccessTokens(auth, ownUrl);
  const organisation = new Organisation(store);
  const route = (method: string, path: string, answer: (request: SimRequest) => SimReply): Route => ({
    method,
    pattern: new RegExp(`^/services/data/v(?<version>\\d+\\.0)/${path}/?$`),
    handler: (request) => guarded(tokens, request, answer),
  });
  const job = 'jobs/query/(?<id>\\w+)';
  return [
    { method: 'POST', pattern: /^\/services\/oauth2\/token$/, handler: (r) => tokens.issue(r), open: true },
    route('GET', 'limits', () => ({
      status: 200,
      body: { DailyApiRequests: { Max: 100_000, Remaining: 100_000 } },
    })),
    route('GET', 'sobjects/(?<object>\\w+)/describe', (request) => organisation.describe(request)),
    route('GET', 'query(?:All)?', (request) => organisation.isFilled(request)),
    route('POST', 'jobs/query', (request) => organisation.create(request)),
    route('GET', job, (request) => ({ status: 200, body: organisation.info(organisation.job(request)) })),
    route('DELETE', job, (request) => organisation.drop(request)),
    route('GET', `${job}/results`, (request) => {
      if (organisation.job(request).object.name === 'Account')
        asked.note(request, request.url.searchParams.get('maxRecords'));
      return organisation.results(request);
    }),
  ];
}

function guarded(
  tokens: AccessTokens,
  request: SimRequest,
  answer: (request: SimRequest) => SimReply,
): SimReply {
  const usage = { 'sforce-limit-info': 'api-usage=1/100000' };
  try {
    if (tokens.bearer(request) === null) {
      throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    }
    const reply = answer(request);
    return { ...reply, headers: { ...reply.headers, ...usage } };
  } catch (error) {
    if (error instanceof SalesforceError) return error.reply();
    if (error instanceof RangeError)
      return new SalesforceError(400, 'INVALID_LOCATOR', error.message).reply();
    throw error;
  }
}

/** The jobs behind the routes. */
class Organisation {
  readonly #store: RowStore<AccountFacts>;
  readonly #specs = objectSpecs();
  readonly #jobs = new Map<string, Job>();
  #created = 0;

  constructor(store: RowStore<AccountFacts>) {
    this.#store = store;
  }

  describe(request: SimRequest): SimReply {
    return { status: 200, body: describeObject(this.#spec(request.params.object), version(request), null) };
  }

  /** Whether any record has a value in a field, the only REST query there is: no rendered field is empty throughout. */
  isFilled(request: SimRequest): SimReply {
    const soql = request.url.searchParams.get('q') ?? '';
    const parts = /^SELECT Id FROM (\w+) WHERE (\w+) != null LIMIT 1$/.exec(soql);
    if (parts === null) throw new SalesforceError(400, 'MALFORMED_QUERY', `bench: got ${soql}`);
    const records = this.#spec(parts[1]).name === 'Account' ? [{ Id: FIRST_ID }] : [];
    return { status: 200, body: { totalSize: records.length, done: true, records } };
  }

  create(request: SimRequest): SimReply {
    const { operation, query } = JSON.parse(request.body.toString('utf8')) as {
      operation: string;
      query: string;
    };
    const parts = /^\s*SELECT\s+([\w\s,]+?)\s+FROM\s+(\w+)/i.exec(query);
    const object = this.#spec(parts?.[2]);
    const fields = (parts?.[1] ?? '').split(',').map((name) => name.trim());
    const rendered = this.#store.facts.fields;
    if (object.name === 'Account' && fields.join() !== rendered.join()) {
      throw new SalesforceError(
        400,
        'MALFORMED_QUERY',
        `bench: rendered are ${rendered.join()}, not ${fields.join()}`,
      );
    }
    this.#created += 1;
    const id = `750${String(this.#created).padStart(12, '0')}AAA`;
    const job = { id, object, fields, operation, version: version(request) };
    this.#jobs.set(id, job);
    return { status: 200, body: this.info(job) };
  }

  /** The job that a request names. @throws SalesforceError when there is none */
  job(request: SimRequest): Job {
    const job = this.#jobs.get(request.params.id ?? '');
    if (job === undefined) throw notFound();
    return job;
  }

  drop(request: SimRequest): SimReply {
    this.#jobs.delete(this.job(request).id);
    return { status: 204 };
  }

  /** A job's description: complete from its first poll on. */
  info({ id, object, operation, version }: Job): object {
    return {
      id,
      operation,
      object: object.name,
      state: 'JobComplete',
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: rawNumber(version),
      jobType: 'V2Query',
      lineEnding: 'LF',
      columnDelimiter: 'COMMA',
      numberRecordsProcessed: object.name === 'Account' ? this.#store.facts.rows : 0,
      retries: 0,
    };
  }

  results(request: SimRequest): SimReply {
    const { object, fields } = this.job(request);
    const query = request.url.searchParams;
    const source = object.name === 'Account' ? this.#store : EMPTY;
    const first = Number(query.get('locator') ?? '0');
    const most = Math.min(MOST_RECORDS, Number(query.get('maxRecords') ?? MOST_RECORDS));
    const end = Math.min(source.facts.rows, first + most);
    const header = `${fields.map((name) => `"${name}"`).join(',')}\n`;
    return {
      status: 200,
      headers: {
        'content-type': 'text/csv',
        'sforce-numberofrecords': String(end - first),
        'sforce-locator': end < source.facts.rows ? String(end) : 'null',
      },
      body: source.page(header, first, end, ''),
      plain: true,
    };
  }

  #spec(name: string | undefined): ObjectSpec {
    const spec = this.#specs.get((name ?? '').toLowerCase());
    if (spec === undefined) throw notFound();
    return spec;
  }
}

function version(request: SimRequest): string {
  return request.params.version ?? '';
}
