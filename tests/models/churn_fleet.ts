/**
 * A small world for the overage and churn models, and what must come of it, in plain TypeScript.
 * Capacities are whole billionths of a TiB (BigInt); hours and days are counted from 2026-01-01 00:00 UTC.
 */

export const DAYS = 75;
const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const UNIT = 1_000_000_000n;

export interface MeterReading {
  readonly cluster: string;
  readonly customer: string;
  readonly subscription: string;
  readonly cloud: string;
  readonly hour: number;
  readonly dimension: 'capacity_used_tib' | 'heartbeat_minutes' | 'read_gib';
  /** Billionths. */
  readonly quantity: bigint;
  readonly revision: number;
  readonly recorded_at: number;
}

interface Cluster {
  readonly cluster: string;
  readonly customer: string;
  readonly subscription: string;
  readonly cloud: string;
  readonly base: bigint;
}

export const CLUSTERS: readonly Cluster[] = [
  { cluster: 'c1', customer: 'A', subscription: 's1', cloud: 'azure', base: 12n },
  { cluster: 'c2', customer: 'A', subscription: 's1', cloud: 'azure', base: 9n },
  { cluster: 'c3', customer: 'B', subscription: 's2', cloud: 'aws', base: 11n },
];

/** Account A holds c1 and c2; B holds c3. The commitment of a subscription in an hour, in billionths. */
const COMMITMENTS = { s1: [20n * UNIT, (51n * UNIT) / 2n], s2: [10n * UNIT] } as const;
export const AMENDED_DAY = 40;
export const S2_ENDS_DAY = 60;

function commitment(subscription: string, hour: number): bigint {
  if (subscription === 's1') return COMMITMENTS.s1[hour < AMENDED_DAY * 24 ? 0 : 1];
  return hour < S2_ENDS_DAY * 24 ? COMMITMENTS.s2[0] : 0n;
}

export const instantOf = (hour: number) => new Date(START + hour * HOUR_MS).toISOString().slice(0, 19);
export const dateOf = (day: number) => instantOf(day * 24).slice(0, 10);

/** A fixed spread of billionths, by cluster and hour. */
function noise(cluster: Cluster, hour: number): bigint {
  return BigInt((hour * 2_654_435_761 + cluster.cluster.charCodeAt(1) * 40_503) % 3_000_000_007);
}

/** Silent: c3 on days 46 to 58. Late by four days: c2 on day 45. Without a capacity: c1 in hour 486. */
function isSilent({ cluster }: Cluster, day: number): boolean {
  return cluster === 'c3' && day >= 46 && day < 59;
}

function readingsOf(cluster: Cluster, hour: number): readonly MeterReading[] {
  const day = Math.floor(hour / 24);
  if (isSilent(cluster, day)) return [];
  const recorded_at = hour + 1.5 + (cluster.cluster === 'c2' && day === 45 ? 96 : 0);
  const { base: _, ...identity } = cluster;
  const common = { ...identity, hour, revision: 1, recorded_at };
  const growth = cluster.cluster === 'c1' ? BigInt(hour) * 4_000_001n : 0n;
  const capacity = cluster.base * UNIT + noise(cluster, hour) + growth;
  const reads = hour % 3 === 0 && !(cluster.cluster === 'c3' && day > 30) ? 5n * UNIT : 0n;
  const rows: MeterReading[] = [
    { ...common, dimension: 'heartbeat_minutes', quantity: 60n * UNIT },
    { ...common, dimension: 'read_gib', quantity: reads },
  ];
  if (cluster.cluster !== 'c1' || hour !== 486)
    rows.push({ ...common, dimension: 'capacity_used_tib', quantity: capacity });
  return rows;
}

/** All readings of the world; the capacity of c1 in hour 845 is restated ten days later. */
export function readings(): readonly MeterReading[] {
  const hours = Array.from({ length: DAYS * 24 }, (_, hour) => hour);
  const rows = CLUSTERS.flatMap((cluster) => hours.flatMap((hour) => readingsOf(cluster, hour)));
  const first = rows.find((r) => r.cluster === 'c1' && r.hour === 845 && r.dimension === 'capacity_used_tib');
  if (first === undefined) throw new Error('tests: reading c1 845: got none, want one to restate');
  return [...rows, { ...first, quantity: first.quantity + 5n * UNIT, revision: 2, recorded_at: 845 + 240 }];
}

/** Of the readings known at an instant (hours from the start), the highest revision of each. */
function current(rows: readonly MeterReading[], known: number): ReadonlyMap<string, bigint> {
  const kept = new Map<string, MeterReading>();
  for (const row of rows) {
    const key = `${row.cluster} ${row.dimension} ${row.hour}`;
    const held = kept.get(key);
    if (row.recorded_at <= known && (held === undefined || held.revision < row.revision)) kept.set(key, row);
  }
  return new Map([...kept].map(([key, row]) => [key, row.quantity]));
}

/** half-even at `1/divisor`. */
function roundHalfEven(numerator: bigint, divisor: bigint): bigint {
  const [quotient, rest] = [numerator / divisor, numerator % divisor];
  const up = 2n * rest > divisor || (2n * rest === divisor && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** Math.min takes no BigInt. */
function least(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

export interface Line {
  readonly measured: bigint;
  readonly included: bigint;
  readonly burst: bigint;
  readonly above: bigint;
  readonly committed: bigint;
  /** Cents. */
  readonly amount: bigint;
  readonly unmetered: number;
}

/** Overage of hinge_then_reduce and sum by calendar month: burst share 20 %, 0.137 and 0.2055 a TiB-hour. */
export function overageLines(): ReadonlyMap<string, Line> {
  const levels = current(readings(), Number.POSITIVE_INFINITY);
  const lines = new Map<string, Line>();
  for (const subscription of ['s1', 's2'] as const) {
    for (let hour = 0; hour < DAYS * 24; hour += 1) {
      const key = `${subscription} ${instantOf(hour).slice(0, 7)}-01`;
      lines.set(key, addHour(lines.get(key), levels, subscription, hour));
    }
  }
  return new Map([...lines].map(([key, line]) => [key, { ...line, amount: amountOf(line) }]));
}

const NOTHING: Line = {
  measured: 0n,
  included: 0n,
  burst: 0n,
  above: 0n,
  committed: 0n,
  amount: 0n,
  unmetered: 0,
};

function addHour(
  line = NOTHING,
  levels: ReadonlyMap<string, bigint>,
  subscription: string,
  hour: number,
): Line {
  const own = CLUSTERS.filter((cluster) => cluster.subscription === subscription);
  const known = own.flatMap(({ cluster }) => levels.get(`${cluster} capacity_used_tib ${hour}`) ?? []);
  const level = known.reduce((sum, quantity) => sum + quantity, 0n);
  const committed = commitment(subscription, hour);
  const over = level > committed ? level - committed : 0n;
  const cap = roundHalfEven(committed * 2n, 10n);
  const burst = least(over, cap);
  return {
    measured: line.measured + level,
    included: line.included + least(level, committed),
    burst: line.burst + burst,
    above: line.above + over - burst,
    committed: line.committed + committed,
    amount: 0n,
    unmetered: line.unmetered + (known.length < own.length ? 1 : 0),
  };
}

function amountOf({ burst, above }: Line): bigint {
  return roundHalfEven(burst * 1370n + above * 2055n, UNIT * 100n);
}

interface Day {
  readonly observed: boolean;
  readonly held: number | null;
  readonly hours: number;
  readonly active: number;
}

export interface Indicators {
  readonly commitment_utilisation_28d: number | null;
  readonly usage_change_28d: number | null;
  readonly usage_trend_pct_week: number | null;
  readonly days_since_activity: number;
  readonly active_hour_ratio_28d: number | null;
  readonly days_without_telemetry: number;
}

/** The usage indicators of account A or B dated `day`, from what was recorded by 02:00 of the following day. */
export function indicators(account: 'A' | 'B', day: number): Indicators {
  const levels = current(readings(), (day + 1) * 24 + 2);
  const own = CLUSTERS.filter((cluster) => cluster.customer === account);
  const days = Array.from({ length: day + 1 }, (_, i) => dayOf(own, levels, i));
  const window = (from: number, to: number) =>
    days.slice(Math.max(0, day + 1 - to), Math.max(0, day + 1 - from));
  const [now, before, both] = [window(0, 28), window(28, 56), window(0, 56)];
  const covered = isCovered(now);
  const both_covered = covered && isCovered(before);
  const lastActive = days.findLastIndex((d) => d.observed && d.active > 0);
  const lastHeard = days.findLastIndex((d) => d.hours > 0);
  return {
    commitment_utilisation_28d: covered ? meanHeld(now) / committedMean(account, day) : null,
    usage_change_28d: both_covered ? meanHeld(now) / meanHeld(before) - 1 : null,
    usage_trend_pct_week: both_covered ? trend(both) : null,
    days_since_activity: day - lastActive,
    active_hour_ratio_28d: covered ? sum(now.map((d) => d.active)) / sum(now.map((d) => d.hours)) : null,
    days_without_telemetry: day - lastHeard,
  };
}

function dayOf(own: readonly Cluster[], levels: ReadonlyMap<string, bigint>, day: number): Day {
  const perCluster = own.map(({ cluster }) => {
    const at = (dimension: string, hour: number) => levels.get(`${cluster} ${dimension} ${hour}`);
    const observed = Array.from({ length: 24 }, (_, i) => day * 24 + i).filter(
      (h) => at('heartbeat_minutes', h) !== undefined,
    );
    const held = observed.flatMap((hour) => at('capacity_used_tib', hour) ?? []);
    const total = held.reduce((all, quantity) => all + quantity, 0n);
    const mean = held.length === 0 ? null : Number(roundHalfEven(total, BigInt(held.length))) / 1e9;
    return {
      observed: observed.length,
      mean,
      active: observed.filter((h) => (at('read_gib', h) ?? 0n) > 0n).length,
    };
  });
  const observed = perCluster.some((c) => c.observed >= 18);
  const means = perCluster.flatMap((c) => c.mean ?? []);
  return {
    observed,
    held: observed && means.length > 0 ? sum(means) : null,
    hours: sum(perCluster.map((c) => c.observed)),
    active: sum(perCluster.map((c) => c.active)),
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const isCovered = (days: readonly Day[]) => days.filter((day) => day.observed).length >= 20;

function meanHeld(days: readonly Day[]): number {
  const held = days.flatMap((day) => day.held ?? []);
  return sum(held) / held.length;
}

function committedMean(account: 'A' | 'B', day: number): number {
  const subscription = account === 'A' ? 's1' : 's2';
  // The terms began long before the first reading, so the hours before it count too.
  const hours = Array.from({ length: 672 }, (_, i) => (day + 1) * 24 - 1 - i);
  return sum(hours.map((hour) => Number(commitment(subscription, hour)) / 1e9)) / 672;
}

/** The least-squares slope over the days that are known ÷ their mean, per cent a week. */
function trend(days: readonly Day[]): number {
  const points = days.flatMap((day, x) => (day.held === null ? [] : [{ x, y: day.held }]));
  const mean = {
    x: sum(points.map((p) => p.x)) / points.length,
    y: sum(points.map((p) => p.y)) / points.length,
  };
  const slope =
    sum(points.map((p) => (p.x - mean.x) * (p.y - mean.y))) / sum(points.map((p) => (p.x - mean.x) ** 2));
  return (slope / mean.y) * 700;
}
