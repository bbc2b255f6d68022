/**
 * Why a call failed: `usage` wrong call or selection, `project` unreadable project or profile, `compilation` Jinja or
 * references, `database` the adapter or its database, `test` a failed data or unit test (only from
 * {@link requireSuccess}), `missing` no Python or no dbt, `artifact` an artefact that is absent or not understood,
 * `timeout`, `cancelled`, `crash` dbt or its process broke.
 */
export type DbtErrorKind =
  | 'usage'
  | 'project'
  | 'compilation'
  | 'database'
  | 'test'
  | 'missing'
  | 'artifact'
  | 'timeout'
  | 'cancelled'
  | 'crash';

/** What is known about a failure, beside its kind. */
export interface DbtErrorDetails {
  /** Name of the dbt node (model, test, seed, …) as dbt names it. */
  readonly node?: string;
  /** Path below the project directory, as far as dbt tells it. */
  readonly file?: string;
  /** Line in `file`, counted from 1. */
  readonly line?: number;
  /** dbt's own words. */
  readonly observed?: string;
  /** Exit code of the process; absent if there was no process or a signal ended it. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** A call that has no result. A failed model or test *is* a result, see {@link DbtResult}. */
export class DbtError extends Error {
  override readonly name = 'DbtError';
  readonly kind: DbtErrorKind;
  readonly node: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly observed: string | undefined;
  readonly exitCode: number | undefined;

  constructor(kind: DbtErrorKind, message: string, details: DbtErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.node = details.node;
    this.file = details.file;
    this.line = details.line;
    this.observed = details.observed;
    this.exitCode = details.exitCode;
  }
}
