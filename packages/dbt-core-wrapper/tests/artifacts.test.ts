import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import {
  DbtError,
  dbtCompile,
  dbtDocs,
  dbtParse,
  dbtSeed,
  parseCatalog,
  parseManifest,
  parseRunResults,
  readCatalog,
  readManifest,
  readRunResults,
} from '../src/index.ts';
import { type FixtureProject, rejection, shop } from './fixture.ts';

let fixture: FixtureProject;

beforeAll(async () => {
  fixture = await shop({
    'models/models.yml': `models:
  - name: orders
    description: One row per order.
    config: {meta: {folder: Sales}, tags: [nightly]}
    columns:
      - {name: id, description: The order., data_type: integer, config: {meta: {role: key}}}
sources:
  - name: billing
    schema: main
    tables: [{name: raw_orders, description: As the shop sends them.}]
`,
  });
});
afterAll(() => fixture.remove());
afterEach(() => vi.unstubAllEnvs());

const artifact = (name: string): string => path.join(fixture.project.targetPath, name);

it('seeds in an environment that says otherwise', async () => {
  const odd = {
    DBT_QUIET: '1',
    DBT_DEBUG: '1',
    DBT_LOG_FORMAT: 'text',
    DBT_LOG_LEVEL: 'none',
    DBT_USE_COLORS: '1',
    DBT_WRITE_JSON: 'false',
    DBT_FAIL_FAST: '1',
    DBT_TARGET_PATH: '/nowhere',
    DBT_TARGET: 'nowhere',
    PYTHONHOME: '/nowhere',
    PYTHONPATH: '/nowhere',
    PYTHONINSPECT: '1',
    PYTHONIOENCODING: 'ascii',
    LC_ALL: 'C',
    TZ: 'Pacific/Apia',
  };
  for (const [name, value] of Object.entries(odd)) vi.stubEnv(name, value);
  const events: string[] = [];
  const result = await dbtSeed(fixture.project, {
    onEvent: (event) => events.push(event.kind),
    fullRefresh: true,
  });
  expect(result.nodes).toMatchObject([{ id: 'seed.shop.raw_orders', rows: 3, status: 'success' }]);
  expect(events.filter((kind) => kind !== 'message')).toEqual([
    'invocation',
    'started',
    'node_started',
    'node_finished',
  ]);
  expect((await stat(path.join(fixture.project.targetPath, 'logs', 'dbt.log'))).isFile()).toBe(true);
});

it('compiles, also with relative paths: the SQL of each node can be read, nothing is built', async () => {
  const { project } = fixture;
  const relative = {
    ...project,
    python: path.relative('.', project.python),
    projectDir: path.relative('.', project.projectDir),
    profilesDir: path.relative('.', project.profilesDir),
    targetPath: path.relative('.', project.targetPath),
  };
  const result = await dbtCompile(relative, { select: ['orders'] });
  expect(result.nodes).toMatchObject([{ id: 'model.shop.orders', status: 'success' }]);
  const [node] = result.nodes;
  expect(node?.compiledSql?.trim()).toBe('select id, amount from "shop"."main"."raw_orders"');
  expect((await readFile(node?.compiledPath ?? '', 'utf8')).trim()).toBe(node?.compiledSql?.trim());
  const docs = await dbtDocs(fixture.project);
  expect(Object.keys(docs.catalog.nodes)).toEqual(['seed.shop.raw_orders']);
});

it('writes docs and types catalog and manifest', async () => {
  const docs = await dbtDocs(fixture.project, { select: ['raw_orders'], staticPage: true });
  expect(docs).toMatchObject({ command: 'docs generate', success: true });
  const seed = docs.catalog.nodes['seed.shop.raw_orders'];
  expect(seed?.metadata).toMatchObject({ schema: 'main', name: 'raw_orders', type: 'BASE TABLE' });
  expect(Object.values(seed?.columns ?? {}).map(({ name, type, index }) => [name, type, index])).toEqual([
    ['id', 'INTEGER', 1],
    ['amount', 'INTEGER', 2],
  ]);
  expect(await readFile(path.join(docs.sitePath, 'index.html'), 'utf8')).toContain('<html');
  expect(await readFile(path.join(docs.sitePath, 'static_index.html'), 'utf8')).toContain(
    'One row per order.',
  );
  const orders = docs.manifest.nodes['model.shop.orders'];
  expect(orders).toMatchObject({ description: 'One row per order.', tags: ['nightly'] });
  expect(orders?.config).toMatchObject({ materialized: 'incremental', meta: { folder: 'Sales' } });
  expect(orders?.columns.id).toMatchObject({
    description: 'The order.',
    data_type: 'integer',
    meta: { role: 'key' },
  });
  expect(orders?.depends_on.nodes).toEqual(['seed.shop.raw_orders']);
  expect(docs.manifest.sources['source.shop.billing.raw_orders']?.description).toBe(
    'As the shop sends them.',
  );
});

it('parses without a database: a manifest and no nodes', async () => {
  const project = { ...fixture.project, env: { SHOP_DATABASE: '/nowhere/shop.duckdb' } };
  const result = await dbtParse(project, { partialParse: false });
  expect(result).toMatchObject({ success: true, nodes: [], counts: { nodes: 0 } });
  expect(result.manifest.metadata).toMatchObject({ adapter_type: 'duckdb', dbt_version: result.dbtVersion });
});

it('reads artefacts with keys that it does not know', async () => {
  const withMore = async (name: string): Promise<unknown> =>
    addKeys(JSON.parse(await readFile(artifact(name), 'utf8')));
  expect(parseManifest(await withMore('manifest.json'))).toEqual(
    await readManifest(artifact('manifest.json')),
  );
  expect(parseRunResults(await withMore('run_results.json'))).toEqual(
    await readRunResults(artifact('run_results.json')),
  );
  expect(parseCatalog(await withMore('catalog.json'))).toEqual(await readCatalog(artifact('catalog.json')));
});

/** Adds a key to each object that has an `unique_id` or a schema version, and to the whole. */
function addKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(addKeys);
  if (typeof value !== 'object' || value === null) return value;
  const inside = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, addKeys(part)]));
  const grows = 'unique_id' in value || 'dbt_schema_version' in value || 'metadata' in value;
  return grows ? { ...inside, key_of_a_later_dbt: { deep: [1] } } : inside;
}

it('tells where an artefact has another form', async () => {
  const file = artifact('odd.json');
  await writeFile(file, '{"metadata": {"dbt_schema_version": 12}, "nodes": {}}');
  const wrong = await rejection(readManifest(file));
  expect(wrong).toBeInstanceOf(DbtError);
  expect(wrong).toMatchObject({ kind: 'artifact' });
  expect(String(wrong)).toContain(`manifest ${file}: got metadata.dbt_schema_version:`);
  await writeFile(file, '{"metadata": ');
  expect(await rejection(readRunResults(file))).toMatchObject({ kind: 'artifact', file });
  expect(await rejection(readCatalog(artifact('absent.json')))).toMatchObject({
    kind: 'artifact',
    file: artifact('absent.json'),
  });
});
