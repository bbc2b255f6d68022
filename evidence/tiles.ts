import { nodeHash } from './merkle.ts';
import type { Node } from './proof.ts';

/**
 * Tiles of a log (C2SP tlog-tiles): tile N of level L holds up to 256 hashes, one after the other: the nodes of tree level
 * 8·L from 256·N on. A full tile has all 256, a partial one those that exist.
 */
export interface Tile {
  readonly level: number;
  readonly index: number;
  /** Number of hashes, 1 to 256. */
  readonly width: number;
}

export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 256;
const HASH_BYTES = 32;

/** `tile/<L>/<N>` or `tile/<L>/<N>.p/<W>`; N in groups of three digits, all but the last with an x before them. */
export function tilePath({ level, index, width }: Tile): string {
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`;
  return `tile/${level}/${tileNumber(index)}${partial}`;
}

function tileNumber(index: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  return groups.map((group, place) => (place < groups.length - 1 ? `x${group}` : group)).join('/');
}

/** Number of hashes on a level of tiles in a log of `size` entries. */
export function hashesOn(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** The tiles that a log of `size` entries has, level by level, each as wide as it is then. */
export function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0; hashesOn(level, size) > 0; level += 1) {
    const hashes = hashesOn(level, size);
    for (let index = 0; index * TILE_WIDTH < hashes; index += 1)
      yield { level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) };
  }
}

/** In which tile of a log of `size` entries the hashes below a node lie, and which of them. */
export function placeOf(
  { level, index }: Node,
  size: number,
): { readonly tile: Tile; readonly first: number; readonly hashes: number } {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const hashes = 2 ** (level % TILE_HEIGHT);
  const start = index * hashes;
  const tileIndex = Math.floor(start / TILE_WIDTH);
  const width = Math.min(TILE_WIDTH, hashesOn(tileLevel, size) - tileIndex * TILE_WIDTH);
  return { tile: { level: tileLevel, index: tileIndex, width }, first: start % TILE_WIDTH, hashes };
}

/** The hash of the node above some hashes of a tile; their number is a power of two. */
export function nodeOver(hashes: Buffer): Buffer {
  if (hashes.length === HASH_BYTES) return Buffer.from(hashes);
  const middle = hashes.length / 2;
  return nodeHash(nodeOver(hashes.subarray(0, middle)), nodeOver(hashes.subarray(middle)));
}
