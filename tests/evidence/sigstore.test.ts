import { rmSync } from 'node:fs';
import { verifyCheckpoint } from '@sigstore/verify/dist/tlog/checkpoint.js';
import { verifyMerkleInclusion } from '@sigstore/verify/dist/tlog/merkle.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratch } from '../support/scratch.ts';
import { leaf, logOf, type TestLog } from './log_of.ts';

// Sigstore's verifier, written by others: what `npm run test:go` asks of Go's programs, where there is no Go. It knows no
// consistency proofs.

const SIZES = Array.from({ length: 300 }, (_, index) => index + 1);

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let log: TestLog;
beforeAll(async () => {
  log = await logOf(folder, SIZES);
});

type Entry = Parameters<typeof verifyCheckpoint>[0];
type Authority = Parameters<typeof verifyCheckpoint>[1][number];

async function entry(index: number, size: number, changes: Partial<{ leaf: Buffer; note: string }> = {}) {
  return {
    canonicalizedBody: changes.leaf ?? leaf(index),
    inclusionProof: {
      logIndex: String(index),
      hashes: await log.inclusion(index, size),
      checkpoint: { envelope: changes.note ?? log.checkpoints.get(size) ?? '' },
    },
  } as unknown as Entry;
}

function authority(): Authority {
  const { name, key_id, key } = log.signer;
  return { logID: key_id, publicKey: key, baseURL: name } as unknown as Authority;
}

async function accepted(given: Entry): Promise<number> {
  const checkpoint = verifyCheckpoint(given, [authority()]);
  verifyMerkleInclusion(given, checkpoint);
  return Number(checkpoint.logSize);
}

describe("sigstore's verifier", () => {
  it('accepts the checkpoint of every size from 1 to 300, and entries under it', async () => {
    for (const size of SIZES)
      for (const index of new Set([0, size - 1, Math.floor(size / 2), (size * 7) % size, (size * 31) % 256]))
        if (index < size) expect(await accepted(await entry(index, size))).toBe(size);
  });

  it('refuses another leaf, another place, and a changed checkpoint', async () => {
    await expect(entry(7, 300, { leaf: leaf(8) }).then(accepted)).rejects.toThrow(/root hash does not match/);
    const proof = await entry(7, 300);
    const moved = { ...proof, inclusionProof: { ...proof.inclusionProof, logIndex: '8' } };
    await expect(accepted(moved as Entry)).rejects.toThrow(/root hash does not match/);
    const note = log.checkpoints.get(300)?.replace('\n300\n', '\n299\n');
    await expect(entry(7, 300, { note: note ?? '' }).then(accepted)).rejects.toThrow(
      /invalid checkpoint signature/,
    );
  });
});
