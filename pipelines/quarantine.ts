import { existsSync } from 'node:fs';
import type { SourceName } from '../schemas/streams.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import { acquireRunLock } from '../warehouse/lock.ts';
import type { QuarantinedRow } from '../warehouse/warehouse.ts';
import type { DataPaths } from './paths.ts';

/**
 * Quarantined rows, newest first; none where nothing was ever loaded.
 * @throws LockedError while a run has the warehouse
 */
export async function listQuarantine(
  data: DataPaths,
  filter: { source?: SourceName; stream?: string; limit: number },
): Promise<readonly QuarantinedRow[]> {
  if (!existsSync(data.warehouse)) return [];
  const lock = await acquireRunLock(data.root);
  try {
    const warehouse = await openDuckDbWarehouse({
      path: data.warehouse,
      tempDir: data.temporary,
      memoryLimitMb: 500,
    });
    try {
      return await warehouse.quarantined(filter);
    } finally {
      await warehouse.close();
    }
  } finally {
    lock.release();
  }
}
