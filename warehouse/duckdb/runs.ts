import type { SourceName } from '../../schemas/streams.ts';
import type { RunRecord, RunStep, Warehouse } from '../warehouse.ts';
import type { Session } from './database.ts';
import { count, instantOf, textOrNull } from './values.ts';

type Runs = Pick<
  Warehouse,
  | 'startRun'
  | 'failAbandonedRuns'
  | 'finishRun'
  | 'recordStep'
  | 'newestAsOf'
  | 'setAsOf'
  | 'recordSnapshot'
  | 'lastReadingsAsOf'
>;

/** The records of runs: `ops.runs`, `ops.run_steps`, `ops.snapshots`. */
export function runs(session: Session): Runs {
  return {
    startRun: (run) => insertRun(session, run),
    failAbandonedRuns: (run_id, at) =>
      session.run(
        'fail abandoned runs',
        `UPDATE ops.runs SET status = 'failed', finished_at = $at::TIMESTAMP,
           error = 'the process ended before the run did'
         WHERE status = 'running' AND run_id <> $run_id`,
        { run_id, at },
      ),
    finishRun: (run) => finishRun(session, run),
    recordStep: (step) => insertStep(session, step),
    newestAsOf: async () => {
      const row = await session.row(
        'read the newest as-of date',
        'SELECT max(as_of_date)::VARCHAR AS as_of_date FROM ops.runs',
      );
      return textOrNull(row.as_of_date);
    },
    setAsOf: (run_id, as_of_date) =>
      expectOneRun(
        run_id,
        session.run(
          'set the as-of date',
          'UPDATE ops.runs SET as_of_date = $as_of_date::DATE WHERE run_id = $run_id',
          {
            run_id,
            as_of_date,
          },
        ),
      ),
    recordSnapshot: (...snapshot) => insertSnapshot(session, ...snapshot),
    lastReadingsAsOf: async () => {
      const [row] = await session.rows(
        'read the as_of of the last readings page',
        `SELECT ${instantOf('as_of')} AS as_of FROM ops.loads
         WHERE source = 'polaris' AND stream = 'readings' AND as_of IS NOT NULL ORDER BY load_id DESC LIMIT 1`,
      );
      return textOrNull(row?.as_of ?? null);
    },
  };
}

async function expectOneRun(run_id: string, changed: Promise<number>): Promise<void> {
  const rows = await changed;
  if (rows !== 1) throw new Error(`warehouse: run ${run_id}: got ${rows} rows, want 1; start the run first`);
}

async function insertRun(session: Session, run: RunRecord): Promise<void> {
  const known = await session.row(
    'look for the run',
    'SELECT count(*) AS n FROM ops.runs WHERE run_id = $run_id',
    {
      run_id: run.run_id,
    },
  );
  if (count(known.n) > 0)
    throw new Error(`warehouse: run ${run.run_id}: got a second start, want one; use a new run id`);
  await session.run(
    'start the run',
    `INSERT INTO ops.runs
       (run_id, command, status, started_at, finished_at, as_of_date, program_version, error, ranges)
     VALUES ($run_id, $command, $status, $started_at::TIMESTAMP, $finished_at::TIMESTAMP, $as_of_date::DATE,
       $program_version, $error, $ranges)`,
    { ...run, ranges: run.ranges === undefined ? null : JSON.stringify(run.ranges) },
  );
}

/** The as-of date that was set stays where the record names none: a run that failed later still had it. */
function finishRun(
  session: Session,
  { run_id, status, finished_at, as_of_date, error }: RunRecord,
): Promise<void> {
  return expectOneRun(
    run_id,
    session.run(
      'finish the run',
      `UPDATE ops.runs SET status = $status, finished_at = $finished_at::TIMESTAMP,
         as_of_date = coalesce($as_of_date::DATE, as_of_date), error = $error WHERE run_id = $run_id`,
      { run_id, status, finished_at, as_of_date, error },
    ),
  );
}

async function insertStep(session: Session, step: RunStep): Promise<void> {
  await session.run(
    'record the step',
    `INSERT INTO ops.run_steps (run_id, stage, source, status, started_at, finished_at, detail)
     VALUES ($run_id, $stage, $source, $status, $started_at::TIMESTAMP, $finished_at::TIMESTAMP, $detail)`,
    { ...step },
  );
}

/** The state of a source now: everything committed up to the newest load. */
async function insertSnapshot(
  session: Session,
  source: SourceName,
  run_id: string,
  snapshot_date: string,
): Promise<void> {
  await session.run(
    'record the snapshot',
    `INSERT INTO ops.snapshots (snapshot_id, source, run_id, load_id, snapshot_date)
     SELECT (SELECT coalesce(max(snapshot_id), 0) + 1 FROM ops.snapshots), $source, $run_id,
       (SELECT coalesce(max(load_id), 0) FROM ops.loads), $snapshot_date::DATE`,
    { source, run_id, snapshot_date },
  );
}
