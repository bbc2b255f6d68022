import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../schemas/config.ts';
import { UsageError } from '../schemas/errors.ts';
import { openDuckDbWarehouse } from '../warehouse/duckdb/open_duckdb_warehouse.ts';
import { acquireRunLock } from '../warehouse/lock.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { daysAfter, monthAfter, monthBefore } from './months.ts';
import type { NightEnv } from './night.ts';
import { dataPaths } from './paths.ts';
import { type DiffLine, type DiffTotal, diffLines, diffTotals } from './policy_diff_lines.ts';
import { notInForce, reusedVersions } from './policy_notes.ts';
import { type Ground, rate } from './policy_ratings.ts';
import type { Seed } from './policy_seed.ts';
import { policySeeds } from './policy_seeds.ts';
import { type PolicySet, policySet } from './policy_sets.ts';
import { inScratchFolder, relationsOf } from './what_if.ts';

/** What other policies would have done to the lines of a month. */
export interface PolicyDiff {
  readonly a: string;
  readonly b: string;
  readonly as_of: string;
  /** `yyyy-mm`: the lines are of billing periods that begin in it. */
  readonly month: string;
  readonly lines: readonly DiffLine[];
  readonly totals: readonly DiffTotal[];
  /** What is odd about the policies, for people. */
  readonly notes: readonly string[];
}

const PREFIX = 'policies-diff-';

/**
 * Rates one month with the policies `a` and with the policies `b`, over the same data, and compares the lines.
 * @param month `yyyy-mm`; null = the last calendar month that is over at the newest as-of date
 * @throws UsageError for policies that are not valid and where no night has built the models yet
 * @throws LockedError while a run has the data directory
 */
export async function diffPolicies(
  config: Config,
  request: { readonly a: string; readonly b: string; readonly month: string | null },
  env: NightEnv,
): Promise<PolicyDiff> {
  const a = await policySet(request.a, config.policies);
  const b = await policySet(request.b, config.policies);
  const data = dataPaths(config.data_dir);
  if (!existsSync(data.warehouse)) throw nothingBuilt(data.warehouse);
  const lock = await acquireRunLock(config.data_dir, env.now);
  try {
    return await inScratchFolder(data.temporary, PREFIX, async (folder) =>
      compare(a, b, { ...(await groundOf(config, [a, b], request.month, env)), folder }),
    );
  } finally {
    lock.release();
  }
}

async function compare(
  a: PolicySet,
  b: PolicySet,
  ground: Ground & { readonly folder: string; readonly as_of: string },
): Promise<PolicyDiff> {
  const rated = ({ name, policies }: PolicySet) => {
    ground.env.onEvent({ kind: 'stage', stage: 'transform', detail: `rate with ${name}` });
    return rate(policies, ground.folder, ground);
  };
  const before = await rated(a);
  const lines = diffLines(before, await rated(b));
  return {
    a: a.name,
    b: b.name,
    as_of: ground.as_of,
    month: ground.month.slice(0, 7),
    lines,
    totals: diffTotals(lines),
    notes: [...reusedVersions(a.policies, b.policies), ...notInForce(b.policies, ground)],
  };
}

async function groundOf(
  config: Config,
  sets: readonly PolicySet[],
  month: string | null,
  env: NightEnv,
): Promise<Ground & { readonly as_of: string }> {
  const data = dataPaths(config.data_dir);
  const warehouse = await openDuckDbWarehouse({
    path: data.warehouse,
    tempDir: data.temporary,
    memoryLimitMb: 200,
    read_only: true,
  });
  try {
    const relations = await relationsOf(warehouse);
    const has = (schema: string, name: string) =>
      relations.some((each) => each.schema === schema && each.name === name);
    if (!has('marts', 'fct_overage')) throw nothingBuilt(data.warehouse);
    const [newest] = await warehouse.query(
      'select cast(max(as_of_date) as varchar) as as_of from intermediate.int_as_of_dates',
    );
    const as_of = newest?.as_of ?? null;
    if (as_of === null) throw nothingBuilt(data.warehouse);
    const first = month === null ? monthBefore(daysAfter(as_of, 1)) : `${month}-01`;
    const seeds = await seedsToLoad(
      sets.map((set) => policySeeds(set.policies)),
      (name) => (has('policies', name) ? rowsOf(warehouse, name) : Promise.resolve(null)),
    );
    const bounds = { month: first, next_month: monthAfter(first) };
    return { config, env, warehouse: resolve(data.warehouse), relations, seeds, as_of, ...bounds };
  } finally {
    await warehouse.close();
  }
}

/** The overage seeds, and every other that is not in both sets what it was when the warehouse was built. */
async function seedsToLoad(
  sets: readonly (readonly Seed[])[],
  stored: (name: string) => Promise<readonly string[] | null>,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name } of sets[0] ?? []) {
    const now = await stored(name);
    const same = sets.every((seeds) => {
      const seed = seeds.find((each) => each.name === name);
      return isDeepStrictEqual(seed?.rows.map((row) => JSON.stringify(row)).toSorted(), now);
    });
    if (!same || name.startsWith('seed_overage_')) names.push(name);
  }
  return names;
}

async function rowsOf(warehouse: Warehouse, name: string): Promise<readonly string[]> {
  const rows = await warehouse.query(`select * from policies."${name}"`);
  return rows.map((row) => JSON.stringify(Object.values(row))).toSorted();
}

function nothingBuilt(path: string): UsageError {
  return new UsageError(
    `policies: diff: got no overage lines in ${path}, want a warehouse whose models were built; run \`meterline run\` first`,
  );
}
