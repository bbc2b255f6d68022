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
  expect(page).toContain('<html');
  expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="?(https?:)?\/\//);
  // dbt's page counts visits where this says so.
  expect(page).toMatch(/"send_anonymous_usage_stats": ?false/);
});

test('it has every model and exposure, and their texts', async () => {
  const files = (await readdir(MODELS, { recursive: true })).filter((file) =>
    /^(staging|intermediate|marts)\/.*\.sql$/.test(file),
  );
  const names = files.map((file) => file.replace(/^.*\/|\.sql$/g, ''));
  expect(names.length).toBeGreaterThan(80);
  for (const name of names) expect(page).toContain(`"model.meterline.${name}"`);
  expect(page).toContain('"exposure.meterline.meterline_twbx"');
  expect(page).toContain('One row per cluster × dimension × UTC day.');
});
