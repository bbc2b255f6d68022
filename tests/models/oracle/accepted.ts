import { asOfDay, dayOfHour, firstDayThatSees, hourOf } from './clock.ts';
import { nanos } from './money.ts';
import type { ApiRecord, FeatureEvent, Reading, World } from './world.ts';

/** An accepted revision of a reading, with its place in the log. */
export interface Revision {
  readonly row: Reading;
  readonly hour: number;
  readonly day: number;
  readonly quantity: bigint;
  /** The first as-of date (a day) that sees it. */
  readonly known: number;
  readonly index: number;
}

/** What of the feeds is taken, and the numbers that rows filled which were not. */
export interface Taken {
  readonly revisions: readonly Revision[];
  /** Per cluster: every number that a row was given, and the day of its hour. */
  readonly numbers: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly features: readonly FeatureEvent[];
}

/**
 * Judges the readings one by one, in the order of their arrival: a row in another unit than its dimension's is refused;
 * of a revision that comes again the first stays. Each row that carries a number of its own fills it.
 */
export function accept(world: World): Taken {
  const held = new Set<string>();
  const ids = new Set<string>();
  const revisions: Revision[] = [];
  const numbers = new Map<string, Map<number, number>>();
  for (const night of world.nights) {
    const units = new Map(
      (night.lists['polaris.dimensions'] ?? []).map((each) => [each.dimension, each.unit]),
    );
    for (const row of night.readings) {
      const hour = hourOf(row.hour);
      const filled = numbers.get(row.cluster_id) ?? new Map<number, number>();
      numbers.set(row.cluster_id, filled.set(row.seq, dayOfHour(hour)));
      const key = `${row.cluster_id} ${row.dimension} ${hour} ${row.revision}`;
      if (ids.has(row.reading_id) || held.has(key) || units.get(row.dimension) !== row.unit) continue;
      held.add(key);
      ids.add(row.reading_id);
      const day = dayOfHour(hour);
      const known = Math.max(day, firstDayThatSees(row.recorded_at));
      revisions.push({ row, hour, day, quantity: nanos(row.quantity), known, index: revisions.length });
    }
  }
  return { revisions, numbers, features: featuresOf(world) };
}

function featuresOf(world: World): readonly FeatureEvent[] {
  const events = world.nights.flatMap((night) => night.features);
  return [...new Map(events.map((event) => [event.feature_event_id, event])).values()];
}

/** The state of the three systems that a row dated `day` uses. */
export interface Snapshot {
  readonly list: (item: string) => readonly ApiRecord[];
  /** False for a date before the first snapshot. */
  readonly is_known: boolean;
}

/** The newest as-of date ever run. */
export function newestDay(world: World): number {
  return Math.max(...world.nights.map((night) => asOfDay(night.as_of)));
}

/** The first run of the newest date on or before `day`; where there is none, the earliest run. */
export function snapshotAt(world: World, day: number): Snapshot {
  const dates = world.nights.map((night) => asOfDay(night.as_of));
  const date = Math.max(...dates.filter((each) => each <= day));
  const is_known = Number.isFinite(date);
  const run = is_known ? dates.indexOf(date) : 0;
  return { is_known, list: (item) => stateAfter(world, run, item) };
}

/** Lists come whole; of Salesforce's records, and of usage records, only changes come and none is taken back. */
function stateAfter(world: World, run: number, item: string): readonly ApiRecord[] {
  const isDelta = item.startsWith('salesforce.') || item === 'tackle.usage_records';
  if (!isDelta) return world.nights[run]?.lists[item] ?? [];
  const records = world.nights.slice(0, run + 1).flatMap((night) => night.lists[item] ?? []);
  return [...new Map(records.map((record) => [record.Id ?? record.id, record])).values()];
}

/** Numbers that were never seen, on the day of the hour of the row that follows the hole: `cluster day` → how many. */
export function sequenceHoles(taken: Taken): ReadonlyMap<string, number> {
  const holes = new Map<string, number>();
  for (const [cluster, filled] of taken.numbers) {
    let before = 0;
    for (const [seq, day] of [...filled].sort(([a], [b]) => a - b)) {
      const key = `${cluster} ${day}`;
      if (seq > before + 1) holes.set(key, (holes.get(key) ?? 0) + seq - before - 1);
      before = seq;
    }
  }
  return holes;
}
