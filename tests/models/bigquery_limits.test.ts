import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BigQueryEndpoint, startBigQuery } from './bigquery_endpoint.ts';
import { type GoogleSql, startGoogleSql } from './google_sql.ts';
import { modelsProject } from './models_project.ts';

let google: GoogleSql;
beforeAll(async () => {
  google = await startGoogleSql();
  await google.define({
    'p.d.a': { id: 'STRING', day: 'DATE', x: 'FLOAT64', xs: 'NUMERIC' },
    'p.d.b': { id: 'STRING', day: 'DATE' },
  });
});
afterAll(() => google.close());

const A = '`p`.`d`.`a` as a';
const B = '`p`.`d`.`b` as b';
const long = (characters: number) => 'x'.repeat(characters);

describe('what BigQuery refuses is refused, though the analyzer accepts it', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      'an outer join without an equality',
      `select a.id from ${A} left join ${B} on a.day < b.day`,
      'equality of fields from both sides',
      `select a.id from ${A} left join ${B} on a.day < b.day and a.id = b.id`,
    ],
    [
      'an outer join with an equality to a constant alone',
      `select a.id from ${A} full join ${B} on b.id = 'x'`,
      'equality of fields from both sides',
      `select a.id from ${A} full join ${B} on substr(a.id, 1, 3) = substr(b.id, 1, 3)`,
    ],
    [
      'a correlated subquery that is no join',
      `select (select max(b.day) from ${B} where b.day < a.day) from ${A}`,
      'de-correlated',
      `select (select max(b.day) from ${B} where b.id = a.id) from ${A}`,
    ],
    [
      'a percentile as an aggregate',
      `select percentile_cont(a.x, 0.5) from ${A}`,
      'without OVER',
      `select percentile_cont(a.x, 0.5) over () from ${A}`,
    ],
    ['a type of other engines', 'select cast(1 as int32)', 'int32', 'select cast(1 as int64) as x'],
    [
      'a function of other engines',
      'select array_avg([1, 2])',
      'array_avg',
      'select array_length([1, 2]) as x',
    ],
    [
      'nanoseconds',
      `select timestamp '2026-01-01 00:00:00.123456789'`,
      'TIMESTAMP',
      `select timestamp '2026-01-01 00:00:00.123456' as x`,
    ],
    ['arrays that are compared', 'select [1] = [2]', 'ARRAY', 'select [1][0] = [2][0] as x'],
    [
      'a temporary table outside a script',
      'create temp table t as select 1 as one',
      'script',
      'create table `p`.`d`.`t` as select 1 as one',
    ],
    [
      'a long description of a column',
      `create table \`p\`.\`d\`.\`t\` (one int64 options (description="${long(1025)}")) as select 1 as one`,
      'column one',
      `create table \`p\`.\`d\`.\`t\` (one int64 options (description="${long(1024)}")) as select 1 as one`,
    ],
    [
      'a long description of a table',
      `create table \`p\`.\`d\`.\`t\` options (description="${long(16385)}") as select 1 as one`,
      '16384 characters',
      `create table \`p\`.\`d\`.\`t\` options (description="${long(16384)}") as select 1 as one`,
    ],
    [
      'a long statement',
      `select '${long(1024 * 1024)}'`,
      'characters, more than 1048576',
      `select length('${long(1024 * 1024 - 22)}') as x`,
    ],
  ];
  test.each(cases)('%s', async (_, refused, words, accepted) => {
    await expect(google.run(refused)).rejects.toThrow(words);
    await expect(google.run(accepted)).resolves.toHaveProperty('kind');
  });
});

/** Models of a project of its own: one that is merged, one over it, one with a function that only DuckDB has. */
const FILES = {
  'dbt_project.yml': `{name: planted, version: "1.0.0", config-version: 2, profile: meterline, flags: {send_anonymous_usage_stats: false}}`,
  'models/merged.sql': `{{ config(materialized='incremental', unique_key='id', partition_by={'field': 'day', 'data_type': 'date'}, cluster_by=['id']) }}
    select 'a' as id, date '2026-01-01' as day, numeric '1.5' as quantity`,
  'models/over.sql': `select id, sum(quantity) as quantity from {{ ref('merged') }} group by id`,
  'models/bad.sql': `select lower(hex(cast(id as bytes))) as id from {{ ref('merged') }}`,
  'models/models.yml': `{models: [{name: over, columns: [{name: id, data_tests: [unique, not_null]}]}]}`,
};

describe('a whole build', () => {
  let dir = '';
  let bigquery: BigQueryEndpoint;
  const project = () => {
    const { env, ...rest } = modelsProject(dir, 'bigquery');
    return { ...rest, projectDir: dir, env: { ...env, METERLINE_BIGQUERY_ENDPOINT: bigquery.url } };
  };
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'meterline-planted-'));
    await mkdir(join(dir, 'models'));
    for (const [file, text] of Object.entries(FILES)) await writeFile(join(dir, file), text);
    bigquery = await startBigQuery(google);
  });
  afterAll(async () => {
    await bigquery.close();
    await rm(dir, { recursive: true, force: true });
  });

  test('a planted bad statement is found, and nothing else', async () => {
    const { nodes } = await dbtBuild(project());
    const failed = nodes.filter((node) => node.failed);
    expect(failed.map(({ name, message }) => [name, message])).toEqual([
      ['bad', expect.stringContaining('hex')],
    ]);
    const refused = bigquery.sent.filter(({ error }) => error !== null);
    expect(refused.map(({ sql }) => sql.includes('lower(hex('))).toEqual([true]);
  });

  test('a second build merges what is incremental', async () => {
    const before = bigquery.sent.length;
    const result = await dbtBuild(project(), { exclude: ['bad'] });
    expect(describeFailures(result)).toEqual([]);
    const kinds = bigquery.sent.slice(before).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'MERGE')).toHaveLength(1);
    expect(bigquery.sent.slice(0, before).map(({ kind }) => kind)).toContain('CREATE_TABLE_AS_SELECT');
  });
});
