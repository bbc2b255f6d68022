import { existsSync } from 'node:fs';
import { UsageError } from '../schemas/errors.ts';
import type {
  QuarantinedDetail,
  QuarantinedRow,
  QuarantineFilter,
  QuarantineGroup,
} from '../warehouse/quarantine_records.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { DataPaths } from './paths.ts';
import { lookInto } from './warehouse_access.ts';

/** Quarantined rows as `quarantine list` shows them. */
export interface QuarantineList {
  /** Every row that the filter lets through, counted by stream, status, column and reason. */
  readonly groups: readonly QuarantineGroup[];
  /** The newest of them, at most as many as were asked for. */
  readonly rows: readonly QuarantinedRow[];
}

/**
 * Quarantined rows, counted and listed; none where nothing was ever loaded.
 * @throws LockedError while a run has the warehouse
 */
export async function listQuarantine(
  data: DataPaths,
  { limit, ...filter }: QuarantineFilter & { readonly limit: number },
): Promise<QuarantineList> {
  if (!existsSync(data.warehouse)) return { groups: [], rows: [] };
  return lookInto(data, async (warehouse) => ({
    groups: await warehouse.quarantineGroups(filter),
    rows: await warehouse.quarantined({ ...filter, limit }),
  }));
}

/** Open quarantined rows by stream (`polaris.readings`), of streams that have any. */
export async function openByStream(warehouse: Warehouse): Promise<Readonly<Record<string, number>>> {
  const open: Record<string, number> = {};
  for (const { source, stream, rows } of await warehouse.quarantineGroups({ status: 'open' })) {
    const name = `${source}.${stream}`;
    open[name] = (open[name] ?? 0) + rows;
  }
  return open;
}

/**
 * One quarantined row with all that is known of it.
 * @throws UsageError where there is none of that number
 * @throws LockedError while a run has the warehouse
 */
export async function showQuarantined(data: DataPaths, quarantine_id: number): Promise<QuarantinedDetail> {
  const found = existsSync(data.warehouse)
    ? await lookInto(data, (warehouse) => warehouse.quarantinedRow(quarantine_id))
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
