/**
 * A week around the end of January 2026, of which January was closed: late, restated, missing and refused readings of some
 * clusters, in an order of acceptance that is not that of their revisions.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { decimalText } from './exact.ts';
import { createWorld, type PolicyChanges } from './overage_world.ts';

export const CAPACITY = 'capacity_used_tib';
const EGRESS = 'egress_gib';
/** What can be charged; `heartbeat_minutes` cannot. */
export const BILLABLE = [CAPACITY, EGRESS] as const;
const AS_OF = '2026-02-05';
export const JANUARY_CUT_OFF = '2026-02-04T06:00:00';

export interface Entry {
  readonly cluster: string;
  readonly subscription: string | null;
  readonly dimension: string;
  /** `2026-01-30T07:00:00` */
  readonly hour: string;
  /** Billionths. */
  readonly quantity: bigint;
  readonly revision: number;
  readonly recorded_at: string;
  /** January was closed after load 1. */
  readonly load: 1 | 2;
}

export interface Cluster {
  readonly id: string;
  readonly subscription: string | null;
  readonly cloud: string;
  readonly created: string;
  readonly terminated: string | null;
}

export const CLUSTERS: readonly Cluster[] = [
  { id: 'a1', subscription: 'two', cloud: 'azure', created: '2025-12-15T00:00:00', terminated: null },
  {
    id: 'a2',
    subscription: 'two',
    cloud: 'azure',
    created: '2026-01-31T05:20:00',
    terminated: '2026-02-04T10:10:00',
  },
  { id: 'b1', subscription: 'ending', cloud: 'azure', created: '2025-12-15T00:00:00', terminated: null },
  { id: 'b2', subscription: 'ending', cloud: 'azure', created: '2026-01-31T00:00:00', terminated: null },
  { id: 'c1', subscription: 'ghost', cloud: 'azure', created: '2025-12-15T00:00:00', terminated: null },
  { id: 'd1', subscription: null, cloud: 'aws', created: '2025-12-15T00:00:00', terminated: null },
  { id: 'e1', subscription: null, cloud: 'onprem', created: '2025-12-15T00:00:00', terminated: null },
];

/** Terms of the subscriptions that Tackle knows; `ghost` is known to the meter alone, `idle` has no cluster. */
export const TERMS: Readonly<Record<string, { readonly from: string; readonly to: string | null }>> = {
  two: { from: '2025-12-15T00:00:00', to: null },
  ending: { from: '2025-12-15T00:00:00', to: '2026-02-02T12:30:00' },
  idle: { from: '2025-12-15T00:00:00', to: null },
};
export const SUBSCRIPTIONS = ['two', 'ending', 'idle', 'ghost'] as const;

export const POLICIES: PolicyChanges = {
  two: { commit: { two: '9' }, grace: { hours: 5 } },
  ending: { commit: { ending: '5' }, missing: 'last_observed' },
};

/** Refused rows: what can be read of each. Numbers lie between those of readings. */
export const REFUSED = [
  { id: 1, cluster: 'a1', dimension: CAPACITY, hour: '2026-01-31T04:00:00Z', status: 'open' },
  { id: 2, cluster: 'a1', dimension: EGRESS, hour: '2026-02-01T04:00:00Z', status: 'open' },
  { id: 3, cluster: 'a1', dimension: CAPACITY, hour: '2026-02-01T05:00:00Z', status: 'replayed' },
  { id: 4, cluster: 'b1', dimension: CAPACITY, hour: 'yesterday', status: 'open' },
] as const;

/** Hours of which control totals differed; a later comparison settles the second. */
export const DIFFERED = [
  { hour: '2026-01-30T09:00:00', dimension: EGRESS, settled: false },
  { hour: '2026-02-02T09:00:00', dimension: CAPACITY, settled: true },
] as const;

/** Every hour of the week. */
export const HOURS: readonly string[] = Array.from({ length: 7 * 24 }, (_, hour) =>
  new Date(Date.UTC(2026, 0, 30, hour)).toISOString().slice(0, 19),
);

const later = (hour: string, hours: number) =>
  new Date(Date.parse(`${hour}Z`) + hours * 3_600_000).toISOString().slice(0, 19);

/** A number from 0 to 99 that follows from its place alone. */
function chance(place: string): number {
  let state = 7;
  for (const character of place) state = (state * 31 + character.charCodeAt(0)) % 1_000_003;
  return (state * 7919) % 100;
}

function entriesOf(cluster: Cluster, dimension: string, hour: string): readonly Entry[] {
  const dice = chance(`${cluster.id} ${dimension} ${hour}`);
  const amount = (salt: number) => BigInt(chance(`${hour} ${cluster.id} ${salt}`)) * 100_000_001n;
  const entry = (revision: number, recorded_at: string, load: 1 | 2): Entry => ({
    cluster: cluster.id,
    subscription: cluster.subscription,
    dimension,
    hour,
    quantity: amount(revision),
    revision,
    recorded_at,
    load,
  });
  const first = entry(1, later(hour, 1), hour < '2026-02-04T04:00:00' ? 1 : 2);
  const late = '2026-02-05T07:00:00';
  if (dice < 7) return [];
  if (dice < 12) return [first, entry(2, later(hour, 1), first.load)];
  if (dice < 17) return [first, entry(2, late, 2), entry(3, late, 2)];
  if (dice < 21) return [entry(1, late, 2)];
  // Recorded in time, but loaded after the close.
  if (dice < 24) return [entry(1, later(hour, 1), 2)];
  // Late, but there before what it restates.
  if (dice < 30 && hour < '2026-02-01') return [entry(2, '2026-02-04T07:00:00', 1), first];
  if (dice < 34 && first.load === 1) return [entry(2, later(hour, 2), 1), entry(1, later(hour, 1), 2)];
  return [first];
}

/** Every accepted revision in the order of acceptance: its place is its index in the log. */
export const ENTRIES: readonly Entry[] = CLUSTERS.flatMap((cluster) =>
  [CAPACITY, EGRESS, 'heartbeat_minutes'].flatMap((dimension) =>
    HOURS.filter(
      (hour) =>
        later(hour, 1) > cluster.created && (cluster.terminated === null || hour < cluster.terminated),
    ).flatMap((hour) => entriesOf(cluster, dimension, hour)),
  ),
).toSorted((a, b) => a.load - b.load);

type Value = string | number | bigint | boolean | null;

async function insert(
  connection: DuckDBConnection,
  table: string,
  rows: readonly Readonly<Record<string, Value>>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const literal = (value: Value | undefined) =>
    typeof value === 'string' ? `'${value}'` : String(value ?? null);
  const values = rows.map((row) => `(${columns.map((name) => literal(row[name])).join(',')})`);
  await connection.run(
    `insert into ${table} by name select * from (values ${values.join(',')}) as t(${columns.join(',')})`,
  );
}

/** Fills a new warehouse file. Of `a1` the numbers 3 and 4 never came. */
export async function makeEvidenceWorld(connection: DuckDBConnection): Promise<void> {
  await createWorld(connection, []);
  const seq = new Map<string, number>();
  const next = (cluster: string) => {
    const number = (seq.get(cluster) ?? 0) + (cluster === 'a1' && seq.get(cluster) === 2 ? 3 : 1);
    seq.set(cluster, number);
    return number;
  };
  const record = { load_id: 1, is_vanished: false };
  await insert(connection, 'raw.polaris_dimensions', [
    { dimension: EGRESS, unit: 'GiB', billable: true, ...record },
    { dimension: 'heartbeat_minutes', unit: 'minutes', billable: false, ...record },
  ]);
  await insert(
    connection,
    'raw.polaris_clusters',
    CLUSTERS.map(({ id, subscription, cloud, created, terminated }) => ({
      ...{ cluster_id: id, customer_id: 'A', subscription_id: subscription, cloud, region: 'r' },
      ...{ created_at: created, terminated_at: terminated, ...record },
    })),
  );
  await insert(
    connection,
    'raw.tackle_subscriptions',
    Object.entries(TERMS).map(([id, { from, to }]) => ({
      ...{ tackle_subscription_id: id, cloud: 'azure', started_at: from, ended_at: to, ...record },
    })),
  );
  await insert(
    connection,
    'raw.polaris_readings',
    ENTRIES.map((entry, index) => ({
      ...{ reading_id: `r${index}`, seq: next(entry.cluster), cluster_id: entry.cluster, customer_id: 'A' },
      ...{ subscription_id: entry.subscription, hour_start: entry.hour, dimension: entry.dimension },
      ...{ quantity_decimal: decimalText(entry.quantity), revision: entry.revision, load_id: entry.load },
      ...{ recorded_at_utc: entry.recorded_at, evidence_index: index, region: 'r' },
      cloud: CLUSTERS.find(({ id }) => id === entry.cluster)?.cloud ?? '',
    })),
  );
  await connection.run(
    `insert into evidence.entries by name select evidence_index, load_id, 'run' as run_id, unhex(repeat('00', 32)) as leaf_hash
     from raw.polaris_readings`,
  );
  await insertRefused(connection);
  await insertComparisons(connection);
  await insertBookkeeping(connection);
}

async function insertRefused(connection: DuckDBConnection): Promise<void> {
  const text = (row: (typeof REFUSED)[number]) =>
    JSON.stringify({ cluster_id: row.cluster, dimension: row.dimension, hour: row.hour });
  await insert(
    connection,
    'ops.quarantine',
    REFUSED.map((row) => ({
      ...{
        quarantine_id: row.id,
        load_id: 2,
        source: 'polaris',
        stream: 'readings',
        reason: 'got x, want y',
      },
      ...{ row_text: text(row), cluster_id: row.cluster, seq: 5, status: row.status },
      quarantined_at: '2026-02-06T02:00:00',
    })),
  );
}

async function insertComparisons(connection: DuckDBConnection): Promise<void> {
  const compared = (at: string, isDifferent: (row: (typeof DIFFERED)[number]) => boolean) =>
    DIFFERED.map((row) => ({
      ...{ run_id: 'run', hour: row.hour, dimension: row.dimension, compared_at: at },
      ...{ source_readings: 1, source_quantity: 1, is_different: isDifferent(row) },
    }));
  await insert(connection, 'ops.control_totals', [
    ...compared('2026-02-05T08:00:00', () => true),
    ...compared('2026-02-06T02:00:00', ({ settled }) => !settled),
  ]);
}

async function insertBookkeeping(connection: DuckDBConnection): Promise<void> {
  await insert(connection, 'ops.runs', [{ run_id: 'run', as_of_date: AS_OF }]);
  await insert(
    connection,
    'ops.loads',
    [1, 2].map((load_id) => ({
      ...{ load_id, source: 'polaris', stream: 'readings', as_of: '2026-02-06T02:00:00' },
      ...{ rows_read: 0, rows_loaded: 0, rows_unchanged: 0, rows_quarantined: 0 },
    })),
  );
  await insert(
    connection,
    'ops.snapshots',
    ['polaris', 'salesforce', 'tackle'].map((source, snapshot_id) => ({
      ...{ snapshot_id, source, load_id: 2, snapshot_date: AS_OF },
    })),
  );
  await insert(connection, 'evidence.period_closes', [
    {
      ...{ month: '2026-01-01', cut_off_at: JANUARY_CUT_OFF, prepared_load_id: 1, approved_load_id: 1 },
      ...{ prepared_by: 'a', approved_by: 'b' },
    },
  ]);
}
