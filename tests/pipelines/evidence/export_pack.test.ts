import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExportedPack } from '../../../pipelines/evidence/pack/export_pack.ts';
import { type FileManifest, filesBelow, manifestFile } from '../../../pipelines/file_manifest.ts';
import { DifferenceError, UsageError } from '../../../schemas/errors.ts';
import { scratch } from '../../support/scratch.ts';
import { followPage, HOSTILE, type PackWorld, sql, startPackWorld } from './pack_world.ts';
import { openssl } from './timestamp_authority.ts';

const root = scratch();
const pack = join(root, 'pack');
let world: PackWorld;
let made: ExportedPack;
beforeAll(async () => {
  openssl(['version'], root);
  world = await startPackWorld();
  made = await world.export('2026-10', pack);
});
afterAll(async () => {
  await world.close();
  rmSync(root, { recursive: true, force: true });
});

const withoutGo = (section: string) => !section.startsWith('The log, with Go');
const read = (name: string, folder = pack) => readFileSync(join(folder, name), 'utf8');
const manifestOf = (folder = pack): FileManifest => JSON.parse(read('manifest.json', folder));

/** A copy of the pack, changed; `sums`: whoever changed it also wrote the sums anew. */
async function changed(
  change: (folder: string) => void,
  sums: 'kept' | 'made anew' = 'kept',
): Promise<string> {
  const folder = join(root, 'changed', 'pack');
  rmSync(folder, { recursive: true, force: true });
  cpSync(pack, folder, { recursive: true });
  change(folder);
  if (sums === 'made anew') await makeSumsAnew(folder);
  return folder;
}

async function makeSumsAnew(folder: string): Promise<void> {
  const manifest = manifestOf(folder);
  const files = await Promise.all(manifest.files.map(({ path }) => manifestFile(folder, path)));
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify({ ...manifest, files }, null, 2)}\n`);
  const paths = (await filesBelow(folder)).filter((path) => path !== 'SHA256SUMS');
  const all = await Promise.all(paths.map((path) => manifestFile(folder, path)));
  writeFileSync(join(folder, 'SHA256SUMS'), all.map(({ sha256, path }) => `${sha256}  ${path}\n`).join(''));
}

function replaceIn(folder: string, name: string, from: RegExp, to: string): void {
  const text = read(name, folder);
  expect(text).toMatch(from);
  writeFileSync(join(folder, name), text.replace(from, to));
}

describe('the pack of a closed month', () => {
  it('is accepted by the commands of its own page, in OpenSSL and Python', () => {
    const { ok, said } = followPage(world, pack, withoutGo);
    expect(said).toMatch(
      /files: OK\ncheckpoint: signed by key \w{8}\nprevious\.checkpoint: signed .*\n2026-10\.close: signed .*\npack\.note: signed/,
    );
    expect(said).toMatch(/Time stamp: \w+/);
    expect(said).toMatch(/its first \d+ entries are the log of previous\.checkpoint/);
    expect(said).toMatch(
      /close: names this log and these frozen lines\nOK\nleaf \d+ of \d+: [0-9a-f]{64}\n$/,
    );
    expect(ok).toBe(true);
  });

  it('has each table twice, with rows and sums of the warehouse', async () => {
    const { tables, files, source } = manifestOf();
    const names = new Set(files.map(({ path }) => path));
    for (const table of tables) for (const file of table.files) expect(names).toContain(file);
    const lines = tables.find(({ name }) => name === 'overage_lines');
    const [want] = await sql(
      world.data,
      `SELECT count(*)::VARCHAR AS n, sum(amount)::VARCHAR AS amount FROM evidence.closed_lines WHERE close_month = DATE '2026-10-01'`,
    );
    expect(lines).toMatchObject({ rows: Number(want?.n), parameters: { month: '2026-10-01' } });
    expect(lines?.sums.amount).toBe(want?.amount);
    expect(Number(want?.n)).toBeGreaterThan(3);
    expect(source.warehouse_load_id).toBeGreaterThan(3);
    expect(made.tables.map(({ name, rows }) => [name, rows])).toEqual(
      tables.map(({ name, rows }) => [name, rows]),
    );
  });

  it('has the same values in CSV and Parquet, exact, in the same order', async () => {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const rows = async (query: string) => (await connection.runAndReadAll(query)).getRowsJson();
    for (const { name, rows: number } of manifestOf().tables) {
      const parquet = `read_parquet('${join(pack, 'tables', name)}.parquet')`;
      const types = await rows(`SELECT column_name, column_type FROM (DESCRIBE FROM ${parquet})`);
      const columns = types.map(([column, type]) => `'${column}': '${type}'`).join(', ');
      const csv = `read_csv('${join(pack, 'tables', name)}.csv', header = true, quote = '"', escape = '"', columns = {${columns}}, max_line_size = 10000000)`;
      const a = await rows(`SELECT count(*)::VARCHAR, md5(string_agg(t::VARCHAR, '|')) FROM ${parquet} AS t`);
      expect(
        await rows(`SELECT count(*)::VARCHAR, md5(string_agg(t::VARCHAR, '|')) FROM ${csv} AS t`),
        name,
      ).toEqual(a);
      expect(a[0]?.[0]).toBe(String(number));
    }
    connection.closeSync();
    instance.closeSync();
  });

  it('says its queries so that they give the same again', async () => {
    for (const { query, parameters, rows } of manifestOf().tables) {
      const filled = query.replaceAll(/\$(\w+)/g, (_, name) =>
        typeof parameters[name] === 'string' ? `'${parameters[name]}'` : String(parameters[name]),
      );
      const [again] = await sql(world.data, `SELECT count(*)::VARCHAR AS n FROM (${filled})`);
      expect(again?.n, query).toBe(String(rows));
    }
  });

  it('shows who prepared and approved, why, and hostile texts as texts', () => {
    const html = read('report.html');
    expect(html).toContain('anna@example.com, 2026-11-23 08:00 UTC');
    expect(html).toContain('ben@example.com, 2026-11-23 09:00 UTC');
    expect(html).toContain('Accepted because: known outage');
    expect(html).not.toMatch(/<script|DRAFT|\bon\w+=|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    expect(html).toContain(
      HOSTILE.replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;')
        .replaceAll("'", '&#39;'),
    );
    expect(html.match(/<svg/g)?.length).toBeGreaterThanOrEqual(2);
    const pdf = readFileSync(join(pack, 'report.pdf'), 'latin1');
    expect(pdf).toMatch(/^%PDF-1\.\d/);
    expect(pdf.match(/\/Type \/Page\b/g)?.length).toBeLessThanOrEqual(5);
  });

  it('proves the same sample whenever it is made, and replaces an earlier pack', async () => {
    const proofs = readdirSync(join(pack, 'proofs'));
    const again = join(root, 'again');
    cpSync(pack, again, { recursive: true });
    writeFileSync(join(again, 'stray'), 'x');
    expect((await world.export('2026-10', again)).manifest_sha256).toBe(made.manifest_sha256);
    expect(readdirSync(join(again, 'proofs'))).toEqual(proofs);
    expect(proofs.length).toBeGreaterThan(49);
    expect(existsSync(join(again, 'stray'))).toBe(false);
    expect(readdirSync(root).filter((name) => /again\./.test(name))).toEqual([]);
  });
});

describe('the page’s commands refuse', () => {
  it.each([
    ['leaves.jsonl', /"quantity":"\d/, '"quantity":"9'],
    ['manifest.json', /"rows": \d/, '"rows": 9'],
    ['tables/overage_lines.csv', /\d\.\d/, '7.7'],
    ['checkpoint', /\n\d/, '\n9'],
    ['report.html', /Metering/, 'Meterinq'],
  ])('a changed byte in %s, at once', async (name, from, to) => {
    const folder = await changed((each) => replaceIn(each, name, from, to));
    const { ok, said } = followPage(world, folder, (section) => section.startsWith('Files'));
    expect([ok, said]).toEqual([false, expect.stringContaining(`${name}: FAILED`)]);
  });

  const after = (section: string) => withoutGo(section) && !section.startsWith('Files');
  const python = (section: string) => section.startsWith('Everything that can be recomputed');
  it.each<[string, (folder: string) => void, (section: string) => boolean, RegExp]>([
    [
      'a leaf',
      (each) => replaceIn(each, 'leaves.jsonl', /"quantity":"\d/, '"quantity":"9'),
      python,
      /FAILED: leaf \d+ is not the one in the log/,
    ],
    [
      'a row of the evidence table',
      (each) => replaceIn(each, 'tables/metering_evidence.csv', /,original,/, ',restated,'),
      after,
      /manifest: FAILED/,
    ],
    [
      'an evidence row’s quantity',
      (each) =>
        replaceIn(each, 'tables/metering_evidence.csv', /(2026-\d\d-\d\dT\d\d:\d\d:\d\dZ,\w{64},)\d/, '$19'),
      python,
      /FAILED: (entry \d+: quantity is|.*sum of quantity)/,
    ],
    ['the checkpoint', (each) => replaceIn(each, 'checkpoint', /\n\d/, '\n9'), after, /checkpoint: FAILED/],
    [
      'a hash of the log',
      (each) => changeByte(each, 'leaf_hashes.bin', 40),
      python,
      /FAILED: the root over leaf_hashes\.bin is not the checkpoint’?'?s/,
    ],
    [
      'a frozen line',
      (each) => {
        replaceIn(each, '2026-10.lines.jsonl', /"amount":"\d/, '"amount":"99');
        rmSync(join(each, 'pack.note'));
      },
      python,
      /FAILED: 2026-10\.lines\.jsonl is not the file that the close names/,
    ],
    [
      'the close',
      (each) => replaceIn(each, '2026-10.close', /\nroot ./, '\nroot -'),
      after,
      /2026-10\.close: FAILED/,
    ],
    [
      'the manifest',
      (each) => replaceIn(each, 'manifest.json', /"program_version": "/, '"program_version": "9'),
      after,
      /manifest: FAILED/,
    ],
    [
      'the time stamp’s checkpoint',
      (each) => cpSync(join(each, 'previous.checkpoint'), join(each, 'checkpoint')),
      (section) => section.startsWith('Time stamp'),
      /Verification: FAILED/,
    ],
    [
      'a sum of the manifest',
      (each) => replaceIn(each, 'manifest.json', /"amount": "\d/, '"amount": "9'),
      python,
      /FAILED: tables\/\w+\.csv: sum of amount/,
    ],
    [
      'a file more',
      (each) => writeFileSync(join(each, 'more.csv'), 'a\n'),
      python,
      /FAILED: files that the manifest does not name: more\.csv/,
    ],
  ])('%s, changed by somebody who makes the sums anew', async (_, change, sections, want) => {
    const folder = await changed(change, 'made anew');
    const { ok, said } = followPage(world, folder, sections);
    expect(said).toMatch(want);
    expect(ok).toBe(false);
  });
});

function changeByte(folder: string, name: string, at: number): void {
  const bytes = readFileSync(join(folder, name));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(join(folder, name), bytes);
}

describe('a month that is not closed', () => {
  it('is marked as a draft everywhere', async () => {
    const draft = join(root, 'draft');
    expect((await world.export('2026-11', draft)).status).toBe('open');
    for (const name of ['report.html', 'VERIFY.md', 'manifest.json', 'pack.note', 'tables/overage_lines.csv'])
      expect(read(name, draft), name).toContain('DRAFT');
    expect(existsSync(join(draft, '2026-11.close'))).toBe(false);
    const { ok, said } = followPage(world, draft, withoutGo);
    expect([ok, said]).toEqual([true, expect.stringMatching(/OK\nleaf \d+/)]);
  });

  it('says so in words once it is prepared, with the prepared lines', async () => {
    const copy = copyOfData();
    await sql(
      copy,
      `UPDATE evidence.close_preparations SET preparation_id = 77 WHERE month = DATE '2026-10-01'`,
      `DELETE FROM evidence.period_closes WHERE month = DATE '2026-10-01'`,
      `INSERT INTO evidence.prepared_lines BY NAME SELECT 77 AS preparation_id, * FROM evidence.closed_lines
       WHERE close_month = DATE '2026-10-01' ORDER BY line_id LIMIT 2`,
    );
    const folder = join(root, 'prepared');
    const { status, tables } = await world.export('2026-10', folder, copy);
    expect([status, tables.find(({ name }) => name === 'overage_lines')?.rows]).toEqual(['soft_closed', 2]);
    expect(read('report.html', folder)).toContain('DRAFT: 2026-10 is prepared and not approved');
  });
});

let copies = 0;
function copyOfData(): string {
  copies += 1;
  const copy = join(root, `data-${copies}`);
  cpSync(world.data, copy, { recursive: true });
  return copy;
}

describe('refuses', () => {
  const failure = (month: string, folder: string, data?: string) =>
    world.export(month, folder, data).then(
      () => new Error('exported'),
      (error: Error) => error,
    );

  it.each([
    ['2026-13', /<period>: got 2026-13, want a month yyyy-mm/],
    ['2020-01', /2020-01: got no reading of that month, want one; there are some of 2026-09 to 2026-11/],
  ])('%s, before it writes anything', async (month, want) => {
    const error = await failure(month, join(root, 'none'));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(want);
    expect(existsSync(join(root, 'none'))).toBe(false);
  });

  it('to write over a folder that is no pack', async () => {
    const folder = join(root, 'other');
    mkdirSync(folder);
    writeFileSync(join(folder, 'letter.txt'), 'mine');
    expect((await failure('2026-10', folder)).message).toMatch(/which holds something else than a pack/);
    expect(readdirSync(folder)).toEqual(['letter.txt']);
  });

  it.each([
    [
      'a reading that was changed',
      `UPDATE raw.polaris_readings SET quantity = '666.5' WHERE evidence_index = (SELECT max(evidence_index) FROM marts.fct_metering_evidence WHERE service_period = DATE '2026-10-01')`,
      /entry \d+: got leaf \w+ from raw\.polaris_readings/,
    ],
    [
      'a leaf hash that was changed',
      "UPDATE evidence.entries SET leaf_hash = from_hex(repeat('00', 32)) WHERE evidence_index = 3",
      /got \d+ entries with root \w+, want \d+ with \w+ as in the checkpoint/,
    ],
    [
      'a close that names another root',
      `UPDATE evidence.period_closes SET root_hash = from_hex(repeat('00', 32))`,
      /with root \w+ in the checkpoint, want \d+ with 0{64} as the close names/,
    ],
    [
      'a time stamp of another instant than the close names',
      `UPDATE evidence.period_closes SET timestamped_at = TIMESTAMP '2026-11-23 09:00:00.5'`,
      /got a time stamp of \S+Z beside its checkpoint, want the one of 2026-11-23T09:00:00\.5Z/,
    ],
  ])('%s, and leaves no pack behind', async (_, change, want) => {
    const copy = copyOfData();
    await sql(copy, change);
    const error = await failure('2026-10', join(root, 'none'), copy);
    expect(error).toBeInstanceOf(DifferenceError);
    expect(error.message).toMatch(want);
    expect(readdirSync(root).filter((name) => name.startsWith('none'))).toEqual([]);
  });
});

it('a month whose close names a time stamp that is gone has no pack', async () => {
  const copy = copyOfData();
  await sql(copy, `UPDATE evidence.period_closes SET timestamped_at = TIMESTAMP '2026-11-23 09:00:00'`);
  const folder = join(copy, 'evidence', 'checkpoints');
  const stamps = readdirSync(folder).filter((name) => name.endsWith('.tsr'));
  expect(stamps.length).toBeGreaterThan(0);
  for (const name of stamps) rmSync(join(folder, name));
  await expect(world.export('2026-10', join(root, 'none'), copy)).rejects.toThrow(
    /2026-10: got no time stamp beside its checkpoint, want the one of 2026-11-23T09:00:00Z/,
  );
});

it('the nightly extracts have the same kind of manifest beside them', () => {
  const folder = join(world.data, 'extracts');
  const manifest: FileManifest = JSON.parse(read('meterline.manifest.json', folder));
  expect(manifest.format).toBe(manifestOf().format);
  expect(manifest.files.map(({ path }) => path)).toEqual([
    'meterline.hyper',
    'meterline.tdsx',
    'meterline.twbx',
  ]);
  for (const { path, sha256, bytes } of manifest.files) {
    const content = readFileSync(join(folder, path));
    expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
  }
  const overage = manifest.tables.find(({ name }) => name === 'fct_overage');
  expect(overage?.query).toMatch(/^SELECT .* FROM marts\.fct_overage ORDER BY/);
  expect(overage?.sums.amount).toMatch(/^\d+\.\d{9}$/);
});
