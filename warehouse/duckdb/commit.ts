import { rawTable, type Stream } from '../../schemas/streams.ts';
import type { Session } from './database.ts';
import { identifier } from './sql.ts';

/** What every step of a load's commit needs to know. */
export interface Commit {
  readonly session: Session;
  readonly stream: Stream;
  readonly load_id: number;
  readonly run_id: string;
  /** Instant of the commit, by the program's clock. */
  readonly committed_at: string;
}

/** What was done to the raw table. */
export interface Accepted {
  readonly rows_loaded: number;
  readonly records_vanished: number;
}

/** The raw table of a stream, with its schema, quoted. */
export function rawName(stream: Stream): string {
  return `raw.${identifier(rawTable(stream))}`;
}

/**
 * `verdicts`: one row per good row that did not change the warehouse. `verdict` is `unchanged` or `quarantined`;
 * `fills_seq` says that the row's number counts as received although the row is not kept.
 */
export async function createVerdicts({ session }: Commit): Promise<void> {
  await session.run(
    'create the verdicts',
    `CREATE TEMP TABLE verdicts (
       _ord BIGINT, verdict VARCHAR, fills_seq BOOLEAN, column_name VARCHAR, value VARCHAR, reason VARCHAR)`,
  );
  await session.run(
    'quarantine rows that a type refused',
    `INSERT INTO verdicts
     SELECT _ord, 'quarantined', true, _failed_column, _failed_value, 'cannot be stored as the type of its column'
     FROM stage_rows WHERE _failed_column IS NOT NULL`,
  );
}
