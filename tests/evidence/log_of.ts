import { generateKeyPairSync } from 'node:crypto';
import { signCheckpoint } from '../../evidence/checkpoint.ts';
import { leafHash } from '../../evidence/leaf.ts';
import { EMPTY_TREE, rootHash } from '../../evidence/merkle.ts';
import { type SignerKey, signerKey } from '../../evidence/note.ts';
import { consistencyPath, inclusionPath, rangeHash } from '../../evidence/proof.ts';
import { growTiles, tileReader } from '../../evidence/storage/tile_files.ts';

/** A log in files, grown to each of some sizes, with a checkpoint at each. */
export interface TestLog {
  readonly folder: string;
  readonly signer: SignerKey;
  /** By size. */
  readonly checkpoints: ReadonlyMap<number, string>;
  leaf(index: number): Buffer;
  inclusion(index: number, size: number): Promise<readonly Buffer[]>;
  consistency(old: number, size: number): Promise<readonly Buffer[]>;
}

const ORIGIN = 'evidence.example.com/metering';

export const leaf = (index: number): Buffer => Buffer.from(`{"reading_id":"r-${index}"}`);

/** Grows a log below an empty folder, one append for each size; the sizes must rise. */
export async function logOf(folder: string, sizes: readonly number[]): Promise<TestLog> {
  const signer = signerKey(ORIGIN, generateKeyPairSync('ed25519').privateKey);
  const checkpoints = new Map<number, string>();
  let tree = EMPTY_TREE;
  for (const size of sizes) {
    const writer = growTiles(folder, tree);
    const added = Array.from({ length: size - tree.size }, (_, more) => leafHash(leaf(tree.size + more)));
    writer.append(Buffer.concat(added));
    writer.finish();
    tree = writer.tree;
    checkpoints.set(size, signCheckpoint({ size, root: rootHash(tree) }, signer));
  }
  const readers = new Map(sizes.map((size) => [size, tileReader(folder, size)]));
  const hashes = async (ranges: ReturnType<typeof inclusionPath>, size: number) => {
    const read = readers.get(size) ?? tileReader(folder, size);
    return Promise.all(ranges.map((range) => rangeHash(range, read)));
  };
  return {
    folder,
    signer,
    checkpoints,
    leaf,
    inclusion: (index, size) => hashes(inclusionPath(index, size), size),
    consistency: (old, size) => hashes(consistencyPath(old, size), size),
  };
}
