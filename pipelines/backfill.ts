import { existsSync } from 'node:fs';
import type { Source } from '../connectors/source.ts';
import type { Config } from '../schemas/config.ts';
import { UsageError } from '../schemas/errors.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import { acquireRunLock } from '../warehouse/lock.ts';
import { type BackfillPlan, type BackfillRequest, planBackfill } from './backfill_plan.ts';
import type { NightEnv, NightOptions } from './night.ts';
import { prepare, runStages } from './nightly.ts';
import { dataPaths } from './paths.ts';
import type { NightReport } from './report.ts';
import { rereadDays } from './reread.ts';
import { createSources } from './sources.ts';

/** DuckDB's share of memory while days are chosen. */
const MEMORY_LIMIT_MB = 500;

/**
 * What a backfill would read again, and why. Asks no source and touches nothing: the warehouse is opened for looking.
 * @throws UsageError for days that the feed has not come to, or without Polaris
 * @throws LockedError when a run has the data directory
 */
export async function previewBackfill(
  config: Config,
  request: BackfillRequest,
  env: NightEnv,
): Promise<BackfillPlan> {
  const sources = await sourcesFor(config, env);
  if (!existsSync(dataPaths(config.data_dir).warehouse)) return planBackfill(request, sources, null);
  return underLock(config, env, () => plan(config, request, sources));
}

/**
 * Reads the chosen days again and runs the other stages as a night does: once more is the same as once. What it has
 * committed stays where it fails or is killed, and the same command goes on from there.
 * @throws UsageError before anything is touched: as `previewBackfill`, and where nothing was ever loaded
 * @throws LockedError when a run has the data directory; every other failure is in the report
 */
export async function runBackfill(
  config: Config,
  request: BackfillRequest,
  options: NightOptions,
  env: NightEnv,
): Promise<NightReport> {
  const sources = await sourcesFor(config, env);
  if (!existsSync(dataPaths(config.data_dir).warehouse)) throw nothingLoaded();
  return underLock(config, env, async () => {
    const backfill = await plan(config, request, sources);
    if (backfill.feed_as_of === null) throw nothingLoaded();
    const night = await prepare(config, { ...options, command: 'backfill', backfill }, env);
    return runStages(night, (under) => rereadDays(under, backfill.ranges));
  });
}

async function underLock<T>(config: Config, env: NightEnv, work: () => Promise<T>): Promise<T> {
  const lock = await acquireRunLock(config.data_dir, env.now);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function sourcesFor(config: Config, env: NightEnv): Promise<readonly Source[]> {
  if (config.warehouse.kind !== 'duckdb')
    throw new UsageError('backfill: warehouse: got bigquery, want duckdb; it is not part of this version');
  if (config.sources.polaris !== undefined) return createSources(config, env);
  throw new UsageError(
    'backfill: sources.polaris: got none, want one: the days to read again are those of Polaris’ readings. ' +
      'Salesforce cannot be read by days; Tackle’s usage records are read again by `meterline run --only tackle --full-refresh`',
  );
}

async function plan(
  config: Config,
  request: BackfillRequest,
  sources: readonly Source[],
): Promise<BackfillPlan> {
  const { warehouse: path, temporary: tempDir } = dataPaths(config.data_dir);
  const warehouse = await openDuckDbWarehouse({
    path,
    tempDir,
    memoryLimitMb: MEMORY_LIMIT_MB,
    read_only: true,
  });
  try {
    const feed_as_of = await warehouse.lastReadingsAsOf();
    if (feed_as_of === null) return planBackfill(request, sources, null);
    checkEnd(request, feed_as_of);
    return planBackfill(request, sources, { feed_as_of, days: await warehouse.readingDays(request) });
  } finally {
    await warehouse.close();
  }
}

/** The day of `feed_as_of` is not over: the next night reads the rest of it. */
function checkEnd({ to }: BackfillRequest, feed_as_of: string): void {
  const last = feed_as_of.slice(0, 10);
  if (to <= last) return;
  throw new UsageError(
    `backfill: --to (exclusive): got ${to}, want ${last} or earlier: the readings have come to ${feed_as_of}, and \`meterline run\` reads what is later`,
  );
}

/** There is no day to read again yet. */
export function nothingLoaded(): UsageError {
  return new UsageError(
    'backfill: warehouse: got one without readings, want one that has some; `meterline run` reads everything from the beginning',
  );
}
