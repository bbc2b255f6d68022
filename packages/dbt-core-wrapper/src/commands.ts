import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AnyCall, type DbtCommand, dbtArguments, dbtEnvironment } from './arguments.ts';
import { readCatalog, readManifest, readRunResults } from './artifacts.ts';
import { DbtError } from './error.ts';
import { type LogSummary, logReader } from './log-reader.ts';
import { endedError } from './outcome.ts';
import { runProcess } from './process.ts';
import type { DbtCall, DbtDocsCall, DbtParseCall, DbtProject, DbtSelectCall } from './project.ts';
import { countNodes, type DbtDocsResult, type DbtResult, nodeResults } from './result.ts';

/** Seeds, builds and tests in the order of the graph; what depends on a failure is skipped. @throws DbtError */
export const dbtBuild = (project: DbtProject, call: DbtCall = {}): Promise<DbtResult> =>
  run('build', project, call);

/** Builds models, without tests. @throws DbtError */
export const dbtRun = (project: DbtProject, call: DbtCall = {}): Promise<DbtResult> =>
  run('run', project, call);

/** Runs data tests and unit tests over what was built. @throws DbtError */
export const dbtTest = (project: DbtProject, call: DbtSelectCall = {}): Promise<DbtResult> =>
  run('test', project, call);

/** Loads the project's CSV files. @throws DbtError */
export const dbtSeed = (project: DbtProject, call: DbtCall = {}): Promise<DbtResult> =>
  run('seed', project, call);

/** Compiles without building: each node's `compiledSql`. An error in any node rejects. @throws DbtError */
export const dbtCompile = (project: DbtProject, call: DbtCall = {}): Promise<DbtResult> =>
  run('compile', project, call);

/** Reads the project without a database: its manifest, no nodes. @throws DbtError */
export const dbtParse = (project: DbtProject, call: DbtParseCall = {}): Promise<DbtResult> =>
  run('parse', project, call);

/** Compiles, then reads relations and columns from the database and writes dbt's documentation site. @throws DbtError */
export async function dbtDocs(project: DbtProject, call: DbtDocsCall = {}): Promise<DbtDocsResult> {
  const result = await run('docs generate', project, call);
  const file = artifactPath(project, 'catalog.json');
  const catalog = await readCatalog(file);
  requireSameInvocation('catalog', file, catalog.metadata.invocation_id, result.invocationId);
  return { ...result, catalog, sitePath: path.resolve(project.targetPath) };
}

const LAUNCHER = fileURLToPath(new URL('./launch.py', import.meta.url));
const GRACE_MS = 10_000;
/** What a timer of Node can hold, about 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

async function run(command: DbtCommand, project: DbtProject, call: AnyCall): Promise<DbtResult> {
  const args = dbtArguments(command, project, call);
  requireStartable(command, project, call);
  const graceMs = call.graceMs ?? GRACE_MS;
  const reader = logReader(call.onEvent ?? (() => undefined));
  const python = pythonPath(project.python);
  const end = await runProcess({
    file: python,
    args: [LAUNCHER, ...args],
    cwd: path.resolve(project.projectDir),
    env: dbtEnvironment(project, process.env, graceMs),
    graceMs,
    signal: call.signal,
    timeoutMs: call.timeoutMs,
    onLine: reader.line,
  }).catch((cause: unknown) => {
    throw notStarted(command, python, cause);
  });
  const log = reader.summary();
  const error = endedError(command, project, call, end, log);
  if (error !== null) throw error;
  return readResult(command, project, log, { success: end.exitCode === 0, elapsedSeconds: end.seconds });
}

/** A bare name is looked up in PATH; a path is ours, not one from the folder that dbt runs in. */
function pythonPath(python: string): string {
  return path.basename(python) === python ? python : path.resolve(python);
}

async function readResult(
  command: DbtCommand,
  project: DbtProject,
  log: LogSummary,
  end: Pick<DbtResult, 'success' | 'elapsedSeconds'>,
): Promise<DbtResult> {
  const invocationId = log.invocationId ?? '';
  const manifest = await readManifest(artifactPath(project, 'manifest.json'));
  const file = artifactPath(project, 'run_results.json');
  const results = command === 'parse' ? null : await readRunResults(file);
  if (results !== null)
    requireSameInvocation('run results', file, results.metadata.invocation_id, invocationId);
  const nodes = results === null ? [] : nodeResults(results, manifest, path.resolve(project.projectDir));
  const { dbtVersion, warnings } = log;
  return {
    command,
    ...end,
    nodes,
    counts: countNodes(nodes),
    dbtVersion: dbtVersion ?? '',
    invocationId,
    warnings,
    manifest,
  };
}

function artifactPath(project: DbtProject, name: string): string {
  return path.resolve(project.targetPath, name);
}

/** An artefact of an earlier or a simultaneous call must not pass for this one's. */
function requireSameInvocation(
  what: string,
  file: string,
  found: string | null | undefined,
  wanted: string,
): void {
  if (found === wanted) return;
  const message = `dbt: ${what} ${file}: got those of invocation ${found}, want ${wanted}; run one dbt at a time per target path`;
  throw new DbtError('artifact', message, { file, observed: String(found) });
}

function requireStartable(command: DbtCommand, project: DbtProject, call: DbtCall): void {
  if (call.signal?.aborted) {
    const message = `dbt: ${command}: got an abort before it began, want none; nothing was started`;
    throw new DbtError('cancelled', message, { cause: call.signal.reason });
  }
  for (const [name, ms] of Object.entries({ timeoutMs: call.timeoutMs, graceMs: call.graceMs })) {
    if (ms === undefined || (ms >= 1 && ms <= LONGEST_MS)) continue;
    throw new DbtError('usage', `dbt: ${command}: got ${name} ${ms}, want 1 to ${LONGEST_MS}; correct it`);
  }
  requireFile(command, path.resolve(project.projectDir, 'dbt_project.yml'));
  requireFile(command, path.resolve(project.profilesDir, 'profiles.yml'));
}

function requireFile(command: DbtCommand, file: string): void {
  if (existsSync(file)) return;
  throw new DbtError(
    'project',
    `dbt: ${command}: got no file ${file}, want one; check the project's folders`,
    { file },
  );
}

function notStarted(command: DbtCommand, python: string, cause: unknown): DbtError {
  const observed = cause instanceof Error ? cause.message : String(cause);
  const isAbsent =
    cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'EACCES');
  const want = isAbsent ? 'the Python of a virtual environment with dbt-core' : 'a process';
  const message = `dbt: ${command} with ${python}: got ${observed}, want ${want}; check the path and its rights`;
  return new DbtError(isAbsent ? 'missing' : 'usage', message, { observed, cause });
}
