import { readFile } from 'node:fs/promises';
import { type Checkpoint, openCheckpoint } from '../../evidence/checkpoint.ts';
import { LEAF_FIELDS, leafHashOfJson } from '../../evidence/leaf.ts';
import { append, EMPTY_TREE, rootHash, type Tree } from '../../evidence/merkle.ts';
import type { VerifierKey } from '../../evidence/note.ts';
import {
  readCheckpoint,
  readCheckpoints,
  readNewestCheckpoint,
  readTimestamp,
  readVerifierKeys,
} from '../../evidence/storage/checkpoint_files.ts';
import { compareTiles, keptTile, type TilesCompared } from '../../evidence/storage/tile_files.ts';
import { hashesOn, TILE_WIDTH, tilePath } from '../../evidence/tiles.ts';
import { DifferenceError, UsageError } from '../../schemas/errors.ts';
import { readLanded } from '../../warehouse/landing.ts';
import type { LoggedRow, TreeHead } from '../../warehouse/log_records.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import type { DataPaths } from '../paths.ts';
import { differs } from './differs.ts';
import { timestampFault } from './timestamp.ts';
import { compareTables } from './verify_tables.ts';

const HASH_BYTES = 32;

/** What a verification held against what, in numbers. */
export interface Verified {
  readonly tree_size: number;
  readonly root_hash: string;
  /** Entries whose leaf was made anew from the readings. */
  readonly entries: number;
  /** Checkpoints whose signature and root hold, each the beginning of the next. */
  readonly checkpoints: number;
  /** Time stamps that are of the checkpoint they lie beside; whether their authority is trusted is for `openssl ts -verify`. */
  readonly timestamps: number;
  readonly tiles: number;
  readonly pages: number;
  /** Rows of `fct_metering_evidence`; null before it was ever built. */
  readonly evidence_rows: number | null;
  /** Size of the checkpoint that was kept elsewhere; null without one: then a rollback cannot be seen. */
  readonly against: number | null;
  /** Entries that came since the log was sealed last. */
  readonly unsealed: number;
  /** Name and id of each key that checkpoints may be signed with; whoever verifies knows which are ours. */
  readonly keys: readonly string[];
}

/** Told while it goes on: so many of so many things of a kind. */
export type Tell = (item: string, done: number, total: number | null) => void;

/**
 * Holds everything that is kept of the log against everything else: leaves made anew from the readings, the tree over
 * them, each checkpoint and tile, each landed page, the evidence table, and a checkpoint that was kept elsewhere.
 * @throws DifferenceError naming the first difference, with index, reading and both values
 */
export async function verifyEvidence(
  data: DataPaths,
  warehouse: Warehouse,
  against: string | null,
  tell: Tell,
): Promise<Verified> {
  const keys = await readVerifierKeys(data.evidence);
  const checkpoints = await signedCheckpoints(data, keys);
  const timestamps = await compareTimestamps(data);
  const outside = against === null ? null : await outsideCheckpoint(against, keys);
  const wanted = outside === null ? checkpoints : [...checkpoints, outside];
  const head = await warehouse.treeHead();
  const sizes = [head.tree_size, ...wanted.map(({ size }) => size)];
  const walk = await walkEntries(data, warehouse, sizes, tell);
  for (const checkpoint of wanted) compareRoot(checkpoint, walk);
  compareHead(head, walk);
  await compareNewest(data, head.tree_size);
  const tiles = comparedTiles(walk, head.tree_size);
  const pages = await comparePages(data, warehouse, tell);
  const evidence_rows = await compareTables(warehouse);
  return {
    tree_size: walk.tree.size,
    root_hash: rootHash(walk.tree).toString('hex'),
    entries: walk.tree.size,
    checkpoints: checkpoints.length,
    timestamps,
    tiles,
    pages,
    evidence_rows,
    against: outside?.size ?? null,
    unsealed: walk.tree.size - head.tree_size,
    keys: keys.map(({ name, key_id }) => `${name}+${key_id.toString('hex')}`),
  };
}

/** The tree over the leaves made anew, its root at each size that was asked for, and how its tiles compare. */
interface Walk {
  readonly tree: Tree;
  readonly roots: ReadonlyMap<number, Buffer>;
  readonly tiles: TilesCompared;
}

async function signedCheckpoints(
  { evidence }: DataPaths,
  keys: readonly VerifierKey[],
): Promise<readonly Checkpoint[]> {
  return (await readCheckpoints(evidence)).map(({ size, file, note }) => {
    const opened = differs(`checkpoint ${file}`, () => openCheckpoint(note, keys));
    if (opened.size !== size)
      throw new DifferenceError(`evidence: checkpoint ${file}: got size ${opened.size} in it, want ${size}`);
    return opened;
  });
}

async function compareTimestamps({ evidence }: DataPaths): Promise<number> {
  let compared = 0;
  for (const { size, note } of await readCheckpoints(evidence)) {
    const token = await readTimestamp(evidence, size);
    if (token === null) continue;
    const fault = timestampFault(token, Buffer.from(note, 'utf8'));
    if (fault !== null)
      throw new DifferenceError(`evidence: time stamp of the checkpoint of ${size} entries: ${fault}`);
    compared += 1;
  }
  return compared;
}

async function outsideCheckpoint(file: string, keys: readonly VerifierKey[]): Promise<Checkpoint> {
  const note = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`--against: got no file that can be read, want ${file}`, { cause });
  });
  return differs(`checkpoint ${file}`, () => openCheckpoint(note, keys));
}

/** Holds a batch and the tree's right edge, whatever the log's size. `sizes`: where its root is wanted; the first is the sealed one. */
async function walkEntries(
  { evidence }: DataPaths,
  warehouse: Warehouse,
  sizes: readonly number[],
  tell: Tell,
): Promise<Walk> {
  const [sealed = 0] = sizes;
  const tiles = compareTiles(evidence, sealed);
  const roots = new Map([[0, rootHash(EMPTY_TREE)]]);
  let tree = EMPTY_TREE;
  for await (const rows of warehouse.loggedRows(LEAF_FIELDS)) {
    const start = tree.size;
    const leaves = rows.map((row, place) => checkedLeaf(row, start + place));
    const hashes = Buffer.concat(leaves);
    compareLeafTiles(evidence, start, rows, hashes);
    for (const end of endsWithin(sizes, start, start + rows.length)) {
      const from = (tree.size - start) * HASH_BYTES;
      tree = append(tree, hashes.subarray(from, (end - start) * HASH_BYTES), tiles.take);
      roots.set(end, rootHash(tree));
    }
    tell('entries', tree.size, sealed);
  }
  return { tree, roots, tiles: tiles.finish() };
}

/** Those of the sizes that a batch reaches, ascending, then its own end. */
function endsWithin(sizes: readonly number[], start: number, end: number): readonly number[] {
  const reached = sizes.filter((size) => size > start && size < end);
  return [...new Set(reached), end].sort((a, b) => a - b);
}

/** The leaf hash of the reading, which must be the entry's. */
function checkedLeaf({ evidence_index, leaf_hash, reading }: LoggedRow, want: number): Buffer {
  if (evidence_index !== want)
    throw new DifferenceError(
      `evidence: entry ${want}: got none (the next is ${evidence_index}), want each index once; an entry was removed or renumbered`,
    );
  if (reading === null)
    throw new DifferenceError(
      `evidence: entry ${want}: got no reading in raw.polaris_readings, want the one with leaf ${leaf_hash}; it was removed`,
    );
  const hash = differs(`entry ${want}`, () => leafHashOfJson(reading));
  if (hash === leaf_hash) return Buffer.from(hash, 'hex');
  const { reading_id, quantity } = JSON.parse(reading);
  throw new DifferenceError(
    `evidence: entry ${want}, reading ${reading_id}: got leaf ${hash} from raw.polaris_readings (quantity ${quantity}), want ${leaf_hash} as in the log; the reading was changed`,
  );
}

/** The leaves of a batch against the lowest tiles, so that a change of both reading and entry has an index. */
function compareLeafTiles(folder: string, start: number, rows: readonly LoggedRow[], hashes: Buffer): void {
  const end = start + rows.length;
  for (let index = Math.floor(start / TILE_WIDTH); index * TILE_WIDTH < end; index += 1) {
    const from = Math.max(start, index * TILE_WIDTH);
    const to = Math.min(end, (index + 1) * TILE_WIDTH);
    const kept = keptTile(folder, { level: 0, index, width: to - index * TILE_WIDTH });
    if (kept === null) continue; // An entry that is not sealed yet, or a lost tile, which the tiles' own check tells.
    for (let entry = from; entry < to; entry += 1) {
      const made = hashes.subarray((entry - start) * HASH_BYTES, (entry - start + 1) * HASH_BYTES);
      const place = (entry - index * TILE_WIDTH) * HASH_BYTES;
      const sealed = kept.subarray(place, place + HASH_BYTES);
      if (made.equals(sealed)) continue;
      const { reading_id, quantity } = JSON.parse(rows[entry - start]?.reading ?? '{}');
      throw new DifferenceError(
        `evidence: entry ${entry}, reading ${reading_id}: got leaf ${made.toString('hex')} (quantity ${quantity}), want ${sealed.toString('hex')} as sealed in tile/0; reading and entry were changed, or moved`,
      );
    }
  }
}

function compareRoot({ size, root }: Checkpoint, walk: Walk): void {
  if (size > walk.tree.size)
    throw new DifferenceError(
      `evidence: checkpoint of ${size} entries: got a log of ${walk.tree.size}, want at least ${size}; entries ${walk.tree.size} to ${size - 1} were removed`,
    );
  const made = walk.roots.get(size);
  if (made?.equals(root)) return;
  throw new DifferenceError(
    `evidence: checkpoint of ${size} entries: got root ${made?.toString('hex')} over the first ${size} entries, want ${root.toString('hex')} as signed; the log is not the one that was signed`,
  );
}

function compareHead({ tree_size, root_hash }: TreeHead, { roots, tree }: Walk): void {
  const made = roots.get(tree_size);
  if (made?.equals(root_hash)) return;
  throw new DifferenceError(
    `evidence: tree head of ${tree_size} entries: got ${made?.toString('hex') ?? `a log of ${tree.size}`}, want root ${root_hash.toString('hex')} as in evidence.tree_heads`,
  );
}

/** The newest sealed state has its checkpoint, and tile clients read that one. */
async function compareNewest({ evidence }: DataPaths, sealed: number): Promise<void> {
  if (sealed === 0) return;
  const kept = await readCheckpoint(evidence, sealed);
  if (kept === null)
    throw new DifferenceError(
      `evidence: checkpoint of ${sealed} entries: got none kept, want that of the newest sealed state; it was removed, or not signed yet: \`meterline run --only seal\` signs it, with a key (evidence.signing_key_file)`,
    );
  if ((await readNewestCheckpoint(evidence)) === kept) return;
  throw new DifferenceError(
    `evidence: file checkpoint: got another text than that of ${sealed} entries, want the newest that is kept; copy it from checkpoints/`,
  );
}

function comparedTiles({ tiles: { compared, different } }: Walk, sealed: number): number {
  if (different === null) return compared;
  const { tile, got } = different;
  throw new DifferenceError(
    `evidence: ${tilePath(tile)}: got ${got}, want those of the log's ${hashesOn(tile.level, sealed)} on that level; the next run makes lost tiles anew`,
  );
}

async function comparePages(data: DataPaths, warehouse: Warehouse, tell: Tell): Promise<number> {
  const pages = await warehouse.landedPages();
  for (const [done, { path, sha256, url, first_index }] of pages.entries()) {
    await readLanded(data.root, path, sha256).catch((cause: unknown) => {
      const from =
        first_index === null ? 'it brought no reading' : `its first reading is entry ${first_index}`;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DifferenceError(`evidence: page of ${url}: ${reason} (${from})`, { cause });
    });
    tell('pages', done + 1, pages.length);
  }
  return pages.length;
}
