import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { allStreams } from '../../pipelines/sources.ts';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import { modelsProject, shippedSeeds } from './models_project.ts';

const DESCRIBED = z.object({ description: z.string() });
const MANIFEST = z.object({
  nodes: z.record(
    z.string(),
    DESCRIBED.extend({ name: z.string(), schema: z.string(), columns: z.record(z.string(), DESCRIBED) }),
  ),
});

/** Every model, data test and unit test, over the tables that a new warehouse has before anything was read. */
describe('the models on an empty warehouse', () => {
  const dir = scratch();
  beforeAll(async () => {
    const path = join(dir, 'warehouse.duckdb');
    const warehouse = await openDuckDbWarehouse({ path, tempDir: join(dir, 'tmp'), memoryLimitMb: 500 });
    await warehouse.migrate(allStreams());
    await warehouse.close();
    await shippedSeeds(dir);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('build, and their unit tests pass', async () => {
    const result = await dbtBuild(modelsProject(dir, 'duckdb'));
    expect(describeFailures(result)).toEqual([]);
    const units = result.nodes.filter((node) => node.resourceType === 'unit_test');
    expect(units.length).toBeGreaterThan(5);
    expect(result.counts.skipped).toBe(0);
  }, 300_000);

  it('every mart and each of its columns carries its description as a comment', async () => {
    const carried = await withWarehouse(dir, (sql) =>
      sql(`SELECT table_name AS name, NULL AS "column", comment FROM duckdb_tables() WHERE schema_name = 'marts'
           UNION ALL SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'marts'`),
    );
    const target = join(modelsProject(dir, 'duckdb').targetPath ?? '', 'manifest.json');
    const { nodes } = MANIFEST.parse(JSON.parse(readFileSync(target, 'utf8')));
    const marts = Object.values(nodes).filter(({ schema }) => schema === 'marts');
    const wanted = marts.flatMap(({ name, description, columns }) => [
      { name, column: null, comment: description },
      ...Object.entries(columns).map(([column, { description: comment }]) => ({ name, column, comment })),
    ]);
    expect(wanted.length).toBeGreaterThan(300);
    const inOrder = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(inOrder(carried)).toEqual(inOrder(wanted));
  });

  it('the data-quality mart has a row for every stream that the loader knows, and says that nothing was read', async () => {
    const rows = await withWarehouse(dir, (sql) =>
      sql(`SELECT source || '.' || stream AS stream, loads::INTEGER AS loads, as_of_date, days_behind, quarantine_share
           FROM marts.mart_data_quality ORDER BY 1`),
    );
    const unread = { loads: 0, as_of_date: null, days_behind: null, quarantine_share: null };
    const streams = allStreams().map(({ source, name }) => `${source}.${name}`);
    expect(rows).toEqual(streams.toSorted().map((stream) => ({ stream, ...unread })));
  });
});
