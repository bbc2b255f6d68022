import type { ReadingDays, Warehouse } from '../warehouse.ts';
import type { Session } from './database.ts';
import { SHORT_ROW_BYTES } from './refused_keys.ts';
import { count, text, textOrNull } from './values.ts';

type Range = Parameters<Warehouse['readingDays']>[0];

/** What is known of the readings of a range of days; reads only, also in a database of an older program. */
export async function readingDays(session: Session, { from, to }: Range): Promise<ReadingDays> {
  const days = async (what: string, query: string) => {
    const rows = await session.rows(
      what,
      `SELECT DISTINCT strftime(day, '%Y-%m-%d') AS day FROM (${query})
       WHERE day >= $from::TIMESTAMP AND day < $to::TIMESTAMP ORDER BY day`,
      { from, to },
    );
    return rows.map(({ day }) => text(day));
  };
  const began = await session.row('find the first reading', BEGAN);
  const unplaced = await session.row('count the quarantined rows without an hour', UNPLACED);
  return {
    feed_began: textOrNull(began.day),
    expected: await days('find the days with clusters', EXPECTED),
    held: await days('find the days that are held', HELD),
    different: await days('find the days that differ', DIFFERENT),
    quarantined: await days('find the days with quarantined rows', QUARANTINED),
    quarantined_unplaced: count(unplaced.rows),
    seq_holes: await days('find the days with holes in seq', SEQ_HOLES),
    backfill_failed: (await knowsBackfills(session)) ? await days('find failed backfills', FAILED) : [],
  };
}

const DAYS = 'range($from::TIMESTAMP, $to::TIMESTAMP, INTERVAL 1 DAY) AS d(day)';

/** Hours that Polaris itself counted readings of belong to its feed, even where none of them is held. */
const BEGAN = `
  SELECT strftime(min(hour), '%Y-%m-%d') AS day FROM (
    SELECT min(hour_start) AS hour FROM raw.polaris_readings
    UNION ALL SELECT min(hour) FROM ops.control_totals WHERE source_readings > 0)`;

const HELD = `
  SELECT DISTINCT date_trunc('day', hour_start)::TIMESTAMP AS day FROM raw.polaris_readings
  WHERE hour_start >= $from::TIMESTAMP AND hour_start < $to::TIMESTAMP`;

/** A cluster reports from the hour of its creation to that before its termination, as the catalogue has it now. */
const EXPECTED = `
  SELECT d.day FROM ${DAYS} JOIN (
    SELECT created_at, terminated_at FROM raw.polaris_clusters
    QUALIFY row_number() OVER (PARTITION BY cluster_id ORDER BY load_id DESC) = 1
  ) AS c ON c.created_at < d.day + INTERVAL 1 DAY
    AND (c.terminated_at IS NULL OR date_trunc('hour', c.terminated_at) > d.day)`;

const DIFFERENT = `
  SELECT date_trunc('day', hour)::TIMESTAMP AS day FROM ops.control_totals
  GROUP BY hour, dimension HAVING arg_max(is_different, compared_at)`;

/** The day that a refused row says itself, else that before it was recorded; of a long row it is not read. */
const REFUSED = `
  SELECT date_trunc('day', coalesce(
      TRY_CAST(json_extract_string(refused, '$.hour') AS TIMESTAMP),
      TRY_CAST(json_extract_string(refused, '$.recorded_at') AS TIMESTAMP) - INTERVAL 1 HOUR))::TIMESTAMP AS day
  FROM (
    SELECT CASE WHEN strlen(row_text) <= ${SHORT_ROW_BYTES}
      THEN CASE WHEN json_valid(row_text) THEN row_text::JSON END END AS refused FROM ops.quarantine
    WHERE source = 'polaris' AND stream = 'readings' AND status = 'open')`;

const QUARANTINED = `SELECT day FROM (${REFUSED}) WHERE day IS NOT NULL`;
const UNPLACED = `SELECT count(*) AS rows FROM (${REFUSED}) WHERE day IS NULL`;

/**
 * The days in which the missing numbers of a cluster were recorded: from the row before a hole to the row after it.
 * A row that was refused or held already fills its number, but says nothing of when. Only clusters with a hole are
 * put in order.
 */
const SEQ_HOLES = `
  WITH numbered AS (
    SELECT cluster_id, seq, recorded_at_utc - INTERVAL 1 HOUR AS metered_at FROM raw.polaris_readings
    UNION ALL SELECT cluster_id, seq, NULL FROM raw.polaris_seq_fillers
  ), followed AS (
    SELECT seq - coalesce(lag(seq) OVER cluster_rows, 0) > 1 AS is_after_hole,
      lag(metered_at IGNORE NULLS) OVER cluster_rows AS before,
      coalesce(metered_at, lead(metered_at IGNORE NULLS) OVER cluster_rows) AS after
    FROM numbered
    WHERE cluster_id IN (
      SELECT cluster_id FROM numbered GROUP BY cluster_id HAVING max(seq) > count(DISTINCT seq))
    WINDOW cluster_rows AS (PARTITION BY cluster_id ORDER BY seq, metered_at)
  )
  SELECT d.day FROM ${DAYS} JOIN followed AS f
    ON d.day >= date_trunc('day', coalesce(f.before, (SELECT min(hour_start) FROM raw.polaris_readings)))
    AND d.day <= coalesce(f.after, f.before)
  WHERE f.is_after_hole`;

/** Of the backfills that a day belonged to, the newest counts; one that was killed still says that it runs. */
const FAILED = `
  SELECT d.day FROM ${DAYS} JOIN (
    SELECT status, started_at, unnest(from_json(ranges, '[{"from":"TIMESTAMP","to":"TIMESTAMP"}]')) AS days
    FROM ops.runs WHERE command = 'backfill' AND ranges IS NOT NULL
  ) AS r ON d.day >= r.days."from" AND d.day < r.days."to"
  GROUP BY d.day HAVING arg_max(r.status, r.started_at) <> 'succeeded'`;

async function knowsBackfills(session: Session): Promise<boolean> {
  const { n } = await session.row(
    'look for the ranges of runs',
    `SELECT count(*) AS n FROM duckdb_columns()
     WHERE schema_name = 'ops' AND table_name = 'runs' AND column_name = 'ranges'`,
  );
  return count(n) > 0;
}
