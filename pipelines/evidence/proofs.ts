import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCheckpoint } from '../../evidence/checkpoint.ts';
import { LEAF_FIELDS, type Leaf, leafData } from '../../evidence/leaf.ts';
import { consistencyPath, inclusionPath, type Range, rangeHash } from '../../evidence/proof.ts';
import {
  type KeptCheckpoint,
  readCheckpoint,
  readCheckpoints,
  readVerifierKeys,
} from '../../evidence/storage/checkpoint_files.ts';
import { tileReader } from '../../evidence/storage/tile_files.ts';
import { UsageError } from '../../schemas/errors.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import type { DataPaths } from '../paths.ts';

/** A proof that an entry is in the log, as two files: the proof (C2SP tlog-proof) and the exact bytes of its leaf. */
export interface Proved {
  readonly evidence_index: number;
  readonly reading_id: string;
  readonly size: number;
  readonly proof_file: string;
  readonly leaf_file: string;
}

/**
 * Writes the proof of one entry, given by its index or its reading's id, below `folder`.
 * @throws UsageError where there is no such entry under a signed checkpoint
 */
export async function proveEntry(
  data: DataPaths,
  warehouse: Warehouse,
  given: string,
  folder: string,
): Promise<Proved> {
  const row = await warehouse.loggedReading(given, LEAF_FIELDS);
  if (row === null)
    throw new UsageError(
      `evidence: entry ${given}: got no accepted reading of that id or index, want one; look it up in fct_metering_evidence`,
    );
  const { evidence_index, fields } = row;
  const { size, note } = await newestCheckpoint(data);
  if (evidence_index >= size)
    throw new UsageError(
      `evidence: entry ${evidence_index}: got a newest checkpoint of ${size} entries, want one that covers it; run \`meterline run --only seal\``,
    );
  const proof = await inclusionOf(data, evidence_index, { size, note });
  await mkdir(folder, { recursive: true });
  const proof_file = join(folder, `${evidence_index}.tlog-proof`);
  const leaf_file = join(folder, `${evidence_index}.leaf.json`);
  await writeFile(proof_file, proof);
  await writeFile(leaf_file, leafData(fields as Leaf));
  return { evidence_index, reading_id: String(fields.reading_id), size, proof_file, leaf_file };
}

/**
 * The proof that the log of `old` entries is the beginning of that of `size`: a line `old <size>`, hashes one a line, an
 * empty line, the checkpoint of `size`.
 * @throws UsageError where no checkpoint of `size` is kept, or `old` is not 1 to `size`
 */
export async function consistencyProof(data: DataPaths, old: number, size: number): Promise<string> {
  const note = await readCheckpoint(data.evidence, size);
  if (note === null) {
    const kept = (await readCheckpoints(data.evidence)).map((each) => each.size).join(', ');
    throw new UsageError(
      `evidence: consistency: got no checkpoint of ${size} entries, want one of ${kept || 'none yet'}`,
    );
  }
  if (old < 1 || old > size)
    throw new UsageError(`evidence: consistency: got ${old} and ${size}, want 1 to ${size} for the old size`);
  return consistencyOf(data, old, { size, note });
}

/** The proof that an entry is in the log of a checkpoint (C2SP tlog-proof). @throws Error where it has no such entry */
export async function inclusionOf(
  data: DataPaths,
  index: number,
  { size, note }: Pick<KeptCheckpoint, 'size' | 'note'>,
): Promise<string> {
  const hashes = await hashesOf(data, inclusionPath(index, size), size);
  return ['c2sp.org/tlog-proof@v1', `index ${index}`, ...hashes, '', note].join('\n');
}

/** The proof that the first `old` entries (1 to its size) are the beginning of the log of a checkpoint. */
export async function consistencyOf(
  data: DataPaths,
  old: number,
  { size, note }: Pick<KeptCheckpoint, 'size' | 'note'>,
): Promise<string> {
  const hashes = await hashesOf(data, consistencyPath(old, size), size);
  return [`old ${old}`, ...hashes, '', note].join('\n');
}

/** The newest checkpoint, opened with the keys that are kept. @throws UsageError where there is none */
export async function newestCheckpoint({
  evidence,
}: DataPaths): Promise<{ readonly size: number; readonly root: Buffer; readonly note: string }> {
  const newest = (await readCheckpoints(evidence)).at(-1);
  if (newest === undefined)
    throw new UsageError(
      'evidence: checkpoint: got none kept, want one; set evidence.signing_key_file and run `meterline run --only seal`',
    );
  const { size, root } = openCheckpoint(newest.note, await readVerifierKeys(evidence));
  return { size, root, note: newest.note };
}

async function hashesOf(data: DataPaths, path: readonly Range[], size: number): Promise<readonly string[]> {
  const read = tileReader(data.evidence, size);
  const hashes = await Promise.all(path.map((range) => rangeHash(range, read)));
  return hashes.map((hash) => hash.toString('base64'));
}
