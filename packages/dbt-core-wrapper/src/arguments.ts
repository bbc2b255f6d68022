import path from 'node:path';
import { DbtError } from './error.ts';
import type { DbtCall, DbtDocsCall, DbtProject } from './project.ts';

/** What any of the commands takes. */
export type AnyCall = DbtCall & DbtDocsCall;

/** The commands of dbt that this package offers. */
export type DbtCommand = 'build' | 'run' | 'test' | 'seed' | 'compile' | 'docs generate' | 'parse';

/**
 * Said explicitly, although some are defaults: the environment (`DBT_QUIET`, `DBT_LOG_FORMAT`, …) and the project's
 * `flags:` can change each of them, and without them the log and the artefacts could not be read.
 */
const FIXED_OPTIONS = [
  '--log-format=json',
  '--log-level=info',
  // The file has what went wrong; all the rest comes as events.
  '--log-level-file=warn',
  '--no-quiet',
  '--no-debug',
  '--write-json',
  '--no-use-colors',
  '--no-use-colors-file',
  '--no-version-check',
  '--no-send-anonymous-usage-stats',
] as const;

/**
 * The arguments of one dbt call, with absolute paths.
 *
 * @throws DbtError `usage` for a selection that is empty or would be read as an option, or a wrong thread count
 */
export function dbtArguments(command: DbtCommand, project: DbtProject, call: AnyCall): readonly string[] {
  return [
    ...FIXED_OPTIONS,
    `--log-path=${logPath(project)}`,
    ...(call.failFast ? ['--fail-fast'] : ['--no-fail-fast']),
    ...(call.partialParse === undefined
      ? []
      : [call.partialParse ? '--partial-parse' : '--no-partial-parse']),
    ...command.split(' '),
    `--project-dir=${path.resolve(project.projectDir)}`,
    `--profiles-dir=${path.resolve(project.profilesDir)}`,
    `--target=${project.target}`,
    `--target-path=${path.resolve(project.targetPath)}`,
    ...callOptions(command, call),
  ];
}

function callOptions(command: DbtCommand, call: AnyCall): readonly string[] {
  return [
    ...(call.threads === undefined ? [] : [`--threads=${checkedThreads(command, call.threads)}`]),
    // JSON is YAML, which is what dbt reads here.
    ...(call.vars === undefined ? [] : [`--vars=${JSON.stringify(call.vars)}`]),
    ...(call.fullRefresh ? ['--full-refresh'] : []),
    ...(call.staticPage ? ['--static'] : []),
    ...selection(command, 'select', call.select),
    ...(call.indirectSelection === undefined ? [] : [`--indirect-selection=${call.indirectSelection}`]),
    ...(call.exclude?.length === 0 ? [] : selection(command, 'exclude', call.exclude)),
  ];
}

function selection(
  command: DbtCommand,
  option: string,
  terms: readonly string[] | undefined,
): readonly string[] {
  if (terms === undefined) return [];
  if (terms.length === 0) {
    // dbt takes an empty selection for all nodes, the opposite of what the caller's list says.
    throw new DbtError(
      'usage',
      `dbt: ${command}: got an empty ${option}, want at least one selector; leave it out for all`,
    );
  }
  const wrong = terms.find((term) => term.trim() === '' || term.startsWith('-'));
  if (wrong === undefined) return [`--${option}`, ...terms];
  const message = `dbt: ${command}: got ${JSON.stringify(wrong)} in ${option}, want a selector such as my_model+; correct it`;
  throw new DbtError('usage', message, { observed: wrong });
}

function checkedThreads(command: DbtCommand, threads: number): number {
  if (Number.isSafeInteger(threads) && threads >= 1) return threads;
  throw new DbtError(
    'usage',
    `dbt: ${command}: got threads ${threads}, want a whole number from 1; correct it`,
  );
}

function logPath(project: DbtProject): string {
  return path.resolve(project.logPath ?? path.join(project.targetPath, 'logs'));
}

/**
 * The environment of one dbt call: the inherited one without `PYTHON…` (a stray `PYTHONHOME` or `PYTHONPATH` breaks
 * a virtual environment, `PYTHONINSPECT` never ends), then the project's, then UTF-8 for all text.
 */
export function dbtEnvironment(
  project: DbtProject,
  inherited: NodeJS.ProcessEnv,
  graceMs: number,
): NodeJS.ProcessEnv {
  const kept = Object.entries(inherited).filter(([name]) => !name.toUpperCase().startsWith('PYTHON'));
  return {
    ...Object.fromEntries(kept),
    ...project.env,
    PYTHONUTF8: '1',
    PYTHONIOENCODING: 'utf-8',
    DBT_CORE_WRAPPER_GRACE_SECONDS: String(graceMs / 1000),
  };
}
