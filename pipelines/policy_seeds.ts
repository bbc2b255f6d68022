import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChurnPolicy, DimensionMap, OveragePolicy, Policies } from '../schemas/policies.ts';

type Row = readonly (string | null)[];

/** One seed: a table of texts. */
interface Seed {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/**
 * Writes the policies as dbt seeds: one CSV file (RFC 4180, UTF-8) per table of models/seeds.md, replaced by rename and
 * only where its content changed.
 * @returns the names of the seeds that were rewritten.
 */
export async function writeSeeds(policies: Policies, seedDir: string): Promise<readonly string[]> {
  await mkdir(seedDir, { recursive: true });
  const seeds = [...dimensionSeeds(policies.dimensions), ...planSeeds(policies), ...churnSeeds(policies)];
  const changed = await Promise.all(
    [...seeds, ...overageSeeds(policies)].map((seed) => writeSeed(seed, seedDir)),
  );
  await removeLeftovers(seedDir);
  return changed.filter((name) => name !== null);
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

const CHURN_COLUMNS =
  'version effective_from effective_to watch_from high_from min_coverage backtest_lead_days backtest_min_events prepared_by approved_by';

function churnSeeds({ churn }: Policies): readonly Seed[] {
  return [
    {
      name: 'seed_churn_policies',
      columns: CHURN_COLUMNS.split(' '),
      rows: churn.versions.map((of) => [
        of.version,
        of.effective_from,
        of.effective_to,
        of.bands.watch,
        of.bands.high,
        of.min_coverage,
        String(of.backtest.lead_days),
        String(of.backtest.min_events),
        of.prepared_by,
        of.approved_by,
      ]),
    },
    {
      name: 'seed_churn_weights',
      columns: ['version', 'indicator', 'kind', 'max_points', 'points_from', 'points_to'],
      rows: churn.versions.flatMap((of) =>
        Object.entries(of.indicators).flatMap(([indicator, weight]) =>
          weight === undefined ? [] : [[of.version, indicator, ...weightFields(weight)]],
        ),
      ),
    },
  ];
}

type ChurnIndicators = ChurnPolicy['versions'][number]['indicators'];
type Weight = NonNullable<ChurnIndicators[keyof ChurnIndicators]>;

function weightFields(weight: Weight): Row {
  return 'when' in weight
    ? ['flag', weight.points, null, null]
    : ['ramp', weight.points, weight.from, weight.to];
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

/** "20" → "0.20": the point moves two places, no digit is lost. */
function percentToShare(percent: string): string {
  const [whole = '0', fraction = ''] = percent.split('.');
  const digits = whole.padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}${fraction}`;
}
