import type { NightError } from '../schemas/errors.ts';
import type { SourceName } from '../schemas/streams.ts';
import type { BackfillPlan } from './backfill_plan.ts';

/** What a night loaded from one source; counts of rows as in `ops.loads`. */
export interface SourceReport {
  readonly rows_read: number;
  readonly rows_loaded: number;
  readonly rows_quarantined: number;
  readonly pages: number;
  readonly bytes: number;
  /** Of the stream that the source is read for: Polaris readings, else the newest. */
  readonly bookmark: string | null;
}

/** What dbt built and tested. */
export interface ModelsReport {
  readonly built: number;
  readonly tests_passed: number;
  readonly tests_failed: number;
  readonly tests_warned: number;
}

/** The evidence log after the night; `checkpoint_verified` is null while no checkpoint is signed. */
interface EvidenceReport {
  readonly tree_size: number;
  readonly root_hash: string;
  readonly checkpoint_verified: boolean | null;
}

/** One file that people open. */
export interface ExtractReport {
  readonly name: string;
  readonly path: string;
  /** Rows of all its tables; null for files without rows of their own. */
  readonly rows: number | null;
  readonly bytes: number;
  readonly published: boolean;
}

/** The document that `run --json` ends with. */
export interface NightReport {
  readonly run_id: string;
  readonly as_of: string | null;
  readonly status: 'succeeded' | 'failed';
  readonly started_at: string;
  readonly finished_at: string;
  readonly sources: Readonly<Partial<Record<SourceName, SourceReport>>>;
  readonly models: ModelsReport;
  readonly evidence: EvidenceReport;
  readonly extracts: readonly ExtractReport[];
  readonly findings: Readonly<Record<string, number>>;
  /** Of a backfill: what it read again, and why. */
  readonly backfill?: BackfillPlan;
  /** Open quarantined rows of this night and earlier ones, by stream; null where the warehouse could not be asked. */
  readonly quarantined_open: Readonly<Record<string, number>> | null;
  readonly error: null | {
    readonly stage: string;
    readonly source: string | null;
    readonly message: string;
    readonly next_step: string;
  };
}

/** The error part of a report. */
export function reportError(error: NightError): NonNullable<NightReport['error']> {
  return { stage: error.stage, source: error.source, message: error.message, next_step: error.next_step };
}
