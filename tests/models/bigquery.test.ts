import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type DbtCall, type DbtResult, dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BigQueryEndpoint, startBigQuery } from './bigquery_endpoint.ts';
import { type GoogleSql, startGoogleSql } from './google_sql.ts';
import { modelsProject } from './models_project.ts';
import { bigQueryTables } from './raw_tables.ts';
import { loadTrickyFleet } from './tricky_fleet.ts';
import { type CompiledModel, compiledModels, judge } from './two_engines.ts';

/** Three hours of a day are kept in the fleet, so two of them make an observed day. */
const CALL: DbtCall = { vars: { coverage_hours: 2 } };

/** Models that the evaluator cannot run, with what it says; to be taken off when it can. */
const NOT_EVALUATED: Readonly<Record<string, string>> = {};
/** Models that have no row over the fleet, so that nothing is compared; to be taken off when they have. */
const WITHOUT_ROWS: readonly string[] = [
  'int_churn_events',
  'int_quarantined_readings',
  'stg_evidence__close_preparations',
  'stg_evidence__close_totals',
  'stg_evidence__closed_lines',
  'stg_evidence__period_closes',
  'stg_evidence__policy_versions',
  'stg_ops__builds',
  'stg_ops__quarantine',
  'stg_policies__marketplace_dimensions',
  'stg_policies__marketplace_scales',
];

/** Whole builds, and thousands of queries in an evaluator that is not made for speed: it only ends what hangs. */
const PATIENCE = 1_800_000;

/** Models that take the evaluator longer are named, so that whoever waits knows for what. */
const SLOW_SECONDS = 20;

let dir = '';
let google: GoogleSql;
let bigquery: BigQueryEndpoint;
let built: DbtResult;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterline-bigquery-'));
  await loadTrickyFleet(dir);
  google = await startGoogleSql();
  await google.define(bigQueryTables());
  bigquery = await startBigQuery(google);
  const project = modelsProject(dir, 'bigquery');
  const env = { ...project.env, METERLINE_BIGQUERY_ENDPOINT: bigquery.url };
  built = await dbtBuild({ ...project, env }, CALL);
}, PATIENCE);
afterAll(async () => {
  await bigquery?.close();
  await google?.close();
  await rm(dir, { recursive: true, force: true });
});

describe('dbt build for BigQuery', () => {
  test("Google's analyzer accepts every statement, and unit tests pass in its evaluator", () => {
    expect(bigquery.sent.filter(({ error }) => error !== null)).toEqual([]);
    expect(describeFailures(built)).toEqual([]);
    const kinds = Map.groupBy(bigquery.sent, ({ kind }) => kind);
    for (const kind of ['CREATE_SCHEMA', 'CREATE_TABLE_AS_SELECT', 'CREATE_VIEW', 'ALTER_TABLE', 'SELECT'])
      expect(kinds.get(kind)?.length, kind).toBeGreaterThan(0);
  });

  test('nothing is left out: every node of the project was built', () => {
    const { nodes, unit_tests } = built.manifest;
    const wanted = [...Object.keys(nodes), ...Object.keys(unit_tests)];
    const found = built.nodes.filter(({ resourceType }) => resourceType !== 'exposure');
    expect(found.map(({ id }) => id).sort()).toEqual(wanted.sort());
    expect(built.counts.skipped).toBe(0);
  });
});

describe('each model', { timeout: PATIENCE }, () => {
  let models: readonly CompiledModel[] = [];
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  beforeAll(async () => {
    const exclude = ['resource_type:test', 'resource_type:unit_test'];
    const run = await dbtBuild(modelsProject(dir, 'duckdb'), { ...CALL, exclude });
    expect(describeFailures(run)).toEqual([]);
    models = await compiledModels(join(dir, 'target-bigquery/manifest.json'));
    instance = await DuckDBInstance.create(join(dir, 'warehouse.duckdb'), { access_mode: 'READ_ONLY' });
    connection = await instance.connect();
    await connection.run("set TimeZone = 'UTC'");
  }, PATIENCE);
  afterAll(() => {
    connection?.closeSync();
    instance?.closeSync();
  });

  test('has equal rows in DuckDB and in the evaluator', async () => {
    const unequal: Record<string, readonly string[]> = {};
    const empty: string[] = [];
    for (const model of models) {
      const started = performance.now();
      const { rows, differences } = await judge(model, google, connection);
      const seconds = (performance.now() - started) / 1000;
      if (seconds > SLOW_SECONDS) console.info(`${model.name}: ${rows} rows, ${seconds.toFixed(0)} s`);
      if (rows === 0) empty.push(model.name);
      if (differences.length > 0) unequal[model.name] = differences;
      // What is wrong is said at once: the rest takes minutes.
      if (differences.length > 0) console.info(`${model.name}: ${differences[0]}`);
    }
    const refused = Object.entries(NOT_EVALUATED).map(([name, words]) => [
      name,
      [expect.stringContaining(words)],
    ]);
    expect(unequal).toEqual(Object.fromEntries(refused));
    expect(empty.sort()).toEqual([...WITHOUT_ROWS].sort());
  });

  test('with a planted slip is found: weeks that begin on Sunday', async () => {
    const dates = models.find(({ name }) => name === 'dim_date');
    if (dates === undefined) throw new Error('tests: dim_date: got no such model, want one');
    const slipped = { ...dates, sql: dates.sql.replace('isoweek', 'week') };
    const { differences } = await judge(slipped, google, connection);
    expect(differences[0]).toMatch(/^date_day \S+: week_start: got \S+, want \S+$/);
  });
});
