import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { append, type Tree } from '../merkle.ts';
import type { ReadNode } from '../proof.ts';
import { hashesOn, nodeOver, placeOf, TILE_WIDTH, type Tile, tileCutter, tilePath } from '../tiles.ts';

const HASH_BYTES = 32;

/** A tile that a log of its size must have is not there, or not whole. The tiles can be made anew from the entries. */
export class TileMissing extends Error {
  override readonly name = 'TileMissing';
}

/** Grows the tiles of a log below a folder: full tiles as they fill, the partial ones at the right edge at the end. */
export interface TileWriter {
  /** The log as it is with what was appended so far. */
  readonly tree: Tree;
  append(hashes: Uint8Array): void;
  /** Writes the partial tiles; only then do the files hold the whole tree. */
  finish(): void;
}

/**
 * Opens the tiles of a log for growing: reads its right edge only, whatever its size. A file appears under its name when
 * it is whole; one that is there already with the same bytes is written again, so that an append that was cut short can
 * be repeated. Files of 8 KB are written and read at once: waiting for each would take longer.
 * @throws TileMissing
 */
export function growTiles(folder: string, tree: Tree): TileWriter {
  const edges: Buffer[] = [];
  for (let level = 0; hashesOn(level, tree.size) > 0; level += 1) {
    const hashes = hashesOn(level, tree.size);
    const width = hashes % TILE_WIDTH;
    const edge = { level, index: Math.floor(hashes / TILE_WIDTH), width };
    edges[level] = width === 0 ? Buffer.alloc(0) : readTile(folder, edge);
  }
  const made = new Set<string>();
  const cutter = tileCutter(tree.size, edges, (tile, hashes) => writeTile(folder, made, tile, hashes));
  let grown = tree;
  return {
    get tree() {
      return grown;
    },
    append(hashes) {
      grown = append(grown, hashes, cutter.take);
    },
    finish: cutter.finish,
  };
}

/** How the tiles of a log differ from its nodes, told by the first one that does; `different` is null where none does. */
export interface TilesCompared {
  readonly compared: number;
  readonly different: { readonly tile: Tile; readonly got: 'no whole file' | 'other hashes' } | null;
}

/** Holds the tiles of a log of `size` entries against its nodes, made anew and given in the order of `append`. */
export interface TileComparison {
  take(treeLevel: number, nodes: Uint8Array): void;
  finish(): TilesCompared;
}

export function compareTiles(folder: string, size: number): TileComparison {
  let compared = 0;
  let different: TilesCompared['different'] = null;
  const cutter = tileCutter(0, [], ({ level, index, width: made }, hashes) => {
    // The log may have grown since the tiles were written.
    const width = Math.min(made, hashesOn(level, size) - index * TILE_WIDTH);
    if (width <= 0) return;
    compared += 1;
    const tile = { level, index, width };
    const kept = keptTile(folder, tile);
    if (different === null && !kept?.equals(hashes.subarray(0, width * HASH_BYTES)))
      different = { tile, got: kept === null ? 'no whole file' : 'other hashes' };
  });
  return {
    take: cutter.take,
    finish() {
      cutter.finish();
      return { compared, different };
    },
  };
}

/**
 * Reads the hashes of full subtrees of a log of `size` entries from its tiles. Each tile is read once and kept: 8 KB each,
 * one for each 8 levels of a proof.
 * @throws TileMissing
 */
export function tileReader(folder: string, size: number): ReadNode {
  const tiles = new Map<string, Buffer>();
  return async (node) => {
    const { tile, first, hashes } = placeOf(node, size);
    const path = tilePath(tile);
    const bytes = tiles.get(path) ?? readTile(folder, tile);
    tiles.set(path, bytes);
    return nodeOver(bytes.subarray(first * HASH_BYTES, (first + hashes) * HASH_BYTES));
  };
}

/** A tile of at least this width, or null: a fuller one has the same hashes first (tlog-tiles, "Partial Tiles"). */
export function keptTile(folder: string, tile: Tile): Buffer | null {
  for (const width of tile.width === TILE_WIDTH ? [TILE_WIDTH] : [tile.width, TILE_WIDTH]) {
    const bytes = bytesOf(join(folder, tilePath({ ...tile, width })));
    if (bytes !== null && bytes.length % HASH_BYTES === 0 && bytes.length >= tile.width * HASH_BYTES)
      return bytes.subarray(0, tile.width * HASH_BYTES);
  }
  return null;
}

function bytesOf(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @throws TileMissing */
export function readTile(folder: string, tile: Tile): Buffer {
  const bytes = keptTile(folder, tile);
  if (bytes !== null) return bytes;
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

/** `made`: folders that are there, so that each is made once. */
function writeTile(folder: string, made: Set<string>, tile: Tile, hashes: Buffer): void {
  const file = join(folder, tilePath(tile));
  const partial = join(folder, `.${randomUUID()}.partial`);
  if (!made.has(dirname(file))) mkdirSync(dirname(file), { recursive: true });
  made.add(dirname(file));
  writeFileSync(partial, hashes);
  renameSync(partial, file);
  // A full tile has all that its partial ones had.
  const partials = `${file}.p`;
  if (tile.width === TILE_WIDTH && existsSync(partials)) rmSync(partials, { recursive: true });
}
