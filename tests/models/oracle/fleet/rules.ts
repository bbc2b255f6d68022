import type { Policy, Rules } from '../world.ts';

const BASE: Policy = {
  policy_id: 'fixed-capacity',
  version: '2026-01-01.1',
  effective_from: '2026-01-01',
  effective_to: null,
  applies_to: { clouds: ['azure', 'gcp', 'aws'], plans: ['*'], subscriptions: ['*'] },
  dimension: 'capacity_used_tib',
  unit: 'TiB',
  commit: {},
  period: 'calendar_month',
  reduce: 'sum',
  order: 'hinge_then_reduce',
  missing: 'unmetered',
  grace: { hours: 0 },
  burst_pct: '20',
  rates: { burst: '0.137', above: '0.2055' },
  currency: 'USD',
  multipliers: { tier: {}, region: {}, edition: {} },
  rounding: { mode: 'half_even', scale: 2 },
};

/** A policy for one subscription. */
function of(
  subscription: string,
  reduce: Policy['reduce'],
  order: Policy['order'],
  more: Partial<Policy>,
): Policy {
  return {
    ...BASE,
    policy_id: `${reduce}-${order}`.replaceAll('_', '-'),
    applies_to: { clouds: ['*'], plans: ['*'], subscriptions: [subscription] },
    reduce,
    order,
    ...more,
  };
}

/** All five ways to reduce in both orders; two versions within February for whom no other policy names. */
const OVERAGE: readonly Policy[] = [
  { ...BASE, effective_to: '2026-02-15', grace: { hours: 40 } },
  {
    ...BASE,
    version: '2026-02-15.1',
    effective_from: '2026-02-15',
    grace: { hours: 50 },
    burst_pct: '12.3457',
    rates: { burst: '0.137001', above: '0.300007' },
    rounding: { mode: 'half_up', scale: 3 },
  },
  {
    ...BASE,
    policy_id: 'premium',
    applies_to: { clouds: ['*'], plans: ['public-premium'], subscriptions: ['*'] },
    reduce: 'sum',
    order: 'reduce_then_hinge',
    rates: { burst: '1', above: '2.5' },
  },
  of('sub-b', 'avg_day', 'hinge_then_reduce', {
    missing: 'period_mean',
    rounding: { mode: 'half_even', scale: 9 },
  }),
  of('sub-c', 'avg_period', 'reduce_then_hinge', {
    missing: 'period_mean',
    rates: { burst: '12.5', above: '41.000001' },
    rounding: { mode: 'floor', scale: 4 },
  }),
  of('sub-d', 'peak_day', 'hinge_then_reduce', {
    commit: { 'sub-d': '30.5' },
    missing: 'last_observed',
    multipliers: {
      tier: { premium: '1.25' },
      region: { north: '0.8333', south: '0.8333', west: '9' },
      edition: { enterprise: '1.1' },
    },
    rounding: { mode: 'ceil', scale: 2 },
  }),
  of('sub-g', 'avg_day', 'reduce_then_hinge', { period: 'term', missing: 'last_observed' }),
  of('sub-h', 'peak_day', 'reduce_then_hinge', { period: 'anniversary_month', burst_pct: '0' }),
  of('sub-i', 'p95_hour', 'hinge_then_reduce', {
    rates: { burst: '3.5', above: '7.25' },
    grace: { hours: 2 },
    rounding: { mode: 'half_even', scale: 0 },
  }),
  of('sub-j', 'avg_period', 'hinge_then_reduce', {
    commit: { 'sub-j': '4.333333333' },
    grace: { hours: 100 },
  }),
  of('sub-k', 'p95_hour', 'reduce_then_hinge', { period: 'anniversary_month', missing: 'period_mean' }),
  of('sub-b', 'sum', 'hinge_then_reduce', {
    policy_id: 'egress',
    dimension: 'egress_gib',
    unit: 'GiB',
    rates: { burst: '0.01', above: '0.02' },
  }),
];

const ramp = (points: string, from: string, to: string) => ({ points, from, to });

export const RULES: Rules = {
  overage: OVERAGE,
  dimensions: {
    version: '2026-01-01.7',
    roles: {
      held_capacity: ['capacity_used_tib'],
      heartbeat: ['heartbeat_minutes'],
      activity: ['read_gib', 'write_gib', 'iops_avg'],
      egress: ['egress_gib'],
    },
    marketplace_names: { azure: {}, gcp: {}, aws: { StorageTiB: 'capacity_used_tib' } },
  },
  features: {
    version: '2026-01-01.8',
    plans: {
      default: { features: ['snapshots', 'replication', 'quotas'] },
      'private-capacity': {
        tier: 'standard',
        edition: 'enterprise',
        features: ['snapshots', 'replication', 'tiering', 'cloud_mirror', 'quotas', 'never_used'],
      },
      'public-standard': { tier: 'standard', edition: 'standard', features: ['snapshots', 'tiering'] },
      'public-premium': { tier: 'premium', edition: 'enterprise', features: ['snapshots', 'cloud_mirror'] },
      'saas-units': { tier: 'standard', edition: 'saas', features: ['snapshots'] },
    },
  },
  marketplace: {
    version: '2026-01-01.6',
    prepared_by: 'a@example.com',
    approved_by: 'b@example.com',
    window_hours: { azure: 24, gcp: 2, aws: 6 },
    scales: { azure: {}, gcp: { capacity_used_tib: '2.5' }, aws: { capacity_used_tib: '1' } },
  },
  churn: {
    versions: [
      {
        version: '2026-01-01.9',
        indicators: {
          commitment_utilisation_28d: ramp('15', '0.7', '0.2'),
          usage_change_28d: ramp('15', '-0.05', '-0.5'),
          usage_trend_pct_week: ramp('10', '-0.5', '-8'),
          days_since_activity: ramp('15', '2', '21'),
          active_hour_ratio_28d: ramp('5', '0.4', '0.02'),
          usage_anomaly_z: ramp('3', '-3', '-10'),
          level_shift: { points: '4', when: true },
          feature_breadth_28d: ramp('4', '0.5', '0.1'),
          feature_breadth_change: ramp('4', '-0.1', '-0.6'),
          unused_entitlement: { points: '8', when: true },
          time_to_first_value_days: ramp('3', '30', '90'),
          days_to_renewal: ramp('5', '120', '15'),
          offer_expired_with_usage: { points: '4', when: true },
          cases_90d_per_100tib: ramp('3', '5', '40'),
          days_without_telemetry: ramp('2', '2', '14'),
        },
        bands: { watch: '10', high: '28' },
        min_coverage: '0.5',
      },
    ],
  },
};
