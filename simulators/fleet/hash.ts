/**
 * Mixes four integers into one unsigned 32-bit integer (murmur3's rounds and finaliser): the only source of
 * chance in the fleet, so that any value can be computed again from its coordinates alone.
 */
export function hash32(seed: number, a: number, b: number, c: number): number {
  let h = round(seed | 0, a);
  h = round(h, b);
  h = round(h, c);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function round(state: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = state ^ Math.imul(k, 0x1b873593);
  return Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
}

/** Maps a hash to an integer in low..high, both included. */
export function between(hash: number, low: number, high: number): number {
  return low + Math.floor(((hash >>> 0) / 4294967296) * (high - low + 1));
}

/** True in about `perMille` of 1000 hashes. */
export function chance(hash: number, perMille: number): boolean {
  return (hash >>> 0) / 4294967296 < perMille / 1000;
}

/** Picks one of a list by a hash. @throws RangeError for an empty list. */
export function pick<T>(list: readonly T[], hash: number): T {
  const item = list[between(hash, 0, list.length - 1)];
  if (item === undefined) throw new RangeError('simulators: pick: got an empty list, want at least one item');
  return item;
}

/** A text in the form of a version 4 UUID, from a seed and the coordinates of a record. */
export function uuid(seed: number, kind: number, number: number): string {
  const hex = [0, 1, 2, 3]
    .map((part) => hash32(seed, kind, number, part).toString(16).padStart(8, '0'))
    .join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
