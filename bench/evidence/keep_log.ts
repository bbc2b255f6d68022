import { on } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { append, EMPTY_TREE, rootHash, type Tree } from '../../evidence/merkle.ts';
import { compareTiles, growTiles } from '../../evidence/storage/tile_files.ts';

// node keep_log.ts append <leaves> <folder>          as bench/peers/tlog does, with the program's own evidence log; where the
//                                                    folder holds a log (`tree.json` has its tree), it grows
// node keep_log.ts verify <leaves> <folder> <root> <size>
// Prints the root in base64.

const [task = '', leaves = '', folder = '', want = '', size = ''] = process.argv.slice(2);

async function* leafHashes(): AsyncGenerator<Uint8Array> {
  const worker = new Worker(new URL('./hash_lines.ts', import.meta.url), { workerData: leaves });
  const failed = new AbortController();
  worker.once('error', (error) => failed.abort(error));
  for await (const [hashes] of on(worker, 'message', { signal: failed.signal })) {
    if (hashes === null) return;
    yield hashes as Uint8Array;
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
  const tiles = growTiles(folder, heldTree());
  for await (const hashes of leafHashes()) tiles.append(hashes);
  tiles.finish();
  return rootHash(tiles.tree);
}

/** Size and root are what a signed checkpoint says, so that tiles are compared while leaves are hashed. */
async function verify(): Promise<Buffer> {
  let tree = EMPTY_TREE;
  const tiles = compareTiles(folder, Number(size));
  for await (const hashes of leafHashes()) tree = append(tree, hashes, tiles.take);
  const { compared, different } = tiles.finish();
  if (different !== null || compared === 0)
    throw new Error(`bench: ${folder}: got ${different?.got ?? 'no tile'}, want those made anew`);
  return rootHash(tree);
}

const root = (task === 'append' ? await appendAll() : await verify()).toString('base64');
if (task === 'verify' && root !== want) throw new Error(`bench: root: got ${root}, want ${want}`);
process.stdout.write(`${root}\n`);
