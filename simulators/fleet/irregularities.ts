import { between, chance, hash32 } from './hash.ts';
import { HOUR_SECONDS, monthCutOff } from './instants.ts';
import type { ClusterPlan, FleetPlan } from './plan.ts';

/**
 * Hours are counted from the fleet's first (0); tick t is the time after hour t in which Polaris records: first
 * what clusters report of hour t, then whatever else is due. A block is a stretch of hours planned together.
 */

/** Marks of one (cluster, hour). Without a mark, every dimension is recorded in the hour's own tick. */
export const ABSENT = 1; // not running: nothing is expected
export const MISSING = 2; // nothing is recorded in the hour's own tick
export const NO_HEARTBEAT = 4; // the heartbeat reading alone is never recorded
export const ZERO_HEARTBEAT = 8; // the heartbeat reading says 0
export const NO_CAPACITY = 16; // the held capacity alone is never recorded
export const NOTHING_RECORDED = ABSENT | MISSING;

/** Places in the dimension catalogue. */
export const CAPACITY = 0;
export const HEARTBEAT = 1;

/** No row is recorded more than this many hours after its hour. */
export const MAX_DELAY_HOURS = 480;

/**
 * Rows recorded outside their hour's own tick: `late`: the first revisions of all dimensions of the hours
 * from..to (exclusive); `revision`: a restatement of one reading; `copy`: revision 1 again under another id.
 */
export interface Extra {
  readonly kind: 'late' | 'revision' | 'copy';
  readonly cluster: number;
  readonly tick: number;
  readonly from: number;
  readonly to: number;
  /** -1: all. */
  readonly dimension: number;
  readonly revision: number;
}

/** A stretch in which a running cluster recorded nothing in time; `arrival`: the tick in which it came, null = never. */
export interface Gap {
  readonly cluster: number;
  readonly from: number;
  readonly to: number;
  readonly arrival: number | null;
  readonly cause: 'cluster' | 'outage' | 'late';
}

/** Everything irregular about the hours of one block. */
export interface Block {
  readonly from: number;
  readonly hours: number;
  /** One byte per cluster × hour of the block. */
  readonly marks: Uint8Array;
  readonly extras: readonly Extra[];
  readonly gaps: readonly Gap[];
  /** Numbers that the cluster's count skips before its rows of this tick. */
  readonly holes: readonly { readonly cluster: number; readonly tick: number; readonly numbers: number }[];
  /** On-time readings that are delivered twice, equal to the last byte. */
  readonly redelivered: readonly {
    readonly cluster: number;
    readonly tick: number;
    readonly dimension: number;
  }[];
}

/** Hours per block: 28 days, or all days of a shorter fleet. */
export function blockHours(days: number): number {
  return Math.min(28, Math.max(1, days)) * 24;
}

/** The fleet-wide outage that an hour may lie in: from (inclusive) and to (exclusive). One every 90 days. */
export function outageAround(days: number, hour: number): { readonly from: number; readonly to: number } {
  const cycle = 90 * 24;
  const from = Math.floor(hour / cycle) * cycle + Math.floor(Math.min(days, 90) * 24 * 0.6);
  return { from, to: from + (days < 7 ? 2 : 5) };
}

/** Plans a block: a pure function of the fleet's plan and the block's number. */
export function planBlock(plan: FleetPlan, number: number, dimensions: number): Block {
  const hours = blockHours(plan.days);
  const planner = new BlockPlanner(plan, number * hours, hours, dimensions);
  for (const cluster of plan.clusters) planner.plan(cluster, number);
  return planner.block;
}

class BlockPlanner {
  readonly block: Block & { extras: Extra[]; gaps: Gap[]; holes: Block['holes'][number][] } & {
    redelivered: Block['redelivered'][number][];
  };
  readonly #plan: FleetPlan;
  readonly #dimensions: number;
  /** Of the cluster at hand: hour → tick in which its late rows come. */
  readonly #arrivals = new Map<number, number>();
  /** Of the cluster at hand: readings (hour and dimension) that are restated or copied already. */
  readonly #touched = new Set<string>();

  constructor(plan: FleetPlan, from: number, hours: number, dimensions: number) {
    this.#plan = plan;
    this.#dimensions = dimensions;
    const marks = new Uint8Array(plan.clusters.length * hours);
    this.block = { from, hours, marks, extras: [], gaps: [], holes: [], redelivered: [] };
  }

  plan(cluster: ClusterPlan, number: number): void {
    const h = (part: number) => hash32(this.#plan.seed, 1000 + number, cluster.number, part);
    this.#arrivals.clear();
    this.#touched.clear();
    if (!this.#markAbsent(cluster)) return;
    this.#customerGaps(cluster);
    this.#outage(cluster);
    this.#ownGap(cluster, h);
    this.#lateRows(cluster, h);
    this.#singleMissing(cluster, h);
    this.#revisions(cluster, h);
    this.#copies(cluster, h);
  }

  /** False where the cluster runs in no hour of the block. */
  #markAbsent(cluster: ClusterPlan): boolean {
    const { from, hours, marks } = this.block;
    const begin = Math.floor((cluster.created_at - this.#plan.start) / HOUR_SECONDS) - from;
    const ends = cluster.terminated_at;
    const end = ends === null ? hours : Math.floor((ends - this.#plan.start) / HOUR_SECONDS) - from;
    const row = cluster.number * hours;
    marks.fill(ABSENT, row, row + Math.min(hours, Math.max(0, begin)));
    if (end < hours) marks.fill(ABSENT, row + Math.max(0, end), row + hours);
    return begin < hours && end > 0;
  }

  #customerGaps(cluster: ClusterPlan): void {
    const customer = this.#plan.customers[cluster.customer];
    if (customer?.clusters[0]?.number !== cluster.number) return;
    const { days } = this.#plan;
    if (customer.behaviour === 'silent') {
      this.#gap(cluster, (days - 9) * 24, (days + 12) * 24, null, 'cluster');
    }
    if (customer.behaviour !== 'flaky') return;
    for (let day = days - 35; day < days + 5; day += 1) {
      this.#gap(cluster, day * 24 + 3, day * 24 + 13, null, 'cluster');
    }
  }

  /** Three in five clusters never send what they measured in an outage, one in five sends it later. */
  #outage(cluster: ClusterPlan): void {
    const place = cluster.number % 5;
    if (place === 4) return;
    const { from: first, hours } = this.block;
    for (const hour of [first, first + hours - 1]) {
      const { from, to } = outageAround(this.#plan.days, hour);
      this.#gap(cluster, from, to, place === 2 ? to + 30 : null, 'outage');
    }
  }

  #ownGap(cluster: ClusterPlan, h: (part: number) => number): void {
    if (!chance(h(0), 300)) return;
    const { from, hours } = this.block;
    const start = from + between(h(1), 0, hours - 1);
    const long = chance(h(2), 120) ? between(h(3), 72, 144) : between(h(3), 2, 30);
    const end = Math.min(start + Math.min(long, Math.ceil(hours / 8)), from + hours);
    this.#gap(cluster, start, end, chance(h(4), 400) ? end + between(h(5), 24, 50) : null, 'cluster');
  }

  #lateRows(cluster: ClusterPlan, h: (part: number) => number): void {
    const { from, hours } = this.block;
    for (let i = 0; i < 2; i += 1) {
      if (!chance(h(10 + i), 600)) continue;
      const start = from + between(h(12 + i), 0, hours - 1);
      const end = Math.min(start + between(h(14 + i), 1, 4), from + hours);
      const delay = i === 0 ? between(h(16), 25, 72) : between(h(17), 1, 10);
      this.#gap(cluster, start, end, end + delay, 'late');
    }
    const hour = from + between(h(18), 0, hours - 1);
    const cutOff = this.#cutOffTick(hour);
    if (cutOff - hour < 11 * 24) this.#gap(cluster, hour, hour + 1, cutOff + (h(19) % 20), 'late');
  }

  /** The tick of the first hour that is recorded after the close cut-off of the hour's month. */
  #cutOffTick(hour: number): number {
    const at = this.#plan.start + hour * HOUR_SECONDS;
    return Math.ceil((monthCutOff(at) - this.#plan.start) / HOUR_SECONDS);
  }

  /** Marks what is still free of from..to as missing; one gap per unbroken stretch. */
  #gap(cluster: ClusterPlan, from: number, to: number, arrival: number | null, cause: Gap['cause']): void {
    const { from: first, hours, marks } = this.block;
    const row = cluster.number * hours - first;
    const end = Math.min(to, first + hours);
    let begun: number | null = null;
    for (let hour = Math.max(from, first); hour <= end; hour += 1) {
      const free = hour < end && marks[row + hour] === 0;
      if (free) {
        marks[row + hour] = MISSING;
        if (arrival !== null) this.#arrivals.set(hour, arrival);
        begun ??= hour;
      } else if (begun !== null) {
        this.#closeGap({ cluster: cluster.number, from: begun, to: hour, arrival, cause });
        begun = null;
      }
    }
  }

  #closeGap(gap: Gap): void {
    this.block.gaps.push(gap);
    if (gap.arrival === null) return;
    const { cluster, from, to, arrival: tick } = gap;
    this.block.extras.push({ kind: 'late', cluster, tick, from, to, dimension: -1, revision: 1 });
  }

  #singleMissing(cluster: ClusterPlan, h: (part: number) => number): void {
    [NO_HEARTBEAT, ZERO_HEARTBEAT, ZERO_HEARTBEAT, NO_CAPACITY].forEach((mark, i) => {
      const hour = this.block.from + between(h(20 + i), 0, this.block.hours - 1);
      if (chance(h(24 + i), 600) && this.#markOf(cluster, hour) === 0) {
        this.block.marks[cluster.number * this.block.hours + hour - this.block.from] = mark;
      }
    });
  }

  #markOf(cluster: ClusterPlan, hour: number): number {
    return this.block.marks[cluster.number * this.block.hours + hour - this.block.from] ?? ABSENT;
  }

  /** The tick in which the reading's first revision is recorded; null where it never is. */
  #recordedIn(cluster: ClusterPlan, hour: number, dimension: number): number | null {
    const mark = this.#markOf(cluster, hour);
    if ((mark & ABSENT) !== 0) return null;
    if ((mark & NO_HEARTBEAT) !== 0 && dimension === HEARTBEAT) return null;
    if ((mark & NO_CAPACITY) !== 0 && dimension === CAPACITY) return null;
    return (mark & MISSING) !== 0 ? (this.#arrivals.get(hour) ?? null) : hour;
  }

  /** Five readings of each block are restated (one of them a heartbeat), some twice, some after the close cut-off. */
  #revisions(cluster: ClusterPlan, h: (part: number) => number): void {
    for (let i = 0; i < 5; i += 1) {
      const hour = this.block.from + between(h(30 + i), 0, this.block.hours - 1);
      const dimension = i === 0 ? HEARTBEAT : i < 3 ? CAPACITY : between(h(35 + i), 0, this.#dimensions - 1);
      const recorded = this.#recordedIn(cluster, hour, dimension);
      if (recorded === null || !this.#touch(hour, dimension)) continue;
      const cutOff = this.#cutOffTick(hour);
      const after = i === 2 && cutOff - hour < 15 * 24 ? Math.max(cutOff, recorded) : recorded;
      const second = after + between(h(40 + i), 1, 60);
      this.#revise(cluster, hour, dimension, 2, second);
      if (chance(h(45 + i), 250))
        this.#revise(cluster, hour, dimension, 3, second + between(h(50 + i), 1, 30));
    }
  }

  /** True the first time: a reading is restated or copied only once. */
  #touch(hour: number, dimension: number): boolean {
    const key = `${hour} ${dimension}`;
    if (this.#touched.has(key)) return false;
    this.#touched.add(key);
    return true;
  }

  #revise(cluster: ClusterPlan, hour: number, dimension: number, revision: number, tick: number): void {
    const at = { cluster: cluster.number, tick, from: hour, to: hour + 1 };
    this.block.extras.push({ kind: 'revision', ...at, dimension, revision });
  }

  #copies(cluster: ClusterPlan, h: (part: number) => number): void {
    const { from, hours } = this.block;
    for (let i = 0; i < 4; i += 1) {
      const hour = from + between(h(60 + i), 0, hours - 1);
      const dimension = between(h(64 + i), 0, this.#dimensions - 1);
      const recorded = this.#recordedIn(cluster, hour, dimension);
      if (recorded === null || !this.#touch(hour, dimension)) continue;
      const at = { cluster: cluster.number, dimension };
      if (i < 2 && recorded === hour) this.block.redelivered.push({ ...at, tick: hour });
      const tick = recorded + between(h(68 + i), 1, 40);
      if (i >= 2)
        this.block.extras.push({ kind: 'copy', ...at, tick, from: hour, to: hour + 1, revision: 1 });
    }
    const tick = from + between(h(72), 0, hours - 1);
    if (!chance(h(73), 60) || (this.#markOf(cluster, tick) & NOTHING_RECORDED) !== 0) return;
    this.block.holes.push({ cluster: cluster.number, tick, numbers: between(h(74), 1, 4) });
  }
}
