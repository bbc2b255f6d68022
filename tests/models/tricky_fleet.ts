import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadPolicies, writeSeeds } from '../../pipelines/policies.ts';
import { LOAD_ONLY, startTestWorld } from '../support/test_night.ts';

const SHIPPED = join(import.meta.dirname, '../../policies');
/** Nine customers are the fewest with all clouds; the dimensions are those with a role, as far as they matter here. */
const WORLD = { seed: 1, customers: 9, days: 62, dimensions: 4, now: null };
const NIGHTS = ['2026-11-22T03:00:10Z', '2026-11-23T03:00:10Z', '2026-11-25T03:00:10Z'];

/**
 * A warehouse in `<dir>/warehouse.duckdb` as three nights left it, and the seeds of policies of every kind in `<dir>/seeds`:
 * late and restated rows, gaps, several clouds, amended and lapsed contracts, snapshots of three days.
 * Of most days three hours are kept, so that an evaluator that reads row by row can follow.
 */
export async function loadTrickyFleet(dir: string): Promise<void> {
  const world = await startTestWorld(WORLD);
  try {
    for (const now of NIGHTS) {
      world.world.setNow(now);
      const report = await world.night(dir, LOAD_ONLY);
      if (report.status !== 'succeeded')
        throw new Error(`tests: tricky fleet: got a night that ${report.status}: ${report.error?.message}`);
    }
  } finally {
    await world.close();
  }
  await writePolicies(dir, await thinOut(dir));
  await writeSeeds(await loadPolicies(join(dir, 'policies')), join(dir, 'seeds'));
}

const KEPT = `in (0, 9, 18)`;
/** Of all but the last days three hours each, and what was restated at any hour; what leads to nothing goes with it. */
const THINNING = [
  // Two clusters of one subscription are enough where their sum counts.
  `delete from raw.polaris_clusters where cluster_id like '%-b' and cluster_id > 'clus-00003'`,
  'delete from raw.polaris_readings where cluster_id not in (select cluster_id from raw.polaris_clusters)',
  `delete from raw.polaris_readings as r where extract(hour from hour_start) not ${KEPT} and hour_start < timestamp '2026-11-20'
     and not exists (select 1 from raw.polaris_readings as n where n.revision > 1
       and (n.cluster_id, n.dimension, n.hour_start) = (r.cluster_id, r.dimension, r.hour_start))`,
  `delete from raw.polaris_features where extract(hour from hour) not ${KEPT}`,
  `delete from raw.tackle_usage_records where extract(hour from start_time) not ${KEPT}`,
  `delete from ops.control_totals where extract(hour from hour) not ${KEPT}`,
  'delete from evidence.entries where evidence_index not in (select evidence_index from raw.polaris_readings)',
];

/** Drops most readings; gives the subscriptions that clusters are billed to. */
async function thinOut(dir: string): Promise<readonly string[]> {
  const instance = await DuckDBInstance.create(join(dir, 'warehouse.duckdb'));
  const connection = await instance.connect();
  try {
    for (const statement of THINNING) await connection.run(statement);
    const rows = await connection.runAndReadAll(
      `select distinct subscription_id from raw.polaris_clusters where subscription_id is not null order by 1`,
    );
    return rows.getRows().map(([id]) => String(id));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const POLICY = {
  version: '2026-01-01.1',
  effective_from: '2026-01-01',
  effective_to: null as string | null,
  prepared_by: 'a@example.com',
  approved_by: 'b@example.com',
  dimension: 'capacity_used_tib',
  unit: 'TiB',
  commit: {},
  period: 'calendar_month',
  reduce: 'sum',
  order: 'hinge_then_reduce',
  missing: 'unmetered',
  grace: { hours: 0 },
  burst_pct: '7.5',
  rates: { burst: '0.137', above: '0.2055' },
  currency: 'EUR',
  multipliers: { tier: {}, region: {}, edition: {} },
  true_up: null as object | null,
  drawdown: null as object | null,
  rounding: { mode: 'half_even', scale: 2 },
};

/** One policy per subscription, so that every way to reduce, to fill and to round is used; one changes its version. */
function policiesFor([a = '', b = '', c = '', d = '', e = '', f = '']: readonly string[]): readonly object[] {
  const of = (policy_id: string, subscription: string, changes: Partial<typeof POLICY>) => ({
    ...POLICY,
    policy_id,
    applies_to: { clouds: ['*'], plans: ['*'], subscriptions: [subscription] },
    ...changes,
  });
  const multipliers = {
    tier: { standard: '1.25', premium: '2' },
    region: { westeurope: '1.1' },
    edition: { enterprise: '0.9' },
  };
  const first = { effective_to: '2026-11-10', commit: { [e]: '1.5' } };
  const second = {
    version: '2026-11-10.1',
    effective_from: '2026-11-10',
    rates: { burst: '0.2', above: '1' },
  };
  return [
    of('day', a, {
      reduce: 'avg_day',
      missing: 'last_observed',
      grace: { hours: 5 },
      rounding: { mode: 'half_up', scale: 3 },
    }),
    of('period', b, {
      reduce: 'avg_period',
      missing: 'period_mean',
      multipliers,
      true_up: { committed_amount: '1000' },
    }),
    of('peak', c, {
      reduce: 'peak_day',
      period: 'anniversary_month',
      commit: { [c]: '2.000000001' },
      rounding: { mode: 'ceil', scale: 0 },
    }),
    of('p95', d, {
      reduce: 'p95_hour',
      order: 'reduce_then_hinge',
      drawdown: { opening_balance: '500.5' },
      rounding: { mode: 'floor', scale: 9 },
    }),
    of('changed', e, { ...first, period: 'term' }),
    of('changed', e, { ...second, period: 'term' }),
    of('filled', f, {
      missing: 'period_mean',
      multipliers,
      commit: { [f]: '3' },
      drawdown: { opening_balance: '10' },
    }),
  ];
}

async function writePolicies(dir: string, subscriptions: readonly string[]): Promise<void> {
  await cp(SHIPPED, join(dir, 'policies'), { recursive: true });
  await mkdir(join(dir, 'policies/overage'), { recursive: true });
  for (const policy of policiesFor(subscriptions)) {
    const { policy_id, version } = policy as { policy_id: string; version: string };
    // JSON is YAML.
    await writeFile(join(dir, `policies/overage/${policy_id}@${version}.yaml`), JSON.stringify(policy));
  }
}
