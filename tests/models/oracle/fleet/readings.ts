import { hourText, instantText, msOf } from '../clock.ts';
import type { FeatureEvent, Reading } from '../world.ts';
import {
  CLUSTERS,
  type ClusterPlan,
  END_HOUR,
  FIRST_HOUR,
  LOST_FOR_ALL,
  LOST_FOR_HALF,
  LOST_HALF,
  RECORDED_LATE,
} from './plans.ts';

export const UNITS: Readonly<Record<string, { readonly unit: string; readonly measure: string }>> = {
  capacity_used_tib: { unit: 'TiB', measure: 'level' },
  heartbeat_minutes: { unit: 'min', measure: 'count' },
  read_gib: { unit: 'GiB', measure: 'count' },
  write_gib: { unit: 'GiB', measure: 'count' },
  iops_avg: { unit: 'IOPS', measure: 'level' },
  egress_gib: { unit: 'GiB', measure: 'count' },
};

/** A number from 0 to 2^32 - 1 that only depends on its arguments. */
export function mix(text: string, number: number): number {
  let hash = Math.imul(number, 2_654_435_761) | 0;
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519);
  hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_917);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const every = (n: number, plan: ClusterPlan, hour: number, what: string) =>
  mix(`${plan.cluster_id} ${what}`, hour) % n === 0;

/** Billionths as decimal text. */
const text = (billionths: number) => {
  const digits = String(billionths).padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
};

type Draft = Omit<Reading, 'seq' | 'reading_id'>;

/** The quantities of one hour of a cluster: now and then without a dimension, or with a heartbeat of 0. */
function quantities(plan: ClusterPlan, hour: number): readonly (readonly [string, string])[] {
  const { cluster_id } = plan;
  const found: [string, string][] = [];
  if (!every(89, plan, hour, 'no heartbeat'))
    found.push(['heartbeat_minutes', every(97, plan, hour, 'zero') ? '0' : '60']);
  if (!every(83, plan, hour, 'no level')) {
    const noise = mix(`${cluster_id} level`, hour) % 1_500_000_000;
    found.push(['capacity_used_tib', text(Math.round(plan.level(hour) * 1e9) + noise)]);
  }
  const cadence = plan.reads_every(hour);
  if (cadence > 0 && hour % cadence === 0)
    found.push(['read_gib', every(11, plan, hour, 'idle') ? '0' : '5.25']);
  if (cadence > 0 && every(7, plan, hour, 'write')) found.push(['write_gib', '0.000000001']);
  if (cadence > 0 && every(13, plan, hour, 'iops')) found.push(['iops_avg', String(hour % 300)]);
  if (cluster_id === 'c03' && hour % 6 === 0) found.push(['egress_gib', `${hour % 90}.5`]);
  return found;
}

/** When an hour's rows were recorded, in seconds after its start: mostly soon, now and then a day or more late. */
function delay(plan: ClusterPlan, hour: number): number {
  if (plan.cluster_id === 'c05' && RECORDED_LATE(hour)) return 97 * 3600;
  if (every(211, plan, hour, 'late')) return 31 * 3600;
  // Just within, and just beyond, a day after the hour's end.
  if (every(401, plan, hour, 'edge')) return 25 * 3600 + (hour % 2);
  // Just at, and just after, the cut-off of the day.
  if (hour % 24 === 23 && every(5, plan, hour, 'cut-off')) return 3 * 3600 + (Math.floor(hour / 24) % 2);
  return 3600 + 120 + (mix(plan.cluster_id, hour) % 900);
}

function hourRows(plan: ClusterPlan, hour: number): readonly Draft[] {
  const half = LOST_FOR_HALF(hour) && LOST_HALF.includes(plan.cluster_id);
  if (plan.is_silent(hour) || LOST_FOR_ALL(hour) || half) return [];
  const seconds = delay(plan, hour);
  const row = (dimension: string, quantity: string, revision: number, later: number): Draft => ({
    customer_id: plan.customer_id,
    cluster_id: plan.cluster_id,
    subscription_id: plan.subscription(hour),
    hour: hourText(hour),
    dimension,
    quantity,
    unit: UNITS[dimension]?.unit ?? '',
    revision,
    recorded_at: instantText(hour, seconds + later),
    cloud: plan.cloud,
    region: plan.region,
    software_version: '7.2.1',
  });
  return quantities(plan, hour).flatMap(([dimension, quantity]) => {
    const rows = [row(dimension, quantity, 1, 0)];
    const days = 1 + (mix(`${plan.cluster_id} days`, hour) % 24);
    if (every(149, plan, hour, `restate ${dimension}`)) {
      const restated =
        dimension === 'heartbeat_minutes' ? '0' : text(1_234_567_891 + (hour % 7) * 1_111_111_111);
      rows.push(row(dimension, restated, 2, days * 86_400));
      // A third revision that is recorded before the second one.
      if (hour % 3 === 0) rows.push(row(dimension, '7.000000005', 3, days * 43_200));
    }
    return rows;
  });
}

function expectedHours(plan: ClusterPlan): readonly number[] {
  const first = Math.max(FIRST_HOUR, Math.floor(msOf(plan.created_at) / 3_600_000));
  return Array.from({ length: Math.max(0, END_HOUR - first) }, (_, i) => first + i);
}

/** In the order in which Polaris recorded them, each cluster numbered, with some numbers never given out to us. */
export function readings(): readonly Reading[] {
  const drafts = CLUSTERS.flatMap((plan) => expectedHours(plan).flatMap((hour) => hourRows(plan, hour)));
  const numbers = new Map<string, number>();
  return drafts
    .map((draft, place) => ({ draft, place }))
    .sort((a, b) => msOf(a.draft.recorded_at) - msOf(b.draft.recorded_at) || a.place - b.place)
    .map(({ draft, place }) => {
      const hole = mix('hole', place) % 1499 === 0 ? 2 : 0;
      const seq = (numbers.get(draft.cluster_id) ?? 0) + 1 + hole;
      numbers.set(draft.cluster_id, seq);
      return { reading_id: `r-${place}`, seq, ...draft };
    });
}

const FEATURES = ['snapshots', 'replication', 'tiering', 'cloud_mirror', 'quotas', 'beta_tool'];

/** Which features a cluster works with on a day: some from the start, some later, some for a while, one hardly. */
function featuresOf(plan: ClusterPlan, day: number): readonly string[] {
  const number = Number(plan.cluster_id.slice(1));
  return FEATURES.filter((feature, index) => {
    const from = index * 9 + (number % 4) * 3;
    const until = feature === 'beta_tool' ? from + 3 : number % 3 === 0 ? from + 12 : 1000;
    return (number + index) % 3 !== 0 && day >= from && day < until && (day * 7 + number + index) % 4 !== 0;
  });
}

/** Feature events of one hour a day, once in two clusters with operations of 0, and once late. */
export function features(): readonly FeatureEvent[] {
  const found = CLUSTERS.filter(({ cluster_id }) => cluster_id < 'c10').flatMap((plan) =>
    expectedHours(plan)
      .filter((hour) => hour % 24 === 9 || hour % 24 === 15)
      .flatMap((hour) => {
        const day = Math.floor((hour - FIRST_HOUR) / 24);
        return featuresOf(plan, day).map((feature, i): FeatureEvent => {
          const seconds = mix(feature, hour) % 61 === 0 ? 50 * 3600 : 4000;
          return {
            feature_event_id: `f-${plan.cluster_id}-${hour}-${feature}`,
            customer_id: plan.customer_id,
            cluster_id: plan.cluster_id,
            hour: hourText(hour),
            feature,
            operations: mix(feature, hour) % 5 === 0 ? 0 : (hour % 40) + i,
            active_clients: mix(plan.cluster_id, hour) % 9,
            recorded_at: instantText(hour, seconds),
          };
        });
      }),
  );
  return found.toSorted((a, b) => msOf(a.recorded_at) - msOf(b.recorded_at));
}
