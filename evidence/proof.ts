import { EMPTY_ROOT, nodeHash } from './merkle.ts';

/** Entries `from` (inclusive) to `to` (exclusive) of the log, as RFC 6962 writes D[from:to]. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A full subtree: the node number `index` of `level`, 2^level entries wide. */
export interface Node {
  readonly level: number;
  readonly index: number;
}

/** Gives the hash of a full subtree. */
export type ReadNode = (node: Node) => Promise<Buffer>;

/**
 * RFC 6962 §2.1.1, PATH(m, D[n]): the ranges whose hashes lead from entry `index` to the root of `size` entries, from the
 * leaf upwards.
 * @throws Error where the log of that size has no such entry
 */
export function inclusionPath(index: number, size: number): readonly Range[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    throw new Error(
      `evidence: inclusion: got entry ${index} of ${size}, want 0 to ${size - 1}; ask for one of these`,
    );
  const path: Range[] = [];
  let whole: Range = { from: 0, to: size };
  while (whole.to - whole.from > 1) {
    const middle = whole.from + splitOf(whole.to - whole.from);
    const [left, right] = [
      { from: whole.from, to: middle },
      { from: middle, to: whole.to },
    ];
    path.unshift(index < middle ? right : left);
    whole = index < middle ? left : right;
  }
  return path;
}

/**
 * RFC 6962 §2.1.2, PROOF(m, D[n]): the ranges whose hashes show that the first `old` of `size` entries are the log that
 * had `old` entries.
 * @throws Error where `old` is not 1 to `size`
 */
export function consistencyPath(old: number, size: number): readonly Range[] {
  if (!Number.isSafeInteger(old) || old < 1 || old > size)
    throw new Error(
      `evidence: consistency: got sizes ${old} and ${size}, want 1 to ${size} for the old one; correct it`,
    );
  const path: Range[] = [];
  let whole: Range = { from: 0, to: size };
  // SUBPROOF(m, D[n], b): as long as b holds, the old tree's root is known to whoever checks.
  while (whole.to > old) {
    const middle = whole.from + splitOf(whole.to - whole.from);
    if (old <= middle) {
      path.unshift({ from: middle, to: whole.to });
      whole = { from: whole.from, to: middle };
    } else {
      path.unshift({ from: whole.from, to: middle });
      whole = { from: middle, to: whole.to };
    }
  }
  return whole.from === 0 ? path : [whole, ...path];
}

/** The Merkle tree hash of a range that starts where a subtree of its size may start: its full subtrees, joined from the right. */
export async function rangeHash(range: Range, read: ReadNode): Promise<Buffer> {
  const hashes = await Promise.all(fullSubtrees(range).map(read));
  const last = hashes.pop();
  if (last === undefined) return EMPTY_ROOT;
  return hashes.reduceRight((right, left) => nodeHash(left, right), last);
}

/** The full subtrees that a range consists of, from left to right. */
function fullSubtrees({ from, to }: Range): readonly Node[] {
  const nodes: Node[] = [];
  for (let start = from; start < to; ) {
    let level = 0;
    // The largest one that starts here and ends within the range.
    while (start % 2 ** (level + 1) === 0 && start + 2 ** (level + 1) <= to) level += 1;
    nodes.push({ level, index: start / 2 ** level });
    start += 2 ** level;
  }
  return nodes;
}

/** The largest power of two smaller than n (n > 1). */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}
