import { dayOfHour } from './calendar.ts';
import {
  type CloseTake,
  type ClusterHour,
  type RatedSubscription,
  ratedHour,
  takenRevision,
} from './cluster_hours.ts';
import { type CommercialFacts, statedCommitments } from './commitments.ts';
import { ratedHours } from './hours.ts';
import { type DaySpan, drawdownLines, type Line, trueUpLines, usageLines } from './lines.ts';
import { clusterLinks, expectedHours } from './links.ts';
import type { RatingPolicy } from './policy_files.ts';
import { candidatePolicies } from './rating.ts';
import type { RecordRow } from './record_rules.ts';
import type { Revision, Revisions } from './revisions.ts';
import { type Subscription, subscriptionsOf } from './terms.ts';

/** Everything that lines are computed from, read from pages. */
export interface Facts {
  readonly commercial: CommercialFacts;
  /** Polaris' catalogue at the snapshot in use. */
  readonly clusters: ReadonlyMap<string, RecordRow>;
  readonly revisions: Revisions;
  readonly close: CloseTake | null;
  /** The newest as-of date and its cut-off (an instant). */
  readonly newest: number;
  readonly cut_off: number;
  /** Whether an hour of a subscription's dimension is needed. */
  readonly keeps: (subscription: string, dimension: string, hour: number) => boolean;
}

/** Computes the lines from what was read: those that close with the months for which all of their hours were kept. */
export function computeLines(facts: Facts): readonly Line[] {
  const { commercial, revisions, newest } = facts;
  const { policies } = commercial.rules;
  const subscriptions = subscriptionsOf(
    commercial.lists,
    commercial.contracts,
    commercial.rules,
    revisions.metered,
  );
  const dimensions = [...new Set(policies.map(({ dimension }) => dimension))];
  const rated = ratedBy(policies, subscriptions, dimensions);
  const clusterHours = hoursBySubscription(facts, subscriptions, rated);
  const days = daysOf(revisions.feed_first, newest);
  return [...rated].flatMap(([key, each]) => {
    const own = clusterHours.get(key) ?? [];
    const hours = ratedHours(each, own, statedCommitments(commercial, each.subscription));
    const usage = usageLines(each, hours, regionsOf(own));
    return [...usage, ...drawdownLines(usage, () => each), ...trueUpLines(each, usage, days)];
  });
}

const keyOf = (subscription: string, dimension: string) => `${subscription}\n${dimension}`;

function ratedBy(
  policies: readonly RatingPolicy[],
  subscriptions: ReadonlyMap<string, Subscription>,
  dimensions: readonly string[],
): ReadonlyMap<string, RatedSubscription> {
  const found = new Map<string, RatedSubscription>();
  for (const subscription of subscriptions.values())
    for (const dimension of dimensions) {
      const candidates = candidatePolicies(policies, subscription, dimension);
      if (candidates.length > 0)
        found.set(keyOf(subscription.id, dimension), { subscription, dimension, candidates });
    }
  return found;
}

const daysOf = (feedFirst: number, newest: number): DaySpan => ({
  first: Math.min(dayOfHour(feedFirst), newest),
  last: newest,
});

type HoursBySubscription = Map<string, ClusterHour[]>;

/** The hours of each subscription and dimension: those with a reading, observed or not, and the expected ones without. */
function hoursBySubscription(
  facts: Facts,
  subscriptions: ReadonlyMap<string, Subscription>,
  rated: ReadonlyMap<string, RatedSubscription>,
): HoursBySubscription {
  const found: HoursBySubscription = new Map();
  const put = (key: string, cell: Parameters<typeof ratedHour>[1]) => {
    const subscription = rated.get(key);
    const made = subscription === undefined ? null : ratedHour(subscription, cell);
    if (made === null) return;
    const held = found.get(key);
    if (held === undefined) found.set(key, [made]);
    else held.push(made);
  };
  const dimensions = new Set([...rated.values()].map(({ dimension }) => dimension));
  for (const dimension of dimensions) {
    const taken = takenOf(facts, dimension, rated);
    for (const [cluster, hours] of taken)
      for (const [hour, { subscription, quantity, region }] of hours)
        if (subscription !== null) put(keyOf(subscription, dimension), { cluster, hour, quantity, region });
    for (const { cluster, subscription, hour } of missingHours(facts, subscriptions, dimension, taken))
      put(keyOf(subscription, dimension), { cluster, hour, quantity: null, region: null });
  }
  return found;
}

type Taken = ReadonlyMap<string, ReadonlyMap<number, Revision>>;

/** Cluster → hour → the revision that counts. */
function takenOf(
  { revisions, close }: Facts,
  dimension: string,
  rated: ReadonlyMap<string, RatedSubscription>,
): Taken {
  const of = (subscription: string) => rated.get(keyOf(subscription, dimension));
  const taken = new Map<string, Map<number, Revision>>();
  for (const [cluster, hours] of revisions.kept.get(dimension) ?? []) {
    const own = new Map<number, Revision>();
    for (const [hour, all] of hours) {
      const revision = takenRevision(all, hour, of, close);
      if (revision !== undefined) own.set(hour, revision);
    }
    taken.set(cluster, own);
  }
  return taken;
}

/** metrics.md: "Missing is not zero." Expected hours of a linked cluster that have no reading of the dimension. */
function* missingHours(
  { clusters, revisions, newest, cut_off, keeps }: Facts,
  subscriptions: ReadonlyMap<string, Subscription>,
  dimension: string,
  taken: Taken,
): Generator<{ readonly cluster: string; readonly subscription: string; readonly hour: number }> {
  for (const [cluster, record] of clusters) {
    const expected = expectedHours(record, revisions.feed_first, newest);
    const held = taken.get(cluster);
    const links = clusterLinks(cluster, record, revisions.firstNamed(cluster), subscriptions, cut_off);
    for (const { subscription, from, to } of links) {
      const end = Math.min(to, expected.to);
      for (let hour = Math.max(from, expected.from); hour < end; hour += 1)
        if (held?.has(hour) !== true && keeps(subscription, dimension, hour))
          yield { cluster, subscription, hour };
    }
  }
}

function regionsOf(hours: readonly ClusterHour[]): ReadonlyMap<RatingPolicy, ReadonlySet<string>> {
  const found = new Map<RatingPolicy, Set<string>>();
  for (const { policy, region } of hours) {
    if (region === null) continue;
    const known = found.get(policy);
    if (known === undefined) found.set(policy, new Set([region]));
    else known.add(region);
  }
  return found;
}
