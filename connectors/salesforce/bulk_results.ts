import type { Stream } from '../../schemas/streams.ts';
import { headerLine } from '../csv.ts';
import { BodyTooLarge, type HttpResponse, sourceError } from '../http.ts';
import { BodyError } from '../json_body.ts';
import { SourceError } from '../source.ts';
import type { Session } from './session.ts';

/** What a Bulk API 2.0 query reads. `fields` are the selected API names in order: the header line must equal them. */
export interface BulkQuery {
  readonly stream: Stream;
  readonly query: string;
  readonly fields: readonly string[];
  /** As `Page.patches`; absent: the fields are those of whole records. */
  readonly patches?: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** One page of a job's results. */
export interface BulkResult {
  readonly url: string;
  readonly body: Buffer;
  /** The locator that gave it; null for the first page. */
  readonly locator: string | null;
  /** The locator of the next page; null for the last. */
  readonly next: string | null;
  /** As `Sforce-NumberOfRecords` states. */
  readonly stated_rows: number;
  /** When it came; null: now. */
  readonly received_at: string | null;
}

/** The pages of a job that a broken read left in the landing zone. */
export interface LandedResults {
  /** The page of a locator; null where it is not there. */
  at(locator: string | null): Promise<BulkResult | null>;
}

const RESULTS = 'CSV results with Sforce-NumberOfRecords and Sforce-Locator';
/** A page of more bytes, uncompressed, is asked for again with fewer rows; a single row may be as large as any body. */
const PAGE_BYTES = 32 * 1024 * 1024;

/**
 * The result pages of a complete job, one locator after the other; those that were landed before are taken from there.
 * @throws SourceError when a page is not as its headers say, or comes twice
 */
export async function* bulkResults(
  session: Session,
  ask: BulkQuery,
  path: string,
  landed: LandedResults | null,
): AsyncGenerator<BulkResult, void> {
  const seen = new Set<string>();
  const size = { rows: session.settings.bulk_page_rows };
  for (let locator: string | null = null; ; ) {
    const result: BulkResult =
      (await landed?.at(locator)) ?? (await download(session, ask, path, locator, size));
    const { next } = result;
    checkHeader(session, ask, result);
    if (next !== null && seen.has(next))
      throw brokenResults(session, ask, result.url, `locator ${next} a second time, a loop`);
    yield result;
    if (next === null) return;
    seen.add(next);
    locator = next;
  }
}

async function download(
  session: Session,
  ask: BulkQuery,
  path: string,
  locator: string | null,
  size: { rows: number },
): Promise<BulkResult> {
  const response = await bounded(session, ask, path, locator, size);
  const { url, body } = response;
  const stated_rows = statedRows(session, ask, response);
  return { url, body, locator, next: nextLocator(response), stated_rows, received_at: null };
}

/** Halves the rows of a page until it fits; later pages are asked for with as few. */
async function bounded(
  session: Session,
  ask: BulkQuery,
  path: string,
  locator: string | null,
  size: { rows: number },
): Promise<HttpResponse> {
  for (;;) {
    try {
      return await resultPage(session, ask, path, locator, size.rows);
    } catch (error) {
      const isTooLarge = error instanceof SourceError && error.cause instanceof BodyTooLarge;
      if (!isTooLarge || size.rows === 1) throw error;
      size.rows = Math.floor(size.rows / 2);
      session.context.env.log(
        'info',
        `connectors: salesforce ${ask.stream.name}: a page of more than ${PAGE_BYTES} bytes; going on with ${size.rows} rows a page`,
      );
    }
  }
}

function resultPage(
  session: Session,
  ask: BulkQuery,
  path: string,
  locator: string | null,
  rows: number,
): Promise<HttpResponse> {
  const query = new URLSearchParams({ maxRecords: String(rows) });
  if (locator !== null) query.set('locator', locator);
  return session.ask({
    path: `${path}/results?${query}`,
    headers: { accept: 'text/csv' },
    expect: RESULTS,
    ...(rows === 1 ? {} : { max_bytes: PAGE_BYTES }),
    stream: ask.stream.name,
    signal: ask.signal,
  });
}

function statedRows(session: Session, ask: BulkQuery, response: HttpResponse): number {
  const stated = response.headers.get('sforce-numberofrecords') ?? '';
  if (/^\d+$/.test(stated)) return Number(stated);
  throw brokenResults(session, ask, response.url, `Sforce-NumberOfRecords '${stated}'`);
}

function nextLocator(response: HttpResponse): string | null {
  const locator = response.headers.get('sforce-locator');
  return locator === null || locator === 'null' || locator === '' ? null : locator;
}

/** The header line of each page names the selected fields in their order: a reader by position would swap columns. */
function checkHeader(session: Session, ask: BulkQuery, result: BulkResult): void {
  if (result.stated_rows === 0 && result.body.length === 0) return;
  const header = headerOf(session, ask, result);
  if (header.length === ask.fields.length && header.every((name, index) => name === ask.fields[index]))
    return;
  const got = `header line ${header.join(',').slice(0, 300)} instead of ${ask.fields.join(',')}`;
  throw brokenResults(session, ask, result.url, got);
}

function headerOf(session: Session, ask: BulkQuery, { url, body }: BulkResult): readonly string[] {
  try {
    return headerLine(body);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw brokenResults(session, ask, url, `a header line that is ${error.message}`);
  }
}

/** The error of a job or of its results. */
export function brokenResults(
  session: Session,
  ask: Pick<BulkQuery, 'stream'>,
  at: string,
  observed: string,
  failure: 'contract' | 'unavailable' = 'contract',
) {
  return sourceError(
    session.context,
    { url: session.urlOf(at), stream: ask.stream.name, expect: RESULTS },
    {
      observed,
      failure,
      next_step: 'run again; the job stays for seven days under Bulk Data Load Jobs. Nothing was committed',
    },
  );
}
