import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChurnPolicy, DimensionMap, Policies } from '../schemas/policies.ts';
import { overageSeeds } from './overage_seeds.ts';
import { hygieneSeeds, marketplaceSeeds } from './policy_rules_seeds.ts';
import type { Row, Seed } from './policy_seed.ts';
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
    ...churnSeeds(policies),
    ...marketplaceSeeds(policies.marketplace),
    ...hygieneSeeds(policies.hygiene),
    ...pricingSeeds(policies.pricing),
    ...overageSeeds(policies.overage),
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
