import type { Instant } from '../schemas/page.ts';

/** The state of the tables that people read as against what is loaded. */
interface BuildState {
  /** 0 before the first load. */
  readonly newest_load_id: number;
  /** The newest load in the last build of all tables; null before the first. */
  readonly built_load_id: number | null;
  /** Of the models, policies and settings that it was made with. */
  readonly fingerprint: string | null;
}

/** Current readings of a dimension in a month as its close takes them, beside what the source states for its hours. */
export interface CloseTotal {
  readonly dimension: string;
  readonly readings: number;
  /** An exact decimal text. */
  readonly quantity: string;
  /** Null where the source was never asked. */
  readonly source_readings: number | null;
  readonly source_quantity: string | null;
}

/** Frozen lines of one currency and type; `amount` is an exact decimal text, null where no hour was metered. */
export interface CloseAmount {
  readonly currency: string;
  readonly line_type: string;
  readonly lines: number;
  readonly amount: string | null;
}

/** What a preparation is made of; `month` is its first day. Hashes are lower-case hex. */
export interface NewPreparation {
  readonly month: string;
  readonly cut_off_at: Instant;
  /** The newest load that the close takes. */
  readonly load_id: number;
  readonly as_of_date: string;
  readonly prepared_by: string;
  readonly prepared_at: Instant;
  readonly tree_size: number;
  readonly root_hash: string;
  /** The checkpoint of that tree, as a note. */
  readonly checkpoint: string;
  /** Open exceptions of the month. */
  readonly exceptions: number;
  /** Of the re-performance; null where it was not run. */
  readonly lines_reperformed: number | null;
  readonly reperform_differences: number | null;
  readonly program_version: string;
}

/** One row of `evidence.close_preparations`, with its totals by dimension and the amounts of its lines. */
export interface Preparation extends NewPreparation {
  readonly preparation_id: number;
  readonly lines: number;
  /** Of the text of its lines, which is what a close signs; null in what older programs prepared. */
  readonly lines_sha256: string | null;
  readonly totals: readonly CloseTotal[];
  readonly amounts: readonly CloseAmount[];
}

/** One row of `evidence.period_closes`; `month` is its first day. */
export interface PeriodClose {
  readonly month: string;
  readonly preparation_id: number;
  readonly cut_off_at: Instant;
  readonly prepared_load_id: number;
  /** The newest load when it was approved: what came later finds the month closed. */
  readonly approved_load_id: number;
  readonly prepared_by: string;
  readonly prepared_at: Instant;
  readonly approved_by: string;
  readonly approved_at: Instant;
  /** Why it was closed although something was open; null where nothing had to be accepted. */
  readonly accepted_reason: string | null;
  /** Open exceptions when it was approved. */
  readonly exceptions: number;
  readonly tree_size: number;
  readonly root_hash: string;
  readonly checkpoint: string;
  /** When a time stamp over the checkpoint was at hand; null without an authority. */
  readonly timestamped_at: Instant | null;
}

/**
 * One overage line: every column by name, as a text. Dates `yyyy-mm-dd`, instants RFC 3339 in UTC, decimals with their nine
 * digits, `true` and `false`.
 */
export type LineTexts = Readonly<Record<string, string | null>>;

/** Revisions that would change what was prepared. */
export interface LateRevisions {
  readonly revisions: number;
  /** The first of them in the log; null where there is none. */
  readonly first: {
    readonly reading_id: string;
    readonly dimension: string;
    readonly hour: Instant;
    readonly recorded_at: Instant;
    readonly load_id: number;
  } | null;
}

/**
 * One version of a policy as the first night that used it saw it, or as the night that first saw its end: `content` is
 * canonical JSON, `sha256` over it in hex.
 */
export interface PolicyVersion {
  readonly kind: string;
  readonly policy_id: string;
  readonly version: string;
  readonly sha256: string;
  readonly content: string;
  readonly prepared_by: string;
  readonly approved_by: string;
}

/** An overage policy version that frozen lines name. */
export interface ClosedPolicy {
  readonly policy_id: string;
  readonly version: string;
}

/** What is kept of closed months and of policies, part of the `Warehouse` contract. Months are first days, `yyyy-mm-01`. */
export interface CloseRecords {
  buildState(): Promise<BuildState>;
  /** The first month that has a reading or an overage line; null where none has. */
  firstUsedMonth(): Promise<string | null>;
  /** Every closed month, in order. */
  periodCloses(): Promise<readonly PeriodClose[]>;
  /** The newest preparation of a month, or the one of a number; null where there is none. */
  preparation(which: { readonly month: string } | { readonly id: number }): Promise<Preparation | null>;
  /** Open rows of `fct_evidence_exceptions` of a month by kind, the commonest first; null where it was never built. */
  openExceptions(
    month: string,
  ): Promise<readonly { readonly kind: string; readonly exceptions: number }[] | null>;
  /**
   * Writes the lines that close with a month, as `fct_overage` has them, to a Parquet file, as they are to be frozen. The
   * mart must have been built with the vars `close_month` and `close_load_id`, so that it holds what the close takes.
   */
  exportClosingLines(month: string, file: string): Promise<void>;
  /**
   * Keeps a preparation, its lines (the file that `exportClosingLines` wrote) with their hash, and its totals, all or none.
   * @throws Error where the month is closed
   */
  prepareClose(
    preparation: NewPreparation,
    lines_file: string,
    hashOf: (lines: readonly LineTexts[]) => string,
  ): Promise<Preparation>;
  /** Revisions of any dimension, loaded since a preparation, that its close would have taken. */
  lateRevisions(preparation: Pick<Preparation, 'month' | 'cut_off_at' | 'load_id'>): Promise<LateRevisions>;
  /** Closes a month with the lines of its preparation, all or none. @throws Error where it is closed already */
  closePeriod(close: PeriodClose): Promise<void>;
  /**
   * Overage lines by line_id: those of a preparation, those frozen with a month, or those that `fct_overage` shows as closing
   * with it; null where that was never built.
   */
  preparedLines(preparation_id: number): Promise<readonly LineTexts[]>;
  closedLines(month: string): Promise<readonly LineTexts[]>;
  shownLines(month: string): Promise<readonly LineTexts[] | null>;
  /** The overage policy versions that frozen lines of any closed month name, in order. */
  closedPolicies(): Promise<readonly ClosedPolicy[]>;
  /** Every record of a policy version, in the order of kind, id and version; of one version in the order of recording. */
  policyVersions(): Promise<readonly PolicyVersion[]>;
  /** Keeps versions with a content that is not known yet; what is known stays as it is. Gives how many were new. */
  recordPolicyVersions(versions: readonly PolicyVersion[], run_id: string, at: Instant): Promise<number>;
}
