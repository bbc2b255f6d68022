import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPromise } from 'yauzl';
import { findHyperd, withHyperd } from '../../extracts/hyperd.ts';
import { packageDataSource, packageWorkbook } from '../../extracts/package.ts';
import { usageAndChurnWorkbook } from '../../extracts/workbooks/usage_and_churn.ts';
import { venvDir } from './python.ts';
import { makePackages, type SamplePackages } from './sample_packages.ts';

let folder: string;
let packages: SamplePackages;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterline-package-'));
  packages = await withHyperd(await findHyperd(venvDir()), (hyperd) => makePackages(hyperd, folder));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function members(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  for await (const entry of zip.eachEntry()) {
    found.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
  }
  zip.close();
  return found;
}

test('both packages hold their document and the very extract', async () => {
  const extract = await readFile(packages.hyper);
  const source = await members(packages.tdsx);
  const book = await members(packages.twbx);
  expect([...source.keys()]).toEqual(['meterline.tds', 'Data/Extracts/meterline.hyper']);
  expect([...book.keys()]).toEqual(['meterline.twb', 'Data/Extracts/meterline.hyper']);
  expect(source.get('Data/Extracts/meterline.hyper')?.equals(extract)).toBe(true);
  expect(book.get('Data/Extracts/meterline.hyper')?.equals(extract)).toBe(true);
  expect(source.get('meterline.tds')?.toString()).toContain("dbname='Data/Extracts/meterline.hyper'");
});

test('the same content gives the same bytes, in any time zone', async () => {
  const zone = process.env.TZ;
  const before = await readFile(packages.twbx);
  try {
    for (const TZ of ['Asia/Tokyo', 'America/New_York']) {
      process.env.TZ = TZ;
      const path = join(folder, `again-${TZ.slice(0, 4)}.twbx`);
      const workbook = usageAndChurnWorkbook(packages.model, '2026-01-31');
      await packageWorkbook({ workbook, model: packages.model, source: { hyperPath: packages.hyper }, path });
      expect((await readFile(path)).equals(before)).toBe(true);
    }
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test('a workbook over the published source carries no extract', async () => {
  const path = join(folder, 'published.twbx');
  const workbook = usageAndChurnWorkbook(packages.model, '2026-01-31');
  const source = {
    kind: 'published',
    serverUrl: 'http://127.0.0.1:1',
    site: '',
    contentUrl: 'meterline',
  } as const;
  await packageWorkbook({ workbook, model: packages.model, source, path });
  expect([...(await members(path)).keys()]).toEqual(['meterline.twb']);
});

test('a package that cannot be whole does not appear', async () => {
  const path = join(folder, 'broken.tdsx');
  const hyperPath = join(folder, 'absent.hyper');
  await expect(packageDataSource({ model: packages.model, hyperPath, path })).rejects.toThrow(
    /broken.tdsx: got a failed write/,
  );
  const calculation = packages.model.calculatedFields[0];
  if (calculation === undefined) throw new Error('the model has no calculated field');
  const wrong = { ...packages.model, calculatedFields: [{ ...calculation, formula: 'SUM([nowhere])' }] };
  await expect(packageDataSource({ model: wrong, hyperPath: packages.hyper, path })).rejects.toThrow(
    /got 1 problems[\s\S]*got \[nowhere\], want an existing field/,
  );
  expect(existsSync(path)).toBe(false);
  expect(existsSync(`${path}.partial`)).toBe(false);
});
