import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DbtEvent,
  type DbtResult,
  dbtBuild,
  dbtTest,
  describeFailures,
  requireSuccess,
} from '../src/index.ts';
import { type FixtureProject, rejection, shop } from './fixture.ts';

const GOOD = {
  'dbt_project.yml': `name: shop
version: '1.0'
profile: shop
models: {+materialized: table}
on-run-start: ["create table if not exists hooked (x int)"]
`,
  'models/large_orders.sql': `select * from {{ ref('orders') }} where amount > 3\n`,
  'models/models.yml': `models:
  - name: orders
    columns:
      - name: id
        data_tests: [unique, not_null]
      - name: amount
        data_tests:
          - accepted_values: {arguments: {values: [10, 3]}, config: {severity: warn}}
unit_tests:
  - name: copies
    model: orders
    overrides: {macros: {is_incremental: false}}
    given: [{input: ref('raw_orders'), rows: [{id: 1, amount: 2}]}]
    expect: {rows: [{id: 1, amount: 2}]}
`,
};

describe('a build that succeeds', () => {
  let fixture: FixtureProject;
  let result: DbtResult;
  const events: DbtEvent[] = [];

  beforeAll(async () => {
    fixture = await shop(GOOD);
    result = await dbtBuild(fixture.project, {
      onEvent: (event) => events.push(event),
      vars: { note: 'a "b" →' },
    });
  });
  afterAll(() => fixture.remove());

  it('counts every node once', () => {
    expect(result.success).toBe(true);
    expect(result.counts).toEqual({
      nodes: 8,
      built: 3,
      hooks: 1,
      tests_passed: 3,
      tests_failed: 0,
      tests_warned: 1,
      skipped: 0,
      no_op: 0,
      errors: 0,
    });
    const { nodes, ...parts } = result.counts;
    expect(Object.values(parts).reduce((sum, part) => sum + part)).toBe(nodes);
  });

  it('describes each node: file, rows, relation, SQL', () => {
    const seed = result.nodes.find(({ id }) => id === 'seed.shop.raw_orders');
    expect(seed).toMatchObject({ status: 'success', rows: 3, file: path.join('seeds', 'raw_orders.csv') });
    const model = result.nodes.find(({ id }) => id === 'model.shop.large_orders');
    expect(model).toMatchObject({
      name: 'large_orders',
      resourceType: 'model',
      failed: false,
      failures: null,
      line: null,
    });
    expect(model?.relation).toBe('"shop"."main"."large_orders"');
    expect(model?.compiledSql).toContain('"shop"."main"."orders"');
    const warned = result.nodes.find(({ status }) => status === 'warn');
    expect(warned).toMatchObject({
      resourceType: 'test',
      failures: 1,
      failed: false,
      file: path.join('models', 'models.yml'),
    });
    expect(describeFailures(result)).toEqual([]);
    expect(requireSuccess(result)).toBe(result);
  });

  it('reports its progress in order', () => {
    expect(events[0]).toMatchObject({
      kind: 'invocation',
      dbtVersion: result.dbtVersion,
      invocationId: result.invocationId,
    });
    expect(events.filter(({ kind }) => kind === 'invocation')).toHaveLength(1);
    const progress = events.filter(({ kind }) => kind !== 'message' && kind !== 'invocation');
    const started = progress.filter(({ kind }) => kind === 'started');
    expect(started).toMatchObject([{ total: 7 }]);
    const work = progress.flatMap((event) =>
      'index' in event && event.resourceType !== 'operation' ? [event] : [],
    );
    expect(progress.indexOf(started[0] ?? progress[0] ?? never())).toBeLessThan(
      progress.indexOf(work[0] ?? never()),
    );
    for (const index of [1, 2, 3, 4, 5, 6, 7]) {
      const kinds = work
        .filter((event) => event.index === index && event.total === 7)
        .map(({ kind }) => kind);
      expect(kinds, `node ${index}`).toEqual(['node_started', 'node_finished']);
    }
    const finished = (name: string): number =>
      work.findIndex((event) => event.kind === 'node_finished' && event.name === name);
    const begun = (name: string): number =>
      work.findIndex((event) => event.kind === 'node_started' && event.name === name);
    expect(begun('orders')).toBeGreaterThan(finished('raw_orders'));
    expect(begun('large_orders')).toBeGreaterThan(finished('unique_orders_id'));
    expect(work[finished('raw_orders')]).toMatchObject({ status: 'success', rows: 3, resourceType: 'seed' });
    expect(work[finished('copies')]).toMatchObject({
      status: 'pass',
      failures: 0,
      resourceType: 'unit_test',
    });
    expect(events.map(({ at }) => Number.isFinite(Date.parse(at)))).not.toContain(false);
  });

  it('selects, and says which selector matched nothing', async () => {
    const some = await dbtBuild(fixture.project, {
      select: ['raw_orders', 'orders', 'typo'],
      exclude: ['test_type:data'],
    });
    expect(some.nodes.map(({ id }) => id).filter((id) => !id.startsWith('operation'))).toEqual([
      'seed.shop.raw_orders',
      'unit_test.shop.orders.copies',
      'model.shop.orders',
    ]);
    expect(some.warnings.join()).toContain("'typo' does not match any enabled nodes");
  });
});

const BAD = {
  // Line 7 is the wrong one; the Jinja above it takes more lines here than in the compiled SQL.
  'models/wrong_column.sql': `

{{ config(
    materialized='table'
) }}
select id,
  no_such_column
from {{ ref('orders') }}
`,
  'models/wrong_macro.sql': `select 1 as one, {{ no_such_macro(1) }} as two\n`,
  'models/after_wrong.sql': `select * from {{ ref('wrong_column') }}\n`,
  'models/copy.sql': `select * from {{ ref('raw_orders') }}\n`,
  'tests/no_orders.sql': `select id from {{ ref('copy') }} where id > 2\n`,
};

describe('a build with failures', () => {
  let fixture: FixtureProject;
  let result: DbtResult;
  const events: DbtEvent[] = [];

  beforeAll(async () => {
    fixture = await shop(BAD);
    result = await dbtBuild(fixture.project, { onEvent: (event) => events.push(event) });
  });
  afterAll(() => fixture.remove());

  const node = (name: string) => result.nodes.find((found) => found.name === name);

  it('is a result, not an error', () => {
    expect(result.success).toBe(false);
    expect(result.counts).toMatchObject({ nodes: 7, built: 3, tests_failed: 1, errors: 2, skipped: 1 });
  });

  it('names model, file, line and message of a wrong SQL', () => {
    expect(node('wrong_column')).toMatchObject({
      status: 'error',
      failed: true,
      file: path.join('models', 'wrong_column.sql'),
      line: 7,
    });
    const compiled = node('wrong_column')?.compiledSql?.split('\n') ?? [];
    expect(compiled[(node('wrong_column')?.compiledLine ?? 0) - 1]?.trim()).toBe('no_such_column');
    expect(node('wrong_column')?.message).toMatch(
      /^Binder Error: Referenced column "no_such_column" not found/,
    );
    expect(node('after_wrong')).toMatchObject({ status: 'skipped', failed: false });
  });

  it('names the model of a macro that is not there', () => {
    expect(node('wrong_macro')).toMatchObject({
      status: 'error',
      file: path.join('models', 'wrong_macro.sql'),
    });
    expect(node('wrong_macro')?.message).toContain("'no_such_macro' is undefined");
  });

  it('tells how many rows fail a test', () => {
    expect(node('no_orders')).toMatchObject({
      status: 'fail',
      failures: 1,
      message: 'Got 1 result, configured to fail if != 0',
      file: path.join('tests', 'no_orders.sql'),
    });
    const event = events.find((found) => found.kind === 'node_finished' && found.name === 'no_orders');
    expect(event).toMatchObject({ status: 'fail', failures: 1 });
  });

  it('puts all failures into words', () => {
    const texts = describeFailures(result);
    expect(texts).toHaveLength(3);
    const wrongColumn = texts.find((text) => text.startsWith('model wrong_column'));
    expect(wrongColumn).toContain(
      `model wrong_column (${path.join('models', 'wrong_column.sql')}:7): Binder Error:`,
    );
    expect(wrongColumn).toMatch(/SQL: .*compiled.*wrong_column\.sql:\d+/);
  });

  it('becomes an error on demand', async () => {
    const error = await rejection(Promise.resolve().then(() => requireSuccess(result)));
    expect(error).toMatchObject({ name: 'DbtError', exitCode: 1 });
    expect(String(error)).toContain('got 2 errors, 1 failed tests and 1 skipped nodes');
    expect(String(error)).toContain('no_such_macro');
  });

  it('stops at the first failure when told to, and reports the rest as skipped', async () => {
    const first = await dbtBuild(fixture.project, { failFast: true, threads: 1 });
    expect(first.success).toBe(false);
    // dbt notices at its next step, so a second node may still fail; all three of them did without it.
    const failures = first.counts.tests_failed + first.counts.errors;
    expect([1, 2]).toContain(failures);
    expect(first.counts.skipped).toBe(first.counts.nodes - first.counts.built - failures);
    expect(first.counts.skipped).toBeGreaterThanOrEqual(3);
  });

  it('shows what a unit test expected', async () => {
    await fixture.write({
      'models/wrong_column.sql': `select id from {{ ref('orders') }}\n`,
      'models/models.yml': `unit_tests:
  - name: doubles
    model: wrong_column
    given: [{input: ref('orders'), rows: [{id: 1}]}]
    expect: {rows: [{id: 2}]}
`,
    });
    const failed = await dbtTest(fixture.project, { select: ['wrong_column'] });
    expect(failed.counts).toMatchObject({ nodes: 1, tests_failed: 1 });
    expect(failed.nodes[0]).toMatchObject({
      name: 'doubles',
      resourceType: 'unit_test',
      file: path.join('models', 'models.yml'),
    });
    expect(failed.nodes[0]?.message).toContain('actual differs from expected');
    const error = await rejection(Promise.resolve().then(() => requireSuccess(failed)));
    expect(error).toMatchObject({ kind: 'test', node: 'doubles' });
  });
});

function never(): never {
  throw new Error('build test: got no such event, want one');
}
