import { createHash, hash } from 'node:crypto';

const HASH_BYTES = 32;

/** 0x01 ‖ left ‖ right, filled anew for each node: allocating it for each costs as much as hashing it. */
const NODE = Buffer.alloc(1 + 2 * HASH_BYTES, 0x01);

/** RFC 6962 §2.1: the hash of an empty list is the hash of an empty string, `MTH({}) = SHA-256()`. */
export const EMPTY_ROOT: Buffer = createHash('sha256').digest();

/**
 * RFC 6962 §2.1: an inner node is SHA-256(0x01 ‖ left ‖ right).
 * @throws Error where a side is not a hash of 32 bytes
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES)
    throw new Error(
      `evidence: inner node: got sides of ${left.length} and ${right.length} bytes, want ${HASH_BYTES} each; ` +
        'the kept hashes are damaged: rebuild them from the entries',
    );
  NODE.set(left, 1);
  NODE.set(right, 1 + HASH_BYTES);
  return Buffer.from(hash('sha256', NODE, 'binary'), 'latin1');
}

/**
 * What must be kept of a tree so that it can grow.
 *
 * RFC 6962 §2.1 splits a list of n > 1 entries at the largest power of two smaller than n. So the left part is
 * always a full subtree, and a tree of n entries is a row of full subtrees, from left to right one for each bit
 * that is 1 in n, from the highest down; `frontier` are their roots.
 */
export interface Tree {
  /** Number of entries, up to 2^53−1. */
  readonly size: number;
  readonly frontier: readonly Buffer[];
}

/** The tree without entries. */
export const EMPTY_TREE: Tree = { size: 0, frontier: [] };

/**
 * Appends leaf hashes, `hashes` one after the other. Costs one node hash for each leaf on average, and memory for the
 * batch and O(log size) hashes, however large the tree is.
 *
 * Level by level: a node that waited at the tree's edge for its right neighbour comes before the new nodes of its
 * level, neighbours become the new nodes of the level above, and a node without a right neighbour waits at the edge
 * (as adding to a binary number carries through its ones). `made` is told the new nodes of each level, in order.
 */
export function append(
  tree: Tree,
  hashes: Uint8Array,
  made?: (level: number, nodes: Uint8Array) => void,
): Tree {
  checkTree(tree);
  if (hashes.length % HASH_BYTES !== 0)
    throw new Error(
      `evidence: leaf hashes: got ${hashes.length} bytes, want a multiple of ${HASH_BYTES}; report this`,
    );
  const waiting = [...tree.frontier];
  const frontier: Buffer[] = [];
  let nodes = hashes;
  let level = 0;
  for (let before = tree.size; before > 0 || nodes.length > 0; before = Math.floor(before / 2)) {
    if (nodes.length > 0) made?.(level, nodes);
    level += 1;
    if (before % 2 === 1) nodes = Buffer.concat([waiting.pop() as Buffer, nodes]);
    const parents = parentsOf(nodes);
    const paired = parents.length * 2;
    if (nodes.length > paired) frontier.unshift(Buffer.from(nodes.subarray(paired)));
    nodes = parents;
  }
  return { size: tree.size + hashes.length / HASH_BYTES, frontier };
}

/** The nodes above: one for each two, the last one left out where it has no right neighbour. */
function parentsOf(nodes: Uint8Array): Buffer {
  const parents = Buffer.allocUnsafe(Math.floor(nodes.length / HASH_BYTES / 2) * HASH_BYTES);
  const children = Buffer.from(nodes.buffer, nodes.byteOffset, nodes.length);
  for (let to = 0, from = 0; to < parents.length; to += HASH_BYTES, from += 2 * HASH_BYTES) {
    children.copy(NODE, 1, from, from + 2 * HASH_BYTES);
    parents.write(hash('sha256', NODE, 'binary'), to, 'latin1');
  }
  return parents;
}

/**
 * The Merkle tree hash of the entries (RFC 6962 §2.1): the full subtrees joined from the right, since each split
 * takes the largest full subtree to its left.
 */
export function rootHash(tree: Tree): Buffer {
  checkTree(tree);
  const [last, ...others] = tree.frontier.toReversed();
  if (last === undefined) return EMPTY_ROOT;
  return others.reduce((right, left) => nodeHash(left, right), last);
}

/** @throws Error when the number of subtrees is not the number of ones in the size */
function checkTree({ size, frontier }: Tree): void {
  if (!Number.isSafeInteger(size) || size < 0 || frontier.length !== ones(size))
    throw frontierError(size, frontier.length);
}

function ones(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

function frontierError(size: number, subtrees: number): Error {
  return new Error(
    `evidence: tree of ${size} entries: got ${subtrees} subtrees, want one for each 1 in the size's binary form; ` +
      'the kept tree head is damaged: rebuild it from the entries',
  );
}
