import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Day, type Fleet, type Reading, randomFleet, stateAsOf } from './as_of_oracle.ts';
import { modelsProject, shippedSeeds } from './models_project.ts';
import { LOADED_TABLES } from './raw_tables.ts';

let dir = '';
const fleet = randomFleet(20260301);
const found = new Map<string, Day>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterline-as-of-'));
  await shippedSeeds(dir);
  await withWarehouse((connection) => fill(connection, fleet));
  const result = await dbtBuild(modelsProject(dir, 'duckdb'), {
    select: ['+int_cluster_day_versions', '+fct_telemetry_coverage'],
    exclude: ['test_type:singular'],
  }).then(async (run) => (run.success ? run : Promise.reject(new Error(describeFailures(run).join('\n')))));
  expect(result.counts.errors).toBe(0);
  await withWarehouse(readVersions);
}, 300_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

async function withWarehouse(body: (connection: DuckDBConnection) => Promise<void>): Promise<void> {
  const instance = await DuckDBInstance.create(join(dir, 'warehouse.duckdb'));
  const connection = await instance.connect();
  try {
    await body(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The loader's tables, with the fleet in them. */
async function fill(connection: DuckDBConnection, { readings, catalogues, runs }: Fleet): Promise<void> {
  for (const { schema, name, columns } of LOADED_TABLES) {
    await connection.run(`create schema if not exists ${schema}`);
    await connection.run(
      `create table ${schema}.${name} (${columns.map((c) => `"${c.name}" ${c.type}`).join(', ')})`,
    );
  }
  await connection.run(`insert into raw.polaris_readings by name select * from (values ${readings.map(readingRow).join(',')})
    as t(reading_id, seq, cluster_id, customer_id, hour_start, dimension, quantity_decimal, revision, recorded_at_utc, evidence_index)`);
  for (const { load_id, clusters } of catalogues)
    for (const cluster of clusters)
      await connection.run(`insert into raw.polaris_clusters by name select '${cluster.cluster_id}' as cluster_id, 'c' as customer_id,
        timestamp '${cluster.created_at}' as created_at, ${cluster.terminated_at === null ? 'null::timestamp' : `timestamp '${cluster.terminated_at}'`} as terminated_at,
        ${load_id} as load_id, ${cluster.is_vanished} as is_vanished`);
  for (const { load_id, date } of runs) {
    await connection.run(
      `insert into ops.runs by name select 'run-${load_id}' as run_id, date '${date}' as as_of_date`,
    );
    await connection.run(
      `insert into ops.snapshots by name select ${load_id} as snapshot_id, 'polaris' as source, ${load_id} as load_id, date '${date}' as snapshot_date`,
    );
  }
}

function readingRow(reading: Reading, index: number): string {
  const { cluster_id, hour, dimension, quantity, revision, recorded_at } = reading;
  return `('r-${index}', ${index + 1}, '${cluster_id}', 'c', timestamp '${hour}', '${dimension}', ${quantity}::decimal(38,9), ${revision}, timestamp '${recorded_at}', ${index})`;
}

async function readVersions(connection: DuckDBConnection): Promise<void> {
  const reader = await connection.runAndReadAll(`select d.as_of_date, v.* from intermediate.int_as_of_dates d
    join intermediate.int_cluster_day_versions v on v.usage_date <= d.as_of_date and v.valid_from_as_of <= d.as_of_date and d.as_of_date < v.valid_to_as_of`);
  for (const row of reader.getRowObjectsJson()) {
    const key = `${row.as_of_date} ${row.cluster_id} ${row.usage_date}`;
    expect(found.has(key), `one version of ${key}`).toBe(false);
    found.set(key, {
      hours_expected: Number(row.hours_expected),
      hours_observed: Number(row.hours_observed),
      hours_active: Number(row.hours_active),
      hours_missing_source: Number(row.hours_missing_source),
      hours_missing_cluster: Number(row.hours_missing_cluster),
      capacity_used_sum: Number(row.capacity_used_sum),
      capacity_used_hours: Number(row.capacity_used_hours),
    });
  }
}

describe('what was known of each cluster and day at each as-of date', () => {
  test('equals a recomputation from the readings recorded up to its cut-off', () => {
    const wanted = new Map(fleet.dates.flatMap((date) => [...stateAsOf(fleet, date)]));
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [key, day] of wanted) expect({ key, ...found.get(key) }).toEqual({ key, ...day });
  });

  test('the fleet has what makes it hard: late rows, restatements, outages, catalogue changes', () => {
    const days = [...found.values()];
    expect(days.some((day) => day.hours_missing_source > 0)).toBe(true);
    expect(days.some((day) => day.hours_missing_cluster > 0)).toBe(true);
    expect(days.some((day) => day.hours_expected < 24)).toBe(true);
    expect(fleet.readings.some((reading) => reading.revision > 1)).toBe(true);
    const last = fleet.dates.at(-1) ?? '';
    const changed = [...found].filter(([key, day]) => {
      const [, cluster, date] = key.split(' ');
      const newest = found.get(`${last} ${cluster} ${date}`);
      return newest !== undefined && newest.hours_observed !== day.hours_observed;
    });
    expect(changed.length).toBeGreaterThan(0);
  });
});
