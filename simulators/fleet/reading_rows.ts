import { decimalText } from './decimal_text.ts';
import type { Dimension } from './dimensions.ts';
import { DAY_SECONDS, HOUR_SECONDS, toInstant } from './instants.ts';
import {
  CAPACITY,
  type Extra,
  HEARTBEAT,
  NO_CAPACITY,
  NO_HEARTBEAT,
  ZERO_HEARTBEAT,
} from './irregularities.ts';
import type { ClusterPlan, FleetPlan, SubscriptionPlan } from './plan.ts';
import type { Quantities } from './quantities.ts';

const MINUTE_SECOND = Array.from(
  { length: HOUR_SECONDS },
  (_, s) => `${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}Z`,
);
/** The beginning of each cluster's row texts, kept while its term and software stay the same. */
interface ClusterText {
  readonly head: string;
  readonly tail: string;
  /** Hours (exclusive end) for which the texts hold. */
  readonly from: number;
  readonly to: number;
}

/** The term whose subscription a cluster's usage is recorded under: the last one that has begun, else the first. */
export function termAt(cluster: ClusterPlan, at: number): SubscriptionPlan | null {
  return cluster.terms.findLast((term) => term.starts_at <= at) ?? cluster.terms[0] ?? null;
}

/** Makes the JSON texts of readings from fragments that repeat. */
export class ReadingRows {
  readonly #plan: FleetPlan;
  readonly #dimensions: readonly Dimension[];
  readonly #quantities: Quantities;
  readonly #clusterTexts: (ClusterText | undefined)[] = [];
  readonly #idTails: readonly string[];
  readonly #names: readonly string[];
  readonly #units: readonly string[];
  #lastHour = -1;
  #lastHourText = '';
  #lastRecordedHour = -1;
  #lastRecordedText = '';

  constructor(plan: FleetPlan, dimensions: readonly Dimension[], quantities: Quantities) {
    this.#plan = plan;
    this.#dimensions = dimensions;
    this.#quantities = quantities;
    this.#idTails = dimensions.map((_, d) => `${d}-1","seq":`);
    this.#names = dimensions.map((d) => `${d.dimension}","quantity":"`);
    this.#units = dimensions.map((d) => `","unit":"${d.unit}","revision":1,"recorded_at":"`);
  }

  /** Adds the first revisions of one cluster's hour to `rows`; `seq`: the cluster's last number before them. */
  first(
    cluster: ClusterPlan,
    hour: number,
    mark: number,
    seq: number,
    recorded: number,
    rows: string[],
  ): void {
    const text = this.#clusterText(cluster, hour);
    const id = flat(`{"reading_id":"r${cluster.number}-${hour}-`);
    const head = flat(`${text.head}${this.#hourText(hour)}","dimension":"`);
    const tail = flat(this.#recordedText(recorded) + text.tail);
    const zero = (mark & ZERO_HEARTBEAT) !== 0;
    let number = seq;
    for (let d = 0; d < this.#dimensions.length; d += 1) {
      if (d === HEARTBEAT && (mark & NO_HEARTBEAT) !== 0) continue;
      if (d === CAPACITY && (mark & NO_CAPACITY) !== 0) continue;
      number += 1;
      const quantity = this.quantity(cluster, d, hour, 1, zero);
      rows.push(id + this.#idTails[d] + number + head + this.#names[d] + quantity + this.#units[d] + tail);
    }
  }

  /** The text of a restatement or of a copy under another id. */
  again(cluster: ClusterPlan, extra: Extra, mark: number, seq: number, recorded: number): string {
    const text = this.#clusterText(cluster, extra.from);
    const dimension = this.#dimensions[extra.dimension];
    if (dimension === undefined)
      throw new RangeError(`simulators: dimension ${extra.dimension}: not in the catalogue`);
    const suffix = extra.kind === 'copy' ? 'b' : '';
    const id = `r${cluster.number}-${extra.from}-${extra.dimension}-${extra.revision}${suffix}`;
    const zero = (mark & ZERO_HEARTBEAT) !== 0;
    const quantity = this.quantity(cluster, extra.dimension, extra.from, extra.revision, zero);
    const head = `${text.head}${this.#hourText(extra.from)}","dimension":"${dimension.dimension}"`;
    const value = `,"quantity":"${quantity}","unit":"${dimension.unit}","revision":${extra.revision}`;
    return `{"reading_id":"${id}","seq":${seq}${head}${value},"recorded_at":"${this.#recordedText(recorded)}${text.tail}`;
  }

  /** The exact decimal text of one quantity. */
  quantity(cluster: ClusterPlan, dimension: number, hour: number, revision: number, zero: boolean): string {
    const nano = this.#quantities.nano(cluster, dimension, hour, revision, zero);
    return decimalText(nano, this.#quantities.digits(cluster, dimension));
  }

  #hourText(hour: number): string {
    if (hour !== this.#lastHour) {
      this.#lastHour = hour;
      this.#lastHourText = toInstant(this.#plan.start + hour * HOUR_SECONDS);
    }
    return this.#lastHourText;
  }

  #recordedText(seconds: number): string {
    const second = seconds % HOUR_SECONDS;
    if (seconds - second !== this.#lastRecordedHour) {
      this.#lastRecordedHour = seconds - second;
      this.#lastRecordedText = toInstant(seconds - second).slice(0, 14);
    }
    return this.#lastRecordedText + MINUTE_SECOND[second];
  }

  #clusterText(cluster: ClusterPlan, hour: number): ClusterText {
    const kept = this.#clusterTexts[cluster.number];
    if (kept !== undefined && hour >= kept.from && hour < kept.to) return kept;
    const made = this.#makeClusterText(cluster, hour);
    this.#clusterTexts[cluster.number] = made;
    return made;
  }

  #makeClusterText(cluster: ClusterPlan, hour: number): ClusterText {
    const at = this.#plan.start + hour * HOUR_SECONDS;
    const term = termAt(cluster, at);
    const customer = this.#plan.customers[cluster.customer];
    const subscription = term === null ? 'null' : `"${term.subscription_id}"`;
    const day = Math.floor(at / DAY_SECONDS);
    // Software goes out to one cluster after another over four weeks.
    const release = Math.floor((day + (cluster.number % 28)) / 28);
    return {
      head: `,"customer_id":"${customer?.customer_id ?? ''}","cluster_id":"${cluster.cluster_id}","subscription_id":${subscription},"hour":"`,
      tail: `","cloud":"${cluster.cloud}","region":"${cluster.region}","software_version":"9.${release % 40}.${release % 3}"}`,
      from: hour,
      to: nextChange(this.#plan.start, cluster, hour),
    };
  }
}

/** The first hour after `hour` in which a new day or a new term may change the texts. */
function nextChange(start: number, cluster: ClusterPlan, hour: number): number {
  const at = start + hour * HOUR_SECONDS;
  const midnight = hour + Math.ceil((DAY_SECONDS - (at % DAY_SECONDS)) / HOUR_SECONDS);
  const next = cluster.terms.find((term) => term.starts_at > at);
  return next === undefined
    ? midnight
    : Math.min(midnight, Math.ceil((next.starts_at - start) / HOUR_SECONDS));
}

/**
 * The same text in one piece: V8 keeps concatenated texts as trees until a character is read, and the pieces
 * of these trees would be copied one by one for each row (half of the time of making a page).
 */
function flat(text: string): string {
  return text.charCodeAt(0) === 0 ? '' : text;
}
