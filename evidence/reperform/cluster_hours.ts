import { dayOfHour } from './calendar.ts';
import { roundQuotient, sum } from './decimals.ts';
import type { RatingPolicy } from './policy_files.ts';
import { type BillingPeriod, closeMonth, periodOf, policyAt } from './rating.ts';
import type { Revision } from './revisions.ts';
import type { Subscription } from './terms.ts';

/** A subscription with the policies that may rate one of its dimensions, the most specific first. */
export interface RatedSubscription {
  readonly subscription: Subscription;
  readonly dimension: string;
  readonly candidates: readonly RatingPolicy[];
}

/** One cluster's level of one hour under the policy that rates it; without a reading the hour was expected. */
export interface ClusterHour {
  readonly cluster: string;
  readonly hour: number;
  readonly policy: RatingPolicy;
  readonly period: BillingPeriod;
  /** Billionths; null: not metered. */
  readonly quantity: bigint | null;
  /** What the policy's method puts in the place of a missing level. */
  readonly estimate: bigint | null;
  readonly region: string | null;
}

/** Which revisions a close takes; null: every one. */
export interface CloseTake {
  /** First day of the month. */
  readonly month: number;
  /** Microseconds. */
  readonly cut_off: number;
}

/**
 * The revision of an hour that counts: the highest. metrics.md: a close "takes exactly the revisions loaded before its
 * --prepare and recorded at or before the period's cut-off", of the lines that close with its month.
 */
export function takenRevision(
  revisions: readonly Revision[],
  hour: number,
  rated: (subscription: string) => RatedSubscription | undefined,
  close: CloseTake | null,
): Revision | undefined {
  const isTaken = ({ subscription, recorded_at }: Revision) => {
    if (close === null || recorded_at <= close.cut_off || subscription === null) return true;
    const found = rated(subscription);
    const policy = found && policyAt(found.candidates, hour);
    if (found === undefined || policy === undefined) return true;
    return closeMonth(periodOf(policy.period, found.subscription, dayOfHour(hour))) !== close.month;
  };
  const taken =
    revisions.length === 1 ? revisions.filter(isTaken) : revisions.filter(isTaken).sort(highestFirst);
  return taken[0];
}

const highestFirst = (a: Revision, b: Revision) => b.revision - a.revision;

/** An hour with the policy in force at it, and its period; null where nothing rates it. */
export function ratedHour(
  { candidates, subscription }: RatedSubscription,
  cell: Pick<ClusterHour, 'cluster' | 'hour' | 'quantity' | 'region'>,
): ClusterHour | null {
  const policy = policyAt(candidates, cell.hour);
  if (policy === undefined) return null;
  const period = periodOf(policy.period, subscription, dayOfHour(cell.hour));
  return { ...cell, policy, period, estimate: null };
}

/**
 * metrics.md: "a level with no reading in an hour is not carried over silently: the hour is estimated by the policy's named
 * method or unmetered". last_observed: the cluster's level before; period_mean: its mean in the period, half-even.
 */
export function withEstimates(hours: readonly ClusterHour[]): readonly ClusterHour[] {
  return [...Map.groupBy(hours, ({ cluster }) => cluster).values()].flatMap((own) => {
    const ordered = own.toSorted((a, b) => a.hour - b.hour);
    const means = new Map<string, bigint | null>();
    let last: bigint | null = null;
    return ordered.map((each) => {
      last = each.quantity ?? last;
      if (each.quantity !== null || each.policy.missing === 'unmetered') return each;
      if (each.policy.missing === 'last_observed') return { ...each, estimate: last };
      const key = lineKey(each);
      if (!means.has(key)) means.set(key, meanOf(ordered.filter((other) => lineKey(other) === key)));
      return { ...each, estimate: means.get(key) ?? null };
    });
  });
}

/** What makes an hour part of one line of its subscription and dimension. */
export const lineKey = ({ policy, period }: Pick<ClusterHour, 'policy' | 'period'>): string =>
  `${policy.policy_id}@${policy.version} ${period.from} ${period.to}`;

function meanOf(hours: readonly ClusterHour[]): bigint | null {
  const known = hours.flatMap(({ quantity }) => quantity ?? []);
  return known.length === 0 ? null : roundQuotient(sum(known), BigInt(known.length), 'half_even');
}
