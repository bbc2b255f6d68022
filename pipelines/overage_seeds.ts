import type { OveragePolicy } from '../schemas/policies.ts';
import { percentToShare, type Row, type Seed } from './policy_seed.ts';

/** The overage policies: each version, what it applies to, its bindings and its multipliers. */
export function overageSeeds(overage: readonly OveragePolicy[]): readonly Seed[] {
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
