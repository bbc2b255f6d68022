import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafHash } from '../../evidence/leaf.ts';
import { append, EMPTY_ROOT, EMPTY_TREE, nodeHash, rootHash } from '../../evidence/merkle.ts';

/** RFC 6962 §2.1, word for word: MTH(D[n]) = SHA-256(0x01 ‖ MTH(D[0:k]) ‖ MTH(D[k:n])), k the largest power of two < n. */
function merkleTreeHash(leaves: readonly Buffer[]): Buffer {
  const sha = (...parts: readonly Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  const [only] = leaves;
  if (only === undefined) return sha();
  if (leaves.length === 1) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.of(1), merkleTreeHash(leaves.slice(0, k)), merkleTreeHash(leaves.slice(k)));
}

const leaf = (index: number) => leafHash(Buffer.from(`entry ${index}`));
const leaves = (size: number) => Array.from({ length: size }, (_, index) => leaf(index));

/** The eight entries that Certificate Transparency implementations test with, and the root after each. */
const REFERENCE_ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const REFERENCE_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the tree', () => {
  it('has the reference roots of Certificate Transparency', () => {
    let tree = EMPTY_TREE;
    expect(rootHash(tree).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    const roots = REFERENCE_ENTRIES.map((entry) => {
      tree = append(tree, leafHash(Buffer.from(entry, 'hex')));
      return rootHash(tree).toString('hex');
    });
    expect(roots).toEqual(REFERENCE_ROOTS);
    expect(EMPTY_ROOT.equals(rootHash(EMPTY_TREE))).toBe(true);
  });

  it('has the root of RFC 6962 §2.1 at every size from 0 to 300', () => {
    const all = leaves(300);
    let tree = EMPTY_TREE;
    for (let size = 0; size <= 300; size += 1) {
      expect(tree.size).toBe(size);
      expect(rootHash(tree).equals(merkleTreeHash(all.slice(0, size)))).toBe(true);
      const next = all[size];
      if (next !== undefined) tree = append(tree, next);
    }
  });

  it('does not depend on how its entries were cut into appends', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 8 }), (cuts) => {
        const all = leaves(cuts.reduce((sum, cut) => sum + cut, 0));
        let tree = EMPTY_TREE;
        for (const cut of cuts) tree = append(tree, Buffer.concat(all.slice(tree.size, tree.size + cut)));
        expect(tree).toEqual(append(EMPTY_TREE, Buffer.concat(all)));
        expect(rootHash(tree).equals(merkleTreeHash(all))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('goes on beyond 2^32 entries', () => {
    const half = leaf(0);
    const tree = append({ size: 2 ** 40, frontier: [half] }, Buffer.concat([leaf(1), leaf(2)]));
    expect(tree.size).toBe(2 ** 40 + 2);
    expect(rootHash(tree).equals(nodeHash(half, nodeHash(leaf(1), leaf(2))))).toBe(true);
  });

  it('refuses what is no hash', () => {
    expect(() => nodeHash(leaf(0), Buffer.alloc(31))).toThrow(/got sides of 32 and 31 bytes/);
    expect(() => append(EMPTY_TREE, Buffer.alloc(33))).toThrow(/got 33 bytes/);
  });

  it('refuses a frontier that does not belong to its size', () => {
    expect(() => rootHash({ size: 3, frontier: [leaf(0)] })).toThrow(/tree of 3 entries: got 1 subtrees/);
    expect(() => append({ size: -1, frontier: [] }, Buffer.alloc(0))).toThrow(/tree of -1 entries/);
  });
});
