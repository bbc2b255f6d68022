import { NightError } from '../schemas/errors.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import type { Night } from './night.ts';
import { allStreams } from './sources.ts';

/** DuckDB's share of memory while loading; what does not fit goes to the temporary folder. */
const MEMORY_LIMIT_MB = 600;

/** Opens the warehouse for this process alone and brings its tables up to date. */
export async function openWarehouse(night: Night): Promise<void> {
  if (night.config.warehouse.kind !== 'duckdb') {
    throw new NightError('pipelines: warehouse: got bigquery, want duckdb', {
      stage: 'setup',
      source: 'warehouse',
      next_step: 'set warehouse: { kind: duckdb }; loading into BigQuery is not part of this version',
    });
  }
  const { warehouse: path, temporary: tempDir } = night.data;
  const warehouse = await openDuckDbWarehouse({ path, tempDir, memoryLimitMb: MEMORY_LIMIT_MB });
  night.warehouse.current = warehouse;
  await warehouse.migrate(allStreams());
}

/** Closes it so that another process (dbt) can have the file. */
export async function closeWarehouse(night: Night): Promise<void> {
  const open = night.warehouse.current;
  night.warehouse.current = null;
  await open?.close();
}
