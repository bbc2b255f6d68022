import { type ClusterHour, lineKey, type RatedSubscription, withEstimates } from './cluster_hours.ts';
import { type Commitment, commitmentAt } from './commitments.ts';
import { atLeastZero, smaller, sum } from './decimals.ts';
import type { RatingPolicy } from './policy_files.ts';
import type { BillingPeriod } from './rating.ts';

/** Bands have fifteen digits: a commitment of nine by a burst share of six. Billionths × FINE. */
export const FINE = 1_000_000n;

export interface Bands {
  readonly included: bigint;
  readonly burst: bigint;
  readonly above: bigint;
}

/** A subscription's dimension in one hour: its level against its commitment. */
export interface RatedHour {
  readonly hour: number;
  readonly policy: RatingPolicy;
  readonly period: BillingPeriod;
  /** Billionths; null where no cluster has a level. */
  readonly measured: bigint | null;
  /** Billionths; null where it has no limit. */
  readonly committed: bigint | null;
  readonly bands: Bands | null;
  readonly is_grace: boolean;
  readonly metering: 'metered' | 'estimated' | 'unmetered';
}

/**
 * metrics.md: "included = min(U,C), burst = clamp(U−C, 0, bC), above = max(0, U − C(1+b)); always included + burst + above
 * = U". Without a limit all of it is included.
 */
export function bandsOf(level: bigint, committed: bigint | null, burst_share: bigint): Bands {
  if (committed === null) return { included: level * FINE, burst: 0n, above: 0n };
  const over = atLeastZero(level - committed) * FINE;
  const burst = smaller(over, committed * burst_share);
  return { included: level * FINE - over, burst, above: over - burst };
}

/**
 * The hours of a subscription and dimension, in order. metrics.md: "the level that is hinged is the subscription's sum over
 * its clusters".
 */
export function ratedHours(
  rated: RatedSubscription,
  clusterHours: readonly ClusterHour[],
  stated: readonly Commitment[],
): readonly RatedHour[] {
  const byHour = Map.groupBy(withEstimates(clusterHours), ({ hour }) => hour);
  const hours = [...byHour]
    .sort(([a], [b]) => a - b)
    .flatMap(([hour, clusters]): readonly RatedHour[] => {
      const [first] = clusters;
      if (first === undefined) return [];
      const { policy, period } = first;
      const levels = clusters.flatMap(({ quantity, estimate }) => quantity ?? estimate ?? []);
      const measured = levels.length === 0 ? null : sum(levels);
      const commitment = commitmentAt(stated, rated.subscription, policy, hour);
      const committed = commitment === null ? 0n : commitment.quantity;
      const bands = measured === null ? null : bandsOf(measured, committed, policy.burst_share);
      const metering = meteringOf(clusters);
      return [{ hour, policy, period, measured, committed, bands, is_grace: false, metering }];
    });
  return withGrace(hours);
}

function meteringOf(clusters: readonly ClusterHour[]): RatedHour['metering'] {
  if (clusters.every(({ quantity }) => quantity !== null)) return 'metered';
  const known = clusters.every(({ quantity, estimate }) => quantity !== null || estimate !== null);
  return known ? 'estimated' : 'unmetered';
}

/**
 * metrics.md: grace: "the first hours above the commitment in a period, rated 0": counted through the versions of a policy.
 */
function withGrace(hours: readonly RatedHour[]): readonly RatedHour[] {
  const counted = new Map<string, number>();
  return hours.map((each) => {
    const { policy, period, measured, committed } = each;
    if (measured === null || committed === null || measured <= committed) return each;
    const key = `${policy.policy_id} ${period.from}`;
    const above = (counted.get(key) ?? 0) + 1;
    counted.set(key, above);
    return { ...each, is_grace: above <= policy.grace_hours };
  });
}

/** metrics.md: "a period with two versions has a line for each". */
export const hoursOfLines = (hours: readonly RatedHour[]): readonly (readonly RatedHour[])[] => [
  ...Map.groupBy(hours, lineKey).values(),
];
