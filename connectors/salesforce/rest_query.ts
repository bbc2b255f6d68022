import { z } from 'zod';
import type { Page } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { type HttpResponse, sourceError } from '../http.ts';
import { BodyError, parseJson } from '../json_body.ts';
import { newPage } from '../new_page.ts';
import type { Session } from './session.ts';

const ANSWER = z.object({
  totalSize: z.int().min(0),
  done: z.boolean(),
  nextRecordsUrl: z.string().startsWith('/services/data/').nullish(),
  records: z.custom<readonly unknown[]>((value) => Array.isArray(value), { error: 'want a list' }),
});
type Answer = z.infer<typeof ANSWER>;

const EXPECT = '{totalSize, done, records: [...]} with nextRecordsUrl until done';

export interface RestQuery {
  readonly stream: Stream;
  readonly query: string;
  /** As `Page.patches`; absent: the fields are those of whole records. */
  readonly patches?: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** How many records a `SELECT COUNT()` finds, deleted ones included. */
export async function countRecords(session: Session, ask: RestQuery): Promise<number> {
  const response = await send(session, ask, queryPath(session, ask.query));
  return answer(session, ask, response).totalSize;
}

/**
 * The pages of a REST `queryAll`. The last page's stated rows are what the query's total leaves for it, so that the
 * rows of all pages must add up to it; it carries the bookmark.
 * @throws SourceError when rows are missing or too many, or a page comes twice
 */
export async function* restPages(
  session: Session,
  ask: RestQuery,
  bookmark: string | null,
): AsyncGenerator<Page, void> {
  const seen = new Set<string>();
  let rows = 0;
  for (let path = queryPath(session, ask.query); ; ) {
    const response = await send(session, ask, path);
    const { totalSize, done, nextRecordsUrl, records } = answer(session, ask, response);
    const stated = done ? totalSize - rows : null;
    rows += records.length;
    if (rows > totalSize || (done && rows !== totalSize))
      throw broken(session, ask, response, `${rows} rows in all, totalSize ${totalSize}`);
    yield newPage(session.context.env, ask.stream, response, {
      api_version: session.settings.api_version,
      stated_rows: stated,
      bookmark: done ? bookmark : null,
      ...(ask.patches === undefined ? {} : { patches: ask.patches }),
    });
    if (done) return;
    if (nextRecordsUrl === undefined || nextRecordsUrl === null)
      throw broken(session, ask, response, 'done false without nextRecordsUrl');
    if (seen.has(nextRecordsUrl))
      throw broken(session, ask, response, `nextRecordsUrl ${nextRecordsUrl} a second time, a loop`);
    seen.add(nextRecordsUrl);
    path = nextRecordsUrl;
  }
}

function queryPath(session: Session, query: string): string {
  return `/services/data/${session.settings.api_version}/queryAll?q=${encodeURIComponent(query)}`;
}

function send(session: Session, ask: RestQuery, path: string): Promise<HttpResponse> {
  return session.ask({ path, expect: EXPECT, stream: ask.stream.name, signal: ask.signal });
}

function answer(session: Session, ask: RestQuery, response: HttpResponse): Answer {
  let body: unknown;
  try {
    body = parseJson(response.body);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw broken(session, ask, response, error.message);
  }
  const parsed = ANSWER.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw broken(
    session,
    ask,
    response,
    `an envelope whose ${issue?.path.join('.') || 'form'} is wrong at offset 0 (${issue?.message})`,
  );
}

function broken(session: Session, ask: RestQuery, response: HttpResponse, observed: string) {
  return sourceError(
    session.context,
    { url: response.url, stream: ask.stream.name, expect: EXPECT },
    {
      observed,
      failure: 'contract',
      next_step:
        'run again; if it stays, compare the answer with the REST API of this version. Nothing was committed',
    },
  );
}
