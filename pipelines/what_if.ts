import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DbtError, type DbtProject, dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { parse, stringify } from 'yaml';
import type { Config } from '../schemas/config.ts';
import { NightError } from '../schemas/errors.ts';
import type { Policies } from '../schemas/policies.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import { catalogueOf, makeWhatIf, type Relation } from '../warehouse/duckdb/what_if.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { NightEnv } from './night.ts';
import { programPaths } from './paths.ts';
import { writeSeeds } from './policies.ts';
import { dbtVariables, forward } from './transform.ts';

/** Models built aside, over the warehouse's own data. */
export interface WhatIf {
  readonly config: Config;
  readonly env: NightEnv;
  /** The warehouse file, which is only read; nobody has it open. */
  readonly warehouse: string;
  /** Tables of the warehouse that the models may read. */
  readonly relations: readonly Relation[];
  /** Where the copy is made. A second one in the same folder reuses what dbt parsed for the first. */
  readonly folder: string;
  readonly policies: Policies;
  /** Models in dbt's own words. */
  readonly select: readonly string[];
  /** Beside those of a night. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** The command, and what to do where a model fails: for messages. */
  readonly what: string;
  readonly next_step: string;
}

/**
 * Builds models in a DuckDB file of their own that has a view on each relation of the warehouse, with the real dbt project,
 * and gives it to `read`. Nothing in the warehouse changes; the file is gone afterwards.
 * @throws NightError naming the model that failed
 */
export async function withWhatIf<T>(whatIf: WhatIf, read: (built: Warehouse) => Promise<T>): Promise<T> {
  const path = join(whatIf.folder, 'what_if.duckdb');
  const tempDir = join(whatIf.folder, 'tmp');
  const { warehouse, relations } = whatIf;
  await writeSeeds(whatIf.policies, join(whatIf.folder, 'seeds'));
  await makeWhatIf({ path, tempDir, warehouse, relations });
  await build(await dbtProject(path, tempDir, whatIf), whatIf);
  const built = await openDuckDbWarehouse({ path, tempDir, memoryLimitMb: 200, read_only: true });
  try {
    return await read(built);
  } finally {
    await built.close();
    await rm(path);
    await rm(`${path}.wal`, { force: true });
  }
}

/**
 * Gives `work` a new folder below `parent`, and removes it afterwards, with what a killed command of that prefix left. Only
 * whoever holds the run lock may call it.
 */
export async function inScratchFolder<T>(
  parent: string,
  prefix: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent))
    if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true });
  const folder = await mkdtemp(join(resolve(parent), prefix));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every table and view of an open warehouse. */
export async function relationsOf(warehouse: Warehouse): Promise<readonly Relation[]> {
  return (await warehouse.query(
    `select table_schema as schema, table_name as name from information_schema.tables
     where table_catalog = current_database() and table_schema not in ('information_schema', 'main') order by all`,
  )) as readonly unknown[] as readonly Relation[];
}

async function dbtProject(path: string, tempDir: string, { folder, warehouse }: WhatIf): Promise<DbtProject> {
  const { python, models } = programPaths();
  const profilesDir = join(folder, 'profiles');
  await mkdir(profilesDir, { recursive: true });
  const profiles = parse(await readFile(join(models, 'profiles', 'profiles.yml'), 'utf8'));
  profiles.meterline.outputs.duckdb.attach = [
    { path: warehouse, alias: catalogueOf(warehouse), read_only: true },
  ];
  await writeFile(join(profilesDir, 'profiles.yml'), stringify(profiles));
  return {
    python,
    projectDir: models,
    profilesDir,
    target: 'duckdb',
    targetPath: join(folder, 'target'),
    env: {
      METERLINE_DUCKDB_PATH: path,
      METERLINE_DUCKDB_TEMP: tempDir,
      METERLINE_SEEDS: join(folder, 'seeds'),
    },
  };
}

async function build(project: DbtProject, whatIf: WhatIf): Promise<void> {
  const failed = (message: string, cause?: unknown) => {
    const { what, next_step } = whatIf;
    return new NightError(message, { stage: 'transform', source: what, next_step, cause });
  };
  try {
    const result = await dbtBuild(project, {
      select: [...whatIf.select],
      exclude: ['resource_type:test', 'resource_type:unit_test'],
      fullRefresh: true,
      vars: { ...dbtVariables(whatIf), ...whatIf.vars },
      signal: whatIf.env.signal,
      onEvent: (event) => forward(event, whatIf),
    });
    if (result.success) return;
    const failures = describeFailures(result).join('\n    ');
    throw failed(`pipelines: ${whatIf.what}: got a model that failed, want none\n    ${failures}`);
  } catch (error) {
    if (error instanceof DbtError) throw failed(error.message, error);
    throw error;
  }
}
