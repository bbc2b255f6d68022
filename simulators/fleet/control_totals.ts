import type { BlockStore } from './block_store.ts';
import { sumText } from './decimal_text.ts';
import type { Dimension } from './dimensions.ts';
import { HOUR_SECONDS, toInstant } from './instants.ts';
import {
  CAPACITY,
  type Extra,
  HEARTBEAT,
  NO_CAPACITY,
  NO_HEARTBEAT,
  NOTHING_RECORDED,
  ZERO_HEARTBEAT,
} from './irregularities.ts';
import type { FleetPlan } from './plan.ts';
import type { Quantities } from './quantities.ts';
import { extraRecordedAt, type HourRange, onTimeRecordedAt, tickAt } from './reading_feed.ts';
import type { Instant } from './types.ts';

/** Count and exact sum of the current revisions of one hour and dimension. One record per hour × dimension. */
export interface ControlTotal {
  readonly hour: Instant;
  readonly dimension: string;
  readonly readings: number;
  readonly quantity: string;
}

/** Sums kept as wholes and billionths, so that neither leaves the exact integers. */
interface Sums {
  readonly readings: Int32Array;
  readonly wholes: Float64Array;
  readonly nano: Float64Array;
}

/** Control totals computed from the plan, without making any row. */
export class ControlTotals {
  readonly #plan: FleetPlan;
  readonly #dimensions: readonly Dimension[];
  readonly #blocks: BlockStore;
  readonly #quantities: Quantities;

  constructor(plan: FleetPlan, dimensions: readonly Dimension[], blocks: BlockStore, quantities: Quantities) {
    this.#plan = plan;
    this.#dimensions = dimensions;
    this.#blocks = blocks;
    this.#quantities = quantities;
  }

  /** The totals of the hours that have readings at `now` (seconds since 1970). */
  *of(hours: HourRange, now: number): Iterable<ControlTotal> {
    const last = Math.min(hours.to - 1, tickAt(this.#plan.start, now));
    for (let hour = Math.max(0, hours.from); hour <= last; hour += 1) yield* this.#ofHour(hour, now);
  }

  *#ofHour(hour: number, now: number): Iterable<ControlTotal> {
    const count = this.#dimensions.length;
    const sums: Sums = {
      readings: new Int32Array(count),
      wholes: new Float64Array(count),
      nano: new Float64Array(count),
    };
    this.#addOnTime(sums, hour, now);
    this.#addExtras(sums, hour, now);
    const text = toInstant(this.#plan.start + hour * HOUR_SECONDS);
    for (const [d, { dimension }] of this.#dimensions.entries()) {
      const readings = sums.readings[d] ?? 0;
      if (readings === 0) continue;
      yield { hour: text, dimension, readings, quantity: sumText(sums.wholes[d] ?? 0, sums.nano[d] ?? 0) };
    }
  }

  #addOnTime(sums: Sums, hour: number, now: number): void {
    const { clusters, start } = this.#plan;
    for (const { number } of clusters) {
      const mark = this.#mark(number, hour);
      if ((mark & NOTHING_RECORDED) !== 0) continue;
      if (onTimeRecordedAt(start, hour, number, clusters.length) > now) return;
      for (let d = 0; d < this.#dimensions.length; d += 1) {
        if (d === HEARTBEAT && (mark & NO_HEARTBEAT) !== 0) continue;
        if (d === CAPACITY && (mark & NO_CAPACITY) !== 0) continue;
        this.#add(sums, number, d, hour, 1, 1);
      }
    }
  }

  /** Adds rows that came late, and puts the newest restatement in the place of the first revision. */
  #addExtras(sums: Sums, hour: number, now: number): void {
    const newest = new Map<string, Extra>();
    for (const extra of this.#blocks.extrasOf(hour)) {
      if (extra.kind === 'copy' || !this.#isRecorded(extra, now)) continue;
      if (extra.kind === 'late') {
        for (let d = 0; d < this.#dimensions.length; d += 1) this.#add(sums, extra.cluster, d, hour, 1, 1);
        continue;
      }
      const key = `${extra.cluster} ${extra.dimension}`;
      if ((newest.get(key)?.revision ?? 1) < extra.revision) newest.set(key, extra);
    }
    for (const { cluster, dimension, revision } of newest.values()) {
      this.#add(sums, cluster, dimension, hour, 1, -1);
      this.#add(sums, cluster, dimension, hour, revision, 1);
    }
  }

  #isRecorded(extra: Extra, now: number): boolean {
    const { start } = this.#plan;
    const present = tickAt(start, now);
    if (extra.tick !== present) return extra.tick < present;
    const all = this.#blocks.extras(extra.tick);
    return extraRecordedAt(start, extra.tick, all.indexOf(extra), all.length) <= now;
  }

  #add(sums: Sums, number: number, d: number, hour: number, revision: number, sign: 1 | -1): void {
    const cluster = this.#plan.clusters[number];
    if (cluster === undefined) return;
    const zero = (this.#mark(number, hour) & ZERO_HEARTBEAT) !== 0;
    const nano = this.#quantities.nano(cluster, d, hour, revision, zero);
    const whole = Math.floor(nano / 1e9);
    sums.readings[d] = (sums.readings[d] ?? 0) + sign;
    sums.wholes[d] = (sums.wholes[d] ?? 0) + sign * whole;
    sums.nano[d] = (sums.nano[d] ?? 0) + sign * (nano - whole * 1e9);
  }

  #mark(cluster: number, hour: number): number {
    const block = this.#blocks.block(hour);
    return block.marks[cluster * block.hours + hour - block.from] ?? NOTHING_RECORDED;
  }
}
