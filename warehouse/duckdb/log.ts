import { createHash } from 'node:crypto';
import { blobValue, DuckDBBlobValue, type DuckDBValue } from '@duckdb/node-api';
import type { TreeHead } from '../log_records.ts';
import type { Warehouse } from '../warehouse.ts';
import type { Session } from './database.ts';
import { count, text } from './values.ts';

const HASH_BYTES = 32;
const BATCH_ENTRIES = 65_536;

/** The evidence log as it is kept: `evidence.entries` and `evidence.tree_heads`. */
export function log(session: Session): Pick<Warehouse, 'treeHead' | 'leafHashes' | 'recordTreeHead'> {
  return {
    treeHead: () => newestHead(session),
    leafHashes: (from) => leafHashes(session, from),
    recordTreeHead: async (head, run_id, at) => {
      await session.run(
        'record the tree head',
        `INSERT INTO evidence.tree_heads (tree_size, root_hash, frontier, run_id, sealed_at)
         VALUES ($tree_size::BIGINT, $root_hash, $frontier, $run_id, $at::TIMESTAMP)`,
        {
          tree_size: BigInt(head.tree_size),
          root_hash: blobValue(head.root_hash),
          frontier: blobValue(Buffer.concat(head.frontier)),
          run_id,
          at,
        },
      );
    },
  };
}

async function newestHead(session: Session): Promise<TreeHead> {
  const found = await session.connection.runAndReadAll(
    'SELECT tree_size, root_hash, frontier FROM evidence.tree_heads ORDER BY tree_size DESC LIMIT 1',
  );
  const [row] = found.getRows();
  // RFC 6962 §2.1: the hash of an empty list is the hash of an empty string.
  if (row === undefined) return { tree_size: 0, root_hash: createHash('sha256').digest(), frontier: [] };
  const [tree_size, root_hash, frontier] = row;
  const roots = bytesOf(frontier);
  return {
    tree_size: count(String(tree_size)),
    root_hash: bytesOf(root_hash),
    frontier: Array.from({ length: roots.length / HASH_BYTES }, (_, index) =>
      roots.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
    ),
  };
}

/** A batch comes as one text of hex digits: a value for each hash would take many times as long. */
async function* leafHashes(session: Session, from: number): AsyncGenerator<Buffer> {
  for (let start = from; ; start += BATCH_ENTRIES) {
    const end = start + BATCH_ENTRIES; // exclusive
    const batch = await session.row(
      'read the leaf hashes',
      `SELECT count(*) AS entries, count(DISTINCT evidence_index) AS different, max(evidence_index) AS last,
         string_agg(hex(leaf_hash), '' ORDER BY evidence_index) AS hashes
       FROM evidence.entries WHERE evidence_index >= ${start} AND evidence_index < ${end}`,
    );
    const entries = count(batch.entries);
    if (entries === 0) return;
    const hashes = Buffer.from(text(batch.hashes), 'hex');
    const last = count(batch.last);
    const isWhole = count(batch.different) === entries && last === start + entries - 1;
    if (!isWhole || hashes.length !== entries * HASH_BYTES)
      throw new Error(
        `warehouse: evidence entries ${start} to ${last}: got ${entries} entries with ${hashes.length} bytes of ` +
          `hashes, want each index once with ${HASH_BYTES}; the log has a hole or a double: keep the database as it ` +
          'is and look for what wrote to it',
      );
    yield hashes;
    if (entries < BATCH_ENTRIES) return;
  }
}

function bytesOf(value: DuckDBValue | undefined): Buffer {
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes);
  throw new Error(`warehouse: hash: got ${String(value)}, want bytes; report this`);
}
