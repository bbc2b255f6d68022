import { nanosOf } from './decimals.ts';
import { Fingerprints } from './fingerprints.ts';
import { type FirstNamed, firstDayThatSees } from './links.ts';
import type { ReadingRow } from './reading_rows.ts';

/** An accepted revision of a rated reading that the lines need. */
export interface Revision {
  readonly revision: number;
  /** Billionths. */
  readonly quantity: bigint;
  readonly recorded_at: number;
  readonly subscription: string | null;
  readonly region: string;
}

/** What of the feed is kept. Everything else is looked at once and forgotten. */
export interface ReadingPlan {
  /** Dimensions that overage policies rate. */
  readonly rated: ReadonlySet<string>;
  /** Dimensions by which the meter names a cluster's subscription. */
  readonly watched: ReadonlySet<string>;
  /** Whether an hour of a subscription's dimension is needed for the lines. */
  readonly keeps: (subscription: string | null, dimension: string, hour: number) => boolean;
  /** Whether a revision came after the close of the month that its hour lies in. */
  readonly isAfterClose: (hour: number, load_id: number, recorded_at: number) => boolean;
  /** The newest as-of date, and how long after its end its cut-off is. */
  readonly newest: number;
  readonly cut_off_us: number;
}

type Hours = Map<number, Revision[]>;

/**
 * Takes the feed row by row, in the order of acceptance. metrics.md, "Current revision": "the same revision twice with equal
 * content is a duplicate (kept once), with different content a quarantined conflict (the first stays)"; and of a
 * reading_id the first stays.
 */
export class Revisions {
  /** Dimension → cluster → hour → revisions. */
  readonly kept = new Map<string, Map<string, Hours>>();
  /** Subscription → cloud, as the meter has them. */
  readonly metered = new Map<string, string>();
  /** Hours of closed months that revisions came for after their close, and that are not kept. */
  readonly touched_hours = new Set<number>();
  feed_first = Number.POSITIVE_INFINITY;
  readonly #named = new Map<string, Map<string | null, number>>();
  readonly #ids = new Fingerprints();
  readonly #others = new Fingerprints();
  readonly #plan: ReadingPlan;

  constructor(plan: ReadingPlan) {
    this.#plan = plan;
  }

  /** From which hour on the meter names which subscription for a cluster, as known at the newest as-of date. */
  firstNamed(cluster: string): readonly FirstNamed[] {
    return [...(this.#named.get(cluster) ?? [])].map(([subscription, hour]) => ({ subscription, hour }));
  }

  take(row: ReadingRow, load_id: number): void {
    if (this.#ids.has(row.reading_id) || !this.#accept(row, load_id)) return;
    this.#ids.add(row.reading_id);
    this.feed_first = Math.min(this.feed_first, row.hour);
    if (this.#plan.watched.has(row.dimension)) this.#name(row);
  }

  #accept(row: ReadingRow, load_id: number): boolean {
    const { dimension, cluster_id, hour, revision } = row;
    const isRated = this.#plan.rated.has(dimension);
    const held = this.kept.get(dimension)?.get(cluster_id)?.get(hour);
    // A restatement may name another subscription: it counts wherever the first revision did.
    if (isRated && (held !== undefined || this.#plan.keeps(row.subscription_id, dimension, hour)))
      return this.#keep(row, held);
    if (!isRated && !this.#plan.watched.has(dimension)) return true;
    if (!this.#others.add([cluster_id, dimension, hour, revision].join('\n'))) return false;
    if (isRated && this.#plan.isAfterClose(hour, load_id, row.recorded_at)) this.touched_hours.add(hour);
    return true;
  }

  #keep(row: ReadingRow, held: Revision[] | undefined): boolean {
    const { revision, recorded_at, region, subscription_id: subscription } = row;
    if (held?.some((each) => each.revision === revision)) return false;
    const kept = { revision, quantity: nanosOf(row.quantity), recorded_at, subscription, region };
    if (held !== undefined) held.push(kept);
    else this.#hoursOf(row).set(row.hour, [kept]);
    return true;
  }

  #hoursOf({ dimension, cluster_id }: ReadingRow): Hours {
    const clusters = this.kept.get(dimension) ?? new Map<string, Hours>();
    const hours = clusters.get(cluster_id) ?? new Map<number, Revision[]>();
    this.kept.set(dimension, clusters.set(cluster_id, hours));
    return hours;
  }

  #name({ cluster_id, subscription_id, hour, recorded_at, cloud }: ReadingRow): void {
    if (subscription_id !== null) {
      const known = this.metered.get(subscription_id);
      if (known === undefined || cloud < known) this.metered.set(subscription_id, cloud);
    }
    const { newest, cut_off_us } = this.#plan;
    if (firstDayThatSees(recorded_at, hour, cut_off_us) > newest) return;
    const named = this.#named.get(cluster_id) ?? new Map<string | null, number>();
    const first = named.get(subscription_id);
    if (first === undefined || hour < first) named.set(subscription_id, hour);
    this.#named.set(cluster_id, named);
  }
}
