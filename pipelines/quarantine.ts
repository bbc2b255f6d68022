import { existsSync } from 'node:fs';
import { UsageError } from '../schemas/errors.ts';
import type { SourceName } from '../schemas/streams.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import { acquireRunLock } from '../warehouse/lock.ts';
import type { QuarantinedDetail, QuarantinedRow, Warehouse } from '../warehouse/warehouse.ts';
import type { DataPaths } from './paths.ts';
import { allStreams } from './sources.ts';

/**
 * Quarantined rows, newest first; none where nothing was ever loaded.
 * @throws LockedError while a run has the warehouse
 */
export async function listQuarantine(
  data: DataPaths,
  filter: { source?: SourceName; stream?: string; limit: number },
): Promise<readonly QuarantinedRow[]> {
  if (!existsSync(data.warehouse)) return [];
  return reading(data, (warehouse) => warehouse.quarantined(filter));
}

/**
 * One quarantined row with all that is known of it.
 * @throws UsageError where there is none of that number
 * @throws LockedError while a run has the warehouse
 */
export async function showQuarantined(data: DataPaths, quarantine_id: number): Promise<QuarantinedDetail> {
  const found = existsSync(data.warehouse)
    ? await reading(data, (warehouse) => warehouse.quarantinedRow(quarantine_id))
    : null;
  if (found !== null) return found;
  throw unknownRow(quarantine_id);
}

/** There is no quarantined row of a number. */
export function unknownRow(quarantine_id: number): UsageError {
  return new UsageError(
    `quarantine: row ${quarantine_id}: got no such row, want one that \`meterline quarantine list\` shows`,
  );
}

async function reading<T>(data: DataPaths, read: (warehouse: Warehouse) => Promise<T>): Promise<T> {
  const lock = await acquireRunLock(data.root);
  try {
    const warehouse = await openDuckDbWarehouse({
      path: data.warehouse,
      tempDir: data.temporary,
      memoryLimitMb: 500,
    });
    try {
      // An older program's tables may lack columns that are read here.
      await warehouse.migrate(allStreams());
      return await read(warehouse);
    } finally {
      await warehouse.close();
    }
  } finally {
    lock.release();
  }
}
