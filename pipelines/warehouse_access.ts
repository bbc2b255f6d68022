import { LockedError, NightError } from '../schemas/errors.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { Night } from './night.ts';
import { allStreams } from './sources.ts';

/** DuckDB's share of memory while loading; what does not fit goes to the temporary folder. */
const MEMORY_LIMIT_MB = 320;
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
