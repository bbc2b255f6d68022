import { dirname, join } from 'node:path';
import { closeCutOff } from '../../pipelines/months.ts';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';

const CUT_OFFS = { cut_offs: { as_of: '02:00', close: { days: 3, time: '06:00' } } };

/**
 * Prepares and closes a month (its first day) with the lines of `marts.fct_overage`, which was built with the close's vars,
 * without log or files. Gives how many lines it froze.
 */
export async function closeMonth(
  path: string,
  close: { readonly month: string; readonly load_id: number; readonly as_of_date: string },
): Promise<number> {
  const { month, load_id } = close;
  const tempDir = join(dirname(path), 'tmp');
  const warehouse = await openDuckDbWarehouse({ path, tempDir, memoryLimitMb: 200 });
  try {
    const lines = join(dirname(path), 'lines.parquet');
    await warehouse.exportClosingLines(month, lines);
    const at = '2026-05-01T00:00:00Z';
    const cut_off_at = closeCutOff(CUT_OFFS, month);
    const log = { tree_size: 0, root_hash: '00'.repeat(32), checkpoint: 'not signed', exceptions: 0 };
    const prepared = { cut_off_at, prepared_by: 'a', prepared_at: at, ...log };
    const unknown = { lines_reperformed: null, reperform_differences: null, program_version: 'test' };
    const { preparation_id, lines: frozen } = await warehouse.prepareClose(
      { ...close, ...prepared, ...unknown },
      lines,
      () => '00'.repeat(32),
    );
    await warehouse.closePeriod({
      ...{ month, preparation_id, ...prepared, prepared_load_id: load_id, approved_load_id: load_id },
      ...{ approved_by: 'b', approved_at: at, accepted_reason: null, timestamped_at: null },
    });
    return frozen;
  } finally {
    await warehouse.close();
  }
}
