import type { Dimension } from './dimensions.ts';
import { type Block, blockHours, type Extra, MAX_DELAY_HOURS, planBlock } from './irregularities.ts';
import type { FleetPlan } from './plan.ts';

interface IndexedBlock {
  readonly block: Block;
  readonly extras: ReadonlyMap<number, readonly Extra[]>;
  readonly extrasOf: ReadonlyMap<number, readonly Extra[]>;
  readonly holes: ReadonlyMap<number, readonly Block['holes'][number][]>;
  readonly redelivered: ReadonlyMap<number, readonly Block['redelivered'][number][]>;
}

const NONE: readonly never[] = [];

/** The blocks of a fleet, planned when asked for; the few around the last use are kept. */
export class BlockStore {
  readonly #plan: FleetPlan;
  readonly #dimensions: number;
  readonly #hours: number;
  readonly #reach: number;
  readonly #kept = new Map<number, IndexedBlock>();

  constructor(plan: FleetPlan, dimensions: readonly Dimension[]) {
    this.#plan = plan;
    this.#dimensions = dimensions.length;
    this.#hours = blockHours(plan.days);
    this.#reach = Math.ceil(MAX_DELAY_HOURS / this.#hours);
  }

  /** The block that an hour lies in. */
  block(hour: number): Block {
    return this.#indexed(Math.floor(hour / this.#hours)).block;
  }

  /** Blocks from the fleet's first hour up to the one that contains `hour`. */
  *blocksUpTo(hour: number): Iterable<Block> {
    for (let n = 0; n * this.#hours <= hour; n += 1) yield this.#indexed(n).block;
  }

  /** What is recorded in a tick beside its own hour's rows, in the order of recording. */
  extras(tick: number): readonly Extra[] {
    const last = Math.floor(tick / this.#hours);
    let found: readonly Extra[] = NONE;
    for (let n = Math.max(0, last - this.#reach); n <= last; n += 1) {
      const more = this.#indexed(n).extras.get(tick);
      if (more !== undefined) found = found.length === 0 ? more : [...found, ...more];
    }
    return found.length < 2 ? found : found.toSorted(inOrder);
  }

  /** The late rows and restatements of an hour's readings, whenever they are recorded. */
  extrasOf(hour: number): readonly Extra[] {
    return this.#indexed(Math.floor(hour / this.#hours)).extrasOf.get(hour) ?? NONE;
  }

  holes(tick: number): readonly Block['holes'][number][] {
    return this.#indexed(Math.floor(tick / this.#hours)).holes.get(tick) ?? NONE;
  }

  redelivered(tick: number): readonly Block['redelivered'][number][] {
    return this.#indexed(Math.floor(tick / this.#hours)).redelivered.get(tick) ?? NONE;
  }

  #indexed(number: number): IndexedBlock {
    const kept = this.#kept.get(number);
    if (kept !== undefined) return kept;
    const block = planBlock(this.#plan, number, this.#dimensions);
    const indexed = {
      block,
      extras: Map.groupBy(block.extras, (extra) => extra.tick),
      extrasOf: extrasByHour(block.extras),
      holes: Map.groupBy(block.holes, (hole) => hole.tick),
      redelivered: Map.groupBy(block.redelivered, (row) => row.tick),
    };
    this.#kept.set(number, indexed);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > this.#reach + 4 && oldest !== undefined) this.#kept.delete(oldest);
    return indexed;
  }
}

function inOrder(a: Extra, b: Extra): number {
  return a.cluster - b.cluster || a.from - b.from || a.dimension - b.dimension || a.revision - b.revision;
}

function extrasByHour(extras: readonly Extra[]): ReadonlyMap<number, readonly Extra[]> {
  const byHour = new Map<number, Extra[]>();
  for (const extra of extras) {
    for (let hour = extra.from; hour < extra.to; hour += 1) {
      const held = byHour.get(hour);
      if (held === undefined) byHour.set(hour, [extra]);
      else held.push(extra);
    }
  }
  return byHour;
}
