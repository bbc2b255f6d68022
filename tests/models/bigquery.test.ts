import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { compileOffline, PYTHON, shippedSeeds } from './models_project.ts';
import { bigQueryTables } from './raw_tables.ts';

const ANSWER = z.object({
  analysed: z.int(),
  failures: z.array(z.object({ name: z.string(), message: z.string() })),
});

const MANIFEST = z.object({ nodes: z.record(z.string(), z.looseObject({})) });
const PLANTED = ['stg_evidence__entries', 'stg_evidence__tree_heads'];

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterline-bigquery-'));
  await shippedSeeds(dir);
  await compileOffline(dir, 'bigquery');
  await writeFile(join(dir, 'tables.json'), JSON.stringify(bigQueryTables()));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function analyse(manifest: string): Promise<z.infer<typeof ANSWER>> {
  const script = join(import.meta.dirname, 'bigquery_analyze.py');
  const { stdout } = await promisify(execFile)(PYTHON, [script, manifest, join(dir, 'tables.json')], {
    maxBuffer: 1 << 26,
  });
  return ANSWER.parse(JSON.parse(stdout));
}

test("Google's analyzer accepts every statement, with the types of the contracts", {
  timeout: 300_000,
}, async () => {
  const { analysed, failures } = await analyse(join(dir, 'target-bigquery/manifest.json'));
  expect(failures).toEqual([]);
  expect(analysed).toBeGreaterThan(100);
});

test('a function that only DuckDB has is refused', { timeout: 300_000 }, async () => {
  const text = await readFile(join(dir, 'target-bigquery/manifest.json'), 'utf8');
  const { nodes } = MANIFEST.parse(JSON.parse(text.replace('to_hex(leaf_hash)', 'lower(hex(leaf_hash))')));
  const planted = Object.entries(nodes).filter(([id]) =>
    PLANTED.some((name) => id === `model.meterline.${name}`),
  );
  await writeFile(join(dir, 'planted.json'), JSON.stringify({ nodes: Object.fromEntries(planted) }));
  const { failures } = await analyse(join(dir, 'planted.json'));
  expect(failures.map(({ name }) => name)).toEqual(['stg_evidence__entries']);
  expect(failures[0]?.message).toContain('hex');
});
