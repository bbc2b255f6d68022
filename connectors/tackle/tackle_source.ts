import type { HourRange } from '../../schemas/control_totals.ts';
import type { Page } from '../../schemas/page.ts';
import { TACKLE_STREAMS, USAGE_RECORDS } from '../../schemas/tackle.ts';
import { readAhead } from '../read_ahead.ts';
import type { RetryLimits } from '../retry.ts';
import { type ReadFrom, refuseHours, type Source, type SourceEnv, SourceError } from '../source.ts';
import { azureDropPages } from './azure_drop.ts';
import { tackleEnvelope } from './envelope.ts';
import { listPages, type Walk } from './list_pages.ts';
import { TACKLE_LISTS, type TackleList } from './lists.ts';
import { parseTackle } from './parse_tackle.ts';
import { type Session, tackleSession } from './session.ts';
import type { TackleConfig } from './tackle_config.ts';
import { instantText } from './tackle_values.ts';

const USAGE_LOOKBACK_DAYS = 35;
const DAY_MS = 24 * 3_600_000;
/** Before any marketplace paid anything out, and after anything that is there: no clock may cut a period off. */
const FIRST_DAY = '2015-01-01';
const LAST_DAY = '2099-12-31';
/** The clouds whose money Tackle knows; Azure's comes as a file drop. */
const MONEY_CLOUDS = ['aws', 'gcp'] as const;

/** Usage records can be asked for by their start; everything else is a list that is given whole. */
const BOUNDED: readonly string[] = [USAGE_RECORDS.name];

/** Tackle: products, contracts, subscriptions, private offers, usage records, invoices and disbursements. Only reads. */
export function createTackleSource(
  config: TackleConfig,
  env: SourceEnv,
  limits: Partial<RetryLimits> = {},
): Source {
  const session = tackleSession(config, env, limits);
  return {
    name: 'tackle',
    streams: TACKLE_STREAMS,
    bounded: BOUNDED,
    async open(signal) {
      await session.tokens.get(signal);
    },
    pages(stream, from) {
      refuseHours({ name: 'tackle', bounded: BOUNDED }, stream, from);
      const list = TACKLE_LISTS.find((candidate) => candidate.stream.name === stream.name);
      if (list === undefined) throw unknownStream(stream.name);
      return readAhead((signal) => streamPages(session, list, { ...from, signal }), from.signal);
    },
    parse: parseTackle,
    async close() {
      session.tokens.clear();
    },
  };
}

async function* streamPages(session: Session, list: TackleList, from: ReadFrom): AsyncGenerator<Page, void> {
  if (from.hours !== undefined)
    yield* walk(session, { list, query: startsIn(from.hours), signal: from.signal });
  else if (list.stream.name === USAGE_RECORDS.name) yield* usagePages(session, list, from);
  else if (list.azure_files !== null) yield* moneyPages(session, list, from.signal);
  else yield* walk(session, { list, query: {}, signal: from.signal });
}

/** A walk whose pages carry no bookmark. */
async function* walk(session: Session, through: Walk): AsyncGenerator<Page, void> {
  for await (const { isLast: _, ...page } of listPages(session, through)) yield page;
}

/**
 * Usage records from the bookmark less the look-back on: their changes cannot be asked for. The new bookmark is the
 * newest start that was read, since the request compares starts; no later than the server's clock at the first
 * answer, so that one record from the future cannot hide those after it.
 */
async function* usagePages(session: Session, list: TackleList, from: ReadFrom): AsyncGenerator<Page, void> {
  const days = session.config.usage_lookback_days ?? USAGE_LOOKBACK_DAYS;
  const query: Record<string, string> =
    from.bookmark === null ? {} : { start_after: instantBefore(from.bookmark, days) };
  let served = Number.POSITIVE_INFINITY;
  const answered = () => {
    served = Math.min(served, session.servedAt().getTime());
  };
  let newest = from.bookmark === null ? Number.NEGATIVE_INFINITY : Date.parse(from.bookmark);
  const through = { list, query, signal: from.signal, answered };
  for await (const { isLast, ...page } of listPages(session, through)) {
    newest = Math.max(newest, Math.min(newestStart(list, page), served));
    const bookmark = Number.isFinite(newest) ? wholeSecond(newest) : null;
    yield isLast ? { ...page, bookmark } : page;
  }
}

/** The first hour's records start just at `from`, and nobody says whether the bounds themselves belong to the answer. */
function startsIn({ from, to }: HourRange): Readonly<Record<string, string>> {
  return { start_after: wholeSecond(Date.parse(from) - 1000), start_before: to };
}

/** When the newest record of a page starts, in milliseconds; minus infinity where none says so. */
function newestStart(list: TackleList, page: Page): number {
  const { records } = tackleEnvelope(list.stream.name, list.paging, page);
  return records.reduce<number>((newest, record) => {
    const { start_time } = Object(record) as { readonly start_time?: unknown };
    const start = typeof start_time === 'string' ? Date.parse(instantText(start_time)) : Number.NaN;
    return Number.isNaN(start) ? newest : Math.max(newest, start);
  }, Number.NEGATIVE_INFINITY);
}

function wholeSecond(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** Money lists: one walk for each cloud that Tackle knows, then Azure's files. */
async function* moneyPages(
  session: Session,
  list: TackleList,
  signal: AbortSignal | undefined,
): AsyncGenerator<Page, void> {
  for (const cloud of MONEY_CLOUDS) {
    yield* walk(session, { list, query: { cloud, start_date: FIRST_DAY, end_date: LAST_DAY }, signal });
  }
  yield* azureDropPages(session, list);
}

function instantBefore(bookmark: string, days: number): string {
  const at = Date.parse(bookmark);
  if (!Number.isNaN(at)) return wholeSecond(at - days * DAY_MS);
  throw new SourceError(`connectors: tackle usage_records: bookmark: got ${bookmark}, want an instant`, {
    failure: 'contract',
    source: 'tackle',
    stream: USAGE_RECORDS.name,
    next_step: 'run with --full-refresh',
  });
}

function unknownStream(name: string): SourceError {
  const known = TACKLE_STREAMS.map((stream) => stream.name).join(', ');
  return new SourceError(`connectors: tackle: stream ${name}: got an unknown one, want one of ${known}`, {
    failure: 'config',
    source: 'tackle',
    stream: name,
    next_step: 'name a stream of this source',
  });
}
