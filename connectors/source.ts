import type { ControlTotals, HourRange } from '../schemas/control_totals.ts';
import type { ColumnarPage, Instant, Page, ParsedPage, References } from '../schemas/page.ts';
import type { SourceName, Stream } from '../schemas/streams.ts';

/** The outside world of a connector: one parameter, so that tests can hand in their own. */
export interface SourceEnv {
  readonly fetch: typeof fetch;
  /** The machine's clock, for time-outs, tokens and `received_at` only. */
  readonly now: () => Date;
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1): full jitter. */
  readonly random: () => number;
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ) => void;
}

/** Where a read starts, and what the warehouse knows. */
export interface ReadFrom {
  /** What the last committed load of this stream left; null on a first load. */
  readonly bookmark: string | null;
  /**
   * The earliest hour whose period is still open, for a source that must read again because it no longer knows the
   * bookmark (Polaris, 410). Absent: every hour is open, and everything is read again.
   */
  readonly open_from?: Instant;
  /**
   * Only what lies in these hours, for a stream of the source's `bounded`: no step along the feed, so that no page has
   * a bookmark and the one above is not looked at. Rows beside the hours may come, too.
   */
  readonly hours?: HourRange;
  /**
   * Read also what does not move the source's bookmark (Salesforce: calculated fields). Asked on a schedule, with
   * `presentKeys`.
   */
  readonly refresh?: boolean;
  /**
   * Reads the body of a page back from the landing zone, for a source that was told of it by `landed`. Absent:
   * nothing is taken from there.
   */
  readonly readLanded?: (path: string, sha256: string) => Promise<Buffer>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A source of pages and rows: the contract that every connector fulfils.
 *
 * Delivery: at least once. A read from a bookmark gives every row recorded since, may give rows again, never skips
 * one; pages come in the source's own order. A read that ends without an error was complete.
 */
export interface Source {
  readonly name: SourceName;
  /** In the order in which they must be loaded. */
  readonly streams: readonly Stream[];
  /** Names of the streams that can be read for a range of hours; the others refuse `hours`. Absent: none. */
  readonly bounded?: readonly string[];
  /**
   * Signs in and checks that what the streams need is there (Salesforce: describe).
   * @throws SourceError
   */
  open(signal?: AbortSignal): Promise<void>;
  /**
   * Reads the pages of one stream from a bookmark on. Bounded memory: one page at a time.
   * @throws SourceError when the source answers what its contract does not allow, or not at all, within bounds
   */
  pages(stream: Stream, from: ReadFrom): AsyncIterable<Page>;
  /**
   * Turns a page into rows. Pure: no network, so that landed pages can be replayed.
   * @throws SourceError when the page as a whole breaks its contract
   */
  parse(
    stream: Stream,
    page: Pick<Page, 'body' | 'url' | 'format' | 'stated_rows' | 'patches'>,
    references: References,
  ): ParsedPage;
  /**
   * The rows of a page without making a text of each value, where all of them are good beyond doubt: just the rows that
   * `parse` would give, none refused. Null for any other page: then `parse` judges it. Absent where there is no such
   * way. Pure, as `parse`.
   */
  columnar?(
    stream: Stream,
    page: Pick<Page, 'body' | 'url' | 'format' | 'stated_rows'>,
    references: References,
  ): ColumnarPage | null;
  /**
   * Lists the keys of every record that the source has now, for records whose end no read of changes can show.
   * It ends without an error only when the list is whole. Absent where `pages` tells of every end.
   * @throws SourceError as `pages`
   */
  presentKeys?(stream: Stream, signal?: AbortSignal): AsyncIterable<KeyPage>;
  /**
   * Reads the records of these keys whole, those of them that the source still has: what `pages` gave patches a record
   * that is not held, or `presentKeys` listed one. Absent where neither can be.
   * @throws SourceError as `pages`
   */
  records?(stream: Stream, keys: readonly string[], signal?: AbortSignal): AsyncIterable<Page>;
  /**
   * Told that a page that `pages` gave lies in the landing zone, below the data directory at `path`, and that its
   * rows were accounted for: a read that is broken off may take it from there when it is resumed.
   */
  landed?(page: Page, path: string): Promise<void>;
  /**
   * Told that what the last `pages` of a stream gave is committed: only now may what is kept between runs go on.
   * Not told where a run is killed between the two.
   */
  committed?(stream: Stream): Promise<void>;
  /**
   * What the source itself counts for a range of hours, where it does (Polaris).
   * @throws SourceError
   */
  readonly controlTotals?: (hours: HourRange, signal?: AbortSignal) => Promise<ControlTotals>;
  /** Gives back what was taken (tokens, jobs). Never throws for a source that is gone. */
  close(): Promise<void>;
}

/** A page that lists keys only, with the keys in it: values of the stream's one key column. */
export interface KeyPage {
  readonly page: Page;
  readonly keys: readonly string[];
}

/** @throws SourceError where a read is asked for by hours and the stream cannot be bounded: it would come whole */
export function refuseHours(source: Pick<Source, 'name' | 'bounded'>, stream: Stream, from: ReadFrom): void {
  if (from.hours === undefined || source.bounded?.includes(stream.name)) return;
  const { from: start, to } = from.hours;
  throw new SourceError(
    `connectors: ${source.name} ${stream.name}: got hours ${start} to ${to}, want none: this stream cannot be bounded`,
    {
      failure: 'config',
      source: source.name,
      stream: stream.name,
      next_step: 'read it from its bookmark, or whole with --full-refresh',
    },
  );
}

/** What kind of failure: it decides what the operator is told to do. */
export type SourceFailure = 'config' | 'unavailable' | 'contract' | 'quota';

/** A source could not be read, or broke its contract. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly failure: SourceFailure;
  readonly source: SourceName;
  readonly stream: string | null;
  readonly next_step: string;

  constructor(
    message: string,
    where: {
      failure: SourceFailure;
      source: SourceName;
      stream: string | null;
      next_step: string;
      cause?: unknown;
    },
  ) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.failure = where.failure;
    this.source = where.source;
    this.stream = where.stream;
    this.next_step = where.next_step;
  }
}
