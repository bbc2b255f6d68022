import { randomUUID } from 'node:crypto';
import { EMPTY_ROOT } from '../evidence/merkle.ts';
import { sweepEvidence } from '../evidence/storage/tile_files.ts';
import type { Config } from '../schemas/config.ts';
import { NightError } from '../schemas/errors.ts';
import { sweepLanding } from '../warehouse/landing.ts';
import { acquireRunLock } from '../warehouse/lock.ts';
import { finishCloses } from './evidence/finish_closes.ts';
import { extract } from './extract.ts';
import { load } from './load.ts';
import { asked, type Night, type NightEnv, type NightOptions, opened } from './night.ts';
import { dataPaths, programPaths } from './paths.ts';
import { publish } from './publish.ts';
import { openByStream } from './quarantine.ts';
import { type NightReport, reportError } from './report.ts';
import { seal, sealLeftovers } from './seal.ts';
import { createSources } from './sources.ts';
import { writeStatus } from './status.ts';
import { transform } from './transform.ts';
import { programVersion } from './version.ts';
import { closeWarehouse, openWarehouse } from './warehouse_access.ts';

/**
 * One whole night: read → land → load → seal → transform → extract → publish → record. A stage starts only when the
 * one before it is done; what a stage committed stays, and the next run goes on from there.
 * @throws LockedError when another run has the data directory; every other failure is in the report
 */
export async function runNight(config: Config, options: NightOptions, env: NightEnv): Promise<NightReport> {
  const lock = await acquireRunLock(config.data_dir, env.now);
  try {
    return await runStages(await prepare(config, options, env), load);
  } finally {
    lock.release();
  }
}

/**
 * The stages of a night that has the lock, and its record; `bring` reads, lands and loads. Only a night that read on
 * from every bookmark makes the marts fresh. Every failure is in the report.
 */
export async function runStages(night: Night, bring: (night: Night) => Promise<void>): Promise<NightReport> {
  const started_at = night.env.now().toISOString();
  const failure = await attempt(night, started_at, bring);
  const report = await record(night, started_at, failure);
  const whole = night.options.only.length === 0 && night.options.backfill === undefined;
  await writeStatus(night.data, report, { whole, freshness_hours: night.config.gates.freshness_hours });
  return report;
}

/** The stages, in order; gives the failure that stopped them. */
async function attempt(
  night: Night,
  started_at: string,
  bring: (night: Night) => Promise<void>,
): Promise<NightError | null> {
  try {
    await begin(night, started_at);
    await timed(night, 'load', () => bring(night));
    if (asked(night.options, 'seal')) await timed(night, 'seal', () => seal(night));
    if (asked(night.options, 'transform')) await timed(night, 'transform', () => transform(night));
    if (asked(night.options, 'extract')) await timed(night, 'extract', () => extract(night));
    if (asked(night.options, 'publish')) await timed(night, 'publish', () => publish(night));
    return null;
  } catch (error) {
    return error instanceof NightError ? error : unforeseen(error);
  }
}

async function begin(night: Night, started_at: string): Promise<void> {
  await openWarehouse(night);
  await startRun(night, started_at);
}

/** Enters the run into `ops.runs`, after marking those that were killed and sweeping up after them; the warehouse is open. */
export async function startRun(night: Night, started_at: string): Promise<void> {
  const warehouse = opened(night);
  await sweepLanding(night.data.root);
  await sweepEvidence(night.data.evidence);
  const abandoned = await warehouse.failAbandonedRuns(night.run_id, started_at);
  if (abandoned > 0) {
    const message = `${abandoned} earlier run(s) ended without a word; this run goes on from what they committed`;
    night.env.onEvent({ kind: 'warning', stage: 'setup', message });
  }
  await warehouse.startRun(runRecord(night, 'running', started_at, null, null));
  // Stages alone, and a backfill, work on what the newest night left.
  const isStep = night.options.backfill === undefined;
  if (!isStep || !night.sources.some((source) => asked(night.options, source.name)))
    night.results.as_of = await warehouse.newestAsOf();
  await sealLeftovers(night);
  await finishCloses(night.data, warehouse);
  const { tree_size, root_hash } = await warehouse.treeHead();
  night.results.tree = { tree_size, root_hash: root_hash.toString('hex') };
}

/** Runs a stage and writes how it went into `ops.run_steps`. */
async function timed(night: Night, stage: string, work: () => Promise<unknown>): Promise<void> {
  const started_at = night.env.now().toISOString();
  const step = (status: 'succeeded' | 'failed', detail: string | null) => {
    const finished_at = night.env.now().toISOString();
    const { run_id } = night;
    return opened(night).recordStep({ run_id, stage, source: null, status, started_at, finished_at, detail });
  };
  try {
    await work();
  } catch (error) {
    await step('failed', error instanceof Error ? error.message : String(error));
    throw error;
  }
  await step('succeeded', null);
}

async function record(night: Night, started_at: string, failure: NightError | null): Promise<NightReport> {
  const finished_at = night.env.now().toISOString();
  const status = failure === null ? 'succeeded' : 'failed';
  const { results, run_id } = night;
  const warehouse = night.warehouse.current;
  const quarantined_open = warehouse === null ? null : await openByStream(warehouse);
  if (warehouse !== null) {
    await warehouse.finishRun(runRecord(night, status, started_at, finished_at, failure?.message ?? null));
    await closeWarehouse(night);
  }
  return {
    run_id,
    as_of: results.as_of,
    status,
    started_at,
    finished_at,
    sources: results.sources,
    models: results.models,
    evidence: { ...results.tree, checkpoint_verified: results.checkpoint_verified },
    extracts: results.extracts,
    findings: results.findings,
    ...(night.options.backfill !== undefined && { backfill: night.options.backfill }),
    quarantined_open,
    error: failure === null ? null : reportError(failure),
  };
}

/** A night before its first stage; its warehouse is closed. */
export async function prepare(config: Config, options: NightOptions, env: NightEnv): Promise<Night> {
  return {
    run_id: randomUUID(),
    config,
    options,
    env,
    program: programPaths(),
    data: dataPaths(config.data_dir),
    sources: await createSources(config, env),
    warehouse: { current: null },
    results: {
      as_of: null,
      sources: {},
      models: { built: 0, tests_passed: 0, tests_failed: 0, tests_warned: 0 },
      tree: { tree_size: 0, root_hash: EMPTY_ROOT.toString('hex') },
      checkpoint_verified: null,
      extracts: [],
      findings: {},
    },
  };
}

/** The row of `ops.runs` for a night. */
export function runRecord(
  night: Night,
  status: 'running' | 'succeeded' | 'failed',
  started_at: string,
  finished_at: string | null,
  error: string | null,
) {
  const { run_id, options, results } = night;
  const { command } = options;
  return {
    run_id,
    command,
    status,
    started_at,
    finished_at,
    as_of_date: results.as_of,
    program_version: programVersion(),
    error,
    ...(options.backfill !== undefined && {
      ranges: options.backfill.ranges.map(({ from, to }) => ({ from, to })),
    }),
  };
}

function unforeseen(error: unknown): NightError {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const next_step =
    'this failure is not foreseen; run again, and report it with these lines if it comes back';
  return new NightError(message, { stage: 'record', source: null, next_step, cause: error });
}
