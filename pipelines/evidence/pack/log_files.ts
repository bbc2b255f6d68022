import { copyFile, type FileHandle, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LEAF_FIELDS, type Leaf, leafData, leafHash } from '../../../evidence/leaf.ts';
import { append, EMPTY_TREE, rootHash, type Tree } from '../../../evidence/merkle.ts';
import { readVerifierKeys } from '../../../evidence/storage/checkpoint_files.ts';
import { DifferenceError, UsageError } from '../../../schemas/errors.ts';
import type { LoggedRow } from '../../../warehouse/log_records.ts';
import type { Warehouse } from '../../../warehouse/warehouse.ts';
import type { DataPaths } from '../../paths.ts';
import { consistencyOf, inclusionOf } from '../proofs.ts';
import { timestampFault } from '../timestamp.ts';
import { bindQuery, PACK_ENTRIES } from './reports.ts';
import { sampleOf } from './sample.ts';
import type { PackSubject } from './subject.ts';

const HASH_BYTES = 32;

/** What of the log lies in a pack. */
export interface PackLog {
  readonly leaves: number;
  /** Indexes whose inclusion is proved, ascending. */
  readonly proved: readonly number[];
}

/** Told while it goes on: so many of so many things of a kind. */
export type TellLog = (item: string, done: number, total: number | null) => void;

/**
 * Writes what is needed to hold the pack's tables against the log: exact leaves, all leaf hashes up to the checkpoint, the
 * checkpoint with its time stamp, the one before with the proof that the log goes on from it, proofs of a sample, the close.
 * @throws DifferenceError where leaves, hashes, checkpoint or time stamp do not fit one another
 * @throws UsageError where the evidence table is older than the readings
 */
export async function writeLog(
  data: DataPaths,
  warehouse: Warehouse,
  subject: PackSubject,
  given: { readonly folder: string; readonly rows: number; readonly tell: TellLog },
): Promise<PackLog> {
  const { folder, rows, tell } = given;
  await writeHashes(warehouse, subject, folder, tell);
  const leaves = await writeLeaves(warehouse, subject, folder, tell);
  if (leaves.written !== rows)
    throw new UsageError(
      `evidence: export ${subject.month}: got ${rows} rows in fct_metering_evidence, want ${leaves.written} as in the log; run \`meterline run --only transform\``,
    );
  await writeCheckpoints(data, subject, folder);
  await writeProofs(data, subject, folder, leaves.sample);
  if (subject.status === 'closed') await copyClose(data, subject.month, folder);
  return { leaves: leaves.written, proved: leaves.sample.map(({ index }) => index) };
}

/** `leaf_hashes.bin`: 32 bytes for each entry, in order of index; their tree must be the checkpoint's. */
async function writeHashes(
  warehouse: Warehouse,
  { checkpoint, month }: PackSubject,
  folder: string,
  tell: TellLog,
): Promise<void> {
  let tree: Tree = EMPTY_TREE;
  await writing(join(folder, 'leaf_hashes.bin'), async (file) => {
    for await (const batch of warehouse.leafHashes(0)) {
      const hashes = batch.subarray(0, (checkpoint.size - tree.size) * HASH_BYTES);
      tree = append(tree, hashes);
      await file.appendFile(hashes);
      tell('leaf hashes', tree.size, checkpoint.size);
      if (tree.size === checkpoint.size) break;
    }
  });
  const root = rootHash(tree);
  if (tree.size === checkpoint.size && root.equals(checkpoint.root)) return;
  throw new DifferenceError(
    `evidence: export ${month}: got ${tree.size} entries with root ${root.toString('hex')}, want ${checkpoint.size} with ${checkpoint.root.toString('hex')} as in the checkpoint; run \`meterline evidence verify\``,
  );
}

/** An entry that is proved, with the bytes of its leaf. */
interface Sampled {
  readonly index: number;
  readonly leaf: Buffer;
}

/** `leaves.jsonl`: the exact bytes of a leaf on each line, and on the same line of `leaves.index` its index. */
async function writeLeaves(
  warehouse: Warehouse,
  subject: PackSubject,
  folder: string,
  tell: TellLog,
): Promise<{ readonly written: number; readonly sample: readonly Sampled[] }> {
  const entries = await packEntries(warehouse, subject);
  const sample: Sampled[] = [];
  let written = 0;
  await writing(join(folder, 'leaves.jsonl'), (leaves) =>
    writing(join(folder, 'leaves.index'), async (indexes) => {
      for await (const batch of warehouse.loggedRows([...LEAF_FIELDS, 'hour_start'], entries.range)) {
        const taken = batch.map(readingOf).filter((row) => isTaken(row, subject.month, entries.posted));
        const data = taken.map(checkedLeaf);
        if (taken.length > 0) {
          await leaves.appendFile(`${data.map((leaf) => leaf.toString('utf8')).join('\n')}\n`);
          await indexes.appendFile(`${taken.map((row) => row.evidence_index).join('\n')}\n`);
        }
        for (const [place, row] of taken.entries())
          if (entries.sample.has(row.evidence_index))
            sample.push({ index: row.evidence_index, leaf: data[place] ?? Buffer.alloc(0) });
        written += taken.length;
        tell('leaves', written, entries.total);
      }
    }),
  );
  return { written, sample };
}

/** Which entries the pack has: those used in the month, and those that are booked in it. */
async function packEntries(warehouse: Warehouse, subject: PackSubject) {
  const { sql } = bindQuery(
    `SELECT evidence_index::VARCHAR AS evidence_index, status, service_period::VARCHAR AS service_period
     FROM marts.fct_metering_evidence WHERE ${PACK_ENTRIES} AND (status <> 'original' OR service_period <> CAST($month AS DATE))
     ORDER BY fct_metering_evidence.evidence_index`,
    subject,
  );
  const rows = await warehouse.query(sql);
  const posted = new Set(
    rows.filter((row) => row.service_period !== subject.first_day).map((row) => Number(row.evidence_index)),
  );
  const used = bindQuery(
    `SELECT min(evidence_index)::VARCHAR AS first, max(evidence_index)::VARCHAR AS last, count(*)::VARCHAR AS n
     FROM raw.polaris_readings WHERE hour_start >= CAST($month AS DATE) AND hour_start < CAST($next_month AS DATE)
       AND evidence_index < $tree_size`,
    subject,
  );
  const [bounds] = await warehouse.query(used.sql);
  const spread = await spreadOf(warehouse, subject);
  const restated = rows
    .filter((row) => row.status === 'restatement')
    .map((row) => Number(row.evidence_index));
  const [from, last] = [Number(bounds?.first ?? 0), Number(bounds?.last ?? -1)];
  return {
    range: {
      from: [...posted].reduce((least, index) => Math.min(least, index), from),
      to: [...posted].reduce((most, index) => Math.max(most, index), last) + 1,
    },
    posted,
    sample: new Set(sampleOf(spread, restated)),
    total: Number(bounds?.n ?? 0) + posted.size,
  };
}

/** Every index of the pack is too many to hold in a large fleet: a few hundred, evenly spread, first and last among them. */
async function spreadOf(warehouse: Warehouse, subject: PackSubject): Promise<readonly number[]> {
  const { sql } = bindQuery(
    `SELECT evidence_index::VARCHAR AS evidence_index FROM (
       SELECT evidence_index, row_number() OVER (ORDER BY evidence_index) - 1 AS place, count(*) OVER () AS n
       FROM marts.fct_metering_evidence WHERE ${PACK_ENTRIES})
     WHERE place = 0 OR place = n - 1 OR place % greatest(n // 400, 1) = 0 ORDER BY place`,
    subject,
  );
  return (await warehouse.query(sql)).map((row) => Number(row.evidence_index));
}

/** An entry with its leaf's fields and the hour of its use. */
interface LoggedLeaf {
  readonly evidence_index: number;
  readonly leaf_hash: string;
  readonly fields: Leaf & { readonly hour_start: string };
}

function readingOf({ evidence_index, leaf_hash, reading }: LoggedRow): LoggedLeaf {
  if (reading !== null) return { evidence_index, leaf_hash, fields: JSON.parse(reading) };
  throw new DifferenceError(
    `evidence: entry ${evidence_index}: got no reading in raw.polaris_readings, want the one with leaf ${leaf_hash}; run \`meterline evidence verify\``,
  );
}

function isTaken(row: LoggedLeaf, month: string, posted: ReadonlySet<number>): boolean {
  return row.fields.hour_start.startsWith(month) || posted.has(row.evidence_index);
}

function checkedLeaf({ evidence_index, leaf_hash, fields }: LoggedLeaf): Buffer {
  const data = leafData(fields);
  const made = leafHash(data).toString('hex');
  if (made === leaf_hash) return data;
  throw new DifferenceError(
    `evidence: entry ${evidence_index}: got leaf ${made} from raw.polaris_readings, want ${leaf_hash} as in the log; run \`meterline evidence verify\``,
  );
}

async function writeCheckpoints(data: DataPaths, subject: PackSubject, folder: string): Promise<void> {
  const { checkpoint, previous, timestamp, month } = subject;
  await writeFile(join(folder, 'checkpoint'), checkpoint.note);
  if (previous !== null) {
    await writeFile(join(folder, 'previous.checkpoint'), previous.note);
    await writeFile(join(folder, 'consistency'), await consistencyOf(data, previous.size, checkpoint));
  }
  if (timestamp !== null) {
    const fault = timestampFault(timestamp, Buffer.from(checkpoint.note));
    if (fault !== null)
      throw new DifferenceError(`evidence: export ${month}, time stamp of the checkpoint: ${fault}`);
    await writeFile(join(folder, 'checkpoint.tsr'), timestamp);
  }
  await copyFile(join(data.evidence, 'verifier.vkey'), join(folder, 'verifier.vkey'));
  for (const { key, key_id } of await readVerifierKeys(data.evidence)) {
    const pem = key.export({ format: 'pem', type: 'spki' });
    await writeFile(join(folder, `verifier-${key_id.toString('hex')}.pem`), pem);
  }
}

async function writeProofs(
  data: DataPaths,
  { checkpoint }: PackSubject,
  folder: string,
  sample: readonly Sampled[],
): Promise<void> {
  await mkdir(join(folder, 'proofs'), { recursive: true });
  for (const { index, leaf } of sample) {
    await writeFile(
      join(folder, 'proofs', `${index}.tlog-proof`),
      await inclusionOf(data, index, checkpoint),
    );
    await writeFile(join(folder, 'proofs', `${index}.leaf.json`), leaf);
  }
}

async function copyClose({ evidence }: DataPaths, month: string, folder: string): Promise<void> {
  for (const name of [`${month}.close`, `${month}.lines.jsonl`])
    await copyFile(join(evidence, 'closes', name), join(folder, name)).catch((cause: unknown) => {
      throw new DifferenceError(
        `evidence: close ${month}: got no file ${name} that can be read, want it in ${join(evidence, 'closes')}; restore it`,
        { cause },
      );
    });
}

async function writing<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'w');
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
