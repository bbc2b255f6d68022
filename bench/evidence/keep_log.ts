import { on } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { append, EMPTY_TREE, rootHash, type Tree } from '../../evidence/merkle.ts';
import { growTiles, readTile } from '../../evidence/storage/tile_files.ts';
import { TILE_HEIGHT, TILE_WIDTH, tilePath, tilesOf } from '../../evidence/tiles.ts';

// node keep_log.ts append <leaves> <folder>          as bench/peers/tlog does, with the program's own evidence log; where the
//                                                    folder holds a log (`tree.json` has its tree), it grows
// node keep_log.ts verify <leaves> <folder> <root>
// Prints the root in base64.

const HASH_BYTES = 32;
const [task = '', leaves = '', folder = '', want = ''] = process.argv.slice(2);

async function* leafHashes(): AsyncGenerator<Uint8Array> {
  const worker = new Worker(new URL('./hash_lines.ts', import.meta.url), { workerData: leaves });
  const failed = new AbortController();
  worker.once('error', (error) => failed.abort(error));
  for await (const [batch] of on(worker, 'message', { signal: failed.signal })) {
    if (batch === null) return;
    yield batch as Uint8Array;
  }
}

/** The tree that a night finds in the warehouse. */
function heldTree(): Tree {
  const file = join(folder, 'tree.json');
  if (!existsSync(file)) return EMPTY_TREE;
  const { size, frontier } = JSON.parse(readFileSync(file, 'utf8'));
  return { size, frontier: frontier.map((hash: string) => Buffer.from(hash, 'base64')) };
}

async function appendAll(): Promise<Buffer> {
  const tiles = await growTiles(folder, heldTree());
  for await (const hashes of leafHashes()) await tiles.append(hashes);
  await tiles.finish();
  return rootHash(tiles.tree);
}

async function verify(): Promise<Buffer> {
  let tree = EMPTY_TREE;
  const levels: Buffer[][] = [];
  for await (const hashes of leafHashes())
    tree = append(tree, hashes, (level, nodes) => {
      if (level % TILE_HEIGHT !== 0) return;
      levels[level / TILE_HEIGHT] ??= [];
      levels[level / TILE_HEIGHT]?.push(Buffer.from(nodes));
    });
  const made = levels.map((nodes) => Buffer.concat(nodes));
  for (const tile of tilesOf(tree.size)) {
    const start = tile.index * TILE_WIDTH * HASH_BYTES;
    const hashes = made[tile.level]?.subarray(start, start + tile.width * HASH_BYTES);
    if (hashes === undefined || !(await readTile(folder, tile)).equals(hashes))
      throw new Error(`bench: ${tilePath(tile)}: got other hashes, want those made anew`);
  }
  return rootHash(tree);
}

const root = (task === 'append' ? await appendAll() : await verify()).toString('base64');
if (task === 'verify' && root !== want) throw new Error(`bench: root: got ${root}, want ${want}`);
process.stdout.write(`${root}\n`);
