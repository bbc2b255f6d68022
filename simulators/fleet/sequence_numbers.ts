import type { BlockStore } from './block_store.ts';
import type { Dimension } from './dimensions.ts';
import type { Extra } from './irregularities.ts';
import { NO_CAPACITY, NO_HEARTBEAT, NOTHING_RECORDED } from './irregularities.ts';

const SNAPSHOT_TICKS = 168;

/** Rows that a cluster records in an hour's own tick, given the hour's mark. */
export function onTimeRows(mark: number, dimensions: number): number {
  if ((mark & NOTHING_RECORDED) !== 0) return 0;
  return dimensions - ((mark & NO_HEARTBEAT) !== 0 ? 1 : 0) - ((mark & NO_CAPACITY) !== 0 ? 1 : 0);
}

/** Rows that an extra stands for. */
export function extraRows(extra: Extra, dimensions: number): number {
  return extra.kind === 'late' ? (extra.to - extra.from) * dimensions : 1;
}

/**
 * Each cluster's last `seq` before a tick. Counted forwards without making rows; a copy every week keeps any jump
 * back short.
 */
export class SequenceNumbers {
  readonly #blocks: BlockStore;
  readonly #dimensions: number;
  readonly #snapshots: Uint32Array[] = [];
  #tick = 0;
  #last: Uint32Array;

  constructor(blocks: BlockStore, dimensions: readonly Dimension[], clusters: number) {
    this.#blocks = blocks;
    this.#dimensions = dimensions.length;
    this.#last = new Uint32Array(clusters);
    this.#skipHoles(0);
    this.#snapshots.push(this.#last.slice());
  }

  /** By cluster number; numbers that a hole at the tick's beginning skips are passed already. Valid until the next call. */
  before(tick: number): Uint32Array {
    if (tick < this.#tick || tick - this.#tick > SNAPSHOT_TICKS) {
      const nearest = Math.min(Math.floor(tick / SNAPSHOT_TICKS), this.#snapshots.length - 1);
      const snapshot = this.#snapshots[nearest];
      if (snapshot !== undefined && (tick < this.#tick || nearest * SNAPSHOT_TICKS > this.#tick)) {
        this.#tick = nearest * SNAPSHOT_TICKS;
        this.#last = snapshot.slice();
      }
    }
    while (this.#tick < tick) this.#advance();
    return this.#last;
  }

  #advance(): void {
    const block = this.#blocks.block(this.#tick);
    const last = this.#last;
    let at = this.#tick - block.from;
    for (let cluster = 0; cluster < last.length; cluster += 1, at += block.hours) {
      last[cluster] =
        (last[cluster] ?? 0) + onTimeRows(block.marks[at] ?? NOTHING_RECORDED, this.#dimensions);
    }
    for (const extra of this.#blocks.extras(this.#tick)) {
      last[extra.cluster] = (last[extra.cluster] ?? 0) + extraRows(extra, this.#dimensions);
    }
    this.#tick += 1;
    this.#skipHoles(this.#tick);
    if (this.#tick === this.#snapshots.length * SNAPSHOT_TICKS) this.#snapshots.push(last.slice());
  }

  #skipHoles(tick: number): void {
    for (const hole of this.#blocks.holes(tick)) {
      this.#last[hole.cluster] = (this.#last[hole.cluster] ?? 0) + hole.numbers;
    }
  }
}
