import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Page } from '../../schemas/page.ts';
import { landPage, readLanded, sweepLanding } from '../../warehouse/landing.ts';

function page(text: string, changes: Partial<Page> = {}): Page {
  const body = Buffer.from(text);
  return {
    source: 'polaris',
    stream: 'readings',
    url: 'https://polaris.example/v1/usage/readings',
    format: 'json',
    body,
    sha256: createHash('sha256').update(body).digest('hex'),
    received_at: '2026-11-23T23:59:59.999Z',
    api_version: null,
    as_of: null,
    bookmark: null,
    stated_rows: null,
    ...changes,
  };
}

describe('landing', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'meterline-landing-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('keeps a body by source, stream, day and hash, as zstd that any tool reads', async () => {
    const json = page('{"data":[]}');
    const path = await landPage(dataDir, json);
    expect(path).toBe(`landing/polaris/readings/2026-11-23/${json.sha256}.json.zst`);
    expect(zstdDecompressSync(await readFile(join(dataDir, path))).toString()).toBe('{"data":[]}');
    const csv = page('Id\n1\n', { source: 'salesforce', stream: 'account', format: 'csv' });
    expect(await landPage(dataDir, csv)).toBe(`landing/salesforce/account/2026-11-23/${csv.sha256}.csv.zst`);
    expect((await readLanded(dataDir, path, json.sha256)).equals(json.body)).toBe(true);
  });

  it('leaves a page that lies there as it is, and no partial files', async () => {
    const path = await landPage(dataDir, page('{}'));
    const before = await stat(join(dataDir, path));
    await Promise.all([landPage(dataDir, page('{}')), landPage(dataDir, page('{}'))]);
    expect((await stat(join(dataDir, path))).ino).toBe(before.ino);
    expect(await readdir(join(dataDir, 'landing/polaris/readings/2026-11-23'))).toHaveLength(1);
  });

  it('sweeps away what a killed run left half-written, and nothing else', async () => {
    const path = await landPage(dataDir, page('{}'));
    await writeFile(join(dataDir, 'landing/.partial/0.partial'), 'half');
    await sweepLanding(dataDir);
    expect(await readdir(join(dataDir, 'landing'))).toEqual(['polaris']);
    expect((await readLanded(dataDir, path, page('{}').sha256)).toString()).toBe('{}');
    await landPage(dataDir, page('{"a":1}'));
  });

  it('refuses a body that is not what its hash says', async () => {
    await expect(landPage(dataDir, page('{}', { sha256: 'ab'.repeat(32) }))).rejects.toThrow(
      /got SHA-256 44136fa.*, want abab/,
    );
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('finds a page that was changed, damaged or lost', async () => {
    const first = page('{"a":1}');
    const second = page('{"a":2}');
    const path = await landPage(dataDir, first);
    const other = await landPage(dataDir, second);
    await writeFile(join(dataDir, path), await readFile(join(dataDir, other)));
    await expect(readLanded(dataDir, path, first.sha256)).rejects.toThrow(/got SHA-256/);
    await writeFile(join(dataDir, path), 'not zstd');
    await expect(readLanded(dataDir, path, first.sha256)).rejects.toThrow(/unreadable file/);
    await rm(join(dataDir, path));
    await expect(readLanded(dataDir, path, first.sha256)).rejects.toThrow(/unreadable file/);
  });
});
