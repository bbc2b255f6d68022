import type { FaultKind } from '../faults.ts';
import type { Instant, SalesforceSource } from '../fleet/types.ts';
import type { SimReply, SimRequest } from '../server.ts';
import { DELIMITERS, LINE_ENDINGS } from './bulk_csv.ts';
import { BulkJob } from './bulk_job.ts';
import { notFound, SalesforceError } from './salesforce_error.ts';
import type { QueryPlan } from './soql_plan.ts';

/** Faults of a page of Bulk results. */
export const BULK_PAGE_FAULTS = [
  'bad_rows',
  'wrong_envelope',
  'repeated_bookmark',
  'expired_bookmark',
  'count_mismatch',
] as const satisfies readonly FaultKind[];

export interface BulkOptions {
  readonly source: SalesforceSource;
  readonly now: () => Instant;
  readonly maxRecordsPerLocator: number;
  readonly pollsUntilComplete: number;
}

/** The query jobs of the Bulk API 2.0: create, look at, list, fetch results, abort, delete. */
export class BulkJobs {
  readonly #options: BulkOptions;
  readonly #jobs = new Map<string, BulkJob>();
  #created = 0;

  constructor(options: BulkOptions) {
    this.#options = options;
  }

  /** `plan` holds the job's query against the objects; queryAll shows deleted records. */
  create(
    request: SimRequest,
    version: string,
    plan: (soql: string, includeDeleted: boolean) => QueryPlan,
  ): SimReply {
    const body = jobBody(request);
    const planned = plan(body.query, body.operation === 'queryAll');
    if (planned.count !== 'none' || planned.offset > 0) {
      throw new SalesforceError(400, 'API_ERROR', 'Aggregates and OFFSET are not supported in Bulk Query');
    }
    this.#created += 1;
    const { columnDelimiter, lineEnding, operation } = body;
    const job = new BulkJob(
      {
        id: `750${String(this.#created).padStart(12, '0')}AAA`,
        operation,
        version,
        columnDelimiter,
        lineEnding,
        createdAt: this.#options.now(),
        plan: planned,
        format: { delimiter: DELIMITERS[columnDelimiter], lineEnding: LINE_ENDINGS[lineEnding] },
        pollsUntilComplete: this.#options.pollsUntilComplete,
      },
      this.#options.source,
    );
    this.#jobs.set(job.request.id, job);
    return { status: 200, body: job.info() };
  }

  list(): SimReply {
    const records = [...this.#jobs.values()].map((job) => job.info());
    return { status: 200, body: { done: true, nextRecordsUrl: null, records } };
  }

  show(id: string, strike: FaultKind | null): SimReply {
    const job = this.#job(id);
    job.poll();
    return { status: 200, body: job.info(strike) };
  }

  /** `PATCH {"state":"Aborted"}`: the only change there is. */
  change(id: string, request: SimRequest): SimReply {
    const job = this.#job(id);
    if (jsonObject(request).state !== 'Aborted') {
      throw new SalesforceError(
        400,
        'INVALIDJOBSTATE',
        'The only state a query job can be set to is Aborted',
      );
    }
    job.abort();
    return { status: 200, body: job.info() };
  }

  async delete(id: string): Promise<SimReply> {
    const job = this.#job(id);
    job.requireFinished();
    this.#jobs.delete(id);
    await job.close();
    return { status: 204 };
  }

  results(id: string, query: URLSearchParams, strike: FaultKind | null): SimReply {
    const job = this.#job(id);
    const locator = query.get('locator');
    // Results live for seven days; then the job is gone.
    if (strike === 'expired_bookmark' && locator !== null) throw notFound();
    const asked = wholeNumber(query.get('maxRecords'), this.#options.maxRecordsPerLocator);
    const size = Math.min(asked, this.#options.maxRecordsPerLocator);
    const page = job.results(locator === null ? 0 : decodeLocator(locator), size, strike);
    return {
      status: 200,
      headers: {
        'content-type': 'text/csv',
        'sforce-numberofrecords': String(page.rows + (strike === 'count_mismatch' ? 1 : 0)),
        'sforce-locator': page.next === null ? 'null' : encodeLocator(page.next),
      },
      body: page.body,
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map((job) => job.close()));
    this.#jobs.clear();
  }

  #job(id: string): BulkJob {
    // Ids have 15 characters, and three more that only guard their case.
    const job = this.#jobs.get(id.length === 15 ? `${id}AAA` : id);
    if (job === undefined) throw notFound();
    return job;
  }
}

interface JobBody {
  readonly operation: 'query' | 'queryAll';
  readonly query: string;
  readonly columnDelimiter: keyof typeof DELIMITERS;
  readonly lineEnding: keyof typeof LINE_ENDINGS;
}

function jobBody(request: SimRequest): JobBody {
  const {
    operation,
    query,
    contentType = 'CSV',
    columnDelimiter = 'COMMA',
    lineEnding = 'LF',
  } = jsonObject(request);
  if (operation !== 'query' && operation !== 'queryAll')
    throw badJob('operation', operation, 'query, queryAll');
  if (typeof query !== 'string' || query.trim() === '') throw badJob('query', query, 'a SOQL text');
  if (contentType !== 'CSV') throw badJob('contentType', contentType, 'CSV');
  if (!isKey(DELIMITERS, columnDelimiter)) {
    throw badJob('columnDelimiter', columnDelimiter, Object.keys(DELIMITERS).join(', '));
  }
  if (!isKey(LINE_ENDINGS, lineEnding)) throw badJob('lineEnding', lineEnding, 'LF, CRLF');
  return { operation, query, columnDelimiter, lineEnding };
}

function isKey<T extends object>(of: T, key: unknown): key is keyof T {
  return typeof key === 'string' && Object.hasOwn(of, key);
}

function badJob(name: string, got: unknown, want: string): SalesforceError {
  return new SalesforceError(400, 'INVALIDJOB', `${name}: got ${JSON.stringify(got)}, want one of: ${want}`);
}

function jsonObject(request: SimRequest): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(request.body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new SalesforceError(400, 'JSON_PARSER_ERROR', 'The body must be a JSON object');
}

function wholeNumber(text: string | null, otherwise: number): number {
  if (text === null) return otherwise;
  if (!/^[1-9]\d*$/.test(text)) {
    throw new SalesforceError(
      400,
      'INVALID_QUERY_PARAMETER',
      `maxRecords: got ${text}, want a whole number from 1`,
    );
  }
  return Number(text);
}

/** Salesforce's locators are base64 of a row's number without padding; clients must not rely on it. */
function encodeLocator(row: number): string {
  return Buffer.from(String(row), 'utf8').toString('base64url');
}

function decodeLocator(locator: string): number {
  const text = Buffer.from(locator, 'base64url').toString('utf8');
  if (!/^(0|[1-9]\d*)$/.test(text) || encodeLocator(Number(text)) !== locator) {
    throw new SalesforceError(400, 'INVALID_QUERY_LOCATOR', `Invalid locator ${locator}`);
  }
  return Number(text);
}
