import { accept, newestDay, type Revision, type Snapshot, snapshotAt, type Taken } from './accepted.ts';
import { asOfDay, dayOf, dayOfHour, firstDayThatSees } from './clock.ts';
import { clusterAccounts, firstNamed, type Link, linksAt, subscriptionAccounts } from './links.ts';
import { type ClusterDay, CurrentReadings, clusterDays, lives } from './telemetry.ts';
import { type Terms, termsAt } from './terms.ts';
import type { FeatureEvent, Rules, World } from './world.ts';

/** All that was known at an as-of date. */
export interface Known {
  readonly day: number;
  /** The first day of which a reading was known. */
  readonly first_day: number;
  readonly rules: Rules;
  readonly snapshot: Snapshot;
  /** Cluster → day → what was known of it. */
  readonly days: ReadonlyMap<string, ReadonlyMap<number, ClusterDay>>;
  /** Cluster → account. */
  readonly accounts: ReadonlyMap<string, string>;
  readonly terms: Terms;
  readonly links: readonly Link[];
  /** Subscription → account. */
  readonly buyers: ReadonlyMap<string, string>;
  readonly features: readonly FeatureEvent[];
}

/** Day by day from the feed's first to the newest as-of date; only days about which something new is known are made anew. */
export function* asOfDates(world: World): Generator<Known> {
  const taken = accept(world);
  const seen = Map.groupBy(taken.revisions, ({ known }) => known);
  const readings = new CurrentReadings();
  const revisions: Revision[] = [];
  const days = new Map<string, Map<number, ClusterDay>>();
  const first = Math.min(...taken.revisions.map(({ day }) => day));
  const dates = new Set(world.nights.map(({ as_of }) => asOfDay(as_of)));
  let before: Snapshot | null = null;
  for (let day = first; day <= newestDay(world); day += 1) {
    const snapshot: Snapshot = before !== null && !dates.has(day) ? before : snapshotAt(world, day);
    const news = seen.get(day) ?? [];
    const firstHour = readings.first_hour;
    for (const revision of news) readings.take(revision);
    revisions.push(...news);
    const isAnew = snapshot !== before || readings.first_hour !== firstHour;
    const touched = new Set([day, ...news.map((each) => each.day)]);
    const expected = lives(snapshot, day);
    for (let each = first; each <= day; each += 1)
      if (isAnew || touched.has(each))
        replace(days, each, clusterDays(each, expected, readings, world.rules));
    before = snapshot;
    yield {
      ...knownOn(day, world, taken, snapshot, days, revisions),
      first_day: dayOfHour(readings.first_hour),
    };
  }
}

function replace(days: Map<string, Map<number, ClusterDay>>, day: number, made: readonly ClusterDay[]): void {
  for (const own of days.values()) own.delete(day);
  for (const each of made) days.set(each.cluster, (days.get(each.cluster) ?? new Map()).set(day, each));
}

function knownOn(
  day: number,
  world: World,
  taken: Taken,
  snapshot: Snapshot,
  days: Known['days'],
  revisions: readonly Revision[],
): Omit<Known, 'first_day'> {
  const terms = termsAt(snapshot, world.rules, new Map());
  const links = linksAt(snapshot, day, firstNamed(revisions), terms);
  return {
    day,
    rules: world.rules,
    snapshot,
    days,
    accounts: clusterAccounts(snapshot),
    terms,
    links,
    buyers: subscriptionAccounts(snapshot, terms, links),
    features: taken.features.filter(
      ({ hour, recorded_at }) => dayOf(hour.slice(0, 10)) <= day && firstDayThatSees(recorded_at) <= day,
    ),
  };
}
