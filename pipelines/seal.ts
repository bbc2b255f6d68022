import { type Checkpoint, openCheckpoint, signCheckpoint } from '../evidence/checkpoint.ts';
import { EMPTY_TREE, rootHash, type Tree } from '../evidence/merkle.ts';
import { rangeHash } from '../evidence/proof.ts';
import {
  keepCheckpoint,
  readCheckpoint,
  readNewestCheckpoint,
  readVerifierKeys,
} from '../evidence/storage/checkpoint_files.ts';
import { growTiles, TileMissing, tileReader } from '../evidence/storage/tile_files.ts';
import { NightError } from '../schemas/errors.ts';
import { type Night, opened } from './night.ts';
import { signingKey } from './signing_key.ts';

/**
 * Brings the log's tree, its tiles and its checkpoints up to the committed entries: O(new entries + log size). First the
 * tiles, then the head in the warehouse, then the checkpoint: whatever a killed run left undone of these, the next one
 * does, since each is held against the one before.
 */
export async function seal(night: Night): Promise<void> {
  night.env.onEvent({ kind: 'stage', stage: 'seal', detail: 'evidence log' });
  const tree = await sealEntries(night);
  const root = rootHash(tree);
  night.results.tree = { tree_size: tree.size, root_hash: root.toString('hex') };
  night.results.checkpoint_verified = await checkpoint(night, { size: tree.size, root });
  const detail = `${tree.size} entries, root ${root.toString('hex').slice(0, 16)}…`;
  night.env.onEvent({ kind: 'item_done', stage: 'seal', item: 'evidence log', detail });
}

/** Seals what runs before this one committed and did not seal, at its size. */
export async function sealLeftovers(night: Night): Promise<void> {
  const tree = await sealEntries(night);
  await checkpoint(night, { size: tree.size, root: rootHash(tree) });
}

async function sealEntries(night: Night): Promise<Tree> {
  const { tree_size: size, frontier } = await opened(night).treeHead();
  try {
    return await grow(night, { size, frontier });
  } catch (error) {
    if (!(error instanceof TileMissing)) throw error;
    const message = `${error.message.split('; ')[0]}; made anew from the entries`;
    night.env.onEvent({ kind: 'warning', stage: 'seal', message });
    return grow(night, EMPTY_TREE);
  }
}

/** Appends all entries that the tree does not have yet. */
async function grow(night: Night, from: Tree): Promise<Tree> {
  const warehouse = opened(night);
  const { tree_size: sealed } = await warehouse.treeHead();
  const tiles = growTiles(night.data.evidence, from);
  for await (const batch of warehouse.leafHashes(from.size)) {
    tiles.append(batch);
    const done = tiles.tree.size - from.size;
    night.env.onEvent({
      kind: 'progress',
      stage: 'seal',
      item: 'evidence log',
      done,
      total: null,
      unit: 'entries',
      share: null,
    });
  }
  const { tree } = tiles;
  if (tree.size > from.size) tiles.finish();
  if (tree.size > sealed) {
    const head = { tree_size: tree.size, root_hash: rootHash(tree), frontier: tree.frontier };
    await warehouse.recordTreeHead(head, night.run_id, night.env.now().toISOString());
  }
  return tree;
}

/**
 * Signs the tree where that was not done yet, and opens the kept checkpoint again; gives whether it says what the tree is.
 * Null where there is nothing to sign, or no key.
 */
async function checkpoint(
  night: Night,
  tree: { readonly size: number; readonly root: Buffer },
): Promise<boolean | null> {
  if (tree.size === 0) return null;
  const folder = night.data.evidence;
  if ((await readCheckpoint(folder, tree.size)) === null) {
    const signer = await signingKey(night.config);
    if (signer === null) return unsigned(night);
    await assertGoesOn(folder, tree);
    await keepCheckpoint(folder, tree.size, signCheckpoint(tree, signer), signer);
  }
  const kept = await readCheckpoint(folder, tree.size);
  const opened = openCheckpoint(kept ?? '', await readVerifierKeys(folder));
  return opened.size === tree.size && opened.root.equals(tree.root);
}

/** A log that is not the one that was signed before gets no signature: who changed it could have had the rest made anew. */
async function assertGoesOn(folder: string, tree: { readonly size: number }): Promise<void> {
  const note = await readNewestCheckpoint(folder);
  if (note === null) return;
  const { size, root } = await openedNewest(note, folder);
  const made =
    size > tree.size ? null : await rangeHash({ from: 0, to: size }, tileReader(folder, tree.size));
  if (made?.equals(root)) return;
  throw refused(
    `evidence: checkpoint: got ${made === null ? `a log of ${tree.size} entries` : `root ${made.toString('hex')} over the first ${size} entries`}, want the log that was signed at ${size} entries with root ${root.toString('hex')}`,
  );
}

async function openedNewest(note: string, folder: string): Promise<Checkpoint> {
  try {
    return openCheckpoint(note, await readVerifierKeys(folder));
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function refused(message: string, cause?: unknown): NightError {
  const next_step = 'nothing was signed; keep everything as it is and run `meterline evidence verify`';
  return new NightError(message, { stage: 'seal', source: 'evidence log', next_step, cause });
}

function unsigned(night: Night): null {
  const message =
    'evidence: checkpoint: got no signing key, want one; set evidence.signing_key_file or METERLINE_SIGNING_KEY, until then nothing proves that the log is the one of tonight';
  night.env.onEvent({ kind: 'warning', stage: 'seal', message });
  return null;
}
