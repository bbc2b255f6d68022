import type { Revision, Snapshot, Taken } from './accepted.ts';
import { cutOffMs, hourOf, msOf } from './clock.ts';
import { mean } from './money.ts';
import type { ApiRecord, Rules } from './world.ts';

type HourState = 'observed_active' | 'observed_zero' | 'missing_source' | 'missing_cluster';

/** A cluster's day as far as it is known. */
export interface ClusterDay {
  readonly cluster: string;
  readonly day: number;
  readonly states: ReadonlyMap<number, HourState>;
  readonly observed: number;
  readonly active: number;
  readonly missing_source: number;
  readonly missing_cluster: number;
  /** Held capacity, averaged over the observed hours that have a reading of it; null without any. */
  readonly held: bigint | null;
  /** Observed hours with capacity or activity above 0. */
  readonly used_hours: readonly number[];
}

/** Cluster → hour → dimension → the current revision. */
type Readings = ReadonlyMap<string, ReadonlyMap<number, ReadonlyMap<string, Revision>>>;

/** Of the revisions that are taken in so far, the highest of each cluster, hour and dimension. */
export class CurrentReadings {
  readonly hours = new Map<string, Map<number, Map<string, Revision>>>();
  first_hour = Number.POSITIVE_INFINITY;

  take(revision: Revision): void {
    const { cluster_id, dimension, revision: number } = revision.row;
    const hours = this.hours.get(cluster_id) ?? new Map<number, Map<string, Revision>>();
    const dimensions = hours.get(revision.hour) ?? new Map<string, Revision>();
    if ((dimensions.get(dimension)?.row.revision ?? 0) < number) dimensions.set(dimension, revision);
    this.hours.set(cluster_id, hours.set(revision.hour, dimensions));
    this.first_hour = Math.min(this.first_hour, revision.hour);
  }
}

/** The hours in which a cluster is expected: `from` up to, and not including, `to`. */
export interface Expected {
  readonly cluster: string;
  readonly from: number;
  readonly to: number;
}

/** The life of each cluster of a catalogue; an end after the cut-off of `day` counts as none. */
export function lives(snapshot: Snapshot, day: number): readonly Expected[] {
  return snapshot.list('polaris.clusters').map((cluster) => ({
    cluster: String(cluster.cluster_id),
    from: hourOf(String(cluster.created_at)),
    to: endOf(cluster, day),
  }));
}

function endOf({ terminated_at }: ApiRecord, day: number): number {
  if (terminated_at === null || msOf(String(terminated_at)) > cutOffMs(day)) return Number.POSITIVE_INFINITY;
  return hourOf(String(terminated_at));
}

/** The days of all clusters, hour by hour. */
export function clusterDays(
  day: number,
  expected: readonly Expected[],
  readings: CurrentReadings,
  rules: Rules,
): readonly ClusterDay[] {
  const states = new Map<string, Map<number, HourState>>();
  for (let hour = day * 24; hour < day * 24 + 24; hour += 1) {
    if (hour < readings.first_hour) continue;
    const due = expected.filter(({ from, to }) => from <= hour && hour < to);
    const lacking = due.filter(({ cluster }) => !isObserved(readings.hours, cluster, hour, rules)).length;
    for (const { cluster } of due) {
      const state = stateOf(readings.hours, cluster, hour, rules, 2 * lacking >= due.length);
      states.set(cluster, (states.get(cluster) ?? new Map<number, HourState>()).set(hour, state));
    }
  }
  return [...states].map(([cluster, hours]) => added(cluster, day, hours, readings.hours, rules));
}

function isObserved(readings: Readings, cluster: string, hour: number, rules: Rules): boolean {
  const known = readings.get(cluster)?.get(hour);
  if (known === undefined) return false;
  const heartbeat = known.get(rules.dimensions.roles.heartbeat?.[0] ?? '');
  return heartbeat === undefined ? known.size > 0 : heartbeat.quantity > 0n;
}

function stateOf(
  readings: Readings,
  cluster: string,
  hour: number,
  rules: Rules,
  isOutage: boolean,
): HourState {
  if (!isObserved(readings, cluster, hour, rules)) return isOutage ? 'missing_source' : 'missing_cluster';
  const known = readings.get(cluster)?.get(hour);
  const activity = rules.dimensions.roles.activity ?? [];
  const isActive = activity.some((dimension) => (known?.get(dimension)?.quantity ?? 0n) > 0n);
  return isActive ? 'observed_active' : 'observed_zero';
}

function added(
  cluster: string,
  day: number,
  states: ReadonlyMap<number, HourState>,
  readings: Readings,
  rules: Rules,
): ClusterDay {
  const hoursIn = (...wanted: readonly HourState[]) =>
    [...states].filter(([, state]) => wanted.includes(state)).map(([hour]) => hour);
  const observed = hoursIn('observed_active', 'observed_zero');
  const active = hoursIn('observed_active');
  const capacity = rules.dimensions.roles.held_capacity?.[0] ?? '';
  const level = (hour: number) => readings.get(cluster)?.get(hour)?.get(capacity)?.quantity;
  const levels = observed.flatMap((hour) => level(hour) ?? []);
  const total = levels.reduce((all, quantity) => all + quantity, 0n);
  return {
    cluster,
    day,
    states,
    observed: observed.length,
    active: active.length,
    missing_source: hoursIn('missing_source').length,
    missing_cluster: hoursIn('missing_cluster').length,
    held: levels.length === 0 ? null : mean(total, levels.length),
    used_hours: observed.filter((hour) => active.includes(hour) || (level(hour) ?? 0n) > 0n),
  };
}

/** All revisions of days up to the newest as-of date, whenever they were recorded: what the usage tables show. */
export function currentReadings(taken: Taken, newest: number): CurrentReadings {
  const current = new CurrentReadings();
  for (const revision of taken.revisions) if (revision.day <= newest) current.take(revision);
  return current;
}
