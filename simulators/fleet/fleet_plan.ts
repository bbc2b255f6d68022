import { between, chance, hash32, pick } from './hash.ts';
import { accountLink, plantedRules } from './hygiene.ts';
import { DAY_SECONDS, HOUR_SECONDS, toSeconds } from './instants.ts';
import { companyName } from './names.ts';
import type {
  Behaviour,
  Cloud,
  ClusterPlan,
  CustomerPlan,
  FleetPlan,
  Phase,
  SubscriptionPlan,
} from './plan.ts';
import { planTerms } from './terms.ts';
import type { FleetOptions } from './types.ts';

/** Of 20 customers: clouds with Azure first. */
const CLOUDS: readonly Cloud[] = 'aagaawaaogaaawaagaoa'
  .split('')
  .map(
    (letter) => (({ a: 'azure', g: 'gcp', w: 'aws', o: 'onprem' }) as const)[letter as 'a' | 'g' | 'w' | 'o'],
  );
const CLUSTER_COUNTS = [1, 2, 1, 2, 2, 1, 2, 1, 2, 2];
const COUNTRIES = ['DE', 'FR', 'NL', 'SE', 'US', 'GB', 'JP', 'BR'];
const REGIONS: Readonly<Record<Cloud, readonly string[]>> = {
  azure: ['westeurope', 'northeurope', 'eastus2', 'japaneast'],
  gcp: ['europe-west3', 'us-central1'],
  aws: ['eu-central-1', 'us-east-1'],
  onprem: ['site-north', 'site-south'],
};
/** Terms are planned this far past the fleet's days: a clock may move on. */
const HORIZON_DAYS = 800;

/** Plans the customers, clusters and purchases of a fleet; everything measured follows from it and the seed. */
export function planFleet(options: FleetOptions): FleetPlan {
  const start = toSeconds(options.start);
  const customers: CustomerPlan[] = [];
  const clusters: ClusterPlan[] = [];
  const subscriptions: SubscriptionPlan[] = [];
  for (let number = 0; number < options.customers; number += 1) {
    const customer = planCustomer(options, start, number, clusters.length, subscriptions.length);
    customers.push(customer);
    clusters.push(...customer.clusters);
    subscriptions.push(...customer.subscriptions);
  }
  return { seed: options.seed, start, days: options.days, customers, clusters, subscriptions };
}

type CustomerFrame = Omit<CustomerPlan, 'clusters' | 'subscriptions'>;

function planCustomer(
  options: FleetOptions,
  start: number,
  number: number,
  firstCluster: number,
  firstSubscription: number,
): CustomerPlan {
  const frame = planFrame(options, start, number);
  const horizon = start + (options.days + HORIZON_DAYS) * DAY_SECONDS;
  const bare = planClusters(options.seed, frame, firstCluster);
  const subscriptions: SubscriptionPlan[] = [];
  const clouds = new Set([frame.cloud, ...bare.map((cluster) => cluster.cloud)]);
  for (const cloud of [...clouds, ...extraPurchase(frame)]) {
    if (cloud === 'onprem') continue;
    const unused = subscriptions.some((s) => s.cloud === cloud);
    const terms = planTerms({
      ...frame,
      seed: options.seed,
      first_number: firstSubscription + subscriptions.length,
      customer: number,
      cloud,
      lapses_at: frame.behaviour === 'lapsed' ? start + Math.floor(options.days * 0.8) * DAY_SECONDS : null,
      horizon,
      commit_tib: unused
        ? 25
        : committed(
            options.seed,
            frame,
            bare.filter((cluster) => cluster.cloud === cloud),
          ),
    });
    subscriptions.push(...terms);
  }
  return { ...frame, subscriptions, clusters: bare.map((c) => billed(c, frame, subscriptions)) };
}

/** A second purchase on the same cloud that no cluster uses, where that finding is planted. */
function extraPurchase(frame: CustomerFrame): readonly Cloud[] {
  return frame.hygiene.includes('entitlement_without_cluster') ? [frame.cloud] : [];
}

function billed(
  cluster: ClusterPlan,
  frame: CustomerFrame,
  subscriptions: readonly SubscriptionPlan[],
): ClusterPlan {
  if (frame.hygiene.includes('cluster_without_entitlement')) return cluster;
  const first = subscriptions.find((s) => s.cloud === cluster.cloud);
  const terms = subscriptions.filter((s) => s.cloud === cluster.cloud);
  const second = terms.findIndex((s, i) => i > 0 && s.term === 0);
  return first === undefined
    ? cluster
    : { ...cluster, terms: second === -1 ? terms : terms.slice(0, second) };
}

function planFrame(options: FleetOptions, start: number, number: number): CustomerFrame {
  const { seed, days } = options;
  const cloud = CLOUDS[number % CLOUDS.length] ?? 'azure';
  const behaviour = behaviourOf(number, days, cloud);
  const hygiene = plantedRules(number, cloud);
  const terminated_at = terminationOf(seed, start, days, number, behaviour);
  const company = companyName(number);
  return {
    number,
    customer_id: `cust-${String(number + 1).padStart(5, '0')}`,
    ...company,
    country: pick(COUNTRIES, hash32(seed, 11, number, 0)),
    cloud,
    phase: phaseOf(seed, number, cloud),
    behaviour,
    account_link: accountLink(number, hygiene),
    created_at: creationOf(seed, start, days, number, behaviour),
    decline_from: declineOf(seed, start, days, number, behaviour, terminated_at),
    terminated_at,
    hygiene,
  };
}

function behaviourOf(number: number, days: number, cloud: Cloud): Behaviour {
  if (number % 25 === 23) return 'sudden';
  // One in five, at another place of each five, so that they fall on all clouds.
  if ((number + Math.floor(number / 5)) % 5 === 3) return 'churner';
  if (days >= 20 && number % 29 === 12) return 'silent';
  if (days >= 40 && number % 29 === 17) return 'flaky';
  if (number % 20 === 10 && cloud !== 'onprem') return 'lapsed';
  if (number % 6 === 1) return 'overage';
  if (number % 10 === 4) return 'dip';
  return number % 9 === 5 ? 'newcomer' : 'steady';
}

function phaseOf(seed: number, number: number, cloud: Cloud): Phase {
  if (cloud === 'onprem') return 'licence';
  const h = hash32(seed, 12, number, 0);
  if (chance(h, 120)) return 'saas';
  return chance(h, 320) ? 'public' : 'private';
}

/** Most customers came up to three years before the first metered hour, newcomers within the days. */
function creationOf(seed: number, start: number, days: number, number: number, behaviour: Behaviour): number {
  const h = hash32(seed, 13, number, 0);
  if (behaviour === 'newcomer') {
    return (
      start + between(h, 0, Math.floor(days * 1.1)) * DAY_SECONDS + between(h ^ 0x5bd1, 1, 22 * HOUR_SECONDS)
    );
  }
  return start - between(h, 40, 1100) * DAY_SECONDS + between(h ^ 0x5bd1, 0, DAY_SECONDS - 1);
}

function terminationOf(
  seed: number,
  start: number,
  days: number,
  number: number,
  behaviour: Behaviour,
): number | null {
  if (behaviour !== 'churner' && behaviour !== 'sudden') return null;
  const day = between(hash32(seed, 14, number, 0), Math.ceil(days * 0.4), Math.ceil(days * 1.1));
  return start + day * DAY_SECONDS + between(hash32(seed, 14, number, 1), 0, DAY_SECONDS - 1);
}

function declineOf(
  seed: number,
  start: number,
  days: number,
  number: number,
  behaviour: Behaviour,
  terminated: number | null,
): number | null {
  const length = between(hash32(seed, 15, number, 0), 30, 75) * DAY_SECONDS;
  const fromDay = (at: number) => start + Math.max(0, Math.floor((at - start) / DAY_SECONDS)) * DAY_SECONDS;
  if (behaviour === 'churner' && terminated !== null) return fromDay(terminated - length);
  return behaviour === 'dip' ? fromDay(start + Math.floor(days * 0.5) * DAY_SECONDS) : null;
}

function planClusters(seed: number, frame: CustomerFrame, firstNumber: number): readonly ClusterPlan[] {
  const count = CLUSTER_COUNTS[frame.number % CLUSTER_COUNTS.length] ?? 1;
  return Array.from({ length: count }, (_, i) => planCluster(seed, frame, firstNumber + i, i));
}

function planCluster(seed: number, frame: CustomerFrame, number: number, nth: number): ClusterPlan {
  const h = (part: number) => hash32(seed, 16, number, part);
  // One customer in ten runs a second cluster elsewhere: on premises, or (a licence customer) on Azure.
  const other: Cloud = frame.cloud === 'onprem' ? 'azure' : 'onprem';
  const cloud = nth > 0 && chance(h(0), 150) ? other : frame.cloud;
  const created = frame.created_at + (nth === 0 ? 0 : between(h(1), 1, 30) * DAY_SECONDS);
  const ends = frame.terminated_at;
  return {
    number,
    cluster_id: `clus-${String(frame.number + 1).padStart(5, '0')}-${'abcdef'.charAt(nth)}`,
    customer: frame.number,
    cloud,
    region: pick(REGIONS[cloud], h(2)),
    provisioned_tib: between(h(3), 16, 240) + between(h(4), 0, 3) / 4,
    created_at: ends === null ? created : Math.min(created, ends - DAY_SECONDS),
    terminated_at: ends,
    workload: ([0, 0, 1, 1, 2, 3] as const)[between(h(5), 0, 5)] ?? 0,
    used_ppm: between(h(6), 380_000, 760_000),
    growth_ppm: between(h(7), -150, 900),
    capacity_digits: ([9, 9, 6, 3] as const)[between(h(8), 0, 3)] ?? 9,
    terms: [],
  };
}

/** What was bought: above the usage at the start for most, below it for those that are planted to burst. */
function committed(seed: number, frame: CustomerFrame, clusters: readonly ClusterPlan[]): number {
  const used = clusters.reduce((sum, c) => sum + (c.provisioned_tib * c.used_ppm) / 1e6, 0);
  const h = hash32(seed, 17, frame.number, 0);
  const percent = frame.behaviour === 'overage' ? between(h, 70, 94) : between(h, 112, 170);
  return Math.max(1, Math.floor((used * percent) / 100));
}
