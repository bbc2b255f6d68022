import type { ControlTotals, HourRange } from '../schemas/control_totals.ts';
import type { ColumnarPage, Instant, LandedLoad, Page, ParsedPage, References } from '../schemas/page.ts';
import type { SourceName, Stream } from '../schemas/streams.ts';
import type { CloseRecords } from './close_records.ts';
import type {
  EntryRange,
  LoadedPage,
  LoggedReading,
  LoggedRow,
  LogMisfits,
  TreeHead,
} from './log_records.ts';
import type {
  OpenQuarantine,
  QuarantinedDetail,
  QuarantinedRow,
  QuarantineFilter,
  QuarantineGroup,
} from './quarantine_records.ts';

/** A page that lies in the landing zone, ready to be loaded. */
export interface LandedPage {
  readonly page: Omit<Page, 'body'> & { readonly bytes: number };
  /** Path below the data directory. */
  readonly path: string;
  readonly parsed: ParsedPage | ColumnarPage;
  /**
   * Readings only: the leaf hash of each good row, in their order: lower-case hex, or 32 bytes each one after the other;
   * else null.
   */
  readonly leaf_hashes: readonly string[] | Uint8Array | null;
  /** A replay: the positions that were taken from the page, ascending; `parsed` has just these. Absent: every one. */
  readonly taken?: readonly number[];
}

/** When a load is refused although each of its rows was judged. */
export interface QuarantineGate {
  /** More than this share of rows *and* more than `min_rows` quarantined in one load refuses it. */
  readonly max_share: number;
  readonly min_rows: number;
  /** True for a stream whose quarantine the operator accepts this once. */
  readonly accepted: boolean;
}

/**
 * One stream's load: pages are staged, then everything becomes visible in one transaction or not at all.
 * A load that is neither committed nor aborted leaves nothing behind.
 */
export interface Load {
  /**
   * Stages one page. Pages must come in the source's order. Rows of a page with `patches` become whole at the commit:
   * what they lack is taken from the version held, if it bears the same version mark. A newer version, held or in a
   * whole page of this load, counts in their place; a row for which neither is there is quarantined. May return while the page is still being staged, so that
   * the next one can be parsed; what fails then is thrown by the next `add` or by `commit`.
   * @throws Error when the page's rows are not each accounted for once, or not as many as the API states
   */
  add(page: LandedPage): Promise<void>;
  /**
   * Stages keys of records that the source has now, for a stream of records with one text key; empty for a list
   * without keys. Once it is called, `complete` means that the list of keys is whole.
   * @throws Error for another kind of stream
   */
  present(keys: readonly string[]): Promise<void>;
  /**
   * Of the rows staged so far that patch, and of the keys given to `present`: the keys, ascending, of records that
   * neither this load nor the warehouse has as they must be. Whole rows of them are to be read and added.
   */
  unheld(): Promise<readonly string[]>;
  /**
   * Commits rows, quarantine, evidence entries, bookmark, page manifest and load record together.
   * `complete`: the read reached the end of a full list, so records that did not appear have vanished.
   * `replay`: the rows are quarantined ones, taken from landed pages: what passes now settles its open entries, what
   * is refused again leaves them open with today's reason.
   * The load has ended after it, committed or not.
   * @throws GateError when the quarantine gate is shut; nothing is committed then
   * @throws VanishedError when a list, of records or of keys, lacks too many of those held; nothing is committed then
   */
  commit(options: { complete: boolean; gate: QuarantineGate; replay?: boolean }): Promise<LandedLoad>;
  /** Throws the staged pages away. */
  abort(): Promise<void>;
}

/** More rows were quarantined than the gate lets through; nothing of the stream was committed. */
export class GateError extends Error {
  override readonly name = 'GateError';
  readonly rows_read: number;
  readonly rows_quarantined: number;
  /** The commonest reasons, with their number of rows. */
  readonly reasons: readonly {
    readonly reason: string;
    readonly column: string | null;
    readonly rows: number;
  }[];

  constructor(message: string, figures: Pick<GateError, 'rows_read' | 'rows_quarantined' | 'reasons'>) {
    super(message);
    this.rows_read = figures.rows_read;
    this.rows_quarantined = figures.rows_quarantined;
    this.reasons = figures.reasons;
  }
}

/** A list, of records or of keys, lacks so many of those held that it is rather the list that is wrong; nothing was committed. */
export class VanishedError extends Error {
  override readonly name = 'VanishedError';
}

/** One row of `ops.runs`. */
export interface RunRecord {
  readonly run_id: string;
  readonly command: string;
  readonly status: 'running' | 'succeeded' | 'failed';
  readonly started_at: Instant;
  readonly finished_at: Instant | null;
  /** The as-of date of this run, `yyyy-mm-dd`, once its readings are in. */
  readonly as_of_date: string | null;
  readonly program_version: string;
  readonly error: string | null;
  /** A backfill's days, so that those of a failed one are known. */
  readonly ranges?: readonly DayRange[];
}

/** UTC days as `yyyy-mm-dd`; `to` is exclusive. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** What is known of the readings of a range of days; each list has days (`yyyy-mm-dd`, UTC), ascending. */
export interface ReadingDays {
  /** The first day of which a reading is held or was counted by the source itself, in the range or not; null: none. */
  readonly feed_began: string | null;
  /** Days on which the catalogue has a cluster. */
  readonly expected: readonly string[];
  /** Days with at least one reading. */
  readonly held: readonly string[];
  /** Days of which the newest comparison of control totals shows a difference. */
  readonly different: readonly string[];
  /** Days of open quarantined readings, as far as these say which. */
  readonly quarantined: readonly string[];
  /** Open quarantined readings that do not say of which hour they are, of any day. */
  readonly quarantined_unplaced: number;
  /** Days in which numbers were given to rows that were never seen. */
  readonly seq_holes: readonly string[];
  /** Days of which the newest backfill did not succeed. */
  readonly backfill_failed: readonly string[];
}

/** One row of `ops.run_steps`: a stage of a run. */
export interface RunStep {
  readonly run_id: string;
  readonly stage: string;
  readonly source: string | null;
  readonly status: 'succeeded' | 'failed' | 'skipped';
  readonly started_at: Instant;
  readonly finished_at: Instant;
  readonly detail: string | null;
}

/** What a comparison of control totals came to, in pairs of hour and dimension. */
export interface ComparedTotals {
  readonly compared: number;
  readonly different: number;
}

/** One comparison under way; what is not committed is gone. */
export interface ControlComparison {
  /** Takes what the source states for a range of hours. */
  add(hours: HourRange, stated: ControlTotals): Promise<void>;
  /**
   * Holds each range against the current revisions recorded at or before the instant of its totals, and keeps one row
   * per run × hour × dimension in `ops.control_totals`. The comparison has ended after it.
   */
  commit(at: Instant): Promise<ComparedTotals>;
  abort(): Promise<void>;
}

/** The warehouse, whatever engine it is on. One writer at a time; `close` lets dbt in. */
export interface Warehouse extends CloseRecords {
  /** Creates schemas and tables that are missing, for every stream; idempotent. @throws Error for a newer layout */
  migrate(streams: readonly Stream[]): Promise<void>;
  bookmark(stream: Stream): Promise<string | null>;
  /** The current rows of streams, for parsers that need them. */
  references(streams: readonly Stream[]): Promise<References>;
  /** Loads of several streams may stand open at once; their commits follow one another. */
  startLoad(stream: Stream, run_id: string, now: () => Date): Promise<Load>;

  startRun(run: RunRecord): Promise<void>;
  /** Marks runs that were killed (`running` though no process runs them) as failed; gives their number. */
  failAbandonedRuns(run_id: string, at: Instant): Promise<number>;
  finishRun(run: RunRecord): Promise<void>;
  recordStep(step: RunStep): Promise<void>;
  /** The newest as-of date of any run; null before the first. */
  newestAsOf(): Promise<string | null>;
  setAsOf(run_id: string, as_of_date: string): Promise<void>;
  /** Dates the state of a source after a run that read all of it: rows dated D use the first snapshot of the newest date ≤ D. */
  recordSnapshot(source: SourceName, run_id: string, snapshot_date: string): Promise<void>;
  /** `as_of` of the last readings page ever loaded; null where none was. */
  lastReadingsAsOf(): Promise<Instant | null>;

  /**
   * Whether the tables that people read can be brought up to date by what is new since they were last built: they were
   * built by the same models, policies and settings (`fingerprint`), and nothing came since that changes older rows
   * otherwise than by newer ones.
   */
  canBuildOn(fingerprint: string): Promise<boolean>;
  /** Records that all tables were built from what is held now. */
  recordBuild(build: {
    readonly run_id: string;
    readonly fingerprint: string;
    readonly built_at: Instant;
  }): Promise<void>;

  /** The newest sealed state of the log; size 0 with the empty root before the first. */
  treeHead(): Promise<TreeHead>;
  /** Leaf hashes from an index on, in order, in batches: 32 bytes each, one after the other. */
  leafHashes(from: number): AsyncIterable<Buffer>;
  recordTreeHead(head: TreeHead, run_id: string, at: Instant): Promise<void>;
  /**
   * The log's entries, in order, in batches, with some columns of the reading that each stands for; of `range` (indexes,
   * `to` exclusive) only, where it is given.
   */
  loggedRows(fields: readonly string[], range?: EntryRange): AsyncIterable<readonly LoggedRow[]>;
  /** One entry's reading, by index (digits) or by its own id; null where there is none. An id goes before an index. */
  loggedReading(given: string, fields: readonly string[]): Promise<LoggedReading | null>;
  /** What does not fit the log: a reading outside it, and the first row of `fct_metering_evidence` that differs in these columns. */
  logMisfits(fields: readonly string[]): Promise<LogMisfits>;
  /** Every page that was loaded from, once, with the first entry that it brought. */
  landedPages(): Promise<readonly LoadedPage[]>;

  quarantined(filter: QuarantineFilter & { readonly limit: number }): Promise<readonly QuarantinedRow[]>;
  /** The same rows counted by stream, status, column and reason: by source and stream, the commonest first. */
  quarantineGroups(filter: QuarantineFilter): Promise<readonly QuarantineGroup[]>;
  /** One quarantined row with all that is known of it; null where there is none of that number. */
  quarantinedRow(quarantine_id: number): Promise<QuarantinedDetail | null>;
  /** Open quarantined rows of a stream that can be replayed; `quarantine_id` null = all. */
  openQuarantine(stream: Stream, quarantine_id: number | null): Promise<OpenQuarantine>;

  /** Days (`yyyy-mm-dd`, UTC, ascending) of readings loaded since the newest comparison of control totals. */
  uncomparedDays(): Promise<readonly string[]>;
  /** `is_part`: only some of the days touched since the newest whole comparison; they stay to be compared. */
  startComparison(run_id: string, is_part: boolean): Promise<ControlComparison>;
  /** What is known of the readings of the days of a range. */
  readingDays(days: DayRange): Promise<ReadingDays>;
  /**
   * Writes the result of a query to a Parquet file, in the order given. Gives rows, columns, and the exact sum of
   * each decimal column that has a value. The file appears under its name only when it is whole.
   */
  exportParquet(
    query: string,
    path: string,
  ): Promise<{
    rows: number;
    columns: readonly { name: string; type: string }[];
    sums: Readonly<Record<string, string>>;
  }>;
  /**
   * Writes the rows of a Parquet file, in their order, as CSV (RFC 4180: UTF-8, a header, lines that end with LF; decimals
   * exact, instants as RFC 3339 in UTC, a null as nothing, an empty text as `""`).
   */
  exportCsv(parquet: string, path: string): Promise<void>;
  /** Runs a read-only query; values as JSON texts or null. For reports and tests. */
  query(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
  /** Closes the database so that another process can open it. */
  close(): Promise<void>;
}
