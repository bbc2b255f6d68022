import { z } from 'zod';
import type { Page } from '../../schemas/page.ts';
import { SourceError } from '../source.ts';
import { bulkPages, createJob, findJob, jobPath } from './bulk_query.ts';
import type { BulkQuery } from './bulk_results.ts';
import { type JobPages, jobPages } from './job_pages.ts';
import type { Session } from './session.ts';
import type { StateFolder } from './state_folder.ts';

/** A query job whose results are not committed yet, as it is kept between nights. */
const OPEN_JOB = z.object({
  id: z.string().min(1),
  /** The instance's host: another org knows nothing of the job. */
  host: z.string(),
  query: z.string(),
  /** Exclusive end of its window: the bookmark once it is loaded. */
  to: z.string(),
  created_at: z.iso.datetime(),
});
export type OpenJob = z.infer<typeof OPEN_JOB>;

/** Salesforce keeps results for seven days; a job near its end is not begun again. */
const RESULTS_LIVE_MS = 7 * 86_400_000 - 2 * 3_600_000;

/** What a stream's jobs are kept for: the records that changed, and some fields of all the others. */
const PURPOSES = ['changes', 'patches'] as const;
export type Purpose = (typeof PURPOSES)[number];

function fileOf(stream: string, purpose: Purpose, what: 'job' | 'pages'): string {
  const name = purpose === 'changes' ? stream : `${stream}.${purpose}`;
  return `${name}.${what}.json${what === 'pages' ? 'l' : ''}`;
}

/**
 * The job that an earlier night left unfinished, when it is still worth reading: of the same query (`queryTo` gives
 * the query of a window's end), on the same host, its results still there. Null, with a word in the log, otherwise.
 */
export async function resumable(
  session: Session,
  folder: StateFolder | null,
  purpose: Purpose,
  ask: Omit<BulkQuery, 'query'>,
  queryTo: (to: string) => string,
): Promise<OpenJob | null> {
  const job = (await folder?.read(fileOf(ask.stream.name, purpose, 'job'), OPEN_JOB)) ?? null;
  if (job === null) return null;
  const refused = await refusal(session, ask, job, queryTo(job.to));
  const what = `connectors: salesforce ${ask.stream.name}: job ${job.id} of an earlier night`;
  session.context.env.log(
    refused === null ? 'info' : 'warn',
    refused === null ? `${what}: resumed` : `${what}: ${refused}; a new job is started`,
  );
  return refused === null ? job : null;
}

async function refusal(
  session: Session,
  ask: Omit<BulkQuery, 'query'>,
  job: OpenJob,
  query: string,
): Promise<string | null> {
  if (job.host !== session.urlOf('/').origin) return `on another host (${job.host})`;
  if (job.query !== query) return 'of another query';
  const age = session.context.env.now().getTime() - Date.parse(job.created_at);
  if (age > RESULTS_LIVE_MS) return `created at ${job.created_at}, its results are about to go`;
  const found = await findJob(session, { ...ask, query }, job.id);
  if (found === null) return 'no longer known to Salesforce';
  return found.state === 'Failed' || found.state === 'Aborted' ? `in state ${found.state}` : null;
}

/** How one job is read. */
interface JobRead {
  readonly session: Session;
  readonly folder: StateFolder | null;
  readonly purpose: Purpose;
  readonly ask: BulkQuery;
  readonly to: string;
  readonly bookmark: string | null;
  /** The job to go on with; null starts one. */
  readonly resumed: OpenJob | null;
  readonly landing: Pick<JobPages, 'readLanded' | 'marks'>;
  readonly finished: (jobPath: string) => void;
}

/**
 * The pages of a job, which is on file from before its first poll until its load is committed. A night that is
 * killed, or fails for reasons of its own, leaves it there, with the pages that were landed: those are taken from the
 * landing zone by the next one. A job whose results break their contract is given up.
 * @throws SourceError as `bulkPages`
 */
export async function* keptJobPages(read: JobRead): AsyncGenerator<Page, void> {
  const { session, folder, ask, purpose, landing } = read;
  const id = read.resumed?.id ?? (await startJob(read));
  const file = fileOf(ask.stream.name, purpose, 'pages');
  const journal = folder === null ? null : jobPages({ ...landing, session, folder, file, job: id });
  try {
    yield* bulkPages(session, ask, read.bookmark, id, journal);
  } catch (error) {
    if (error instanceof SourceError && (error.failure === 'contract' || error.failure === 'config'))
      await forgetJob(folder, ask.stream.name, purpose);
    throw error;
  }
  read.finished(jobPath(session, id));
}

async function startJob({ session, folder, ask, purpose, to }: JobRead): Promise<string> {
  const { id } = await createJob(session, ask);
  await folder?.drop(fileOf(ask.stream.name, purpose, 'pages'));
  const created_at = session.context.env.now().toISOString();
  const job: OpenJob = { id, host: session.urlOf('/').origin, query: ask.query, to, created_at };
  await folder?.write(fileOf(ask.stream.name, purpose, 'job'), job);
  return id;
}

/** Takes a stream's jobs off the file: their load is committed, or they are of no use. */
export async function forgetJobs(folder: StateFolder | null, stream: string): Promise<void> {
  for (const purpose of PURPOSES) await forgetJob(folder, stream, purpose);
}

async function forgetJob(folder: StateFolder | null, stream: string, purpose: Purpose): Promise<void> {
  await folder?.drop(fileOf(stream, purpose, 'job'));
  await folder?.drop(fileOf(stream, purpose, 'pages'));
}
