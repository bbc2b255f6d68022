import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programPaths } from '../../pipelines/paths.ts';
import { changeWarehouse } from '../support/tables.ts';
import { startTestWorld, type TestWorld } from '../support/test_night.ts';

const ENTRY = join(programPaths().root, 'bin', 'meterline.mjs');

let test: TestWorld;
let folder = '';
let sizes: readonly number[] = [];

beforeAll(async () => {
  test = await startTestWorld();
  folder = test.newDataDir();
  const first = await test.night(join(folder, 'data'), { only: ['polaris', 'seal'] });
  test.world.setNow('2026-11-23T03:00:10Z');
  const second = await test.night(join(folder, 'data'), { only: ['polaris', 'seal'] });
  expect([first.error, second.error]).toEqual([null, null]);
  sizes = [first.evidence.tree_size, second.evidence.tree_size];
  const policies = join(programPaths().root, 'policies');
  writeFileSync(join(folder, 'meterline.yaml'), JSON.stringify({ data_dir: './data', policies }));
});
afterAll(() => test.close());

function evidence(cwd: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [ENTRY, 'evidence', ...args], { cwd, encoding: 'utf8' });
}

const sha256 = (...parts: readonly Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(parts)).digest();
const node = (left: Buffer, right: Buffer) => sha256(Buffer.of(1), left, right);

/** The root that a path leads to (RFC 9162 §2.1.3.2), in other words than the program's. */
function rootOf(index: number, size: number, leaf: Buffer, path: readonly Buffer[]): Buffer {
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    const isRight = at % 2 === 1;
    hash = isRight || at === last ? node(sibling, hash) : node(hash, sibling);
    // The last node of a level without a sibling moves up as it is.
    while (at === last && at % 2 === 0 && at > 0) [at, last] = [at / 2, Math.floor(last / 2)];
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return hash;
}

const hashesIn = (text: string) =>
  (text.split('\n\n')[0] ?? '')
    .split('\n')
    .filter((line) => /^[A-Za-z0-9+/]{43}=$/.test(line))
    .map((line) => Buffer.from(line, 'base64'));

describe('meterline evidence', () => {
  it('verify: says what it held against what, and that a rollback cannot be seen without a checkpoint kept elsewhere', () => {
    const { status, stdout } = evidence(folder, 'verify');
    expect(status, stdout).toBe(0);
    expect(stdout).toContain(`evidence verified: ${sizes[1]?.toLocaleString('en')} entries`);
    expect(stdout).toMatch(/2 checkpoints signed[\s\S]*rollback of everything cannot be seen/);
  });

  it('verify: a difference ends with 3 and names entry, reading and both values', async () => {
    const changed = test.newDataDir();
    cpSync(folder, changed, { recursive: true });
    await changeWarehouse(
      join(changed, 'data'),
      "UPDATE raw.polaris_readings SET quantity = '666.5' WHERE evidence_index = 7",
    );
    const { status, stdout, stderr } = evidence(changed, 'verify');
    expect(status).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /entry 7, reading \S+: got leaf [0-9a-f]{64} .*quantity 666\.5\), want [0-9a-f]{64}/,
    );
  });

  it('prove: proof and leaf lead to the root of the checkpoint in it', () => {
    const size = sizes[1] ?? 0;
    for (const index of [0, 5, size - 1]) {
      const { status, stderr } = evidence(folder, 'prove', String(index), '--output', 'proofs');
      expect(status, stderr).toBe(0);
      const proof = readFileSync(join(folder, 'proofs', `${index}.tlog-proof`), 'utf8');
      expect(proof.split('\n').slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', `index ${index}`]);
      const leaf = sha256(Buffer.of(0), readFileSync(join(folder, 'proofs', `${index}.leaf.json`)));
      const [, , , root] = proof.slice(proof.indexOf('\n\n') + 1).split('\n');
      expect(rootOf(index, size, leaf, hashesIn(proof)).toString('base64')).toBe(root);
    }
  });

  it('consistency: names the old size and ends with the new checkpoint', () => {
    const [old, size] = sizes;
    const { status, stdout } = evidence(folder, 'consistency', String(old), String(size));
    expect(status).toBe(0);
    expect(stdout.startsWith(`old ${old}\n`)).toBe(true);
    expect(stdout.trimEnd().endsWith(evidence(folder, 'checkpoint').stdout.trimEnd())).toBe(true);
    expect(hashesIn(stdout).length).toBeGreaterThan(0);
  });

  it.each([
    [['prove', 'rd-unknown'], /entry rd-unknown: got no accepted reading/],
    [['consistency', '0', '5'], /<old>: got 0, want a whole number from 1/],
    [['consistency', '1', '5'], /got no checkpoint of 5 entries, want one of \d+, \d+/],
  ])('%s is refused with 2', (args, message) => {
    const { status, stderr } = evidence(folder, ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});
