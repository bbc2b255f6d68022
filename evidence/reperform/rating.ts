import { addMonths, dayCeil, monthStart } from './calendar.ts';
import type { RatingPolicy } from './policy_files.ts';
import type { Subscription } from './terms.ts';

/** Days; `to` is exclusive. */
export interface BillingPeriod {
  readonly from: number;
  readonly to: number;
}

/**
 * The policies that may rate a subscription's dimension, the most specific first. metrics.md: "the most specific policy
 * wins": a named subscription before a named plan before a named cloud.
 */
export function candidatePolicies(
  policies: readonly RatingPolicy[],
  { id, plan, cloud }: Subscription,
  dimension: string,
): readonly RatingPolicy[] {
  const weigh = (policy: RatingPolicy) => [
    named(policy.subscriptions, id, 4),
    named(policy.plans, plan ?? 'default', 2),
    named(policy.clouds, cloud, 1),
  ];
  return policies
    .filter((policy) => policy.dimension === dimension)
    .map((policy) => ({ policy, weights: weigh(policy) }))
    .filter(({ weights }) => weights.every((weight) => weight !== null))
    .map(({ policy, weights }) => ({
      policy,
      total: weights.reduce((all, each) => (all ?? 0) + (each ?? 0), 0) ?? 0,
    }))
    .sort((a, b) => b.total - a.total || (a.policy.policy_id < b.policy.policy_id ? -1 : 1))
    .map(({ policy }) => policy);
}

function named(values: ReadonlySet<string>, value: string | null, weight: number): number | null {
  if (value !== null && values.has(value) && value !== '*') return weight;
  return values.has('*') ? 0 : null;
}

/** metrics.md: "An hour is rated by the version in force at it." */
export const policyAt = (candidates: readonly RatingPolicy[], hour: number): RatingPolicy | undefined =>
  candidates.find(({ from, to }) => from <= hour && hour < to);

/**
 * The billing period of a day. metrics.md: "Billing months are calendar months in UTC unless the policy says anniversary";
 * before its start, or where nobody says it, a subscription has calendar months.
 */
export function periodOf(
  period: RatingPolicy['period'],
  { start_day, to }: Pick<Subscription, 'start_day' | 'to'>,
  day: number,
): BillingPeriod {
  if (start_day === null || start_day > day || period === 'calendar_month')
    return { from: monthStart(day), to: addMonths(monthStart(day), 1) };
  if (period === 'term') return { from: start_day, to: dayCeil(to) };
  const [first, today] = [new Date(start_day * 86_400_000), new Date(day * 86_400_000)];
  const months =
    (today.getUTCFullYear() - first.getUTCFullYear()) * 12 + today.getUTCMonth() - first.getUTCMonth();
  // A start's day of the month may not have come round yet.
  const begun = addMonths(start_day, months) <= day ? months : months - 1;
  return { from: addMonths(start_day, begun), to: addMonths(start_day, begun + 1) };
}

/** evidence.md: a line "closes with the calendar month in which its billing period ends". The first day of that month. */
export const closeMonth = ({ to }: BillingPeriod): number => monthStart(to - 1);
