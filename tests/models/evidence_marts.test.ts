import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSeeds } from '../../pipelines/policies.ts';
import type { Policies } from '../../schemas/policies.ts';
import { scratch } from '../support/scratch.ts';
import { type Cell, cells, isLate, lateEntries, rolledForward } from './evidence_oracle.ts';
import { BILLABLE, ENTRIES, makeEvidenceWorld, POLICIES } from './evidence_world.ts';
import { decimalText } from './exact.ts';
import { modelsProject } from './models_project.ts';
import { policiesOf, withFile } from './overage_world.ts';

const dir = scratch();
const file = join(dir, 'warehouse.duckdb');
let policies: Policies;

beforeAll(async () => {
  policies = await policiesOf(join(import.meta.dirname, '../../policies'), POLICIES);
  await writeSeeds(policies, join(dir, 'seeds'));
  await withFile(file, makeEvidenceWorld);
  const run = await dbtBuild(modelsProject(dir, 'duckdb'), {
    select: [
      '+path:marts/evidence',
      'completeness_counts_every_cell',
      'late_adjustments_are_the_late_movements',
    ],
    exclude: ['test_type:unit'],
    indirectSelection: 'cautious',
  });
  expect(describeFailures(run)).toEqual([]);
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Row = Readonly<Record<string, unknown>>;

const query = (sql: string): Promise<readonly Row[]> =>
  withFile(file, async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJson());

const text = (value: bigint | null) => (value === null ? null : decimalText(value));
const perCell = (cell: Cell) => ({ ...cell, quantity: text(cell.quantity) });

test('every cell of the grid is decided as its definition says', async () => {
  const found = await query(
    `select subscription_id, strftime(hour, '%Y-%m-%dT%H:%M:%S') as hour, dimension, decision, is_in_term, clusters::integer as clusters,
       readings::integer as readings, quantity::varchar as quantity, is_estimated, is_partly_metered
     from marts.fct_completeness_grid order by all`,
  );
  const inOrder = (a: Cell, b: Cell) => {
    const key = (cell: Cell) => `${cell.subscription_id} ${cell.hour} ${cell.dimension}`;
    return key(a) < key(b) ? -1 : 1;
  };
  const expected = cells().toSorted(inOrder);
  expect(new Set(expected.map(({ decision }) => decision)).size).toBe(6);
  expect(expected.filter(({ is_estimated }) => is_estimated).length).toBeGreaterThan(3);
  expect(found).toEqual(expected.map(perCell));
});

test('the summary counts the cells by decision', async () => {
  const found = await query(
    `select month::varchar || ' ' || dimension || ' ' || decision as cell, cells::integer as cells, readings::integer as readings
     from marts.fct_completeness order by 1`,
  );
  const groups = Map.groupBy(
    cells(),
    ({ hour, dimension, decision }) => `${hour.slice(0, 7)}-01 ${dimension} ${decision}`,
  );
  const expected = [...groups].map(([cell, some]) => ({
    ...{ cell, cells: some.length },
    readings: some.reduce((total, { readings }) => total + readings, 0),
  }));
  expect(found).toEqual(expected.toSorted((a, b) => (a.cell < b.cell ? -1 : 1)));
});

test('what lacks in cells is an exception of its subscription, dimension and month', async () => {
  const kinds: Readonly<Record<string, (cell: Cell) => boolean>> = {
    missing_readings: ({ decision }) => decision === 'missing',
    partly_missing_readings: (cell) => cell.is_partly_metered && cell.decision !== 'inactive',
    reading_without_entitlement: (cell) => cell.readings > 0 && !cell.is_in_term,
  };
  const expected = Object.entries(kinds).flatMap(([kind, fulfils]) => {
    const groups = Map.groupBy(
      cells().filter(fulfils),
      ({ subscription_id, dimension, hour }) =>
        `${kind} ${subscription_id} ${dimension} ${hour.slice(0, 7)}-01`,
    );
    return [...groups].map(([exception, some]) => `${exception} ${some.length}`);
  });
  const unsold = new Set(
    ENTRIES.filter(
      ({ cluster, dimension }) => cluster === 'd1' && BILLABLE.some((each) => each === dimension),
    ).map(({ dimension, hour }) => `${dimension} ${hour}`),
  );
  const ofUnsold = Map.groupBy(unsold, (key) => `${key.split(' ')[0]} ${key.split(' ')[1]?.slice(0, 7)}-01`);
  for (const [group, hours] of ofUnsold)
    expected.push(`reading_without_entitlement d1 ${group} ${hours.length}`);
  const found = await query(
    `select kind || ' ' || coalesce(subscription_id, cluster_id) || ' ' || dimension || ' ' || period || ' ' || amount_of_hours as exception
     from marts.fct_evidence_exceptions
     where kind not in ('quarantined_reading', 'control_total_difference', 'seq_gap') order by 1`,
  );
  expect(found.map(({ exception }) => exception)).toEqual(expected.toSorted());
  expect(new Set(expected.map((each) => each.split(' ')[0])).size).toBe(3);
});

test('what came wrong is an exception, settled or open, with or without an hour', async () => {
  const found = await query(
    `select kind, period::varchar as period, subscription_id, cluster_id, dimension, strftime(hour, '%m-%d %H') as hour, is_open
     from marts.fct_evidence_exceptions
     where kind in ('quarantined_reading', 'control_total_difference', 'seq_gap') order by all`,
  );
  const row = (...values: readonly unknown[]) =>
    Object.fromEntries(
      ['kind', 'period', 'subscription_id', 'cluster_id', 'dimension', 'hour', 'is_open'].map((name, i) => [
        name,
        values[i],
      ]),
    );
  expect(found).toEqual([
    row('control_total_difference', '2026-01-01', null, null, 'egress_gib', '01-30 09', true),
    row('quarantined_reading', '2026-01-01', 'two', 'a1', 'capacity_used_tib', '01-31 04', true),
    // Its hour is unreadable: the reading with the next number was metered in January.
    row('quarantined_reading', '2026-01-01', null, 'b1', 'capacity_used_tib', null, true),
    row('quarantined_reading', '2026-02-01', 'two', 'a1', 'capacity_used_tib', '02-01 05', false),
    row('quarantined_reading', '2026-02-01', 'two', 'a1', 'egress_gib', '02-01 04', true),
    row('seq_gap', '2026-01-01', 'two', 'a1', null, null, true),
  ]);
});

test('each month rolls forward from what it was booked with to what stands now', async () => {
  const columns = Object.keys(rolledForward('2026-01-01', 'egress_gib'));
  const list = columns.map((name) => `${name}::varchar as ${name}`);
  const found = await query(
    `select service_period::varchar as month, dimension, ${list.join(', ')} from marts.fct_evidence_roll_forward order by 1, 2`,
  );
  const months = ['2026-01-01', '2026-02-01'];
  const expected = months.flatMap((month) =>
    [...BILLABLE, 'heartbeat_minutes'].map((dimension) => {
      const figures = Object.entries(rolledForward(month, dimension));
      return {
        month,
        dimension,
        ...Object.fromEntries(
          figures.map(([name, value]) => [name, typeof value === 'bigint' ? text(value) : String(value)]),
        ),
      };
    }),
  );
  expect(found).toEqual(expected);
  expect(rolledForward('2026-01-01', 'egress_gib').late_restatements).toBeGreaterThan(2);
});

test('the register has each late entry, with what it changed and the lines it belongs to', async () => {
  const found = await query(
    `select evidence_index::integer as evidence_index, quantity_before::varchar as quantity_before,
       quantity_after::varchar as quantity_after, quantity_change::varchar as quantity_change,
       corrects_line_id, adjustment_line_id
     from marts.fct_late_adjustments order by 1`,
  );
  const expected = lateEntries(policies.overage[0]?.version ?? '').map((row) => ({
    ...row,
    quantity_before: text(row.quantity_before),
    quantity_after: text(row.quantity_after),
    quantity_change: text(row.quantity_change),
  }));
  expect(found).toEqual(expected);
  expect(expected.length).toBe(ENTRIES.filter(isLate).length);
  const lines = await query("select line_id from marts.fct_overage where line_type = 'adjustment'");
  const named = new Set(found.flatMap(({ adjustment_line_id }) => adjustment_line_id ?? []));
  expect(named).toEqual(new Set(lines.map(({ line_id }) => line_id)));
});
