import { z } from 'zod';
import type { HygienePolicy } from './hygiene_policy.ts';
import type { MarketplacePolicy } from './marketplace_policy.ts';
import { CLOUDS } from './polaris.ts';
import {
  AUTHORS,
  approvedByAnother,
  currency,
  decimalText,
  EFFECT,
  endsAfterStart,
  factors,
  name,
  names,
  rounding,
  unique,
  version,
} from './policy_values.ts';
import type { PricingOptions } from './pricing_options.ts';

const selector = <T extends z.ZodType<string>>(value: T) =>
  z
    .array(z.union([z.literal('*'), value]))
    .min(1)
    .refine((values) => unique(values) && (values.length === 1 || !values.includes('*')), {
      error: 'want ["*"] alone, or each value once',
    });

/** Grace counts hours above the commitment, so the hours must be held against it one by one. */
function gracesOnlyHours<T extends z.ZodType<{ order: string; grace: { hours: number } }>>(schema: T): T {
  return schema.refine((policy) => policy.order === 'hinge_then_reduce' || policy.grace.hours === 0, {
    error: 'want 0 with order: reduce_then_hinge, which does not look at single hours',
    path: ['grace', 'hours'],
  });
}

/** One version of an overage policy: the file `overage/<policy_id>@<version>.yaml`. */
export const OVERAGE_POLICY = gracesOnlyHours(
  approvedByAnother(
    endsAfterStart(
      z.strictObject({
        policy_id: z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'want lower-case letters, digits and dashes' }),
        version,
        ...EFFECT,
        ...AUTHORS,
        applies_to: z.strictObject({
          clouds: selector(z.enum(CLOUDS)),
          plans: selector(name),
          subscriptions: selector(name),
        }),
        dimension: name,
        unit: name,
        commit: z.record(name, decimalText(9)),
        period: z.enum(['calendar_month', 'anniversary_month', 'term']),
        reduce: z.enum(['sum', 'avg_day', 'avg_period', 'peak_day', 'p95_hour']),
        order: z.enum(['hinge_then_reduce', 'reduce_then_hinge']),
        missing: z.enum(['unmetered', 'last_observed', 'period_mean']),
        grace: z.strictObject({ hours: z.int().min(0) }),
        burst_pct: decimalText(4),
        rates: z.strictObject({ burst: decimalText(6), above: decimalText(6) }),
        currency,
        multipliers: z.strictObject({ tier: factors, region: factors, edition: factors }),
        true_up: z.strictObject({ committed_amount: decimalText(9) }).nullable(),
        drawdown: z.strictObject({ opening_balance: decimalText(9) }).nullable(),
        rounding,
      }),
    ),
  ),
);
export type OveragePolicy = z.infer<typeof OVERAGE_POLICY>;

const roleOfOne = z.array(name).length(1);

/** Which dimension plays which part: the file `dimensions.yaml`. */
export const DIMENSION_MAP = approvedByAnother(
  z.strictObject({
    version,
    ...AUTHORS,
    roles: z.strictObject({
      held_capacity: roleOfOne,
      provisioned_capacity: roleOfOne.optional(),
      heartbeat: roleOfOne,
      activity: names,
      egress: names.optional(),
      active_clients: names.optional(),
      snapshots: names.optional(),
    }),
    marketplace_names: z.strictObject({
      azure: z.record(name, name),
      gcp: z.record(name, name),
      aws: z.record(name, name),
    }),
  }),
);
export type DimensionMap = z.infer<typeof DIMENSION_MAP>;

const plan = z.strictObject({
  phase: z.enum(['private', 'public', 'saas', 'licence']),
  tier: name.optional(),
  edition: name.optional(),
  features: names,
});

/** What each plan entitles to: the file `features.yaml`. */
export const FEATURES_POLICY = approvedByAnother(
  z.strictObject({
    version,
    ...AUTHORS,
    plans: z.record(name, plan).refine((plans) => 'default' in plans, { error: 'want a plan named default' }),
  }),
);
type FeaturesPolicy = z.infer<typeof FEATURES_POLICY>;

const points = { points: decimalText(4) };
/** Points grow on a straight line from 0 at `from` to `points` at `to`, and stay there. */
const ramp = z
  .strictObject({ ...points, from: decimalText(6, true), to: decimalText(6, true) })
  .refine((weight) => Number(weight.from) !== Number(weight.to), {
    error: 'want from and to to differ',
    path: ['to'],
  });
const flag = z.strictObject({ ...points, when: z.literal(true) });

/** The indicators that can carry points, and how each is weighed. */
const CHURN_WEIGHTS = z.strictObject({
  commitment_utilisation_28d: ramp.optional(),
  usage_change_28d: ramp.optional(),
  usage_trend_pct_week: ramp.optional(),
  days_since_activity: ramp.optional(),
  active_hour_ratio_28d: ramp.optional(),
  usage_anomaly_z: ramp.optional(),
  level_shift: flag.optional(),
  feature_breadth_28d: ramp.optional(),
  feature_breadth_change: ramp.optional(),
  unused_entitlement: flag.optional(),
  time_to_first_value_days: ramp.optional(),
  days_to_renewal: ramp.optional(),
  offer_expired_with_usage: flag.optional(),
  cases_90d_per_100tib: ramp.optional(),
  networking_share_90d: ramp.optional(),
  days_without_telemetry: ramp.optional(),
});

const churnVersion = approvedByAnother(
  endsAfterStart(
    z.strictObject({
      version,
      ...EFFECT,
      ...AUTHORS,
      indicators: CHURN_WEIGHTS.refine(
        (weights) => Object.values(weights).some((weight) => Number(weight?.points ?? 0) > 0),
        { error: 'want at least one indicator with points above 0' },
      ),
      bands: z
        .strictObject({ watch: decimalText(4), high: decimalText(4) })
        .refine((bands) => Number(bands.watch) <= Number(bands.high), {
          error: 'want at least the score of watch',
          path: ['high'],
        }),
      min_coverage: decimalText(4).refine((value) => Number(value) <= 1, {
        error: 'want a share from 0 to 1',
      }),
      backtest: z.strictObject({ lead_days: z.int().min(1).max(730), min_events: z.int().min(1) }),
    }),
  ),
);

/** Weights and bands of the churn score, version by version: the file `churn.yaml`. */
export const CHURN_POLICY = z.strictObject({ versions: z.array(churnVersion).min(1) });
export type ChurnPolicy = z.infer<typeof CHURN_POLICY>;

/** Every policy of one folder. */
export interface Policies {
  readonly dimensions: DimensionMap;
  readonly features: FeaturesPolicy;
  readonly churn: ChurnPolicy;
  readonly marketplace: MarketplacePolicy;
  readonly hygiene: HygienePolicy;
  readonly pricing: PricingOptions;
  readonly overage: readonly OveragePolicy[];
}
