import type { HygienePolicy } from '../schemas/hygiene_policy.ts';
import type { MarketplacePolicy } from '../schemas/marketplace_policy.ts';
import type { Seed } from './policy_seed.ts';

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
