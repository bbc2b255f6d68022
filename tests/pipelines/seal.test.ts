import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpoint } from '../../evidence/checkpoint.ts';
import { readCheckpoints, readVerifierKeys } from '../../evidence/storage/checkpoint_files.ts';
import { readTile } from '../../evidence/storage/tile_files.ts';
import { hashesOn, TILE_WIDTH, type Tile, tilePath } from '../../evidence/tiles.ts';
import type { NightEvent } from '../../pipelines/events.ts';
import { changeWarehouse } from '../support/tables.ts';
import { LOAD_ONLY, startTestWorld, type TestWorld } from '../support/test_night.ts';

let test: TestWorld;
let dataDir = '';
let folder = '';
let events: NightEvent[] = [];
const loadNight = (config = {}) => {
  events = [];
  return test.night(dataDir, LOAD_ONLY, { config, onEvent: (event) => events.push(event) });
};
const warnings = () => events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));

beforeAll(async () => {
  test = await startTestWorld();
  dataDir = test.newDataDir();
  folder = join(dataDir, 'evidence');
});
afterAll(() => test.close());

it('keeps a signed checkpoint of each size, and all tiles of the newest', async () => {
  const first = await loadNight();
  test.world.setNow('2026-11-23T03:00:10Z');
  const second = await loadNight();
  expect([first.error, second.error]).toEqual([null, null]);
  expect(second.evidence.checkpoint_verified).toBe(true);
  const kept = await readCheckpoints(folder);
  const keys = await readVerifierKeys(folder);
  expect(kept.map(({ size }) => size)).toEqual([first.evidence.tree_size, second.evidence.tree_size]);
  const said = kept.map(({ note }) => openCheckpoint(note, keys));
  expect(said.map(({ size, root }) => [size, root.toString('hex')])).toEqual(
    [first, second].map(({ evidence }) => [evidence.tree_size, evidence.root_hash]),
  );
  expect(readFileSync(join(folder, 'checkpoint'), 'utf8')).toBe(kept.at(-1)?.note);
  for (const tile of tilesOf(second.evidence.tree_size))
    expect(readTile(folder, tile).length, tilePath(tile)).toBe(tile.width * 32);
});

it('makes tiles and checkpoint anew where they were lost, and says so', async () => {
  const before = (await readCheckpoints(folder)).at(-1);
  rmSync(join(folder, 'tile', '0'), { recursive: true });
  rmSync(before?.file ?? '');
  const night = await loadNight();
  expect(night.error).toBeNull();
  expect(warnings().join('\n')).toMatch(/evidence: tile\/0\/\S+: got no whole file/);
  // Ed25519 signs the same text the same way.
  expect((await readCheckpoints(folder)).at(-1)).toEqual(before);
  for (const tile of tilesOf(night.evidence.tree_size))
    expect(readTile(folder, tile).length, tilePath(tile)).toBe(tile.width * 32);
});

it('signs with a new key from the next checkpoint on, and keeps the line of the old one', async () => {
  const evidence = { ...test.config(dataDir).evidence, signing_key_file: join(dataDir, 'keys', 'new.pem') };
  test.world.setNow('2026-11-24T03:00:10Z');
  const night = await loadNight({ evidence });
  expect(night.evidence.checkpoint_verified).toBe(true);
  const keys = await readVerifierKeys(folder);
  expect(keys.length).toBe(2);
  for (const { note } of await readCheckpoints(folder))
    expect(() => openCheckpoint(note, keys)).not.toThrow();
  const [old] = keys;
  const newest = (await readCheckpoints(folder)).at(-1);
  expect(() => openCheckpoint(newest?.note ?? '', old === undefined ? [] : [old])).toThrow(
    /known verifier key/,
  );
});

it('goes on without a key, signs nothing, and says what that means', async () => {
  test.world.setNow('2026-11-25T03:00:10Z');
  const { signing_key_file: _, ...evidence } = test.config(dataDir).evidence;
  const night = await loadNight({ evidence });
  expect(night.error).toBeNull();
  expect(night.evidence.checkpoint_verified).toBeNull();
  expect(warnings().join('\n')).toMatch(/got no signing key/);
  const signed = await loadNight();
  expect(signed.evidence.checkpoint_verified).toBe(true);
});

it('signs nothing for a log that is not the one that was signed before', async () => {
  test.world.setNow('2026-11-26T03:00:10Z');
  const signed = (await readCheckpoints(folder)).length;
  await changeWarehouse(
    dataDir,
    'UPDATE evidence.entries SET leaf_hash = unhex(sha256(leaf_hash)) WHERE evidence_index = 3',
  );
  // So all tiles are made anew, over the changed entry.
  rmSync(join(folder, 'tile'), { recursive: true });
  const night = await loadNight();
  expect(night.error).toMatchObject({
    stage: 'seal',
    message: expect.stringMatching(
      /checkpoint: got root [0-9a-f]{64} over the first \d+ entries, want the log/,
    ),
    next_step: expect.stringMatching(/evidence verify/),
  });
  expect((await readCheckpoints(folder)).length).toBe(signed);
});

/** The tiles that a log of `size` entries has, level by level, each as wide as it is then. */
function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0; hashesOn(level, size) > 0; level += 1) {
    const hashes = hashesOn(level, size);
    for (let index = 0; index * TILE_WIDTH < hashes; index += 1)
      yield { level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) };
  }
}
