import type { ControlTotals, HourRange } from '../../schemas/control_totals.ts';
import type { ComparedTotals, ControlComparison } from '../warehouse.ts';
import type { Database, Session } from './database.ts';
import { count, text } from './values.ts';

const DAY_MS = 24 * 3_600_000;

/** Days of readings loaded since the newest whole comparison: also those of a run that ended before it could compare. */
export async function uncomparedDays(session: Session): Promise<readonly string[]> {
  const rows = await session.rows(
    'find the days to compare',
    `SELECT DISTINCT strftime(hour_start, '%Y-%m-%d') AS day FROM raw.polaris_readings
     WHERE load_id > (SELECT coalesce(max(load_id), 0) FROM ops.control_totals) ORDER BY day`,
  );
  return rows.map(({ day }) => text(day));
}

/** Opens a comparison in a session of its own: what is stated waits in a temporary table until all of it is there. */
export async function startComparison(
  database: Database,
  { run_id, is_part }: { readonly run_id: string; readonly is_part: boolean },
): Promise<ControlComparison> {
  const session = await database.session();
  await session.run(
    'create the stated totals',
    `CREATE TEMP TABLE stated (
       hour TIMESTAMP, dimension VARCHAR, readings BIGINT, quantity DECIMAL(38,9))`,
  );
  const asked: Asked[] = [];
  let ended = false;
  const end = () => {
    if (!ended) session.close();
    ended = true;
  };
  return {
    add: async (hours, stated) => {
      await takeStated(session, stated);
      asked.push({ ...hours, as_of: stated.as_of });
    },
    commit: async (at) => {
      try {
        return await database.exclusive(() =>
          session.transaction(async () => {
            for (const range of asked) await compareRange(session, range, { run_id, at, is_part });
            return await sumUp(session, run_id, at);
          }),
        );
      } finally {
        end();
      }
    },
    abort: async () => end(),
  };
}

/** A range of hours and the instant of the totals that were stated for it. */
type Asked = HourRange & Pick<ControlTotals, 'as_of'>;

async function takeStated(session: Session, { data }: ControlTotals): Promise<void> {
  const columns = [
    data.map((total) => total.hour),
    data.map((total) => total.dimension),
    data.map((total) => String(total.readings)),
    data.map((total) => total.quantity),
  ];
  await session.run(
    'take the stated totals',
    `INSERT INTO stated
     SELECT unnest(c[1])::TIMESTAMP, unnest(c[2]), unnest(c[3])::BIGINT, unnest(c[4])::DECIMAL(38,9)
     FROM (SELECT json_transform($body, '[["VARCHAR"]]') AS c)`,
    { body: JSON.stringify(columns) },
  );
}

/** Day by day, so that the current revisions of one day, not of a whole period, are held at once. */
async function compareRange(
  session: Session,
  { from, to, as_of }: Asked,
  { is_part, ...run }: { readonly run_id: string; readonly at: string; readonly is_part: boolean },
): Promise<void> {
  const end = Date.parse(to); // exclusive
  for (let start = Date.parse(from); start < end; start += DAY_MS)
    await session.run('compare the control totals', COMPARE, {
      ...run,
      is_part: String(is_part),
      from: new Date(start).toISOString(),
      to: new Date(Math.min(start + DAY_MS, end)).toISOString(),
      as_of,
    });
}

/** A side that says nothing of an hour and dimension is null there, and counts as nothing in the difference. */
const COMPARE = `
  INSERT INTO ops.control_totals
    (run_id, hour, dimension, as_of, source_readings, source_quantity, warehouse_readings, warehouse_quantity,
     readings_difference, quantity_difference, is_different, load_id, compared_at)
  SELECT $run_id, hour, dimension, $as_of::TIMESTAMP, s.readings, s.quantity, w.readings, w.quantity,
    coalesce(w.readings, 0) - coalesce(s.readings, 0) AS more_readings,
    coalesce(w.quantity, 0) - coalesce(s.quantity, 0) AS more_quantity,
    more_readings <> 0 OR more_quantity <> 0,
    CASE WHEN $is_part::BOOLEAN THEN (SELECT coalesce(max(load_id), 0) FROM ops.control_totals)
      ELSE (SELECT coalesce(max(load_id), 0) FROM ops.loads) END, $at::TIMESTAMP
  FROM (SELECT * FROM stated WHERE hour >= $from::TIMESTAMP AND hour < $to::TIMESTAMP) AS s
  FULL JOIN (
    SELECT hour, dimension, count(*) AS readings, sum(quantity) AS quantity
    FROM (
      SELECT hour_start AS hour, dimension, arg_max(quantity_decimal, revision) AS quantity
      FROM raw.polaris_readings
      WHERE hour_start >= $from::TIMESTAMP AND hour_start < $to::TIMESTAMP AND recorded_at_utc <= $as_of::TIMESTAMP
      GROUP BY cluster_id, hour_start, dimension
    ) GROUP BY hour, dimension
  ) AS w USING (hour, dimension)
  ORDER BY hour, dimension`;

async function sumUp(session: Session, run_id: string, at: string): Promise<ComparedTotals> {
  const row = await session.row(
    'count the differences',
    `SELECT count(*) AS compared, count(*) FILTER (is_different) AS different FROM ops.control_totals
     WHERE run_id = $run_id AND compared_at = $at::TIMESTAMP`,
    { run_id, at },
  );
  return { compared: count(row.compared), different: count(row.different) };
}
