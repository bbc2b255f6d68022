import type { HygienePolicy } from '../schemas/hygiene_policy.ts';
import type { MarketplacePolicy } from '../schemas/marketplace_policy.ts';
import type { ChurnPolicy } from '../schemas/policies.ts';
import type { Row, Seed } from './policy_seed.ts';

/** Windows and scales of the marketplaces. */
export function marketplaceSeeds({ version, window_hours, scales }: MarketplacePolicy): readonly Seed[] {
  return [
    {
      name: 'seed_marketplace_windows',
      columns: ['cloud', 'window_hours', 'version'],
      rows: Object.entries(window_hours).map(([cloud, hours]) => [cloud, String(hours), version]),
    },
    {
      name: 'seed_marketplace_scales',
      columns: ['cloud', 'dimension', 'scale', 'version'],
      rows: Object.entries(scales).flatMap(([cloud, dimensions]) =>
        Object.entries(dimensions).map(([dimension, scale]) => [cloud, dimension, scale, version]),
      ),
    },
  ];
}

/** The hygiene rules that are switched on. */
export function hygieneSeeds({ version, rules }: HygienePolicy): readonly Seed[] {
  return [
    {
      name: 'seed_hygiene_rules',
      columns: ['rule_id', 'record_system', 'record_type', 'severity', 'owner', 'sentence', 'fix', 'version'],
      rows: Object.entries(rules)
        .filter(([, rule]) => rule.enabled)
        .map(([id, rule]) => [
          id,
          rule.record_system,
          rule.record_type,
          rule.severity,
          rule.owner,
          rule.sentence,
          rule.fix,
          version,
        ]),
    },
  ];
}

const CHURN_COLUMNS =
  'version effective_from effective_to watch_from high_from min_coverage prepared_by approved_by';

/** Weights and bands of the churn score. */
export function churnSeeds(churn: ChurnPolicy): readonly Seed[] {
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
