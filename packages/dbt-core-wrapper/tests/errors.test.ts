import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DbtError, type DbtProject, dbtBuild, dbtCompile, dbtParse, dbtRun } from '../src/index.ts';
import { type FixtureProject, pythonWithDbt, rejection, script, shop } from './fixture.ts';

let fixture: FixtureProject;

beforeAll(async () => {
  fixture = await shop();
});
afterAll(() => fixture.remove());

/** The folder is deleted with the fixture. */
const scratch = (): string => path.dirname(fixture.project.projectDir);

async function errorOf(
  call: (project: DbtProject) => Promise<unknown>,
  changes: Partial<DbtProject> = {},
): Promise<DbtError> {
  const error = await rejection(call({ ...fixture.project, ...changes }));
  if (error instanceof DbtError) return error;
  throw new Error('errors test: got another error, want a DbtError', { cause: error });
}

it('names model, file and line of Jinja that cannot be read', async () => {
  await fixture.write({ 'models/broken.sql': '\n\nselect 1 as id\n{% if x %}\n' });
  const error = await errorOf(dbtBuild);
  const file = path.join('models', 'broken.sql');
  expect(error).toMatchObject({ kind: 'compilation', node: 'broken', file, line: 4, exitCode: 2 });
  expect(error.observed).toMatch(/^Unexpected end of template/);
  expect(error.message).toContain(`dbt: build broken (${file}:4): got Unexpected end of template`);
});

it('names the model that refers to one that is not there', async () => {
  await fixture.write({ 'models/broken.sql': `select 1 as id from {{ ref('nowhere') }}\n` });
  const error = await errorOf(dbtParse);
  expect(error).toMatchObject({ kind: 'compilation', node: 'broken', file: 'models/broken.sql' });
  expect(error.message).toContain("'nowhere' which was not found");
});

it('rejects a compile in which one node fails', async () => {
  await fixture.write({
    'models/broken.sql': `{% if execute %}{{ exceptions.raise_compiler_error('no good') }}{% endif %}select 1\n`,
  });
  const error = await errorOf(dbtCompile);
  expect(error).toMatchObject({
    kind: 'compilation',
    node: 'broken',
    file: 'models/broken.sql',
    observed: 'no good',
  });
});

it('names file and line of a .yml file that cannot be read', async () => {
  await fixture.write({
    'models/broken.sql': 'select 1 as id\n',
    'models/broken.yml': 'models:\n  - name: broken\n   columns: [\n',
  });
  const error = await errorOf(dbtParse);
  expect(error).toMatchObject({ kind: 'project', file: path.join('models', 'broken.yml'), line: 3 });
  await fixture.write({ 'models/broken.yml': 'models:\n  - name: broken\n    columns: {a: 1}\n' });
  const wrongForm = await errorOf(dbtParse);
  expect(wrongForm).toMatchObject({ kind: 'project', file: 'models/broken.yml' });
  expect(wrongForm.observed).toContain("is not of type 'array'");
  await fixture.write({ 'models/broken.yml': '' });
});

it('tells a wrong target, a variable that is not set and a wrong selector', async () => {
  const target = await errorOf(dbtParse, { target: 'nowhere' });
  expect(target).toMatchObject({ kind: 'project' });
  expect(target.message).toContain("does not have a target named 'nowhere'");
  const variable = await errorOf(dbtParse, { env: {} });
  expect(variable).toMatchObject({
    kind: 'project',
    observed: "Env var required but not provided: 'SHOP_DATABASE'",
  });
  const selector = await errorOf((project) => dbtRun(project, { select: ['color:blue'] }));
  expect(selector).toMatchObject({ kind: 'usage', observed: "'color' is not a valid method name" });
});

it('tells a database that cannot be opened', async () => {
  const file = path.join(scratch(), 'no folder', 'shop.duckdb');
  const error = await errorOf(dbtRun, { env: { SHOP_DATABASE: file } });
  expect(error.kind).toBe('database');
  expect(error.observed).toContain(`Cannot open file "${file}"`);
});

it('refuses a wrong call before anything is started', async () => {
  const wrong = { python: path.join(scratch(), 'never-started') };
  const refused = async (call: Parameters<typeof dbtBuild>[1]): Promise<string> => {
    const error = await errorOf((project) => dbtBuild(project, call), wrong);
    expect(error.kind).toBe('usage');
    return error.message;
  };
  expect(await refused({ select: [] })).toContain('got an empty select');
  expect(await refused({ select: ['--full-refresh'] })).toContain('"--full-refresh" in select');
  expect(await refused({ exclude: [' '] })).toContain('" " in exclude');
  expect(await refused({ threads: 1.5 })).toContain('got threads 1.5');
  expect(await refused({ timeoutMs: 2 ** 31 })).toContain('got timeoutMs 2147483648');
});

it('tells a Python that is not there, and one without dbt', async () => {
  const python = path.join(scratch(), 'no-python');
  const absent = await errorOf(dbtBuild, { python });
  expect(absent.kind).toBe('missing');
  expect(absent.message).toContain(`dbt: build with ${python}: got spawn ${python} ENOENT`);
  // -S: no site-packages, as in an environment in which nothing was installed.
  const bare = await errorOf(dbtBuild, {
    python: await script(scratch(), `exec "${pythonWithDbt()}" -S "$@"`),
  });
  expect(bare).toMatchObject({ kind: 'missing', exitCode: 69 });
  expect(bare.observed).toContain("No module named 'dbt'");
});

it('tells a folder without a project or a profile', async () => {
  const project = await errorOf(dbtBuild, { projectDir: scratch() });
  expect(project).toMatchObject({ kind: 'project', file: path.join(scratch(), 'dbt_project.yml') });
  const profile = await errorOf(dbtBuild, { profilesDir: scratch() });
  expect(profile).toMatchObject({ kind: 'project', file: path.join(scratch(), 'profiles.yml') });
});

it('tells a process that broke: its signal or code, and its last words', async () => {
  const killed = await errorOf(dbtBuild, {
    python: await script(scratch(), 'echo "out of luck" >&2; kill -KILL $$'),
  });
  expect(killed).toMatchObject({ kind: 'crash', observed: 'out of luck', exitCode: undefined });
  expect(killed.message).toContain('the signal SIGKILL');
  // Code 1 means "with failures" for dbt, but this one never said a word of dbt's log.
  const silent = await errorOf(dbtBuild, { python: await script(scratch(), 'echo "Traceback"; exit 1') });
  expect(silent).toMatchObject({ kind: 'crash', observed: 'Traceback', exitCode: 1 });
});

it('does not take the artefacts of another call for its own', async () => {
  const line = `{"info":{"name":"MainReportVersion","msg":"","ts":"2026-01-01T00:00:00Z","level":"info","invocation_id":"other","pid":1},"data":{}}`;
  const targetPath = path.join(scratch(), 'target of another');
  await dbtParse({ ...fixture.project, targetPath });
  const python = await script(scratch(), `echo '${line}'`);
  const absent = await errorOf(dbtRun, { python, targetPath });
  expect(absent).toMatchObject({ kind: 'artifact', file: path.join(targetPath, 'run_results.json') });
  const metadata = {
    dbt_schema_version: 'v6',
    dbt_version: '1.11.16',
    generated_at: '2026-01-01',
    invocation_id: 'mine',
  };
  await writeFile(
    path.join(targetPath, 'run_results.json'),
    JSON.stringify({ metadata, elapsed_time: 1, results: [] }),
  );
  const stale = await errorOf(dbtRun, { python, targetPath });
  expect(stale).toMatchObject({ kind: 'artifact', observed: 'mine' });
  expect(stale.message).toContain('want other');
});
