import { z } from 'zod';
import type { Page } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { headerLine } from '../csv.ts';
import { type HttpResponse, sourceError } from '../http.ts';
import { BodyError, parseJson } from '../json_body.ts';
import { newPage } from '../new_page.ts';
import type { Session } from './session.ts';

const JOB = z.object({
  id: z.string().regex(/^[A-Za-z0-9]{15,18}$/),
  state: z.enum(['UploadComplete', 'InProgress', 'JobComplete', 'Aborted', 'Failed']),
  numberRecordsProcessed: z.int().min(0).optional(),
  errorMessage: z.string().nullish(),
});
type Job = z.infer<typeof JOB>;

/** What a Bulk API 2.0 query reads. `fields` are the selected API names in order: the header line must equal them. */
export interface BulkQuery {
  readonly stream: Stream;
  readonly query: string;
  readonly fields: readonly string[];
  readonly signal: AbortSignal | undefined;
}

const JOB_ANSWER = 'a query job with id and state';
const RESULTS = 'CSV results with Sforce-NumberOfRecords and Sforce-Locator';
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 15_000;
const LONGEST_JOB_MS = 2 * 3_600_000;

/** The path of a query job, below which its results are. */
export function jobPath(session: Session, id: string): string {
  return `${jobsPath(session)}/${id}`;
}

function jobsPath(session: Session): string {
  return `/services/data/${session.settings.api_version}/jobs/query`;
}

/**
 * The result pages of a Bulk API 2.0 `queryAll` job, one locator after the other. The last page carries the
 * bookmark. A job that is left before its end stays, so that it can be read again from its first locator.
 * @throws SourceError when the job fails or takes more than two hours, or when counts do not agree
 */
export async function* bulkPages(
  session: Session,
  ask: BulkQuery,
  bookmark: string,
  id: string,
): AsyncGenerator<Page, void> {
  const path = jobPath(session, id);
  const job = await completed(session, ask, path);
  const seen = new Set<string>();
  let rows = 0;
  for (let locator: string | null = null; ; ) {
    const response = await resultPage(session, ask, path, locator);
    const stated = statedRows(session, ask, response);
    checkHeader(session, ask, response, stated);
    rows += stated;
    const next = nextLocator(response);
    if (next !== null && seen.has(next))
      throw broken(session, ask, response.url, `locator ${next} a second time, a loop`);
    if (next === null) checkTotal(session, ask, response.url, rows, job);
    yield newPage(session.context.env, ask.stream, response, {
      format: 'csv',
      api_version: session.settings.api_version,
      stated_rows: stated,
      bookmark: next === null ? bookmark : null,
    });
    if (next === null) return;
    seen.add(next);
    locator = next;
  }
}

/** Starts a `queryAll` job. @throws SourceError when Salesforce refuses the query */
export async function createJob(session: Session, ask: BulkQuery): Promise<Job> {
  const response = await session.ask({
    method: 'POST',
    path: jobsPath(session),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      operation: 'queryAll',
      query: ask.query,
      contentType: 'CSV',
      columnDelimiter: 'COMMA',
      lineEnding: 'LF',
    }),
    expect: JOB_ANSWER,
    stream: ask.stream.name,
    signal: ask.signal,
  });
  return jobOf(session, ask, response);
}

/** A job as it stands; null where Salesforce no longer knows it. */
export async function findJob(session: Session, ask: BulkQuery, id: string): Promise<Job | null> {
  const response = await askJob(session, ask, jobPath(session, id), [404]);
  return response.status === 404 ? null : jobOf(session, ask, response);
}

function askJob(session: Session, ask: BulkQuery, path: string, accept: readonly number[]) {
  return session.ask({ path, expect: JOB_ANSWER, accept, stream: ask.stream.name, signal: ask.signal });
}

/** Polls until the job is complete, ever more seldom. */
async function completed(session: Session, ask: BulkQuery, path: string): Promise<Job> {
  const { env } = session.context;
  const began = env.now().getTime();
  let pause = FIRST_POLL_MS;
  for (;;) {
    const job = jobOf(session, ask, await askJob(session, ask, path, []));
    if (job.state === 'JobComplete') return job;
    if (job.state === 'Failed' || job.state === 'Aborted') {
      throw broken(
        session,
        ask,
        path,
        `job ${job.id} in state ${job.state} (${job.errorMessage ?? 'no message'})`,
      );
    }
    if (env.now().getTime() - began > LONGEST_JOB_MS) {
      const observed = `job ${job.id} still in state ${job.state} after two hours`;
      throw broken(session, ask, path, observed, 'unavailable');
    }
    await env.sleep(pause, ask.signal);
    pause = Math.min(LONGEST_POLL_MS, pause * 2);
  }
}

function resultPage(
  session: Session,
  ask: BulkQuery,
  path: string,
  locator: string | null,
): Promise<HttpResponse> {
  const query = new URLSearchParams({ maxRecords: String(session.settings.bulk_page_rows) });
  if (locator !== null) query.set('locator', locator);
  return session.ask({
    path: `${path}/results?${query}`,
    headers: { accept: 'text/csv' },
    expect: RESULTS,
    stream: ask.stream.name,
    signal: ask.signal,
  });
}

function jobOf(session: Session, ask: BulkQuery, response: HttpResponse): Job {
  let body: unknown = null;
  try {
    body = parseJson(response.body);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
  }
  const parsed = JOB.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw broken(
    session,
    ask,
    response.url,
    `an answer without them (${issue?.path.join('.')}: ${issue?.message})`,
  );
}

function statedRows(session: Session, ask: BulkQuery, response: HttpResponse): number {
  const stated = response.headers.get('sforce-numberofrecords') ?? '';
  if (/^\d+$/.test(stated)) return Number(stated);
  throw broken(session, ask, response.url, `Sforce-NumberOfRecords '${stated}'`);
}

function nextLocator(response: HttpResponse): string | null {
  const locator = response.headers.get('sforce-locator');
  return locator === null || locator === 'null' || locator === '' ? null : locator;
}

/** The header line of each page names the selected fields in their order: a reader by position would swap columns. */
function checkHeader(session: Session, ask: BulkQuery, response: HttpResponse, stated: number): void {
  if (stated === 0 && response.body.length === 0) return;
  const header = headerOf(session, ask, response);
  if (header.length === ask.fields.length && header.every((name, index) => name === ask.fields[index]))
    return;
  throw broken(
    session,
    ask,
    response.url,
    `header line ${header.join(',').slice(0, 300)} instead of ${ask.fields.join(',')}`,
  );
}

function headerOf(session: Session, ask: BulkQuery, response: HttpResponse): readonly string[] {
  try {
    return headerLine(response.body);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw broken(session, ask, response.url, `a header line that is ${error.message}`);
  }
}

function checkTotal(session: Session, ask: BulkQuery, url: string, rows: number, job: Job): void {
  if (job.numberRecordsProcessed === undefined || job.numberRecordsProcessed === rows) return;
  throw broken(session, ask, url, `${rows} rows on all pages, the job states ${job.numberRecordsProcessed}`);
}

function broken(
  session: Session,
  ask: BulkQuery,
  at: string,
  observed: string,
  failure: 'contract' | 'unavailable' = 'contract',
) {
  const url = session.urlOf(at);
  return sourceError(
    session.context,
    { url, stream: ask.stream.name, expect: RESULTS },
    {
      observed,
      failure,
      next_step: 'run again; the job stays for seven days under Bulk Data Load Jobs. Nothing was committed',
    },
  );
}
