/**
 * A small metered world for the overage models: subscriptions with one cluster each, readings of a few hours a day from
 * January to March 2026, some late, some restated; and what each line must be, in whole numbers.
 */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { loadPolicies } from '../../pipelines/policies.ts';
import type { OveragePolicy, Policies } from '../../schemas/policies.ts';
import { LOADED_TABLES } from './raw_tables.ts';

export interface MeterReading {
  readonly subscription: string;
  /** `2026-01-05T07:00:00` */
  readonly hour: string;
  /** Billionths. */
  readonly quantity: bigint;
  readonly revision: number;
  readonly recorded_at: string;
  readonly load: number;
}

/** Per subscription: its policy, as changes to the shipped one. */
export type PolicyChanges = Readonly<Record<string, Partial<OveragePolicy>>>;

/** The shipped policies with one overage policy per subscription, named like it. */
export async function policiesOf(folder: string, changes: PolicyChanges): Promise<Policies> {
  const shipped = await loadPolicies(folder);
  const [base] = shipped.overage;
  if (base === undefined) throw new Error('tests: shipped overage policies: got none, want one');
  const overage = Object.entries(changes).map(([subscription, change]) => ({
    ...base,
    policy_id: subscription,
    applies_to: { clouds: ['*' as const], plans: ['*'], subscriptions: [subscription] },
    ...change,
  }));
  return { ...shipped, overage };
}

/** Gives the DuckDB file a connection, and closes it. */
export async function withFile<T>(
  path: string,
  body: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    return await body(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The loader's tables with a catalogue, and no reading yet. */
export async function createWorld(
  connection: DuckDBConnection,
  subscriptions: readonly string[],
): Promise<void> {
  for (const { schema, name, columns } of LOADED_TABLES) {
    const list = columns.map((column) => `"${column.name}" ${column.type}`).join(', ');
    await connection.run(`create schema if not exists ${schema}; create table ${schema}.${name} (${list})`);
  }
  const put = (table: string, select: string) =>
    connection.run(
      `insert into raw.${table} by name select *, 1 as load_id, false as is_vanished from (${select})`,
    );
  await put('polaris_dimensions', "select 'capacity_used_tib' as dimension, 'TiB' as unit");
  await put('polaris_customers', "select 'A' as customer_id, timestamp '2025-06-01' as created_at");
  await put(
    'salesforce_account',
    "select '001A' as id, 'A' as polaris_customer_id, false as is_deleted, 'n' as name",
  );
  for (const id of subscriptions) {
    await put(
      'polaris_clusters',
      `select 'c-${id}' as cluster_id, 'A' as customer_id, '${id}' as subscription_id, 'azure' as cloud, 'r' as region,
       timestamp '2025-12-15 00:00:00' as created_at`,
    );
    await put(
      'tackle_subscriptions',
      `select '${id}' as tackle_subscription_id, 'azure' as cloud, timestamp '2025-12-15 00:00:00' as started_at`,
    );
  }
}

/** What one night loads, up to and including a date. */
export async function insertNight(
  connection: DuckDBConnection,
  load: number,
  asOf: string,
  readings: readonly MeterReading[],
): Promise<void> {
  const values = readings.map(
    (row, i) =>
      `('${load}-${i}', ${i + 1}, 'c-${row.subscription}', '${row.subscription}', timestamp '${row.hour}', ${row.quantity}::hugeint,
        ${row.revision}, timestamp '${row.recorded_at}', ${load * 100_000 + i})`,
  );
  await connection.run(`insert into raw.polaris_readings by name
    select * exclude (billionths), (billionths::decimal(38,0) * 0.000000001::decimal(9,9))::decimal(38,9) as quantity_decimal,
      ${load} as load_id, 'r' as region, 'A' as customer_id, 'azure' as cloud, 'capacity_used_tib' as dimension
    from (values ${values.join(',')}) as t(reading_id, seq, cluster_id, subscription_id, hour_start, billionths, revision, recorded_at_utc, evidence_index)`);
  await connection.run(
    `insert into evidence.entries by name select evidence_index, load_id, 'run-${load}' as run_id, unhex(repeat('00', 32)) as leaf_hash
     from raw.polaris_readings where load_id = ${load}`,
  );
  await connection.run(
    `insert into ops.runs by name select 'run-${load}' as run_id, date '${asOf}' as as_of_date`,
  );
  for (const [i, source] of ['polaris', 'salesforce', 'tackle'].entries())
    await connection.run(`insert into ops.snapshots by name
      select ${load * 10 + i} as snapshot_id, '${source}' as source, ${load} as load_id, date '${asOf}' as snapshot_date`);
}

/** Of the readings given, the highest revision of each hour. */
export function current(readings: readonly MeterReading[]): readonly MeterReading[] {
  const kept = new Map<string, MeterReading>();
  for (const row of readings) {
    const key = `${row.subscription} ${row.hour}`;
    const held = kept.get(key);
    if (held === undefined || held.revision < row.revision) kept.set(key, row);
  }
  return [...kept.values()];
}
