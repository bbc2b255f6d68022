import { createHash } from 'node:crypto';
import { dayOfHour, dayText } from './calendar.ts';
import type { RatedSubscription } from './cluster_hours.ts';
import { atLeastZero, smaller, sum } from './decimals.ts';
import { hoursOfLines, type RatedHour } from './hours.ts';
import type { RatingPolicy } from './policy_files.ts';
import { type BillingPeriod, closeMonth, periodOf, policyAt } from './rating.ts';
import { type Factors, type Reduced, reduceLine } from './reduce.ts';
import type { Subscription } from './terms.ts';

/** A line as it is by the pages alone; quantities and amounts in billionths. */
export interface Line extends Reduced {
  readonly line_id: string;
  readonly line_type: 'usage' | 'drawdown' | 'true_up';
  readonly subscription_id: string;
  readonly dimension: string;
  readonly period: BillingPeriod;
  /** First day of the calendar month with which it closes. */
  readonly close_month: number;
  readonly policy: RatingPolicy;
  /** Null for lines that are not rated by the unit, and have no hours. */
  readonly factors: Factors | null;
  readonly hours: LineHours | null;
}

interface LineHours {
  readonly expected: number;
  readonly metered: number;
  readonly estimated: number;
  readonly unmetered: number;
  readonly grace: number;
  readonly first: number;
}

const NOTHING = { measured: null, committed: null, included: null, burst: null, above: null };

/** The id of a line: the MD5 of what makes it one, as outside checks know it. */
function lineId(
  type: Line['line_type'],
  { subscription, dimension }: RatedSubscription,
  { policy_id, version }: RatingPolicy,
  { from }: BillingPeriod,
): string {
  const parts = [type, subscription.id, dimension, dayText(from), policy_id, version];
  return createHash('md5').update(parts.join('|')).digest('hex');
}

function lineOf(
  type: Line['line_type'],
  rated: RatedSubscription,
  policy: RatingPolicy,
  period: BillingPeriod,
  figures: Reduced,
): Line {
  return {
    line_id: lineId(type, rated, policy, period),
    line_type: type,
    subscription_id: rated.subscription.id,
    dimension: rated.dimension,
    period,
    close_month: closeMonth(period),
    policy,
    factors: null,
    hours: null,
    ...figures,
  };
}

/** The usage lines of a subscription and dimension. @param regions of its clusters that had readings, by policy version */
export function usageLines(
  rated: RatedSubscription,
  hours: readonly RatedHour[],
  regions: ReadonlyMap<RatingPolicy, ReadonlySet<string>>,
): readonly Line[] {
  return hoursOfLines(hours).flatMap((line): readonly Line[] => {
    const [first] = line;
    if (first === undefined) return [];
    const { policy, period } = first;
    const factors = factorsOf(policy, rated.subscription, regions.get(policy));
    const figures = reduceLine(policy, line, factors);
    return [{ ...lineOf('usage', rated, policy, period, figures), factors, hours: countHours(line) }];
  });
}

/** metrics.md: "tier, edition: per plan; region: of the subscription's clusters"; a value that is not named has 1. */
function factorsOf(
  policy: RatingPolicy,
  { tier, edition }: Subscription,
  regions: ReadonlySet<string> = new Set(),
): Factors {
  const one = 10_000n;
  const [region = ''] = regions;
  return {
    tier: policy.tier.get(tier ?? '') ?? one,
    edition: policy.edition.get(edition ?? '') ?? one,
    region: policy.region.get(region) ?? one,
  };
}

function countHours(line: readonly RatedHour[]): LineHours {
  const of = (kind: RatedHour['metering']) => line.filter(({ metering }) => metering === kind).length;
  return {
    expected: line.length,
    metered: of('metered'),
    estimated: of('estimated'),
    unmetered: of('unmetered'),
    grace: line.filter(({ is_grace }) => is_grace).length,
    first: line.reduce((least, { hour }) => Math.min(least, hour), Number.POSITIVE_INFINITY),
  };
}

/**
 * metrics.md: "drawdown = min(balance, amount)": one balance per subscription and policy, drawn by its usage lines in the
 * order of their periods.
 */
export function drawdownLines(
  usage: readonly Line[],
  rated: (line: Line) => RatedSubscription,
): readonly Line[] {
  const drawing = usage.filter(({ policy, amount }) => policy.drawdown !== null && amount !== null);
  const balances = Map.groupBy(drawing, (line) => `${line.subscription_id}\n${line.policy.policy_id}`);
  return [...balances.values()].flatMap((lines) => {
    let charged = 0n;
    return lines.toSorted(inOrder).map((line) => {
      const amount = line.amount ?? 0n;
      const drawn = smaller(atLeastZero((line.policy.drawdown ?? 0n) - charged), amount);
      charged += amount;
      return lineOf('drawdown', rated(line), line.policy, line.period, { ...NOTHING, amount: -drawn });
    });
  });
}

const inOrder = (a: Line, b: Line) =>
  a.period.from - b.period.from ||
  (a.hours?.first ?? 0) - (b.hours?.first ?? 0) ||
  (a.line_id < b.line_id ? -1 : 1);

/** The days that lines may be made of: from the feed's first one to the newest as-of date, both included. */
export interface DaySpan {
  readonly first: number;
  readonly last: number;
}

/**
 * metrics.md: "True-up at the period's end = max(0, committed amount − Σ charged)". The version in force in the period's last
 * hour, or the term's before that, says how much; who used nothing owes it all.
 * @param usage the usage lines of the subscription and dimension
 */
export function trueUpLines(
  rated: RatedSubscription,
  usage: readonly Line[],
  days: DaySpan,
): readonly Line[] {
  const { subscription, candidates } = rated;
  if (candidates.every(({ true_up }) => true_up === null)) return [];
  if (!subscription.is_in_tackle && usage.length === 0) return [];
  return periodsOf(rated, days).flatMap((period): readonly Line[] => {
    const end = Math.min(period.to * 24, subscription.to);
    const policy = policyAt(candidates, end - 1);
    if (policy === undefined || policy.true_up === null || !isOver(rated, policy, period, days)) return [];
    const own = usage.filter((line) => line.period.from === period.from && line.period.to === period.to);
    if (!subscription.is_in_tackle && own.length === 0) return [];
    const charged = sum(own.flatMap(({ amount }) => amount ?? []));
    const amount = atLeastZero(policy.true_up - charged);
    return [lineOf('true_up', rated, policy, period, { ...NOTHING, amount })];
  });
}

/** Every billing period that a day of the span lies in, under any of the policies. */
function periodsOf({ subscription, candidates }: RatedSubscription, { first, last }: DaySpan) {
  const kinds = new Set(candidates.map(({ period }) => period));
  const found = new Map<string, BillingPeriod>();
  for (const kind of kinds)
    for (let day = first; day <= last; day += 1) {
      const period = periodOf(kind, subscription, day);
      found.set(`${period.from} ${period.to}`, period);
    }
  return [...found.values()];
}

/** Whether the period has ended, was one under this policy, and lies in the term. */
function isOver(
  { subscription }: RatedSubscription,
  policy: RatingPolicy,
  period: BillingPeriod,
  { first, last }: DaySpan,
): boolean {
  const [from, to] = [period.from * 24, period.to * 24];
  if (period.to > last + 1 || from >= subscription.to || subscription.from >= to) return false;
  const starts = Math.max(policy.from, subscription.from);
  const ends = Math.min(policy.to, subscription.to);
  const begin = Math.max(first, period.from, Number.isFinite(starts) ? dayOfHour(starts) : first);
  const end = Math.min(last, period.to - 1, Number.isFinite(ends) ? dayOfHour(ends) : last);
  const own = begin <= end ? periodOf(policy.period, subscription, begin) : null;
  return own !== null && own.from === period.from && own.to === period.to;
}
