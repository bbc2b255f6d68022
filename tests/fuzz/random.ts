/** A stream of random numbers that its seed repeats. */
export interface Random {
  /** A whole number from 0 to `below` − 1. */
  nat(below: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** mulberry32: 32 bits of state are plenty for choosing damage. @throws Error where `pick` has nothing to choose from */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const nat = (below: number) => Math.floor(next() * below);
  return {
    nat,
    chance: (share) => next() < share,
    pick: (from) => {
      if (from.length === 0) throw new Error('test: random: got an empty list, want something to pick');
      return from[nat(from.length)] as (typeof from)[number];
    },
  };
}
