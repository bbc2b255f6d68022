import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dbtDocs, requireSuccess } from 'dbt-core-wrapper';
import { programPaths } from '../pipelines/paths.ts';
import { loadPolicies, writeSeeds } from '../pipelines/policies.ts';

/**
 * Writes dbt's documentation of the models to one HTML file that needs neither a server nor a network: every model, seed,
 * source and exposure with its texts, columns, tests, SQL and lineage. Nothing is asked of a warehouse: the types are those
 * of the contracts, the seeds those of the shipped policies.
 * @throws DbtError where the project does not compile
 */
export async function writeDocs(file: string): Promise<void> {
  const { root, python, models } = programPaths();
  const dir = await mkdtemp(join(tmpdir(), 'meterline-docs-'));
  try {
    await writeSeeds(await loadPolicies(join(root, 'policies')), join(dir, 'seeds'));
    const project = {
      python,
      projectDir: models,
      profilesDir: join(models, 'profiles'),
      target: 'duckdb',
      targetPath: join(dir, 'target'),
      env: { METERLINE_DUCKDB_PATH: join(dir, 'empty.duckdb'), METERLINE_SEEDS: join(dir, 'seeds') },
    };
    const { sitePath } = requireSuccess(await dbtDocs(project, { staticPage: true }));
    await mkdir(dirname(file), { recursive: true });
    await copyFile(join(sitePath, 'static_index.html'), file);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
