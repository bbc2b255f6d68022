import { LEAF_FIELDS } from '../../evidence/leaf.ts';
import { DifferenceError } from '../../schemas/errors.ts';
import type { Misfit } from '../../warehouse/log_records.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';

/**
 * Holds readings, entries, pages and evidence rows against one another; gives the number of evidence rows, null before they
 * were ever built.
 * @throws DifferenceError naming the first difference, with index, reading and both values
 */
export async function compareTables(warehouse: Warehouse): Promise<number | null> {
  const { unlogged, mistyped, evidence_rows, different } = await warehouse.logMisfits(LEAF_FIELDS);
  if (unlogged !== null)
    throw new DifferenceError(
      `evidence: reading ${unlogged}: got it in raw.polaris_readings without an entry in the log, want one; it was added past the loader`,
    );
  if (mistyped !== null)
    throw misfit(
      mistyped,
      'raw.polaris_readings',
      'its text, its entry and its page say',
      'find out who changed it',
    );
  if (different !== null)
    throw misfit(
      different,
      'fct_metering_evidence',
      'in the log',
      'rebuild it with `meterline run --only transform --full-refresh` after finding out who changed it',
    );
  return evidence_rows;
}

function misfit(
  { evidence_index, reading_id, column, got, want }: Misfit,
  table: string,
  like: string,
  next_step: string,
): DifferenceError {
  return new DifferenceError(
    `evidence: entry ${evidence_index}, reading ${reading_id}: got ${column} ${got} in ${table}, want ${want} as ${like}; ${next_step}`,
  );
}
