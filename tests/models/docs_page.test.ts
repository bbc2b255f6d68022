import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeDocs } from '../../scripts/write_docs.ts';
import { MODELS } from './models_project.ts';

let dir = '';
let page = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterline-docs-page-'));
  await writeDocs(join(dir, 'docs/models.html'));
  page = await readFile(join(dir, 'docs/models.html'), 'utf8');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('it is one file that asks no other for anything', async () => {
  expect(await readdir(join(dir, 'docs'))).toEqual(['models.html']);
  expect(/<(script|link|img)[^>]+(src|href)="?(https?:)?\/\//.exec(page)).toBeNull();
  // dbt's page counts visits where this says so.
  expect(/"send_anonymous_usage_stats": ?(\w+)/.exec(page)?.[1]).toBe('false');
});

test('it has every model and exposure, and their texts', async () => {
  const files = (await readdir(MODELS, { recursive: true })).filter((file) =>
    /^(staging|intermediate|marts)\/.*\.sql$/.test(file),
  );
  const names = files.map((file) => file.replace(/^.*\/|\.sql$/g, ''));
  expect(names.length).toBeGreaterThan(80);
  const wanted = [
    ...names.map((name) => `"model.meterline.${name}"`),
    '"exposure.meterline.meterline_twbx"',
    '"One row per live account: the first screen."',
  ];
  expect(wanted.filter((text) => !page.includes(text))).toEqual([]);
});
