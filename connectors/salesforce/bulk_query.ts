import { z } from 'zod';
import type { Page } from '../../schemas/page.ts';
import type { HttpResponse } from '../http.ts';
import { BodyError, parseJson } from '../json_body.ts';
import { newPage } from '../new_page.ts';
import {
  type BulkQuery,
  type BulkResult,
  brokenResults,
  bulkResults,
  type LandedResults,
} from './bulk_results.ts';
import type { Session } from './session.ts';

const JOB = z.object({
  id: z.string().regex(/^[A-Za-z0-9]{15,18}$/),
  state: z.enum(['UploadComplete', 'InProgress', 'JobComplete', 'Aborted', 'Failed']),
  numberRecordsProcessed: z.int().min(0).optional(),
  errorMessage: z.string().nullish(),
});
type Job = z.infer<typeof JOB>;

/** What is kept of a job's pages, so that it can be gone on with after its read was broken off. */
interface JobJournal {
  readonly landed: LandedResults;
  /** Told of each page that was not landed before. */
  received(page: Page, result: BulkResult): void;
}

const JOB_ANSWER = 'a query job with id and state';
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
 * bookmark. A job that is left before its end stays, so that it can be gone on with.
 * @throws SourceError when the job fails or takes more than two hours, or when counts do not agree
 */
export async function* bulkPages(
  session: Session,
  ask: BulkQuery,
  bookmark: string | null,
  id: string,
  journal: JobJournal | null = null,
): AsyncGenerator<Page, void> {
  const path = jobPath(session, id);
  const job = await completed(session, ask, path);
  let rows = 0;
  for await (const result of bulkResults(session, ask, path, journal?.landed ?? null)) {
    rows += result.stated_rows;
    const isLast = result.next === null;
    if (isLast) checkTotal(session, ask, result.url, rows, job);
    const page = pageOf(session, ask, result, isLast ? bookmark : null);
    if (result.received_at === null) journal?.received(page, result);
    yield page;
  }
}

function pageOf(session: Session, ask: BulkQuery, result: BulkResult, bookmark: string | null): Page {
  const { received_at, stated_rows } = result;
  return newPage(session.context.env, ask.stream, result, {
    format: 'csv',
    api_version: session.settings.api_version,
    stated_rows,
    bookmark,
    ...(ask.patches === undefined ? {} : { patches: ask.patches }),
    ...(received_at === null ? {} : { received_at }),
  });
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
      const why = job.errorMessage ?? 'no message';
      throw brokenResults(session, ask, path, `job ${job.id} in state ${job.state} (${why})`);
    }
    if (env.now().getTime() - began > LONGEST_JOB_MS) {
      const observed = `job ${job.id} still in state ${job.state} after two hours`;
      throw brokenResults(session, ask, path, observed, 'unavailable');
    }
    await env.sleep(pause, ask.signal);
    pause = Math.min(LONGEST_POLL_MS, pause * 2);
  }
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
  const got = `a job without id and state (${issue?.path.join('.')}: ${issue?.message})`;
  throw brokenResults(session, ask, response.url, got);
}

function checkTotal(session: Session, ask: BulkQuery, url: string, rows: number, job: Job): void {
  const stated = job.numberRecordsProcessed;
  if (stated === rows) return;
  throw brokenResults(
    session,
    ask,
    url,
    `${rows} rows on all pages, the job states ${stated ?? 'no number'}`,
  );
}
