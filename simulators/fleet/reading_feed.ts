import type { BlockStore } from './block_store.ts';
import type { Dimension } from './dimensions.ts';
import { HOUR_SECONDS } from './instants.ts';
import { type Extra, MAX_DELAY_HOURS, NOTHING_RECORDED } from './irregularities.ts';
import type { FleetPlan } from './plan.ts';
import type { ReadingRows } from './reading_rows.ts';
import { extraRows, onTimeRows, SequenceNumbers } from './sequence_numbers.ts';

/** Where a feed was left: the next row is number `offset` (from 0) of tick `tick`. Stays valid as time goes on. */
export interface FeedPosition {
  readonly tick: number;
  readonly offset: number;
}

/** A stretch of a feed. One JSON text per row, in the order of recording; `more`: whether rows follow already. */
export interface FeedSlice {
  readonly rows: readonly string[];
  readonly next: FeedPosition;
  readonly more: boolean;
}

/** Hours of the fleet, `to` exclusive. */
export interface HourRange {
  readonly from: number;
  readonly to: number;
}

/** A feed of rows that can be entered anywhere. `now`: seconds since 1970; rows recorded later do not exist yet. */
export interface Feed {
  read(from: FeedPosition, limit: number, now: number): FeedSlice;
}

/** On-time rows are recorded from 2 to 9 minutes after the hour's end, everything else from 12 to 37. */
const ON_TIME_FROM = 120;
const ON_TIME_SPREAD = 420;
const EXTRA_FROM = 720;
const EXTRA_SPREAD = 1500;

/** The tick that an instant lies in: it records what clusters report of the hour before. */
export function tickAt(start: number, now: number): number {
  return Math.floor((now - start) / HOUR_SECONDS) - 1;
}

/** When the rows of the nth of `count` extras of a tick are recorded, in seconds since 1970. */
export function extraRecordedAt(start: number, tick: number, nth: number, count: number): number {
  return start + (tick + 1) * HOUR_SECONDS + EXTRA_FROM + Math.floor((nth * EXTRA_SPREAD) / count);
}

/** When a cluster's own rows of a tick are recorded, in seconds since 1970. */
export function onTimeRecordedAt(start: number, tick: number, cluster: number, clusters: number): number {
  return start + (tick + 1) * HOUR_SECONDS + ON_TIME_FROM + Math.floor((cluster * ON_TIME_SPREAD) / clusters);
}

interface Sink {
  skip: number;
  room: number;
  readonly rows: string[];
  readonly hours: HourRange | null;
}

/** All readings of a fleet in the order in which Polaris recorded them, made when asked for. */
export class ReadingFeed implements Feed {
  readonly #plan: FleetPlan;
  readonly #blocks: BlockStore;
  readonly #lines: ReadingRows;
  readonly #dimensions: number;
  readonly #sequence: SequenceNumbers;

  constructor(plan: FleetPlan, dimensions: readonly Dimension[], blocks: BlockStore, lines: ReadingRows) {
    this.#plan = plan;
    this.#blocks = blocks;
    this.#lines = lines;
    this.#dimensions = dimensions.length;
    this.#sequence = new SequenceNumbers(blocks, dimensions, plan.clusters.length);
  }

  /** The rows from a position on; with `hours`, only the readings of those hours. */
  read(from: FeedPosition, limit: number, now: number, hours: HourRange | null = null): FeedSlice {
    const rows: string[] = [];
    const next = this.#walk(hours === null ? from : atLeast(from, hours.from), limit, now, hours, rows);
    const peek: string[] = [];
    if (rows.length === limit) this.#walk(next, 1, now, hours, peek);
    return { rows, next, more: peek.length > 0 };
  }

  /** How many rows exist at `now`, counted without making them. */
  count(now: number): number {
    let rows = 0;
    const last = tickAt(this.#plan.start, now);
    for (let tick = 0; tick <= last; tick += 1) {
      for (const { count, recorded } of this.#segments(tick)) if (recorded <= now) rows += count;
    }
    return rows;
  }

  /** The position after everything recorded by `now`. */
  end(now: number): FeedPosition {
    const tick = Math.max(0, tickAt(this.#plan.start, now));
    let offset = 0;
    for (const { count, recorded } of this.#segments(tick)) if (recorded <= now) offset += count;
    return { tick, offset };
  }

  #walk(
    from: FeedPosition,
    limit: number,
    now: number,
    hours: HourRange | null,
    rows: string[],
  ): FeedPosition {
    let { tick, offset } = from;
    const last = Math.min(
      tickAt(this.#plan.start, now),
      hours === null ? Number.MAX_SAFE_INTEGER : hours.to + MAX_DELAY_HOURS,
    );
    while (tick <= last) {
      const sink: Sink = { skip: offset, room: limit - rows.length, rows, hours };
      const read = this.#readTick(tick, now, sink);
      if (read !== null) return { tick, offset: read };
      tick += 1;
      offset = 0;
    }
    return { tick, offset };
  }

  /** Null once the whole tick is read, else the offset at which room or recorded rows ended. */
  #readTick(tick: number, now: number, sink: Sink): number | null {
    const seq = this.#sequence.before(tick);
    let offset = 0;
    let ofCluster = -1;
    let extraSeq = 0;
    for (const segment of this.#segments(tick)) {
      const { cluster, count, extra } = segment;
      if (segment.recorded > now) return Math.max(offset, sink.skip);
      if (extra !== null && cluster !== ofCluster) {
        ofCluster = cluster;
        extraSeq = (seq[cluster] ?? 0) + onTimeRows(this.#mark(cluster, tick), this.#dimensions);
      }
      const wanted = offset + count > sink.skip;
      if (wanted && sink.room === 0) return Math.max(offset, sink.skip);
      if (wanted) {
        const taken = this.#take(
          segment,
          tick,
          extra === null ? (seq[cluster] ?? 0) : extraSeq,
          offset,
          sink,
        );
        if (taken < count) return offset + taken;
      }
      offset += count;
      extraSeq += count;
    }
    return null;
  }

  /** Adds what is wanted of a segment; returns how far into it the reader has come. */
  #take(segment: Segment, tick: number, seq: number, offset: number, sink: Sink): number {
    const made: string[] = [];
    const hours = this.#render(segment, tick, seq, made);
    let at = Math.max(0, sink.skip - offset);
    for (; at < made.length; at += 1) {
      const hour = hours + (segment.extra?.kind === 'late' ? Math.floor(at / this.#dimensions) : 0);
      if (sink.hours !== null && (hour < sink.hours.from || hour >= sink.hours.to)) continue;
      if (sink.room === 0) return at;
      sink.rows.push(made[at] ?? '');
      sink.room -= 1;
    }
    return at;
  }

  /** Makes the rows of a segment; returns the hour of the first. */
  #render(segment: Segment, tick: number, seq: number, made: string[]): number {
    const { cluster: number, extra, recorded } = segment;
    const cluster = this.#plan.clusters[number];
    if (cluster === undefined) throw new RangeError(`simulators: cluster ${number}: not in the plan`);
    if (extra === null) {
      this.#lines.first(cluster, tick, this.#mark(number, tick), seq, recorded, made);
      const twice = this.#blocks.redelivered(tick).filter((r) => r.cluster === number);
      const again = twice.map(({ dimension }) => made[Math.min(dimension, made.length - 1)] ?? '');
      made.push(...again);
      return tick;
    }
    if (extra.kind !== 'late') {
      made.push(this.#lines.again(cluster, extra, this.#mark(number, extra.from), seq + 1, recorded));
      return extra.from;
    }
    for (let hour = extra.from; hour < extra.to; hour += 1) {
      this.#lines.first(cluster, hour, 0, seq + made.length, recorded, made);
    }
    return extra.from;
  }

  *#segments(tick: number): Iterable<Segment> {
    const { start, clusters } = this.#plan;
    const block = this.#blocks.block(tick);
    const twice = this.#blocks.redelivered(tick);
    for (let cluster = 0; cluster < clusters.length; cluster += 1) {
      const rows = onTimeRows(block.marks[cluster * block.hours + tick - block.from] ?? 0, this.#dimensions);
      if (rows === 0) continue;
      const count = twice.length === 0 ? rows : rows + twice.filter((r) => r.cluster === cluster).length;
      yield {
        cluster,
        count,
        extra: null,
        recorded: onTimeRecordedAt(start, tick, cluster, clusters.length),
      };
    }
    const extras = this.#blocks.extras(tick);
    for (const [nth, extra] of extras.entries()) {
      const recorded = extraRecordedAt(start, tick, nth, extras.length);
      yield { cluster: extra.cluster, count: extraRows(extra, this.#dimensions), extra, recorded };
    }
  }

  #mark(cluster: number, hour: number): number {
    const block = this.#blocks.block(hour);
    return block.marks[cluster * block.hours + hour - block.from] ?? NOTHING_RECORDED;
  }
}

/** Rows of one cluster that are recorded in the same second. */
interface Segment {
  readonly cluster: number;
  readonly count: number;
  readonly extra: Extra | null;
  readonly recorded: number;
}

function atLeast(position: FeedPosition, tick: number): FeedPosition {
  return position.tick < tick ? { tick, offset: 0 } : position;
}
