import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DimensionMap, OveragePolicy, Policies } from '../schemas/policies.ts';
import { churnSeeds, hygieneSeeds, marketplaceSeeds } from './policy_rules_seeds.ts';
import { percentToShare, type Row, type Seed } from './policy_seed.ts';
import { pricingSeeds } from './pricing_seeds.ts';

/**
 * Writes the policies as dbt seeds: one CSV file (RFC 4180, UTF-8) per table of models/seeds.md, replaced by rename and
 * only where its content changed.
 * @returns the names of the seeds that were rewritten.
 */
export async function writeSeeds(policies: Policies, seedDir: string): Promise<readonly string[]> {
  await mkdir(seedDir, { recursive: true });
  const changed = await Promise.all(policySeeds(policies).map((seed) => writeSeed(seed, seedDir)));
  await removeLeftovers(seedDir);
  return changed.filter((name) => name !== null);
}

/** The tables of models/seeds.md. */
export function policySeeds(policies: Policies): readonly Seed[] {
  return [
    ...dimensionSeeds(policies.dimensions),
    ...planSeeds(policies),
    ...churnSeeds(policies.churn),
    ...marketplaceSeeds(policies.marketplace),
    ...hygieneSeeds(policies.hygiene),
    ...pricingSeeds(policies.pricing),
    ...overageSeeds(policies),
  ];
}

async function writeSeed(seed: Seed, seedDir: string): Promise<string | null> {
  const path = join(seedDir, `${seed.name}.csv`);
  const content = [seed.columns, ...seed.rows].map((row) => `${row.map(csvField).join(',')}\n`).join('');
  if ((await readIfThere(path)) === content) return null;
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, content);
  await rename(temporary, path);
  return seed.name;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** A write that was interrupted leaves its temporary file behind. */
async function removeLeftovers(seedDir: string): Promise<void> {
  const entries = await readdir(seedDir);
  const leftovers = entries.filter((entry) => /\.csv\.\d+\.tmp$/.test(entry));
  await Promise.all(leftovers.map((entry) => unlink(join(seedDir, entry))));
}

/** RFC 4180: quoted where it must be; a null is an empty field. */
function csvField(value: string | null): string {
  if (value === null) return '';
  return /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function dimensionSeeds(map: DimensionMap): readonly Seed[] {
  return [
    {
      name: 'seed_dimension_map',
      columns: ['role', 'dimension', 'version'],
      rows: Object.entries(map.roles).flatMap(([role, dimensions]) =>
        (dimensions ?? []).map((dimension) => [role, dimension, map.version]),
      ),
    },
    {
      name: 'seed_marketplace_dimensions',
      columns: ['cloud', 'marketplace_name', 'dimension', 'version'],
      rows: Object.entries(map.marketplace_names).flatMap(([cloud, dimensions]) =>
        Object.entries(dimensions).map(([name, dimension]) => [cloud, name, dimension, map.version]),
      ),
    },
  ];
}

function planSeeds({ features }: Policies): readonly Seed[] {
  const plans = Object.entries(features.plans);
  return [
    {
      name: 'seed_entitled_features',
      columns: ['plan', 'feature', 'version'],
      rows: plans.flatMap(([plan, of]) => of.features.map((feature) => [plan, feature, features.version])),
    },
    {
      name: 'seed_plan_attributes',
      columns: ['plan', 'phase', 'tier', 'edition', 'version'],
      rows: plans.map(([plan, of]) => [
        plan,
        of.phase,
        of.tier ?? null,
        of.edition ?? null,
        features.version,
      ]),
    },
  ];
}

function overageSeeds({ overage }: Policies): readonly Seed[] {
  const each = (rowsOf: (policy: OveragePolicy) => readonly Row[]): readonly Row[] =>
    overage.flatMap((policy) => rowsOf(policy).map((row) => [policy.policy_id, policy.version, ...row]));
  return [
    {
      name: 'seed_overage_policies',
      columns: ['policy_id', 'version', ...OVERAGE_COLUMNS.split(' ')],
      rows: each((policy) => [overageRow(policy)]),
    },
    {
      name: 'seed_overage_scopes',
      columns: ['policy_id', 'version', 'scope', 'value'],
      rows: each(({ applies_to: { clouds, plans, subscriptions } }) => [
        ...clouds.map((value) => ['cloud', value]),
        ...plans.map((value) => ['plan', value]),
        ...subscriptions.map((value) => ['subscription', value]),
      ]),
    },
    {
      name: 'seed_overage_commitments',
      columns: ['policy_id', 'version', 'subscription_id', 'quantity'],
      rows: each((policy) => Object.entries(policy.commit)),
    },
    {
      name: 'seed_overage_multipliers',
      columns: ['policy_id', 'version', 'attribute', 'value', 'factor'],
      rows: each((policy) =>
        Object.entries(policy.multipliers).flatMap(([attribute, factors]) =>
          Object.entries(factors).map(([value, factor]) => [attribute, value, factor]),
        ),
      ),
    },
  ];
}

const OVERAGE_COLUMNS =
  'effective_from effective_to prepared_by approved_by dimension unit period reduce hinge_order missing grace_hours ' +
  'burst_share rate_burst rate_above currency true_up_committed_amount drawdown_opening_balance rounding_mode rounding_scale';

function overageRow(policy: OveragePolicy): Row {
  return [
    policy.effective_from,
    policy.effective_to,
    policy.prepared_by,
    policy.approved_by,
    policy.dimension,
    policy.unit,
    policy.period,
    policy.reduce,
    policy.order,
    policy.missing,
    String(policy.grace.hours),
    percentToShare(policy.burst_pct),
    policy.rates.burst,
    policy.rates.above,
    policy.currency,
    policy.true_up?.committed_amount ?? null,
    policy.drawdown?.opening_balance ?? null,
    policy.rounding.mode,
    String(policy.rounding.scale),
  ];
}
