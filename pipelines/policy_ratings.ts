import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DbtError, type DbtProject, dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { parse, stringify } from 'yaml';
import type { Config } from '../schemas/config.ts';
import { NightError } from '../schemas/errors.ts';
import type { Policies } from '../schemas/policies.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import { catalogueOf, makeWhatIf, type Relation } from '../warehouse/duckdb/what_if.ts';
import type { NightEnv } from './night.ts';
import { programPaths } from './paths.ts';
import { writeSeeds } from './policies.ts';
import { dbtVariables, forward } from './transform.ts';

/** What both sides of a comparison are rated over. */
export interface Ground {
  readonly config: Config;
  readonly env: NightEnv;
  /** The warehouse file, which is only read. */
  readonly warehouse: string;
  readonly relations: readonly Relation[];
  /** Seeds that are loaded anew, with everything between them and the overage lines. */
  readonly seeds: readonly string[];
  /** First days of the month and of the next one. */
  readonly month: string;
  readonly next_month: string;
}

/** What a subscription's dimension costs in a billing period: its lines of all kinds and policy versions together. */
export interface RatedLine {
  readonly subscription_id: string;
  readonly account_id: string | null;
  readonly dimension: string;
  readonly service_period: string;
  readonly currency: string;
  readonly policies: string | null;
  /** Null where no hour was metered. */
  readonly amount: string | null;
}

/**
 * Rates a month with other policies: builds the overage models in `folder`, over the warehouse's own data, with the real
 * dbt project. Nothing in the warehouse changes. A second rating in the same folder reuses what dbt parsed for the first.
 * @throws NightError naming the model that failed
 */
export async function rate(
  policies: Policies,
  folder: string,
  ground: Ground,
): Promise<readonly RatedLine[]> {
  const path = join(folder, 'what_if.duckdb');
  const tempDir = join(folder, 'tmp');
  await writeSeeds(policies, join(folder, 'seeds'));
  const relations = ground.relations.filter(({ name }) => !ground.seeds.includes(name));
  await makeWhatIf({ path, tempDir, warehouse: ground.warehouse, relations });
  await buildOverage(await dbtProject(folder, path, tempDir, ground), ground);
  const built = await openDuckDbWarehouse({ path, tempDir, memoryLimitMb: 200, read_only: true });
  try {
    return (await built.query(linesOf(ground))) as readonly unknown[] as readonly RatedLine[];
  } finally {
    await built.close();
    await rm(path);
    await rm(`${path}.wal`, { force: true });
  }
}

async function dbtProject(
  folder: string,
  path: string,
  tempDir: string,
  { warehouse }: Ground,
): Promise<DbtProject> {
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

async function buildOverage(project: DbtProject, ground: Ground): Promise<void> {
  try {
    const result = await dbtBuild(project, {
      select: ground.seeds.map((seed) => `${seed}+,+fct_overage`),
      exclude: ['resource_type:test', 'resource_type:unit_test'],
      fullRefresh: true,
      vars: dbtVariables(ground),
      signal: ground.env.signal,
      onEvent: (event) => forward(event, ground),
    });
    if (result.success) return;
    const failures = describeFailures(result).join('\n    ');
    throw failed(`pipelines: policies diff: got a model that failed, want none\n    ${failures}`);
  } catch (error) {
    if (error instanceof DbtError) throw failed(error.message, error);
    throw error;
  }
}

function failed(message: string, cause?: unknown): NightError {
  const next_step = 'mend the policy or the model that is named; the warehouse was not touched';
  return new NightError(message, { stage: 'transform', source: 'policies diff', next_step, cause });
}

/**
 * A closed line stays as it was closed, and what the policies make of it now is an adjustment beside it: together they are
 * what the policies say. A policy counts where such lines do not cancel out.
 */
function linesOf({ month, next_month }: Ground): string {
  return `
    with by_policy as (
      select
        subscription_id,
        min(account_id) as account_id,
        dimension,
        service_period,
        currency,
        policy_id || '@' || policy_version as policy,
        sum(amount) as amount,
        coalesce(sum(hours_expected), 0) as hours_expected
      from marts.fct_overage
      where service_period >= date '${month}' and service_period < date '${next_month}'
      group by subscription_id, dimension, service_period, currency, policy
    )
    select
      subscription_id,
      min(account_id) as account_id,
      dimension,
      cast(service_period as varchar) as service_period,
      currency,
      string_agg(policy, ', ' order by policy) filter (where hours_expected > 0) as policies,
      cast(sum(amount) as varchar) as amount
    from by_policy
    group by subscription_id, dimension, service_period, currency`;
}
