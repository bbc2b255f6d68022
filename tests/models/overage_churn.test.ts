import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  AMENDED_DAY,
  CLUSTERS,
  DAYS,
  dateOf,
  indicators,
  instantOf,
  type MeterReading,
  overageLines,
  readings,
  S2_ENDS_DAY,
} from './churn_fleet.ts';
import { modelsProject, shippedSeeds } from './models_project.ts';
import { LOADED_TABLES } from './raw_tables.ts';

type Row = Readonly<Record<string, unknown>>;
/** The first night ends with this day; the second one with the last. */
const FIRST_NIGHT = 50;
const CUT_OFF = (FIRST_NIGHT + 1) * 24 + 2;

let dir = '';
let churnAtFirst: readonly Row[] = [];
let churn: readonly Row[] = [];
let overage: readonly Row[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterline-overage-'));
  await shippedSeeds(dir);
  const all = readings();
  await withWarehouse(async (connection) => {
    await createTables(connection);
    await insertRecords(connection);
    await insertNight(
      connection,
      1,
      FIRST_NIGHT,
      all.filter((row) => row.recorded_at <= CUT_OFF),
    );
  });
  await build();
  churnAtFirst = await query('select * from marts.fct_churn_indicators order by account_id, as_of_date');
  await withWarehouse((connection) =>
    insertNight(
      connection,
      2,
      DAYS - 1,
      all.filter((row) => row.recorded_at > CUT_OFF),
    ),
  );
  await build();
  churn = await query('select * from marts.fct_churn_indicators order by account_id, as_of_date');
  overage = await query('select * from marts.fct_overage');
}, 300_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

async function withWarehouse<T>(body: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(join(dir, 'warehouse.duckdb'));
  const connection = await instance.connect();
  try {
    return await body(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function query(sql: string): Promise<readonly Row[]> {
  return withWarehouse(async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
}

async function build(): Promise<void> {
  const run = await dbtBuild(modelsProject(dir, 'duckdb'), {
    select: [
      '+fct_overage',
      '+fct_overage_hourly',
      '+fct_churn_indicators',
      '+fct_churn_reasons',
      '+mart_account_health',
      '+fct_usage_hourly',
    ],
    exclude: ['test_type:unit', 'evidence_has_no_hole', 'usage_daily_adds_up'],
  });
  if (!run.success) throw new Error(describeFailures(run).join('\n'));
}

async function createTables(connection: DuckDBConnection): Promise<void> {
  for (const { schema, name, columns } of LOADED_TABLES) {
    const list = columns.map((column) => `"${column.name}" ${column.type}`).join(', ');
    await connection.run(`create schema if not exists ${schema}; create table ${schema}.${name} (${list})`);
  }
}

/** One version of each record; the contract of s2 is not renewed, that of s1 is amended. */
async function insertRecords(connection: DuckDBConnection): Promise<void> {
  const put = (table: string, select: string) =>
    connection.run(
      `insert into raw.${table} by name select *, 1 as load_id, false as is_vanished from (${select})`,
    );
  const amended = instantOf(AMENDED_DAY * 24);
  const ended = instantOf(S2_ENDS_DAY * 24);
  const offer = (quantity: string) =>
    `{"dimensions":{"capacity_used_tib":{"included_quantities":[{"dimension_term":"monthly","quantity":${quantity}}]}}}`;
  await put(
    'polaris_dimensions',
    "select unnest(['capacity_used_tib', 'heartbeat_minutes', 'read_gib']) as dimension, 'u' as unit",
  );
  await put(
    'polaris_customers',
    "select unnest(['A', 'B']) as customer_id, timestamp '2025-06-01' as created_at",
  );
  for (const { cluster, customer, subscription, cloud } of CLUSTERS)
    await put(
      'polaris_clusters',
      `select '${cluster}' as cluster_id, '${customer}' as customer_id, '${subscription}' as subscription_id,
      '${cloud}' as cloud, 'r' as region, timestamp '2025-06-01 00:00:00' as created_at`,
    );
  await put(
    'salesforce_account',
    "select unnest(['001A', '001B']) as id, unnest(['A', 'B']) as polaris_customer_id, false as is_deleted, 'n' as name",
  );
  await put(
    'tackle_subscriptions',
    `select 's1' as tackle_subscription_id, 'azure' as cloud, 'o1-a' as offer_id, 'buyer' as customer_id,
    timestamp '2025-06-01' as started_at, '{"azure":{"plan":"private-capacity","quantity":3,"subscription_id":"az1"}}' as entitlements`,
  );
  await put(
    'tackle_subscriptions',
    `select 's2' as tackle_subscription_id, 'aws' as cloud, 'o2' as offer_id, 'other' as customer_id,
    timestamp '2025-06-01' as started_at, '{"aws":[{"dimension":"capacity_used_tib","value":10,"expiration":"${ended}Z"}]}' as entitlements`,
  );
  for (const [po, ref, starts, quantity] of [
    ['p1', 'o1', '2025-06-01', '20'],
    ['p1a', 'o1-a', amended, '25.5'],
  ])
    await put(
      'tackle_microsoft_offers',
      `select '${po}' as po_id, '${ref}' as offer_ref, 'az1' as subscription_ref, 'subscribed' as state,
      '${starts}' as start_date, '2027-01-01' as end_date, '${offer(quantity ?? '')}' as pricing`,
    );
  await put(
    'tackle_contracts',
    `select 'k2' as id, 'aws' as cloud_marketplace, 'o2' as offer_id, 'other' as buyer_id, 'Active' as contract_status,
    timestamp '2025-06-01' as start_date, timestamp '${ended}' as end_date`,
  );
}

async function insertNight(
  connection: DuckDBConnection,
  load: number,
  day: number,
  rows: readonly MeterReading[],
): Promise<void> {
  const values = rows.map(
    (r, i) =>
      `('${load}-${i}', ${i + 1}, '${r.cluster}', '${r.customer}', '${r.subscription}', '${r.cloud}', timestamp '${instantOf(r.hour)}', '${r.dimension}',
        ${r.quantity}::hugeint, ${r.revision}, timestamp '${instantOf(r.recorded_at)}', ${load * 1_000_000 + i})`,
  );
  await connection.run(`insert into raw.polaris_readings by name
    select * exclude (billionths), (billionths::decimal(29,0) * 0.000000001::decimal(9,9))::decimal(38,9) as quantity_decimal, ${load} as load_id, 'r' as region
    from (values ${values.join(',')}) as t(reading_id, seq, cluster_id, customer_id, subscription_id, cloud, hour_start, dimension, billionths, revision, recorded_at_utc, evidence_index)`);
  await connection.run(
    `insert into ops.runs by name select 'run-${load}' as run_id, date '${dateOf(day)}' as as_of_date`,
  );
  for (const [i, source] of ['polaris', 'salesforce', 'tackle'].entries())
    await connection.run(`insert into ops.snapshots by name
      select ${load * 10 + i} as snapshot_id, '${source}' as source, ${load} as load_id, date '${dateOf(day)}' as snapshot_date`);
}

/** Billionths as the decimal text that DuckDB gives. */
const text = (value: bigint) =>
  `${value / 1_000_000_000n}.${(value % 1_000_000_000n).toString().padStart(9, '0')}`;

test('overage lines equal a recomputation in whole billionths', () => {
  const wanted = [...overageLines()].map(([key, line]) => ({
    key,
    measured: text(line.measured),
    included: text(line.included),
    burst: text(line.burst),
    above: text(line.above),
    committed: text(line.committed),
    amount: text(line.amount * 10_000_000n),
    hours_unmetered: String(line.unmetered),
  }));
  const got = overage.map((row) => ({
    key: `${row.subscription_id} ${row.billing_period}`,
    measured: row.measured,
    included: row.included,
    burst: row.burst,
    above: row.above,
    committed: row.committed,
    amount: row.amount,
    hours_unmetered: row.hours_unmetered,
  }));
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
  expect(got.sort(byKey)).toEqual(wanted.sort(byKey));
  expect(wanted.some((line) => line.hours_unmetered === '1')).toBe(true);
});

test('usage indicators of every date equal a recomputation from what was recorded by its cut-off', () => {
  const sample = churn.filter((_, index) => index % 3 === 0 || index > churn.length - 20);
  expect(sample.length).toBeGreaterThan(50);
  for (const row of sample) {
    const day = (Date.parse(String(row.as_of_date)) - Date.UTC(2026, 0, 1)) / 86_400_000;
    const wanted = indicators(row.account_id === '001A' ? 'A' : 'B', day);
    for (const [name, value] of Object.entries(wanted)) {
      const got = row[name] === null ? null : Number(row[name]);
      const where = { account: row.account_id, day, name };
      if (value === null || got === null) expect({ ...where, got }).toEqual({ ...where, got: value });
      else
        expect(Math.abs(got - value), JSON.stringify({ ...where, got, value })).toBeLessThanOrEqual(
          1e-9 * Math.max(1, Math.abs(value)),
        );
    }
  }
});

test('an account under the floor has no window indicator, and each null has its reason', () => {
  const silent = churn.find((row) => row.account_id === '001B' && row.as_of_date === dateOf(57));
  expect(silent).toMatchObject({
    usage_change_28d: null,
    usage_change_28d_reason: 'insufficient_telemetry',
    active_hour_ratio_28d: null,
    days_without_telemetry: '12',
    band: null,
  });
  const past = churn.find((row) => row.account_id === '001B' && row.as_of_date === dateOf(DAYS - 1));
  expect(past).toMatchObject({ offer_expired_with_usage: true });
  expect(churn.find((row) => row.account_id === '001B' && row.as_of_date === dateOf(45))).toMatchObject({
    offer_expired_with_usage: false,
  });
});

test('a later night leaves the rows of earlier dates as they were', () => {
  expect(churnAtFirst).toHaveLength(2 * (FIRST_NIGHT + 1));
  expect(churn.filter((row) => String(row.as_of_date) <= dateOf(FIRST_NIGHT))).toEqual(churnAtFirst);
  expect(churn).toHaveLength(2 * DAYS);
});
