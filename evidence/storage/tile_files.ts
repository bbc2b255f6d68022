import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { append, type Tree } from '../merkle.ts';
import type { ReadNode } from '../proof.ts';
import { hashesOn, nodeOver, placeOf, TILE_HEIGHT, TILE_WIDTH, type Tile, tilePath } from '../tiles.ts';

const HASH_BYTES = 32;

/** A tile that a log of its size must have is not there, or not whole. The tiles can be made anew from the entries. */
export class TileMissing extends Error {
  override readonly name = 'TileMissing';
}

/** Grows the tiles of a log below a folder: full tiles as they fill, the partial ones at the right edge at the end. */
export interface TileWriter {
  /** The log as it is with what was appended so far. */
  readonly tree: Tree;
  append(hashes: Uint8Array): Promise<void>;
  /** Writes the partial tiles; only then do the files hold the whole tree. */
  finish(): Promise<void>;
}

/**
 * Opens the tiles of a log for growing: reads its right edge only, whatever its size. A file appears under its name when
 * it is whole; one that is there already with the same bytes is written again, so that an append that was cut short can
 * be repeated.
 * @throws TileMissing
 */
export async function growTiles(folder: string, tree: Tree): Promise<TileWriter> {
  const edges: Buffer[] = [];
  for (let level = 0; hashesOn(level, tree.size) > 0; level += 1) {
    const hashes = hashesOn(level, tree.size);
    const width = hashes % TILE_WIDTH;
    const edge = { level, index: Math.floor(hashes / TILE_WIDTH), width };
    edges[level] = width === 0 ? Buffer.alloc(0) : await readTile(folder, edge);
  }
  const counts = edges.map((_, level) => hashesOn(level, tree.size));
  let grown = tree;
  return {
    get tree() {
      return grown;
    },
    async append(hashes) {
      const full: Promise<void>[] = [];
      grown = append(grown, hashes, (treeLevel, nodes) => {
        if (treeLevel % TILE_HEIGHT !== 0) return;
        const level = treeLevel / TILE_HEIGHT;
        let edge = Buffer.concat([edges[level] ?? Buffer.alloc(0), nodes]);
        let index = Math.floor((counts[level] ?? 0) / TILE_WIDTH);
        for (; edge.length >= TILE_WIDTH * HASH_BYTES; index += 1) {
          full.push(
            writeTile(folder, { level, index, width: TILE_WIDTH }, edge.subarray(0, TILE_WIDTH * HASH_BYTES)),
          );
          edge = edge.subarray(TILE_WIDTH * HASH_BYTES);
        }
        edges[level] = Buffer.from(edge);
        counts[level] = (counts[level] ?? 0) + nodes.length / HASH_BYTES;
      });
      await Promise.all(full);
    },
    async finish() {
      for (const [level, edge] of edges.entries()) {
        const index = Math.floor((counts[level] ?? 0) / TILE_WIDTH);
        if (edge.length > 0) await writeTile(folder, { level, index, width: edge.length / HASH_BYTES }, edge);
      }
    },
  };
}

/**
 * Reads the hashes of full subtrees of a log of `size` entries from its tiles. Each tile is read once and kept: 8 KB each,
 * one for each 8 levels of a proof.
 * @throws TileMissing
 */
export function tileReader(folder: string, size: number): ReadNode {
  const tiles = new Map<string, Promise<Buffer>>();
  return async (node) => {
    const { tile, first, hashes } = placeOf(node, size);
    const path = tilePath(tile);
    const read = tiles.get(path) ?? readTile(folder, tile);
    tiles.set(path, read);
    const bytes = await read;
    return nodeOver(bytes.subarray(first * HASH_BYTES, (first + hashes) * HASH_BYTES));
  };
}

/** A tile of at least this width: a fuller one has the same hashes first (tlog-tiles, "Partial Tiles"). */
export async function readTile(folder: string, tile: Tile): Promise<Buffer> {
  const paths = [tilePath(tile), tilePath({ ...tile, width: TILE_WIDTH })];
  for (const path of paths) {
    const bytes = await readFile(join(folder, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (bytes === null) continue;
    if (bytes.length % HASH_BYTES === 0 && bytes.length >= tile.width * HASH_BYTES)
      return bytes.subarray(0, tile.width * HASH_BYTES);
  }
  throw new TileMissing(
    `evidence: ${tilePath(tile)}: got no whole file, want ${tile.width} hashes; the next run makes the tiles anew from the entries`,
  );
}

/** Removes what killed runs left half-written below the log's folder. Only whoever holds the run lock may call it. */
export async function sweepEvidence(folder: string): Promise<void> {
  for (const place of [folder, join(folder, 'checkpoints'), join(folder, 'closes')]) {
    const names = await readdir(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const name of names.filter((each) => each.endsWith('.partial')))
      await rm(join(place, name), { force: true });
  }
}

async function writeTile(folder: string, tile: Tile, hashes: Buffer): Promise<void> {
  const file = join(folder, tilePath(tile));
  const partial = join(folder, `.${randomUUID()}.partial`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(partial, hashes);
  await rename(partial, file);
  // A full tile has all that its partial ones had.
  if (tile.width === TILE_WIDTH) await rm(`${file}.p`, { recursive: true, force: true });
}
