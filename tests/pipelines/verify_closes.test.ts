import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCloseNote, signCloseNote } from '../../evidence/close_note.ts';
import { type SignerKey, signerKey } from '../../evidence/note.ts';
import { closeFiles } from '../../evidence/storage/close_files.ts';
import { approveClose, prepareClose } from '../../pipelines/evidence/close.ts';
import { type VerifiedCloses, verifyCloses } from '../../pipelines/evidence/verify_closes.ts';
import { dataPaths, programPaths } from '../../pipelines/paths.ts';
import { loadPolicies } from '../../pipelines/policies.ts';
import { signingKey } from '../../pipelines/signing_key.ts';
import { lookInto } from '../../pipelines/warehouse_access.ts';
import { DifferenceError } from '../../schemas/errors.ts';
import type { Policies } from '../../schemas/policies.ts';
import { startTestWorld, type TestWorld } from '../support/test_night.ts';
import { closeEnv, makeExceptions, sql } from './close_world.ts';

const POLICIES = join(import.meta.dirname, '../../policies');
const MONTH = '2026-09';

let test: TestWorld;
let whole = '';
let signer: SignerKey;
let line = '';

beforeAll(async () => {
  test = await startTestWorld();
  whole = test.newDataDir();
  const night = await test.night(whole, { only: ['load', 'seal', 'transform'] });
  expect(night.error).toBeNull();
  await makeExceptions(whole, []);
  signer = (await signingKey(test.config(whole))) as SignerKey;
  const prepared = await meterline(whole, 'evidence', 'close', MONTH, '--prepare', '--by', 'ada', '--json');
  expect(prepared).toMatchObject({ code: 0 });
  expect(JSON.parse(prepared.stdout)).toMatchObject({ month: MONTH, status: 'soft_closed', files: null });
  const config = { ...test.config(whole), policies: POLICIES };
  await approveClose(config, { month: MONTH, by: 'bob', accept: null }, closeEnv());
  const [first] = await sql(whole, 'SELECT min(line_id) AS line_id FROM evidence.closed_lines');
  line = String(first?.line_id);
});
afterAll(() => test.close());

/** The program itself over a data directory; ends by itself. */
async function meterline(dataDir: string, ...args: readonly string[]) {
  const { origin, signing_key_file } = test.config(whole).evidence;
  const config = join(dataDir, 'close.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      environment: 'demo',
      data_dir: dataDir,
      evidence: { origin, signing_key_file },
      policies: POLICIES,
    }),
  );
  const child = spawn(
    process.execPath,
    [join(programPaths().root, 'bin', 'meterline.mjs'), ...args, '--config', config],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** A copy of the data directory, changed in some way. */
async function changed(change: (folder: string) => unknown): Promise<string> {
  const folder = test.newDataDir();
  cpSync(whole, folder, { recursive: true });
  await change(folder);
  return folder;
}

const verify = async (folder: string, policies = POLICIES): Promise<VerifiedCloses> => {
  const read = await loadPolicies(policies);
  return lookInto(dataPaths(folder), (warehouse) => verifyCloses(dataPaths(folder), warehouse, read));
};

const difference = (folder: string, policies = POLICIES): Promise<string> =>
  verify(folder, policies).then(
    () => 'no difference',
    (error: unknown) => {
      expect(error).toBeInstanceOf(DifferenceError);
      return (error as Error).message;
    },
  );

const files = (folder: string) => closeFiles(join(folder, 'evidence'), MONTH);
const replaceIn = (file: string, from: RegExp, to: string) => {
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(from);
  writeFileSync(file, text.replace(from, to));
};
const AMOUNT = (table: string, id = line) => `UPDATE ${table} SET amount = 666.5 WHERE line_id = '${id}'`;

it('counts what it held against what', async () => {
  const [{ lines } = {}] = await sql(whole, 'SELECT count(*)::INTEGER AS lines FROM evidence.closed_lines');
  const [{ n } = {}] = await sql(whole, 'SELECT count(*)::INTEGER AS n FROM evidence.policy_versions');
  expect(await verify(whole)).toEqual({ closes: 1, closed_lines: lines, policy_versions: n });
  expect(n).toBeGreaterThan(6);
});

describe('the command', () => {
  it('ends with 0 where all is as signed, and says what it held', async () => {
    const { code, stdout } = await meterline(whole, 'evidence', 'verify');
    expect(stdout).toMatch(/1 closed months signed, \d+ frozen lines as signed in evidence\.closed_lines/);
    expect(stdout).toMatch(/\d+ policy versions say what they said/);
    expect(code).toBe(0);
  });

  it('ends with 3 at a difference, and with 2 where a close is refused', async () => {
    const folder = await changed((each) => sql(each, AMOUNT('evidence.closed_lines')));
    expect(await meterline(folder, 'evidence', 'verify')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`closed line ${line}`),
    });
    const again = await meterline(folder, 'evidence', 'close', MONTH, '--prepare', '--by', 'ada');
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('closed by bob') });
    const reopened = await meterline(folder, 'evidence', 'reopen', MONTH, '--json');
    expect(reopened).toMatchObject({ code: 2, stdout: expect.stringContaining('adjustments only') });
  });
});

describe('finds', () => {
  it('a frozen line changed in the warehouse', async () => {
    const folder = await changed((each) => sql(each, AMOUNT('evidence.closed_lines')));
    expect(await difference(folder)).toMatch(
      new RegExp(
        `closed line ${line}: got amount 666\\.500000000 in evidence\\.closed_lines, want \\d+\\.\\d{9} as signed`,
      ),
    );
  });

  it('a frozen line changed in the mart', async () => {
    const folder = await changed((each) => sql(each, AMOUNT('marts.fct_overage')));
    expect(await difference(folder)).toMatch(
      new RegExp(`closed line ${line}: got amount 666\\.500000000 in marts\\.fct_overage`),
    );
  });

  it('a frozen line removed, and one added', async () => {
    const removed = await changed((each) =>
      sql(each, `DELETE FROM evidence.closed_lines WHERE line_id = '${line}'`),
    );
    expect(await difference(removed)).toMatch(
      `closed line ${line}: got no such line in evidence.closed_lines`,
    );
    const added = await changed((each) =>
      sql(
        each,
        `INSERT INTO evidence.closed_lines SELECT * REPLACE ('0' AS line_id) FROM evidence.closed_lines WHERE line_id = '${line}'`,
      ),
    );
    expect(await difference(added)).toMatch(
      'closed line 0: got it in evidence.closed_lines, want no such line',
    );
  });

  it('a frozen line changed in the file', async () => {
    const folder = await changed((each) => replaceIn(files(each).lines, /"amount":"\d/, '"amount":"9'));
    expect(await difference(folder)).toMatch(
      /2026-09: got SHA-256 \w{64} of .*lines\.jsonl, want \w{64} as signed/,
    );
  });

  it('a frozen line changed in file, warehouse and mart alike', async () => {
    const folder = await changed(async (each) => {
      replaceIn(files(each).lines, /"amount":"[^"]+"/, '"amount":"666.500000000"');
      await sql(each, AMOUNT('evidence.closed_lines'), AMOUNT('marts.fct_overage'));
    });
    expect(await difference(folder)).toMatch(/got SHA-256 .*the frozen lines were changed/);
  });

  it('a note signed with another key, and one whose text was changed', async () => {
    const forged = await changed((each) => {
      const { origin: _, ...note } = openCloseNote(readFileSync(files(each).note, 'utf8'), [signer]);
      const forger = signerKey(signer.name, generateKeyPairSync('ed25519').privateKey);
      writeFileSync(files(each).note, signCloseNote({ ...note, lines_sha256: '0'.repeat(64) }, forger));
    });
    expect(await difference(forged)).toMatch(
      /close 2026-09: note: got signatures of \S+ only, want one of a known/,
    );
    const edited = await changed((each) =>
      replaceIn(files(each).note, /^approved_by bob$/m, 'approved_by eve'),
    );
    expect(await difference(edited)).toMatch(
      /close 2026-09: note: got a signature of \S+ that does not hold/,
    );
  });

  it('a note that whoever has the key signed over another tree', async () => {
    const folder = await changed(async (each) => {
      const { origin: _, ...note } = openCloseNote(readFileSync(files(each).note, 'utf8'), [signer]);
      writeFileSync(files(each).note, signCloseNote({ ...note, root: Buffer.alloc(32, 7) }, signer));
      await sql(each, `UPDATE evidence.period_closes SET root_hash = unhex('${'07'.repeat(32)}')`);
    });
    expect(await difference(folder)).toMatch(
      /2026-09: got root \w{64} over the first \d+ entries, want root 0707/,
    );
  });

  it.each([
    [`approved_by = 'eve'`, /got approved_by "eve" in the warehouse, want "bob" as signed/],
    [`accepted_reason = 'so'`, /got accepted "so" in the warehouse, want null as signed/],
    [`cut_off_at = '2026-10-05'`, /got cut_off_at "2026-10-05T00:00:00Z" in the warehouse/],
    [`approved_load_id = 7777`, /got approved_load_id 7777 in the warehouse/],
    [
      `timestamped_at = '2026-10-05'`,
      /got timestamped_at "2026-10-05T00:00:00Z" in the warehouse, want null/,
    ],
    [`checkpoint = 'other'`, /got another checkpoint of \d+ entries/],
  ])('a record of the close with %s', async (change, message) => {
    const folder = await changed((each) => sql(each, `UPDATE evidence.period_closes SET ${change}`));
    expect(await difference(folder)).toMatch(message);
  });

  it.each([
    [`as_of_date = '2026-10-05'`, /got as_of_date "2026-10-05" in the warehouse/],
    ['reperform_differences = 9', /got reperform_differences 9 in the warehouse, want \d+ as signed/],
    [`lines_sha256 = 'x'`, /got lines_sha256 "x" in the warehouse/],
    ['preparation_id = 9', /2026-09: got no preparation 1, want the one that it was closed with/],
  ])('a record of its preparation with %s', async (change, message) => {
    const folder = await changed((each) => sql(each, `UPDATE evidence.close_preparations SET ${change}`));
    expect(await difference(folder)).toMatch(message);
  });

  it('a total changed', async () => {
    const folder = await changed((each) =>
      sql(each, 'UPDATE evidence.close_totals SET readings = readings + 1'),
    );
    expect(await difference(folder)).toMatch(/2026-09: got totals \[.*in the warehouse, want .* as signed/);
  });

  it('a close removed: its row, its files, or all but what the mart shows', async () => {
    const row = await changed((each) => sql(each, 'DELETE FROM evidence.period_closes'));
    expect(await difference(row)).toMatch(
      /2026-09: got a signed note without a row in evidence\.period_closes/,
    );
    const note = await changed((each) => rmSync(files(each).note));
    expect(await difference(note)).toMatch(/2026-09: got no signed note, .*it was removed: restore it/);
    const lines = await changed((each) => rmSync(files(each).lines));
    expect(await difference(lines)).toMatch(/2026-09: got SHA-256 no file of/);
    const all = await changed(async (each) => {
      rmSync(join(each, 'evidence', 'closes'), { recursive: true });
      await sql(each, 'DELETE FROM evidence.period_closes', 'DELETE FROM evidence.closed_lines');
    });
    expect(await difference(all)).toMatch(
      /2026-09: got line \w+ in marts\.fct_overage as closed, without a close/,
    );
  });

  it('a close that was killed, and says that the next run finishes it', async () => {
    const folder = await changed((each) => renameSync(files(each).note, `${files(each).note}.pending`));
    expect(await difference(folder)).toMatch(
      /got no signed note, .*the next run finishes the close that was killed/,
    );
  });

  it('a policy changed under its version, by the first key that differs', async () => {
    const policies = join(test.newDataDir(), 'policies');
    cpSync(POLICIES, policies, { recursive: true });
    const [name = ''] = readdirSync(join(policies, 'overage'));
    replaceIn(join(policies, 'overage', name), /above: "[^"]+"/, 'above: "9.5"');
    expect(await difference(whole, policies)).toMatch(
      /policies: overage\/\S+, rates\.above: got "9\.5", want "[\d.]+" as when this version was first used/,
    );
  });

  it('a policy version missing that closed lines name; and nothing is prepared without it', async () => {
    const read = await loadPolicies(POLICIES);
    const policies = join(test.newDataDir(), 'policies');
    cpSync(POLICIES, policies, { recursive: true });
    const [named] = await sql(
      whole,
      'SELECT DISTINCT policy_id, policy_version FROM evidence.closed_lines ORDER BY 1',
    );
    const gone = (each: Policies['overage'][number]) =>
      each.policy_id === named?.policy_id && each.version === named?.policy_version;
    expect(read.overage.filter(gone)).toHaveLength(1);
    const without = { ...read, overage: read.overage.filter((each) => !gone(each)) };
    const data = dataPaths(whole);
    const verified = lookInto(data, (warehouse) => verifyCloses(data, warehouse, without));
    await expect(verified).rejects.toThrow(DifferenceError);
    await expect(verified).rejects.toThrow(
      `policies: overage/${named?.policy_id}@${named?.policy_version}: got no such version in the folder`,
    );
    const name = readdirSync(join(policies, 'overage')).find((each) =>
      readFileSync(join(policies, 'overage', each), 'utf8').includes(`version: "${named?.policy_version}"`),
    );
    rmSync(join(policies, 'overage', name ?? ''));
    const config = { ...test.config(whole), policies };
    await expect(prepareClose(config, { month: '2026-10', by: 'ada' }, closeEnv())).rejects.toThrow(
      /policies: overage\/\S+: got no such version in the folder, want it.*restore its file/,
    );
  });

  it('a recorded policy changed', async () => {
    const folder = await changed((each) =>
      sql(
        each,
        `UPDATE evidence.policy_versions SET content = replace(content, '"above":"', '"above":"1') WHERE kind = 'overage'`,
      ),
    );
    expect(await difference(folder)).toMatch(/policy overage\/\S+: got content with SHA-256 \w{64}/);
  });
});
