import { accept, newestDay, sequenceHoles, snapshotAt } from './accepted.ts';
import { customerAccounts } from './accounts.ts';
import { dateText, dayOf, hourOf, hourText, msOf } from './clock.ts';
import { decimal, mean, ratio, sum } from './money.ts';
import type { Row } from './table.ts';
import { type ClusterDay, clusterDays, currentReadings, lives } from './telemetry.ts';
import type { World } from './world.ts';

/** What the usage tables are made of: the current revisions, and the catalogues at the newest as-of date. */
export function usageBasis(world: World) {
  const taken = accept(world);
  const newest = newestDay(world);
  const snapshot = snapshotAt(world, newest);
  const readings = currentReadings(taken, newest);
  const expected = lives(snapshot, newest);
  const days = new Map<string, ClusterDay>();
  for (let day = Math.floor(readings.first_hour / 24); day <= newest; day += 1)
    for (const each of clusterDays(day, expected, readings, world.rules))
      days.set(`${each.cluster} ${day}`, each);
  return { world, taken, newest, snapshot, readings, days, accounts: customerAccounts(snapshot) };
}

export type UsageBasis = ReturnType<typeof usageBasis>;

function currentRevisions({ readings }: UsageBasis) {
  return [...readings.hours.values()].flatMap((hours) =>
    [...hours.values()].flatMap((dimensions) => [...dimensions.values()]),
  );
}

/** `fct_usage_hourly`, but for `loaded_at`. */
export function usageHourly(basis: UsageBasis): readonly Row[] {
  return currentRevisions(basis).map(({ row, hour, day, quantity, index }) => ({
    account_id: basis.accounts.get(row.customer_id) ?? null,
    customer_id: row.customer_id,
    cluster_id: row.cluster_id,
    subscription_id: row.subscription_id,
    cloud: row.cloud,
    region: row.region,
    hour: hourText(hour),
    usage_date: dateText(day),
    dimension: row.dimension,
    unit: row.unit,
    quantity: decimal(quantity),
    revision: row.revision,
    reading_id: row.reading_id,
    recorded_at: row.recorded_at,
    is_late: msOf(row.recorded_at) > (hour + 25) * 3_600_000,
    evidence_index: index,
  }));
}

/** `fct_usage_daily`. */
export function usageDaily(basis: UsageBasis): readonly Row[] {
  const measures = new Map(
    basis.snapshot.list('polaris.dimensions').map(({ dimension, measure }) => [dimension, measure]),
  );
  const groups = Map.groupBy(currentRevisions(basis), (revision) =>
    [revision.row.cluster_id, revision.row.dimension, revision.day].join(' '),
  );
  return [...groups.values()].map((unordered) => {
    const revisions = unordered.toSorted((a, b) => a.hour - b.hour);
    const last = revisions.at(-1);
    if (last === undefined) throw new Error('oracle: day: got no reading, want at least one');
    const { row, day } = last;
    const coverage = basis.days.get(`${row.cluster_id} ${day}`);
    const inObserved = revisions.filter(({ hour }) => coverage?.states.get(hour)?.startsWith('observed'));
    const sorted = revisions.map(({ quantity }) => quantity).sort((a, b) => (a < b ? -1 : Number(a > b)));
    const hours = measures.get(row.dimension) === 'count' ? (coverage?.observed ?? 0) : inObserved.length;
    return {
      account_id: basis.accounts.get(row.customer_id) ?? null,
      customer_id: row.customer_id,
      cluster_id: row.cluster_id,
      cloud: row.cloud,
      region: row.region,
      usage_date: dateText(day),
      dimension: row.dimension,
      measure: String(measures.get(row.dimension)),
      unit: row.unit,
      quantity_sum: decimal(sum(sorted)),
      quantity_max: decimal(sorted.at(-1) ?? 0n),
      quantity_p95: decimal(sorted[Math.ceil((95 * sorted.length) / 100) - 1] ?? 0n),
      // Where no observed hour has a reading, nothing is known of the mean.
      quantity_avg:
        inObserved.length === 0
          ? null
          : decimal(mean(sum(inObserved.map(({ quantity }) => quantity)), hours)),
      readings: revisions.length,
      hours_with_reading: inObserved.length,
      hours_expected: coverage?.states.size ?? 0,
      hours_observed: coverage?.observed ?? 0,
      dimension_map_version: basis.world.rules.dimensions.version,
    };
  });
}

/** `fct_telemetry_coverage`. */
export function telemetryCoverage(basis: UsageBasis): readonly Row[] {
  const customers = new Map(
    basis.snapshot
      .list('polaris.clusters')
      .map((each) => [String(each.cluster_id), String(each.customer_id)]),
  );
  const holes = new Map(
    [...sequenceHoles(basis.taken)].filter(([key]) => Number(key.split(' ')[1]) <= basis.newest),
  );
  return [...new Set([...basis.days.keys(), ...holes.keys()])].map((key) => {
    const [cluster = '', day = ''] = key.split(' ');
    const found = basis.days.get(key);
    const customer = customers.get(cluster) ?? null;
    const expected = found?.states.size ?? 0;
    return {
      cluster_id: cluster,
      usage_date: dateText(Number(day)),
      customer_id: customer,
      account_id: basis.accounts.get(customer ?? '') ?? null,
      hours_expected: expected,
      hours_observed_active: found?.active ?? 0,
      hours_observed_zero: (found?.observed ?? 0) - (found?.active ?? 0),
      hours_missing_source: found?.missing_source ?? 0,
      hours_missing_cluster: found?.missing_cluster ?? 0,
      coverage: expected === 0 ? null : ratio(BigInt(found?.observed ?? 0), BigInt(expected)),
      seq_gaps: holes.get(key) ?? 0,
      dimension_map_version: basis.world.rules.dimensions.version,
    };
  });
}

/** `fct_feature_usage_daily`: an hour of a cluster counts once, should the feed deliver it in parts. */
export function featureUsageDaily(basis: UsageBasis): readonly Row[] {
  const used = basis.taken.features.filter(
    ({ operations, hour, customer_id }) =>
      operations > 0 && dayOf(hour.slice(0, 10)) <= basis.newest && basis.accounts.has(customer_id),
  );
  const groups = Map.groupBy(used, (event) =>
    [basis.accounts.get(event.customer_id), event.feature, event.hour.slice(0, 10)].join(' '),
  );
  return [...groups].map(([key, events]) => {
    const [account_id = '', feature = '', usage_date = ''] = key.split(' ');
    return {
      account_id,
      feature,
      usage_date,
      active_hours: new Set(events.map(({ cluster_id, hour }) => `${cluster_id} ${hourOf(hour)}`)).size,
      operations: events.reduce((total, { operations }) => total + operations, 0),
      peak_active_clients: Math.max(...events.map(({ active_clients }) => active_clients)),
    };
  });
}
