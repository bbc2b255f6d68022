import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { dataPaths } from '../../../pipelines/paths.ts';
import { loadPolicies, writeSeeds } from '../../../pipelines/policies.ts';
import { openDuckDbWarehouse } from '../../../warehouse/duckdb/open_duckdb_warehouse.ts';
import { withWarehouse } from '../../support/tables.ts';
import { modelsProject } from '../models_project.ts';
import { KEYS, type Tables } from './compared.ts';
import { type Delivery, loadWorld } from './run_world.ts';
import { columnsOf, type Row, readMart } from './table.ts';
import type { World } from './world.ts';

/**
 * Loads a world with the real loader into an emptied folder, builds the compared marts with dbt, and gives their rows.
 * The folder stays the same, so that dbt reads its project once.
 */
export async function tablesOf(dir: string, world: World, delivery: Delivery = {}): Promise<Tables> {
  for (const name of readdirSync(dir).filter((each) => !each.startsWith('target-')))
    rmSync(join(dir, name), { recursive: true, force: true });
  await loadWorld(dir, world, delivery);
  await buildCompared(dir);
  return readTables(dir);
}

/** Builds the compared marts over what is loaded; their data tests are the business of other tests. */
export async function buildCompared(dir: string, fullRefresh = false): Promise<void> {
  await writeSeeds(await loadPolicies(join(dir, 'policies')), dataPaths(dir).seeds);
  const run = await dbtBuild(modelsProject(dir, 'duckdb'), {
    select: Object.keys(KEYS).map((mart) => `+${mart}`),
    exclude: ['resource_type:test', 'resource_type:unit_test'],
    fullRefresh,
  });
  if (!run.success) throw new Error(describeFailures(run).join('\n'));
  await recordBuild(dir);
}

/** As a night does: the next build makes anew only what was touched since. */
async function recordBuild(dir: string): Promise<void> {
  const { warehouse: path, temporary: tempDir } = dataPaths(dir);
  const warehouse = await openDuckDbWarehouse({ path, tempDir, memoryLimitMb: 500 });
  try {
    await warehouse.recordBuild({ run_id: 'test', fingerprint: 'test', built_at: '2026-03-28T02:40:00Z' });
  } finally {
    await warehouse.close();
  }
}

export function readTables(dir: string): Promise<Tables> {
  return withWarehouse(dir, async (sql) => {
    const found: [string, readonly Row[]][] = [];
    for (const mart of Object.keys(KEYS))
      found.push([mart, await readMart(sql, mart, await columnsOf(sql, mart))]);
    return Object.fromEntries(found);
  });
}
