import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leafHash } from '../../evidence/leaf.ts';
import { encodeVerifierKey } from '../../evidence/note.ts';
import { leaf, logOf, type TestLog } from '../evidence/log_of.ts';
import { scratch } from '../support/scratch.ts';

const root = scratch();
const program = join(root, 'verify');
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeAll(() => {
  // Go fetches the two modules of go.mod, by the hashes of go.sum, where it does not have them.
  execFileSync('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'go') });
});

/** What Go's programs say of the log: every pair of the cases is checked by both of them. */
async function checkWithGo(
  log: TestLog,
  cases: {
    readonly inclusions: readonly (readonly [index: number, size: number])[];
    readonly consistencies: readonly (readonly [old: number, size: number])[];
    readonly tiles: readonly number[];
  },
): Promise<string> {
  const base64 = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'));
  const inclusions = [];
  for (const [Index, Size] of cases.inclusions) {
    const Proof = base64(await log.inclusion(Index, Size));
    inclusions.push({ Index, Size, Leaf: leaf(Index).toString('base64'), Proof });
  }
  const consistencies = [];
  for (const [Old, Size] of cases.consistencies)
    consistencies.push({ Old, Size, Proof: base64(await log.consistency(Old, Size)) });
  const input = {
    Checkpoints: [...log.checkpoints.values()],
    Inclusions: inclusions,
    Consistencies: consistencies,
    Tiles: cases.tiles.map((Index) => ({ Index, Hash: leafHash(leaf(Index)).toString('base64') })),
  };
  const args = [log.folder, encodeVerifierKey(log.signer)];
  return execFileSync(program, args, { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 2 ** 26 });
}

describe('golang.org/x/mod and transparency-dev/merkle accept', () => {
  it('every tree size from 1 to 300, with every entry and every older size', async () => {
    const sizes = Array.from({ length: 300 }, (_, index) => index + 1);
    const log = await logOf(join(root, 'small'), sizes);
    const inclusions = sizes.flatMap((size) =>
      Array.from({ length: size }, (_, index) => [index, size] as const),
    );
    const consistencies = sizes.flatMap((size) => sizes.slice(0, size).map((old) => [old, size] as const));
    const said = await checkWithGo(log, {
      // All of the first hundred sizes, then a third.
      inclusions: inclusions.filter(([index, size]) => size <= 100 || (index + size) % 3 === 0),
      consistencies: consistencies.filter(([old, size]) => size <= 100 || (old + size) % 3 === 0),
      tiles: sizes.map((size) => size - 1),
    });
    expect(said).toMatch(/^300 checkpoints, \d{5} inclusions, \d{5} consistencies, 300 leaves from tiles$/m);
  });

  it('larger trees, grown by odd steps across the borders of tiles and of their levels', async () => {
    const sizes = [255, 256, 257, 65_535, 65_536, 65_537, 66_000, 131_072, 200_001];
    const log = await logOf(join(root, 'large'), sizes);
    const last = sizes.at(-1) ?? 0;
    const indexes = [0, 1, 254, 255, 256, 65_534, 65_535, 65_536, 131_071, 131_072, last - 1];
    const said = await checkWithGo(log, {
      inclusions: sizes.flatMap((size) =>
        indexes.filter((index) => index < size).map((index) => [index, size] as const),
      ),
      consistencies: sizes.flatMap((size) =>
        sizes.filter((old) => old <= size).map((old) => [old, size] as const),
      ),
      tiles: indexes,
    });
    expect(said).toMatch(/^9 checkpoints, \d+ inclusions, 45 consistencies, 11 leaves from tiles$/m);
  });
});
