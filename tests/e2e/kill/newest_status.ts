import { dataPaths } from '../../../pipelines/paths.ts';
import { readStatus } from '../../../pipelines/status.ts';
import { withWarehouse } from '../../support/tables.ts';

/** How the newest run ended, as `status` shows it and as the warehouse has it, without ids and times. */
export async function newestStatus(dataDir: string): Promise<unknown> {
  const status = await readStatus(dataPaths(dataDir));
  const newest = status?.runs[0];
  const unended = await withWarehouse(dataDir, (sql) =>
    sql(`SELECT count(*)::VARCHAR AS runs FROM ops.runs WHERE status = 'running'`),
  );
  return {
    status: newest?.status,
    as_of: newest?.as_of,
    models: newest?.models,
    evidence: newest?.evidence,
    extracts: newest?.extracts.map(({ name, rows, published }) => ({ name, rows, published })),
    error: newest?.error,
    unended: unended[0]?.runs,
  };
}
