import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { followPage, type PackWorld, startPackWorld } from '../pipelines/evidence/pack_world.ts';
import { scratch } from '../support/scratch.ts';

const root = scratch();
const pack = join(root, 'pack');
const go = (section: string) => section.startsWith('The log, with Go');
let world: PackWorld;
beforeAll(async () => {
  execFileSync('go', ['version']);
  world = await startPackWorld();
  await world.export('2026-10', pack);
});
afterAll(async () => {
  await world.close();
  rmSync(root, { recursive: true, force: true });
});

it('the audit pack’s own Go commands accept it', () => {
  const { ok, said } = followPage(world, pack, go);
  expect([ok, said]).toEqual([
    true,
    expect.stringMatching(/goes on from \d+ entries\nproofs: \d\d entries proved\nOK\n$/),
  ]);
  expect(said).toMatch(/2026-10\.close: signed, names this log/);
  expect(said).toMatch(/pack\.note: signed, names this log/);
});

it.each([
  ['leaves.jsonl', /"quantity":"\d/, '"quantity":"9', /leaf \d+ is not the one in the log/],
  ['leaves.index', /^\d+/, '3', /leaf 3 is not the one in the log/],
  ['checkpoint', /\n\d/, '\n9', /checkpoint: .*invalid signature/],
  ['2026-10.close', /\nmonth 2026-10/, '\nmonth 2026-11', /2026-10\.close: .*invalid signature/],
  ['pack.note', /manifest_sha256 ./, 'manifest_sha256 -', /pack\.note: .*invalid signature/],
  ['consistency', /\n\S/, '\n!', /FAILED/],
])('and refuse a changed %s', (name, from, to, want) => {
  const changed = join(root, 'changed', 'pack');
  rmSync(changed, { recursive: true, force: true });
  cpSync(pack, changed, { recursive: true });
  const text = readFileSync(join(changed, name), 'utf8');
  writeFileSync(join(changed, name), text.replace(from, to));
  const { ok, said } = followPage(world, changed, go);
  expect([ok, said]).toEqual([false, expect.stringMatching(want)]);
});
