import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DbtProject } from 'dbt-core-wrapper';
import { z } from 'zod';
import { loadPolicies, writeSeeds } from '../../pipelines/policies.ts';

const ROOT = join(import.meta.dirname, '../..');
export const MODELS = join(ROOT, 'models');
export const PYTHON = join(ROOT, '.venv/bin/python');

export type Engine = 'duckdb' | 'bigquery';

/** Seeds of the shipped policies, in `<dir>/seeds`. */
export async function shippedSeeds(dir: string): Promise<void> {
  await writeSeeds(await loadPolicies(join(ROOT, 'policies')), join(dir, 'seeds'));
}

/** The models over `<dir>/warehouse.duckdb`; nothing is ever asked of BigQuery. */
export function modelsProject(dir: string, target: Engine): DbtProject {
  return {
    python: PYTHON,
    projectDir: MODELS,
    profilesDir: join(MODELS, 'profiles'),
    target,
    targetPath: join(dir, `target-${target}`),
    env: {
      METERLINE_DUCKDB_PATH: join(dir, 'warehouse.duckdb'),
      METERLINE_DUCKDB_TEMP: join(dir, 'spilled'),
      METERLINE_SEEDS: join(dir, 'seeds'),
      METERLINE_BIGQUERY_METHOD: 'oauth-secrets',
      METERLINE_BIGQUERY_TOKEN: 'none',
      METERLINE_BIGQUERY_ENDPOINT: 'http://127.0.0.1:9',
    },
  };
}

const COMPILED = z.object({
  nodes: z.record(z.string(), z.object({ name: z.string(), compiled_code: z.string().nullish() })),
});

/**
 * Compiles a project without asking the database anything, which for BigQuery means without a network.
 * Gives the statement of each node by its name; the manifest lies in `<dir>/target-<engine>/manifest.json`.
 */
export async function compileOffline(
  dir: string,
  engine: Engine,
  projectDir: string = MODELS,
): Promise<ReadonlyMap<string, string>> {
  const { profilesDir, targetPath, env } = modelsProject(dir, engine);
  const folders = ['--project-dir', projectDir, '--profiles-dir', profilesDir, '--target-path', targetPath];
  const flags = ['--target', engine, '--no-populate-cache', '--log-path', join(targetPath, 'logs')];
  const options = { cwd: projectDir, env: { ...process.env, ...env } };
  await promisify(execFile)(join(ROOT, '.venv/bin/dbt'), ['compile', ...folders, ...flags], options);
  const manifest = COMPILED.parse(JSON.parse(await readFile(join(targetPath, 'manifest.json'), 'utf8')));
  return new Map(Object.values(manifest.nodes).map((node) => [node.name, node.compiled_code ?? '']));
}
