import { addMonths } from './calendar.ts';
import type { RatingPolicy } from './policy_files.ts';
import { candidatePolicies, closeMonth, periodOf } from './rating.ts';
import type { Subscription } from './terms.ts';

/**
 * From which hour on a subscription's dimension is needed, so that every line which closes with one of some months has all
 * of its hours: a balance and a carried level need everything before; all else the beginning of the billing period.
 */
export function neededFrom(
  policies: readonly RatingPolicy[],
  subscriptions: ReadonlyMap<string, Subscription>,
  months: ReadonlySet<number>,
): (subscription: string | null, dimension: string) => number {
  const known = new Map<string, number>();
  const earliest = Math.min(...months);
  const ofSubscription = (id: string, dimension: string): number => {
    const subscription = subscriptions.get(id);
    const own = policies.filter((policy) => policy.dimension === dimension);
    if (subscription === undefined) return least(own.map((policy) => fromOf(policy, null, months, earliest)));
    const candidates = candidatePolicies(own, subscription, dimension);
    return least(candidates.map((policy) => fromOf(policy, subscription, months, earliest)));
  };
  const from = (id: string | null, dimension: string): number => {
    const key = `${id ?? ''}\n${dimension}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    // A reading without a subscription keeps an hour from counting as missing, whosever the cluster is.
    const made =
      id === null
        ? least([...subscriptions.keys(), ''].map((each) => from(each, dimension)))
        : ofSubscription(id, dimension);
    known.set(key, made);
    return made;
  };
  return (id, dimension) => from(id, dimension);
}

const least = (hours: readonly number[]): number => Math.min(Number.POSITIVE_INFINITY, ...hours);

function fromOf(
  { drawdown, missing, period }: RatingPolicy,
  subscription: Subscription | null,
  months: ReadonlySet<number>,
  earliest: number,
): number {
  if (drawdown !== null || missing === 'last_observed') return Number.NEGATIVE_INFINITY;
  const start = subscription?.start_day ?? null;
  if (subscription === null || start === null || period === 'calendar_month') return earliest * 24;
  if (period === 'anniversary_month') return addMonths(earliest, -1) * 24;
  const term = periodOf(period, subscription, start);
  return (months.has(closeMonth(term)) ? Math.min(start, earliest) : earliest) * 24;
}
