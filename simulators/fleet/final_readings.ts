import type { BlockStore } from './block_store.ts';
import {
  ABSENT,
  CAPACITY,
  HEARTBEAT,
  MISSING,
  NO_CAPACITY,
  NO_HEARTBEAT,
  ZERO_HEARTBEAT,
} from './irregularities.ts';
import type { ClusterPlan } from './plan.ts';
import type { Quantities } from './quantities.ts';

/** What each reading says in the end, once everything late and restated has been recorded. */
export class FinalReadings {
  readonly #blocks: BlockStore;
  readonly #quantities: Quantities;

  constructor(blocks: BlockStore, quantities: Quantities) {
    this.#blocks = blocks;
    this.#quantities = quantities;
  }

  /** Billionths of the unit; null where no such reading is ever recorded. */
  nano(cluster: ClusterPlan, dimension: number, hour: number): number | null {
    const block = this.#blocks.block(hour);
    const mark = block.marks[cluster.number * block.hours + hour - block.from] ?? ABSENT;
    if ((mark & ABSENT) !== 0) return null;
    if ((mark & NO_HEARTBEAT) !== 0 && dimension === HEARTBEAT) return null;
    if ((mark & NO_CAPACITY) !== 0 && dimension === CAPACITY) return null;
    let revision = (mark & MISSING) === 0 ? 1 : 0;
    for (const extra of this.#blocks.extrasOf(hour)) {
      if (extra.cluster !== cluster.number || extra.kind === 'copy') continue;
      if (extra.kind === 'late' || extra.dimension === dimension)
        revision = Math.max(revision, extra.revision);
    }
    if (revision === 0) return null;
    return this.#quantities.nano(cluster, dimension, hour, revision, (mark & ZERO_HEARTBEAT) !== 0);
  }
}
