import { z } from 'zod';
import { instant } from '../../schemas/columns.ts';
import type { HourRange } from '../../schemas/control_totals.ts';
import type { Page } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import type { HttpResponse } from '../http.ts';
import { sourceError } from '../http.ts';
import { BodyError, parseJson } from '../json_body.ts';
import { newPage } from '../new_page.ts';
import type { ReadFrom } from '../source.ts';
import { feedHead } from './envelope.ts';
import type { Session } from './session.ts';

/** A change feed: where it is, and whether it can be re-read by hours. */
export interface Feed {
  readonly stream: Stream;
  readonly path: string;
  readonly by_hours: boolean;
  readonly page_rows: number;
}

type Query = Readonly<Record<string, string | null>>;

const GONE = z.object({ code: z.literal('bookmark_expired'), oldest: instant(), latest: z.string().min(1) });
const HOUR_MS = 3_600_000;
/** Bookmarks live this long, so rows of these hours at least may have come since one that has expired. */
const REREAD_MS = 35 * 24 * HOUR_MS;
/** Before any hour that Polaris metered. */
const FIRST_HOUR = '2000-01-01T00:00:00Z';
const FEED_ANSWER = 'a page of the change feed';

/**
 * The pages of a change feed from a bookmark on; without one, from the beginning; with `hours`, of those alone. An expired bookmark leads to a
 * re-read of everything that may have been recorded since, then on from the feed's present end.
 */
export async function* feedPages(session: Session, feed: Feed, from: ReadFrom): AsyncGenerator<Page, void> {
  if (from.hours !== undefined) {
    yield* walkHours(session, feed, { ...from, bookmark: null }, from.hours);
    return;
  }
  const first = await ask(session, feed, { since: from.bookmark }, from.signal, [410]);
  if (first.status !== 410) {
    yield* follow(session, feed, from, first, 'since', {});
    return;
  }
  yield* recover(session, feed, from, first);
}

/** Pages of one walk along the feed, from its first answer to the one that says that there is no more. */
async function* follow(
  session: Session,
  feed: Feed,
  from: Pick<ReadFrom, 'bookmark' | 'signal'>,
  first: HttpResponse,
  key: 'since' | 'page',
  fixed: Query,
): AsyncGenerator<Page, void> {
  const seen = new Set<string>(from.bookmark === null ? [] : [from.bookmark]);
  for (let response = first; ; ) {
    const { next, has_more, as_of } = feedHead(feed.stream, response);
    if (has_more && seen.has(next)) throw loop(session, feed, response, next);
    seen.add(next);
    // In a re-read, `next` leads through the re-read only: it is no bookmark of the feed.
    const bookmark = key === 'since' ? next : null;
    yield newPage(session.context.env, feed.stream, response, { as_of, bookmark });
    if (!has_more) return;
    response = await ask(session, feed, { ...fixed, [key]: next }, from.signal);
  }
}

/** Reads again what an expired bookmark may have missed. The bookmark moves only with the last part. */
async function* recover(
  session: Session,
  feed: Feed,
  from: ReadFrom,
  gone: HttpResponse,
): AsyncGenerator<Page, void> {
  const { oldest, latest } = expiry(session, feed, gone);
  const range = feed.by_hours ? rereadRange(from, gone, oldest, session.context.env.now()) : null;
  session.context.env.log(
    'warn',
    `connectors: polaris ${feed.stream.name}: bookmark has expired (the oldest kept is of ${oldest}); reading ${again(range)}, then on from the present end`,
    { source: 'polaris', stream: feed.stream.name, bookmark: from.bookmark },
  );
  const start = { ...from, bookmark: null };
  const walk = range === null ? wholeFeed(session, feed, start) : rereadHours(session, feed, start, range);
  for await (const page of walk) yield { ...page, bookmark: null };
  const rest = await ask(session, feed, { since: latest }, from.signal);
  yield* follow(session, feed, { ...from, bookmark: latest }, rest, 'since', {});
}

function again(range: HourRange | null): string {
  if (range === null) return 'the feed from its beginning again';
  return `hours ${range.from} to ${range.to} again (earlier hours: \`meterline backfill --reprocess all\`)`;
}

async function* wholeFeed(session: Session, feed: Feed, from: ReadFrom): AsyncGenerator<Page, void> {
  const first = await ask(session, feed, {}, from.signal);
  yield* follow(session, feed, from, first, 'since', {});
}

/** Pages of a bounded re-read. */
async function* walkHours(
  session: Session,
  feed: Feed,
  from: ReadFrom,
  { from: start, to }: HourRange,
): AsyncGenerator<Page, void> {
  const hours = { from: start, to };
  const first = await ask(session, feed, hours, from.signal);
  yield* follow(session, feed, from, first, 'page', hours);
}

/**
 * Pages of a range of hours up to now. The end was reckoned on a clock that may be behind the feed's own: where a page's
 * `as_of` shows later hours, they are asked for too, since `latest` would skip them.
 */
async function* rereadHours(
  session: Session,
  feed: Feed,
  from: ReadFrom,
  range: HourRange,
): AsyncGenerator<Page, void> {
  for (let hours = range; ; ) {
    let reached = hours.to;
    for await (const page of walkHours(session, feed, from, hours)) {
      if (page.as_of !== null) reached = endAfter(Date.parse(page.as_of));
      yield page;
    }
    if (reached <= hours.to) return;
    hours = { from: hours.to, to: reached };
  }
}

/**
 * From the earliest open hour, 35 days at least and no later than the oldest hour that Polaris still has bookmarks
 * of, to the end of the present hour on the server's clock.
 */
function rereadRange(from: ReadFrom, gone: HttpResponse, oldest: string, machine: Date): HourRange {
  const served = Date.parse(gone.headers.get('date') ?? '');
  const now = Number.isNaN(served) ? machine.getTime() : served;
  const starts = [now - REREAD_MS, Date.parse(oldest), Date.parse(from.open_from ?? FIRST_HOUR)];
  return { from: wholeHour(Math.min(...starts)), to: endAfter(now) };
}

/** The exclusive end of hours that holds the hour of an instant, and one more for clocks that differ. */
function endAfter(milliseconds: number): string {
  return wholeHour(milliseconds + 2 * HOUR_MS);
}

function wholeHour(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 13)}:00:00Z`;
}

function expiry(session: Session, feed: Feed, gone: HttpResponse): z.infer<typeof GONE> {
  const parsed = GONE.safeParse(problemBody(gone.body));
  if (parsed.success) return parsed.data;
  throw sourceError(session.context, asked(feed, gone.url), {
    observed: 'status 410 without code bookmark_expired, oldest and latest',
    failure: 'contract',
    next_step: 'report the answer to the Polaris team; a full refresh reads the feed from its beginning',
  });
}

function problemBody(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    if (error instanceof BodyError) return null;
    throw error;
  }
}

function loop(session: Session, feed: Feed, response: HttpResponse, next: string) {
  return sourceError(session.context, asked(feed, response.url), {
    observed: `next ${next} a second time with has_more true, a loop`,
    failure: 'contract',
    next_step: 'report it to the Polaris team and run again later; nothing of this read was committed',
  });
}

function asked(feed: Feed, url: string) {
  return { url, stream: feed.stream.name, expect: FEED_ANSWER };
}

function ask(
  session: Session,
  feed: Feed,
  query: Query,
  signal: AbortSignal | undefined,
  accept: readonly number[] = [],
): Promise<HttpResponse> {
  return session.get({
    path: feed.path,
    query: { ...query, limit: String(feed.page_rows) },
    expect: FEED_ANSWER,
    stream: feed.stream.name,
    accept,
    signal,
  });
}
