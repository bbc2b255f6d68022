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

const TILE_HEIGHT = 8;
export const TILE_WIDTH = 256;
const HASH_BYTES = 32;
const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

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

/** Takes the new nodes of a growing log, as `append` tells them, and gives them on tile by tile. */
export interface TileCutter {
  take(treeLevel: number, nodes: Uint8Array): void;
  /** Gives on what is left: the partial tiles at the right edge. */
  finish(): void;
}

/**
 * Cuts nodes that come after a log of `size` entries into tiles; each is told once, full ones as soon as they are. Keeps one
 * tile for each level. `edges`: the hashes of that log's partial tiles, by level of tiles.
 */
export function tileCutter(
  size: number,
  edges: readonly Buffer[],
  tell: (tile: Tile, hashes: Buffer) => void,
): TileCutter {
  const held = edges.map((hashes, level) => ({
    index: Math.floor(hashesOn(level, size) / TILE_WIDTH),
    hashes,
  }));
  return {
    take(treeLevel, nodes) {
      if (treeLevel % TILE_HEIGHT !== 0) return;
      const level = treeLevel / TILE_HEIGHT;
      let { index, hashes } = held[level] ?? { index: 0, hashes: Buffer.alloc(0) };
      hashes = Buffer.concat([hashes, nodes]);
      for (; hashes.length >= TILE_BYTES; index += 1, hashes = hashes.subarray(TILE_BYTES))
        tell({ level, index, width: TILE_WIDTH }, hashes.subarray(0, TILE_BYTES));
      held[level] = { index, hashes: Buffer.from(hashes) };
    },
    finish() {
      for (const [level, { index, hashes }] of held.entries())
        if (hashes.length > 0) tell({ level, index, width: hashes.length / HASH_BYTES }, hashes);
    },
  };
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
