/** The stages of a night, in order. */
export type Stage =
  | 'setup'
  | 'read'
  | 'land'
  | 'load'
  | 'seal'
  | 'transform'
  | 'extract'
  | 'publish'
  | 'record';

interface Where {
  readonly stage: Stage;
  /** Source, stream, model or file that failed. */
  readonly source: string | null;
  readonly next_step: string;
  readonly cause?: unknown;
}

/** A foreseeable failure of a night: the message says what was observed and what was expected. Exit code 1. */
export class NightError extends Error {
  readonly stage: Stage;
  readonly source: string | null;
  readonly next_step: string;

  constructor(message: string, where: Where) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.name = 'NightError';
    this.stage = where.stage;
    this.source = where.source;
    this.next_step = where.next_step;
  }
}

/** Wrong usage or configuration, found before anything was touched. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A verification found a difference. Exit code 3. */
export class DifferenceError extends Error {
  override readonly name = 'DifferenceError';
}

/** Another run holds the lock of the data directory. Exit code 75. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}
