import type { Dimension } from './dimensions.ts';
import { hash32 } from './hash.ts';
import { DAY_SECONDS, HOUR_SECONDS } from './instants.ts';
import type { ClusterPlan, CustomerPlan, FleetPlan } from './plan.ts';

const NANO = 1e9;
const PER_MILLE = 1000;
const MILLION = 1e6;
/** Share of the day's peak activity by UTC hour, per mille, for a workload that runs around the clock. */
const DAY_SHAPE = [
  420, 400, 380, 380, 400, 450, 520, 640, 780, 900, 960, 1000, 980, 990, 1000, 960, 900, 820, 720, 640, 580,
  520, 470, 440,
];

/**
 * What each cluster measures in each hour, as a whole number of billionths of the dimension's unit (exact: below
 * 2^53). Any value can be asked for in any order; values of one day are cheap one after the other.
 */
export class Quantities {
  readonly #plan: FleetPlan;
  readonly #kinds: readonly string[];
  readonly #digits: readonly number[];
  readonly #day: Int32Array;
  readonly #used: Float64Array;
  readonly #usedNext: Float64Array;
  readonly #activity: Int32Array;
  readonly #weekday: number;
  readonly #startHourOfDay: number;

  constructor(plan: FleetPlan, dimensions: readonly Dimension[]) {
    this.#plan = plan;
    this.#kinds = dimensions.map((d) => d.dimension);
    this.#digits = dimensions.map((d) => d.digits);
    const count = plan.clusters.length;
    this.#day = new Int32Array(count).fill(-1);
    this.#used = new Float64Array(count);
    this.#usedNext = new Float64Array(count);
    this.#activity = new Int32Array(count);
    this.#weekday = Math.floor(plan.start / DAY_SECONDS) + 4; // 1970-01-01 was a Thursday; 0 = Sunday
    this.#startHourOfDay = Math.floor((plan.start % DAY_SECONDS) / HOUR_SECONDS);
  }

  /** The fraction digits that this cluster's quantities of a dimension (by its place in the catalogue) are given in. */
  digits(cluster: ClusterPlan, dimension: number): number {
    const digits = this.#digits[dimension] ?? 0;
    return this.#kinds[dimension] === 'capacity_used_tib' ? cluster.capacity_digits : digits;
  }

  /** Billionths of the unit measured by a cluster in an hour (0 = the fleet's first), as its revision states it. */
  nano(
    cluster: ClusterPlan,
    dimension: number,
    hour: number,
    revision: number,
    heartbeatZero: boolean,
  ): number {
    const kind = this.#kinds[dimension] ?? '';
    const noise = hash32(this.#plan.seed, cluster.number, hour, dimension);
    if (kind === 'heartbeat_minutes') return heartbeat(noise, revision, heartbeatZero) * NANO;
    const first = this.#first(kind, cluster, hour, noise);
    const digits = this.digits(cluster, dimension);
    return quantise(revision === 1 ? first : restated(first, noise, revision, digits), digits);
  }

  #first(kind: string, cluster: ClusterPlan, hour: number, noise: number): number {
    if (kind === 'capacity_provisioned_tib') return cluster.provisioned_tib * NANO;
    const wave = noise % 1001; // 0..1000
    if (kind === 'capacity_used_tib') return this.#capacity(cluster, hour, wave);
    if (kind === 'snapshots_tib') {
      return Math.floor((this.#capacity(cluster, hour, wave) * (80 + (cluster.number % 90))) / PER_MILLE);
    }
    const activity = this.#activityAt(cluster, hour);
    if (activity === 0) return 0;
    const peak = cluster.provisioned_tib * MILLION * activity * (0.7 + wave / 2000);
    if (kind === 'read_gib') return Math.floor(peak * 1.9);
    if (kind === 'write_gib') return Math.floor(peak * 0.7);
    if (kind === 'iops_avg') return Math.floor(peak * 21);
    if (kind === 'egress_gib') return wave < 300 ? 0 : Math.floor(peak * 0.0061);
    if (kind === 'active_clients')
      return Math.ceil((activity * (3 + (cluster.number % 40))) / PER_MILLE) * NANO;
    return Math.floor(peak * 0.13);
  }

  #capacity(cluster: ClusterPlan, hour: number, wave: number): number {
    this.#loadDay(cluster, Math.floor((hour + this.#startHourOfDay) / 24));
    const used = this.#used[cluster.number] ?? 0;
    const next = this.#usedNext[cluster.number] ?? 0;
    const level = used + ((next - used) * ((hour + this.#startHourOfDay) % 24)) / 24;
    return Math.floor(level * (1 + (wave - 500) / 1e6));
  }

  #activityAt(cluster: ClusterPlan, hour: number): number {
    const hourOfDay = (hour + this.#startHourOfDay) % 24;
    const day = Math.floor((hour + this.#startHourOfDay) / 24);
    const shape = activityShape(cluster.workload, hourOfDay, (this.#weekday + day) % 7);
    if (shape === 0) return 0;
    this.#loadDay(cluster, day);
    const activity = Math.floor((shape * (this.#activity[cluster.number] ?? 0)) / PER_MILLE);
    return activity < 25 ? 0 : activity;
  }

  #loadDay(cluster: ClusterPlan, day: number): void {
    const n = cluster.number;
    if (this.#day[n] === day) return;
    this.#day[n] = day;
    const customer = this.#plan.customers[cluster.customer];
    if (customer === undefined)
      throw new RangeError(`simulators: cluster ${cluster.cluster_id}: no customer`);
    this.#used[n] = this.#usedOn(cluster, customer, day);
    this.#usedNext[n] = this.#usedOn(cluster, customer, day + 1);
    this.#activity[n] = activityFactor(customer, this.#plan.start + day * DAY_SECONDS);
  }

  /** Billionths of TiB at the start of a day. */
  #usedOn(cluster: ClusterPlan, customer: CustomerPlan, day: number): number {
    const jitter = (hash32(this.#plan.seed, 21, cluster.number, day) % 6001) - 3000;
    const weekly = (this.#weekday + day) % 7 === 0 ? -4000 : ((this.#weekday + day) % 7) * 800;
    const grown = Math.min(960_000, cluster.used_ppm + cluster.growth_ppm * day) + jitter + weekly;
    const kept = capacityFactor(customer, this.#plan.start + day * DAY_SECONDS);
    return Math.floor(
      (cluster.provisioned_tib * NANO * Math.max(5000, Math.floor((grown * kept) / PER_MILLE))) / MILLION,
    );
  }
}

function quantise(nano: number, digits: number): number {
  const step = digits === 9 ? 1 : digits === 6 ? 1e3 : digits === 3 ? 1e6 : 1e9;
  return nano - (nano % step);
}

function heartbeat(noise: number, revision: number, zero: boolean): number {
  if (zero) return revision === 1 ? 0 : 60;
  if (revision > 1) return noise % 4 === 0 ? 0 : 30 + ((noise + revision) % 27);
  return noise % 50 === 0 ? 57 + (noise % 3) : 60;
}

/** A later revision differs by up to a tenth, at least by one step of its digits. */
function restated(first: number, noise: number, revision: number, digits: number): number {
  const share = (((noise >>> 7) % 201) - 100 + revision) / 1000;
  const step = digits === 9 ? 1 : digits === 6 ? 1e3 : digits === 3 ? 1e6 : 1e9;
  return Math.max(0, Math.floor(first * (1 + share))) + step * revision;
}

function activityShape(workload: ClusterPlan['workload'], hourOfDay: number, weekday: number): number {
  if (workload === 0) return DAY_SHAPE[hourOfDay] ?? 0;
  if (workload === 1) {
    const office = weekday >= 1 && weekday <= 5 && hourOfDay >= 7 && hourOfDay < 19;
    return office ? (DAY_SHAPE[hourOfDay] ?? 0) : 0;
  }
  if (workload === 2) return hourOfDay >= 1 && hourOfDay <= 5 ? 900 : 0;
  return (weekday === 2 || weekday === 6) && hourOfDay >= 20 ? 350 : 0;
}

/** Per mille of its capacity that a customer still holds: a decline takes it down to a fifth, or half for a dip. */
function capacityFactor(customer: CustomerPlan, at: number): number {
  const { decline_from: from } = customer;
  if (from === null || at <= from) return PER_MILLE;
  const gone = at - from;
  if (customer.behaviour === 'dip') {
    const length = 24 * DAY_SECONDS;
    return PER_MILLE - Math.floor((450 * Math.max(0, length - Math.abs(gone - length))) / length);
  }
  const length = Math.max(DAY_SECONDS, (customer.terminated_at ?? at) - from);
  return PER_MILLE - Math.floor((800 * Math.min(gone, length)) / length);
}

/** Per mille of its activity left: a declining customer stops working well before it leaves. */
function activityFactor(customer: CustomerPlan, at: number): number {
  const { decline_from: from } = customer;
  if (from === null || at <= from || customer.behaviour === 'dip') return PER_MILLE;
  const length = Math.max(DAY_SECONDS, ((customer.terminated_at ?? at) - from) * 0.75);
  return PER_MILLE - Math.floor((PER_MILLE * Math.min(at - from, length)) / length);
}
