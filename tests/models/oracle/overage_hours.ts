import { addMonths, dayOf, dayOfHour, monthOf } from './clock.ts';
import { commercialBasis } from './commitment_rows.ts';
import { commitmentAt } from './commitments.ts';
import { atLeastZero, least, mean, nanos, sum } from './money.ts';
import { policyAt, type Subscription } from './terms.ts';
import type { UsageBasis } from './usage.ts';
import type { Policy } from './world.ts';

/** Bands are kept in 10^-15: a commitment of nine digits by a burst share of six is exact. */
export const FINE = 1_000_000n;

export interface Bands {
  readonly included: bigint;
  readonly burst: bigint;
  readonly above: bigint;
}

/** One subscription's dimension in one hour, under the policy that rates it. */
export interface OverageHour {
  readonly subscription: Subscription;
  readonly policy: Policy;
  readonly hour: number;
  readonly period: { readonly from: number; readonly to: number };
  readonly clusters: readonly ClusterLevel[];
  /** Billionths; null where no cluster has a level. */
  readonly measured: bigint | null;
  /** Billionths; null where it has no limit. */
  readonly committed: bigint | null;
  readonly source: string;
  readonly bands: Bands | null;
  readonly is_grace: boolean;
}

interface ClusterLevel {
  readonly cluster: string;
  readonly customer: string;
  readonly region: string | null;
  readonly quantity: bigint | null;
  estimate: bigint | null;
}

interface Cell extends ClusterLevel {
  readonly subscription: Subscription;
  readonly dimension: string;
  readonly policy: Policy;
  readonly hour: number;
  readonly period: { readonly from: number; readonly to: number };
}

/** `included + burst + above = level`, against a commitment and a share of it; without a limit all is included. */
export function bandsOf(level: bigint, committed: bigint | null, burst_pct: string): Bands {
  const fine = level * FINE;
  if (committed === null) return { included: fine, burst: 0n, above: 0n };
  const over = atLeastZero(fine - committed * FINE);
  // A share of up to four digits of a per cent: 10^-6.
  const cap = (committed * nanos(burst_pct)) / 100_000n;
  const burst = least(over, cap);
  return { included: fine - over, burst, above: over - burst };
}

/** Every hour that some policy rates: with a current reading, observed or not, or expected and without one. */
export function overageHours(basis: UsageBasis): readonly OverageHour[] {
  const { stated } = commercialBasis(basis);
  const cells = cellsOf(basis);
  estimate(cells);
  const hours = [...Map.groupBy(cells, keyOf).values()].map((own): OverageHour => {
    const [first] = own;
    if (first === undefined) throw new Error('oracle: hour: got no cluster, want at least one');
    const { subscription, policy, hour, period } = first;
    const levels = own.flatMap(({ quantity, estimate: filled }) => quantity ?? filled ?? []);
    const commitment = commitmentAt(stated, subscription.id, policy.dimension, hour);
    const committed = commitment === undefined ? 0n : commitment.quantity;
    const measured = levels.length === 0 ? null : sum(levels);
    return {
      subscription,
      policy,
      hour,
      period,
      clusters: own,
      measured,
      committed,
      source: commitment?.source ?? 'none',
      bands: measured === null ? null : bandsOf(measured, committed, policy.burst_pct),
      is_grace: false,
    };
  });
  return withGrace(hours.sort((a, b) => a.hour - b.hour));
}

const keyOf = ({ subscription, dimension, hour }: Cell) => `${subscription.id} ${dimension} ${hour}`;

function cellsOf(basis: UsageBasis): Cell[] {
  const { readings, days, world, snapshot } = basis;
  const { terms, links } = commercialBasis(basis);
  const customers = new Map(
    snapshot.list('polaris.clusters').map((each) => [String(each.cluster_id), String(each.customer_id)]),
  );
  const found: Cell[] = [];
  const add = (id: string, dimension: string, hour: number, level: Omit<ClusterLevel, 'estimate'>) => {
    const subscription = terms.subscriptions.get(id);
    const policy = subscription && policyAt(world.rules, subscription, dimension, hour);
    if (subscription === undefined || policy === undefined) return;
    const period = periodOf(policy, subscription, dayOfHour(hour));
    found.push({ subscription, dimension, policy, hour, period, ...level, estimate: null });
  };
  const dimensions = [...new Set(world.rules.overage.map(({ dimension }) => dimension))];
  for (const [cluster, hours] of readings.hours)
    for (const [hour, known] of hours)
      for (const dimension of dimensions) {
        const reading = known.get(dimension);
        if (reading === undefined || reading.row.subscription_id === null) continue;
        const { subscription_id, customer_id: customer, region } = reading.row;
        add(subscription_id, dimension, hour, { cluster, customer, region, quantity: reading.quantity });
      }
  for (const { cluster, states } of days.values())
    for (const hour of states.keys())
      for (const dimension of dimensions) {
        if (readings.hours.get(cluster)?.get(hour)?.has(dimension)) continue;
        const link = links.find((each) => each.cluster === cluster && each.from <= hour && hour < each.to);
        const customer = customers.get(cluster) ?? '';
        if (link !== undefined)
          add(link.subscription, dimension, hour, { cluster, customer, region: null, quantity: null });
      }
  return found;
}

/** Calendar months, months from the day of the subscription's start, or its whole term; the end is exclusive. */
function periodOf({ period }: Policy, { starts_at, to }: Subscription, day: number) {
  const start = starts_at === null ? null : dayOf(starts_at.slice(0, 10));
  if (period === 'calendar_month' || start === null || start > day)
    return { from: monthOf(day), to: addMonths(monthOf(day), 1) };
  if (period === 'term')
    return { from: start, to: Number.isFinite(to) ? dayOfHour(to) : dayOf('9999-01-01') };
  let months = 0;
  while (addMonths(start, months + 1) <= day) months += 1;
  return { from: addMonths(start, months), to: addMonths(start, months + 1) };
}

/** Fills hours without a reading where the policy says how: the cluster's last level, or its mean in the period. */
function estimate(cells: Cell[]): void {
  const series = Map.groupBy(cells, ({ subscription, dimension, cluster }) =>
    [subscription.id, dimension, cluster].join(' '),
  );
  for (const own of series.values()) {
    const periods = Map.groupBy(
      own,
      ({ policy, period }) => `${policy.policy_id} ${policy.version} ${period.from}`,
    );
    let last: bigint | null = null;
    for (const cell of own.sort((a, b) => a.hour - b.hour)) {
      if (cell.quantity !== null) last = cell.quantity;
      else if (cell.policy.missing === 'last_observed') cell.estimate = last;
    }
    for (const within of periods.values()) {
      const known = within.flatMap(({ quantity }) => quantity ?? []);
      for (const cell of within)
        if (cell.quantity === null && cell.policy.missing === 'period_mean' && known.length > 0)
          cell.estimate = mean(sum(known), known.length);
    }
  }
}

/** The first hours above the commitment in a period, counted through the versions of a policy, are rated 0. */
function withGrace(hours: readonly OverageHour[]): readonly OverageHour[] {
  const counted = new Map<string, number>();
  return hours.map((each) => {
    const { subscription, policy, period, measured, committed } = each;
    if (measured === null || committed === null || measured <= committed) return each;
    const key = [subscription.id, policy.dimension, policy.policy_id, period.from].join(' ');
    const above = (counted.get(key) ?? 0) + 1;
    counted.set(key, above);
    return { ...each, is_grace: above <= policy.grace.hours };
  });
}

/** The hours of each usage line: subscription × dimension × period × policy version. */
export function overageLines(hours: readonly OverageHour[]): readonly (readonly OverageHour[])[] {
  const key = ({ subscription, policy, period }: OverageHour) =>
    [subscription.id, policy.dimension, policy.policy_id, policy.version, period.from].join(' ');
  return [...Map.groupBy(hours, key).values()];
}

export const measuredOf = (hours: readonly OverageHour[]) =>
  hours.filter(({ measured }) => measured !== null);

export function meteringOf({ clusters }: OverageHour): 'metered' | 'estimated' | 'unmetered' {
  if (clusters.every(({ quantity }) => quantity !== null)) return 'metered';
  return clusters.every(({ quantity, estimate }) => quantity !== null || estimate !== null)
    ? 'estimated'
    : 'unmetered';
}
