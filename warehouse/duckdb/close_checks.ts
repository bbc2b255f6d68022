import type { CloseRecords, LateRevisions, Preparation } from '../close_records.ts';
import type { Session } from './database.ts';
import { count, instantOf, text } from './values.ts';

/** Open exceptions of a month by kind, the commonest first; null where the mart was never built. */
export async function openExceptions(
  session: Session,
  month: string,
): ReturnType<CloseRecords['openExceptions']> {
  const built = await session.rows(
    'look for the exceptions',
    `SELECT 1 FROM information_schema.tables
     WHERE table_catalog = current_database() AND table_schema = 'marts' AND table_name = 'fct_evidence_exceptions'`,
  );
  if (built.length === 0) return null;
  const rows = await session.rows(
    'count the exceptions',
    `SELECT kind, count(*) AS exceptions FROM marts.fct_evidence_exceptions
     WHERE period = $month::DATE AND is_open GROUP BY kind ORDER BY exceptions DESC, kind`,
    { month },
  );
  return rows.map((row) => ({ kind: text(row.kind), exceptions: count(row.exceptions) }));
}

/**
 * Revisions loaded since a preparation that would post into its month: of the month itself, recorded by the cut-off, or of
 * an earlier one (an adjustment). Of any dimension: the signed totals cover all.
 */
export async function lateRevisions(
  session: Session,
  { month, cut_off_at, load_id }: Pick<Preparation, 'month' | 'cut_off_at' | 'load_id'>,
): Promise<LateRevisions> {
  const [row] = await session.rows(
    'look for later revisions',
    `SELECT count(*) OVER () AS revisions, reading_id, dimension, ${instantOf('hour_start')} AS hour,
       ${instantOf('recorded_at_utc')} AS recorded_at, load_id
     FROM raw.polaris_readings
     WHERE load_id > $load_id
       AND hour_start < $month::DATE + INTERVAL 1 MONTH
       AND (recorded_at_utc <= $cut_off_at::TIMESTAMP OR hour_start < $month::DATE)
     ORDER BY evidence_index LIMIT 1`,
    { month, cut_off_at, load_id },
  );
  if (row === undefined) return { revisions: 0, first: null };
  const first = {
    reading_id: text(row.reading_id),
    dimension: text(row.dimension),
    hour: text(row.hour),
    recorded_at: text(row.recorded_at),
    load_id: count(row.load_id),
  };
  return { revisions: count(row.revisions), first };
}
