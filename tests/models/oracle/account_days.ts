import type { Known } from './as_of_walk.ts';
import { ratio, sum } from './money.ts';

/** An account's day over its clusters, as it is known. */
export interface AccountDay {
  readonly day: number;
  /** One of its clusters has at least 18 observed hours. */
  readonly is_observed: boolean;
  /** The sum of its clusters' means; null where none has one, or the day was not observed. */
  readonly held: bigint | null;
  readonly hours_observed: number;
  readonly hours_active: number;
  readonly hours_missing_cluster: number;
}

const OBSERVED_HOURS = 18;
const OBSERVED_DAYS = 20;

/** The days on which any of an account's clusters was expected, in order. */
export function accountDays({ days, accounts }: Known, account: string): readonly AccountDay[] {
  const own = [...days].flatMap(([cluster, each]) =>
    accounts.get(cluster) === account ? [...each.values()] : [],
  );
  const perDay = Map.groupBy(own, ({ day }) => day);
  return [...perDay]
    .map(([day, clusters]): AccountDay => {
      const means = clusters.flatMap(({ held }) => held ?? []);
      const is_observed = clusters.some(({ observed }) => observed >= OBSERVED_HOURS);
      const total = (figure: (each: (typeof clusters)[number]) => number) =>
        clusters.reduce((all, each) => all + figure(each), 0);
      return {
        day,
        is_observed,
        held: is_observed && means.length > 0 ? sum(means) : null,
        hours_observed: total(({ observed }) => observed),
        hours_active: total(({ active }) => active),
        hours_missing_cluster: total(({ missing_cluster }) => missing_cluster),
      };
    })
    .sort((a, b) => a.day - b.day);
}

/** Days `from` to `to` back from `end`, both included. */
export function windowOf(
  days: readonly AccountDay[],
  end: number,
  from: number,
  to: number,
): readonly AccountDay[] {
  return days.filter(({ day }) => day >= end - from && day <= end - to);
}

export const isCovered = (window: readonly AccountDay[]): boolean =>
  window.filter(({ is_observed }) => is_observed).length >= OBSERVED_DAYS;

export const heldIn = (window: readonly AccountDay[]): readonly bigint[] =>
  window.flatMap(({ held }) => held ?? []);

/** The least-squares slope of held capacity over days ÷ its mean, per cent a week. */
export function trendOf(window: readonly AccountDay[]): number {
  const points = window.flatMap(({ day, held }) => (held === null ? [] : [{ x: BigInt(day), y: held }]));
  const n = BigInt(points.length);
  const [x, y] = [sum(points.map((p) => p.x)), sum(points.map((p) => p.y))];
  const xy = sum(points.map((p) => p.x * p.y));
  const xx = sum(points.map((p) => p.x * p.x));
  return ratio((n * xy - x * y) * n * 700n, (n * xx - x * x) * y);
}

/** Twice the median, so that it stays exact. */
function doubledMedian(values: readonly bigint[]): bigint {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : Number(a > b)));
  const half = sorted.length >> 1;
  return (sorted[half] ?? 0n) + (sorted[sorted.length % 2 === 0 ? half - 1 : half] ?? 0n);
}

/** How far a day lies from the same weekdays of the eight weeks before, in robust deviations; else why it is not known. */
export function anomaly(days: ReadonlyMap<number, AccountDay>, day: number): number | string {
  const held = days.get(day)?.held ?? null;
  if (held === null) return 'day_not_observed';
  const prior = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((week) => days.get(day - 7 * week)?.held ?? []);
  if (prior.length < 4) return 'too_few_weekdays';
  const median = doubledMedian(prior);
  const away = (value: bigint) => 2n * value - median;
  const deviation = doubledMedian(prior.map((value) => (away(value) < 0n ? -away(value) : away(value))));
  // (x - m) / (1.4826 MAD), with 2m and 4 MAD at hand.
  return deviation === 0n ? 'no_spread' : ratio(away(held) * 2n * 10_000n, deviation * 14_826n);
}

/** A one-sided CUSUM downwards over 56 days: whether it exceeded 5 within 14 days; null where no anomaly is known. */
export function levelShift(days: ReadonlyMap<number, AccountDay>, end: number): boolean | null {
  let cusum = 0;
  let isKnown = false;
  let isShifted = false;
  for (let day = end - 55; day <= end; day += 1) {
    const z = anomaly(days, day);
    if (typeof z === 'string') continue;
    isKnown = true;
    cusum = Math.max(0, cusum - z - 0.5);
    if (cusum > 5 && day > end - 14) isShifted = true;
  }
  return isKnown ? isShifted : null;
}
