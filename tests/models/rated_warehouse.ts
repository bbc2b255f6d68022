import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { LOADED_TABLES } from './raw_tables.ts';

/** One subscription with one cluster of one customer; the entitlement includes `quantity` TiB, or names none. */
export interface RatedSubscription {
  readonly id: string;
  readonly plan: string;
  readonly quantity: string | null;
}

const FROM = '2026-01-30 00:00:00';
/** The last day that has readings. */
const AS_OF = '2026-01-31';

/** TiB held in each of 48 hours: 80 all day; then 12 hours at 90, 10 at 130 and 2 at 250. */
const LEVELS = `case when n < 24 then 80 when n < 36 then 90 when n < 46 then 130 else 250 end`;

/** Fills a new warehouse file with the raw tables of one customer on Azure whose clusters all hold the same. */
export async function makeRatedWarehouse(
  dir: string,
  subscriptions: readonly RatedSubscription[],
): Promise<void> {
  const instance = await DuckDBInstance.create(join(dir, 'warehouse.duckdb'));
  const connection = await instance.connect();
  try {
    for (const { schema, name, columns } of LOADED_TABLES) {
      const list = columns.map((column) => `"${column.name}" ${column.type}`).join(', ');
      await connection.run(`create schema if not exists ${schema}; create table ${schema}.${name} (${list})`);
    }
    await insertCatalogues(connection);
    for (const [index, subscription] of subscriptions.entries())
      await insertSubscription(connection, subscription, index);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function put(connection: DuckDBConnection, table: string, select: string): Promise<void> {
  await connection.run(
    `insert into raw.${table} by name select *, 1 as load_id, false as is_vanished from (${select})`,
  );
}

async function insertCatalogues(connection: DuckDBConnection): Promise<void> {
  await put(connection, 'polaris_dimensions', "select 'capacity_used_tib' as dimension, 'TiB' as unit");
  await put(
    connection,
    'polaris_customers',
    "select 'customer' as customer_id, timestamp '2025-06-01' as created_at",
  );
  await put(
    connection,
    'salesforce_account',
    "select '001A' as id, 'customer' as polaris_customer_id, false as is_deleted, 'n' as name",
  );
  await connection.run(`insert into ops.runs by name select 'run' as run_id, date '${AS_OF}' as as_of_date`);
  for (const [index, source] of ['polaris', 'salesforce', 'tackle'].entries())
    await connection.run(`insert into ops.snapshots by name
      select ${index} as snapshot_id, '${source}' as source, 1 as load_id, date '${AS_OF}' as snapshot_date`);
}

async function insertSubscription(
  connection: DuckDBConnection,
  { id, plan, quantity }: RatedSubscription,
  index: number,
): Promise<void> {
  const entitlement = JSON.stringify({
    azure: { plan, subscription_id: `azure-${id}`, ...(quantity !== null && { quantity: Number(quantity) }) },
  });
  await put(
    connection,
    'tackle_subscriptions',
    `select '${id}' as tackle_subscription_id, 'azure' as cloud, 'offer-${id}' as offer_id, 'buyer' as customer_id,
    timestamp '2025-06-01' as started_at, '${entitlement}' as entitlements`,
  );
  await put(
    connection,
    'polaris_clusters',
    `select 'cluster-${id}' as cluster_id, 'customer' as customer_id, '${id}' as subscription_id, 'azure' as cloud,
    'westeurope' as region, timestamp '${FROM}' as created_at`,
  );
  await connection.run(`insert into raw.polaris_readings by name
    select '${id}-' || n as reading_id, n + 1 as seq, 'cluster-${id}' as cluster_id, 'customer' as customer_id,
      '${id}' as subscription_id, 'azure' as cloud, 'westeurope' as region, timestamp '${FROM}' + to_hours(n) as hour_start,
      'capacity_used_tib' as dimension, ${LEVELS} as quantity_decimal, 1 as revision,
      timestamp '${FROM}' + to_hours(n + 1) as recorded_at_utc, ${index * 1000} + n as evidence_index, 1 as load_id
    from range(48) as hours(n)`);
}
