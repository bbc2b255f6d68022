/** A small random fleet, and what was known of it at an as-of date, computed row by row from the definitions. */

export interface Reading {
  readonly cluster_id: string;
  readonly hour: string;
  readonly dimension: string;
  readonly quantity: number;
  readonly revision: number;
  readonly recorded_at: string;
}

interface Cluster {
  readonly cluster_id: string;
  readonly created_at: string;
  readonly terminated_at: string | null;
  readonly is_vanished: boolean;
}

export interface Fleet {
  readonly readings: readonly Reading[];
  /** Versions of clusters, by the load that brought them. */
  readonly catalogues: readonly { readonly load_id: number; readonly clusters: readonly Cluster[] }[];
  readonly runs: readonly { readonly load_id: number; readonly date: string }[];
  readonly dates: readonly string[];
}

export interface Day {
  hours_expected: number;
  hours_observed: number;
  hours_active: number;
  hours_missing_source: number;
  hours_missing_cluster: number;
  capacity_used_sum: number;
  capacity_used_hours: number;
}

const HOUR = 3_600_000;
const FIRST = Date.parse('2026-03-01T00:00:00Z');
const DAYS = 8;
const text = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
const instant = (value: string): number => Date.parse(`${value.replace(' ', 'T')}Z`);
const dayOf = (ms: number): string => text(ms).slice(0, 10);

/** mulberry32: a seeded stream of numbers in [0, 1). */
function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function randomFleet(seed: number): Fleet {
  const random = stream(seed);
  const readings: Reading[] = [];
  for (let index = 0; index < 5; index += 1)
    for (let hour = FIRST + 3 * HOUR; hour < FIRST + DAYS * 24 * HOUR; hour += HOUR)
      readings.push(...hourOf(`k${index}`, hour, random));
  return {
    readings,
    catalogues: CATALOGUES,
    runs: [
      { load_id: 1, date: '2026-03-03' },
      { load_id: 2, date: '2026-03-05' },
      { load_id: 3, date: '2026-03-08' },
    ],
    dates: Array.from({ length: DAYS }, (_, day) => dayOf(FIRST + day * 24 * HOUR)),
  };
}

const live = { terminated_at: null, is_vanished: false };
/** k3 turns out to be terminated, then not; k4 appears later; k2 vanishes. */
const CATALOGUES: Fleet['catalogues'] = [
  {
    load_id: 1,
    clusters: [
      { cluster_id: 'k0', created_at: '2026-01-01 00:00:00', ...live },
      { cluster_id: 'k1', created_at: '2026-03-02 10:20:00', ...live },
      { cluster_id: 'k2', created_at: '2026-01-01 00:00:00', ...live },
      { cluster_id: 'k3', created_at: '2026-01-01 00:00:00', ...live },
    ],
  },
  {
    load_id: 2,
    clusters: [
      {
        cluster_id: 'k3',
        created_at: '2026-01-01 00:00:00',
        terminated_at: '2026-03-04 07:45:00',
        is_vanished: false,
      },
      { cluster_id: 'k4', created_at: '2026-03-02 05:00:00', ...live },
    ],
  },
  {
    load_id: 3,
    clusters: [
      { cluster_id: 'k2', created_at: '2026-01-01 00:00:00', terminated_at: null, is_vanished: true },
      {
        cluster_id: 'k3',
        created_at: '2026-01-01 00:00:00',
        terminated_at: '2026-03-06 00:00:00',
        is_vanished: false,
      },
    ],
  },
];

/** Readings of one cluster's hour: mostly on time, some late by days, some missing, some restated, an outage at times. */
function hourOf(cluster_id: string, hour: number, random: () => number): Reading[] {
  const outage = Math.floor(hour / HOUR) % 17 === 0;
  if (random() < (outage ? 0.6 : 0.1)) return [];
  const delay = random() < 0.15 ? random() * 100 * HOUR : 0.2 * HOUR;
  const row = (dimension: string, quantity: number, revision = 1, later = 0): Reading => ({
    cluster_id,
    hour: text(hour),
    dimension,
    quantity,
    revision,
    recorded_at: text(hour + HOUR + delay + later),
  });
  const rows = [row('capacity_used_tib', Math.floor(random() * 1000))];
  if (random() < 0.9) rows.push(row('heartbeat_minutes', random() < 0.1 ? 0 : 60));
  if (random() < 0.7) rows.push(row('read_gib', random() < 0.5 ? 0 : 5));
  if (random() < 0.1)
    rows.push(row('capacity_used_tib', Math.floor(random() * 1000), 2, random() * 90 * HOUR));
  if (random() < 0.05) rows.push(row('heartbeat_minutes', random() < 0.5 ? 0 : 30, 3, random() * 90 * HOUR));
  return rows;
}

/** The catalogue that date sees: the newest snapshot on or before it, else the first. */
function catalogueAt(fleet: Fleet, date: string): readonly Cluster[] {
  const run = fleet.runs.findLast((candidate) => candidate.date <= date) ?? fleet.runs[0];
  const held = new Map<string, Cluster>();
  for (const { load_id, clusters } of fleet.catalogues)
    if (load_id <= (run?.load_id ?? 0)) for (const cluster of clusters) held.set(cluster.cluster_id, cluster);
  return [...held.values()].filter((cluster) => !cluster.is_vanished);
}

type Known = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Cluster and hour → dimension → quantity of the highest revision recorded up to the cut-off. */
function knownAt(fleet: Fleet, cutOff: number): Known {
  const best = new Map<string, Map<string, Reading>>();
  for (const reading of fleet.readings) {
    if (instant(reading.recorded_at) > cutOff) continue;
    const key = `${reading.cluster_id} ${reading.hour}`;
    const hour = best.get(key) ?? new Map<string, Reading>();
    if ((hour.get(reading.dimension)?.revision ?? 0) < reading.revision) hour.set(reading.dimension, reading);
    best.set(key, hour);
  }
  const quantities = (hour: Map<string, Reading>) =>
    new Map([...hour].map(([d, reading]) => [d, reading.quantity]));
  return new Map([...best].map(([key, hour]) => [key, quantities(hour)]));
}

function observed(hour: ReadonlyMap<string, number> | undefined): boolean {
  if (hour === undefined) return false;
  const heartbeat = hour.get('heartbeat_minutes');
  return heartbeat === undefined ? hour.size > 0 : heartbeat > 0;
}

/** One entry per `date cluster day` with expected hours. */
export function stateAsOf(fleet: Fleet, date: string): ReadonlyMap<string, Day> {
  const known = knownAt(fleet, instant(`${date} 02:00:00`) + 24 * HOUR);
  const first = Math.min(...[...known.keys()].map((key) => instant(key.slice(3))));
  const clusters = catalogueAt(fleet, date);
  const days = new Map<string, Day>();
  for (let hour = first; hour < instant(`${date} 00:00:00`) + 24 * HOUR; hour += HOUR) {
    const expected = clusters.filter((cluster) => isExpected(cluster, hour));
    const reading = (cluster: Cluster) => known.get(`${cluster.cluster_id} ${text(hour)}`);
    const lacking = expected.filter((cluster) => !observed(reading(cluster))).length;
    for (const cluster of expected) {
      const key = `${date} ${cluster.cluster_id} ${dayOf(hour)}`;
      const day = days.get(key) ?? emptyDay();
      count(day, reading(cluster), 2 * lacking >= expected.length);
      days.set(key, day);
    }
  }
  return days;
}

function isExpected(cluster: Cluster, hour: number): boolean {
  const floor = (value: string) => Math.floor(instant(value) / HOUR) * HOUR;
  return (
    floor(cluster.created_at) <= hour &&
    (cluster.terminated_at === null || hour < floor(cluster.terminated_at))
  );
}

function emptyDay(): Day {
  return {
    hours_expected: 0,
    hours_observed: 0,
    hours_active: 0,
    hours_missing_source: 0,
    hours_missing_cluster: 0,
    capacity_used_sum: 0,
    capacity_used_hours: 0,
  };
}

function count(day: Day, hour: ReadonlyMap<string, number> | undefined, outage: boolean): void {
  day.hours_expected += 1;
  if (hour === undefined || !observed(hour)) {
    day[outage ? 'hours_missing_source' : 'hours_missing_cluster'] += 1;
    return;
  }
  day.hours_observed += 1;
  if ((hour.get('read_gib') ?? 0) > 0) day.hours_active += 1;
  const capacity = hour.get('capacity_used_tib');
  if (capacity === undefined) return;
  day.capacity_used_sum += capacity;
  day.capacity_used_hours += 1;
}
