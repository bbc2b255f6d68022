import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  DbtError,
  type DbtEvent,
  type DbtProject,
  type DbtResult,
  dbtBuild,
  describeFailures,
} from 'dbt-core-wrapper';
import { NightError } from '../schemas/errors.ts';
import { countFindings } from './findings.ts';
import { type Night, opened } from './night.ts';
import { loadPolicies, writeSeeds } from './policies.ts';
import { recordPolicies } from './policy_versions.ts';
import { closeWarehouse, openWarehouse } from './warehouse_access.ts';

/**
 * Builds and tests every model with dbt over what was loaded. dbt needs the DuckDB file for itself: the warehouse is
 * closed meanwhile and open again afterwards, however it ended. Open findings are counted then.
 * @throws NightError naming the first failed model or test, with file and line where dbt knows them
 */
export async function transform(night: Night): Promise<void> {
  night.env.onEvent({ kind: 'stage', stage: 'transform', detail: 'dbt build' });
  const policies = await loadPolicies(night.config.policies);
  await recordPolicies(night, policies);
  await writeSeeds(policies, night.data.seeds);
  const variables = dbtVariables(night);
  const fingerprint = await fingerprintOf([night.program.models, night.data.seeds], variables);
  const anew = night.options.full_refresh || !(await opened(night).canBuildOn(fingerprint));
  await closeWarehouse(night);
  try {
    const result = await build(night, variables, anew);
    const { built, tests_passed, tests_failed, tests_warned } = result.counts;
    night.results.models = { built, tests_passed, tests_failed, tests_warned };
    if (!result.success) throw failed(result);
    await openWarehouse(night);
    const built_at = night.env.now().toISOString();
    await opened(night).recordBuild({ run_id: night.run_id, fingerprint, built_at });
    const detail = `${built} built, ${tests_passed} tests passed, ${tests_warned} warned`;
    night.env.onEvent({ kind: 'item_done', stage: 'transform', item: 'models', detail });
  } finally {
    if (night.warehouse.current === null) await openWarehouse(night);
  }
  await countFindings(night);
}

/** Changes with each byte that decides how tables are made: a night that finds another one builds them all anew. */
export async function fingerprintOf(folders: readonly string[], variables: object): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(variables));
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    // dbt leaves hidden files of its own there, such as profiles/.user.yml with the first build.
    const files = entries.filter((entry) => entry.isFile() && /^[^.].*\.(sql|yml|csv)$/.test(entry.name));
    const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
    for (const path of paths)
      hash
        .update(relative(folder, path))
        .update('\0')
        .update(await readFile(path))
        .update('\0');
  }
  return hash.digest('hex');
}

async function build(
  night: Night,
  variables: Readonly<Record<string, unknown>>,
  anew: boolean,
): Promise<DbtResult> {
  try {
    return await dbtBuild(dbtProject(night), {
      // Unit tests hold the SQL against made-up rows: they belong to the tests of the program, not to a night. Seeds and
      // views are as the last build left them, where nothing that makes them has changed; data tests run all the same, but
      // for those of policies, which are as they were tested then.
      exclude: [
        'resource_type:unit_test',
        ...(anew ? [] : ['resource_type:seed', 'config.materialized:view', 'path:staging/policies']),
      ],
      indirectSelection: 'empty',
      fullRefresh: anew,
      signal: night.env.signal,
      vars: variables,
      onEvent: (event) => forward(event, night),
    });
  } catch (error) {
    if (!(error instanceof DbtError)) throw error;
    const next_step =
      error.kind === 'missing'
        ? 'run `npm run setup`, then this command again'
        : `mend what dbt names (log: ${join(night.data.dbtLogs, 'dbt.log')}), then run again; what was loaded stays loaded`;
    throw new NightError(error.message, {
      stage: 'transform',
      source: error.node ?? 'dbt',
      next_step,
      cause: error,
    });
  }
}

/** The models over a night's warehouse. */
export function dbtProject(night: Night): DbtProject {
  const { program, data } = night;
  return {
    python: program.python,
    projectDir: program.models,
    profilesDir: join(program.models, 'profiles'),
    target: night.config.warehouse.kind,
    targetPath: data.dbtTarget,
    logPath: data.dbtLogs,
    env: {
      METERLINE_DUCKDB_PATH: data.warehouse,
      METERLINE_DUCKDB_TEMP: data.temporary,
      METERLINE_SEEDS: data.seeds,
    },
  };
}

/** The configuration that models depend on; nothing else of a night reaches them. */
export function dbtVariables(night: Pick<Night, 'config'>): Readonly<Record<string, unknown>> {
  const { cut_offs, coverage } = night.config;
  return {
    as_of_cut_off: cut_offs.as_of,
    close_cut_off_days: cut_offs.close.days,
    close_cut_off_time: cut_offs.close.time,
    coverage_days: coverage.days,
    coverage_hours: coverage.hours,
  };
}

/** Tells of dbt's progress and warnings as the stage's own. */
export function forward(event: DbtEvent, night: Pick<Night, 'env'>): void {
  if (event.kind === 'node_finished') {
    const { index, total, name } = event;
    night.env.onEvent({
      kind: 'progress',
      stage: 'transform',
      item: 'dbt',
      done: index,
      total,
      unit: 'nodes',
      share: null,
    });
    night.env.log('debug', `dbt ${event.status} ${name}`, { seconds: event.seconds });
  }
  if (event.kind === 'message' && event.level === 'warn') {
    night.env.onEvent({ kind: 'warning', stage: 'transform', message: event.text });
  }
}

function failed(result: DbtResult): NightError {
  const failures = describeFailures(result);
  const first =
    result.nodes.find((node) => node.failed && node.status !== 'fail') ??
    result.nodes.find((node) => node.failed);
  const { errors, tests_failed } = result.counts;
  const message = `pipelines: dbt build: got ${errors} errors and ${tests_failed} failed tests, want none\n    ${failures.join('\n    ')}`;
  return new NightError(message, {
    stage: 'transform',
    source: first?.name ?? 'dbt',
    next_step:
      'mend the model or the data that is named; then `meterline run` again. Extracts and workbooks stay those of the last good night; marts may be partly rebuilt until then',
  });
}
