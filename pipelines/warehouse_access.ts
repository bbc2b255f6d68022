import { LockedError, NightError } from '../schemas/errors.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import { acquireRunLock } from '../warehouse/lock.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { Night } from './night.ts';
import type { DataPaths } from './paths.ts';
import { allStreams } from './sources.ts';

/** DuckDB's share of memory while loading; what does not fit goes to the temporary folder. */
const MEMORY_LIMIT_MB = 320;
const LOOKING_LIMIT_MB = 500;
/** dbt is given 10 s to end of its own accord, then it is ended hard. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 200;

/** Opens the warehouse for this process alone and brings its tables up to date. */
export async function openWarehouse(night: Night): Promise<void> {
  if (night.config.warehouse.kind !== 'duckdb') {
    throw new NightError('pipelines: warehouse: got bigquery, want duckdb', {
      stage: 'setup',
      source: 'warehouse',
      next_step: 'set warehouse: { kind: duckdb }; loading into BigQuery is not part of this version',
    });
  }
  const warehouse = await openWhenFree(night);
  night.warehouse.current = warehouse;
  await warehouse.migrate(allStreams());
}

/** The dbt of a killed run notices that it is alone and ends; until then it has the file. */
async function openWhenFree(night: Night): Promise<Warehouse> {
  const { warehouse: path, temporary: tempDir } = night.data;
  const until = night.env.now().getTime() + PATIENCE_MS;
  for (let told = false; ; told = true) {
    try {
      return await openDuckDbWarehouse({ path, tempDir, memoryLimitMb: MEMORY_LIMIT_MB });
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      if (night.env.now().getTime() >= until) throw stillHeld(error);
      if (!told) night.env.onEvent({ kind: 'warning', stage: 'setup', message: error.message });
      await night.env.sleep(PAUSE_MS, night.env.signal);
    }
  }
}

function stillHeld(cause: LockedError): NightError {
  const next_step = "close what has the warehouse open (an analyst's tool, a dbt of ours), then run again";
  return new NightError(cause.message, { stage: 'setup', source: 'warehouse', next_step, cause });
}

/** Closes it so that another process (dbt) can have the file. */
export async function closeWarehouse(night: Night): Promise<void> {
  const open = night.warehouse.current;
  night.warehouse.current = null;
  await open?.close();
}

/**
 * Opens the warehouse of a data directory for a command that looks into it, and closes it again.
 * @throws LockedError while a run has it
 */
export async function lookInto<T>(data: DataPaths, look: (warehouse: Warehouse) => Promise<T>): Promise<T> {
  const lock = await acquireRunLock(data.root);
  try {
    const warehouse = await openDuckDbWarehouse({
      path: data.warehouse,
      tempDir: data.temporary,
      memoryLimitMb: LOOKING_LIMIT_MB,
    });
    try {
      // An older program's tables may lack columns that are read here.
      await warehouse.migrate(allStreams());
      return await look(warehouse);
    } finally {
      await warehouse.close();
    }
  } finally {
    lock.release();
  }
}
