import type { BlockStore } from './block_store.ts';
import { between, chance, hash32 } from './hash.ts';
import { DAY_SECONDS, HOUR_SECONDS, toInstant } from './instants.ts';
import { NOTHING_RECORDED } from './irregularities.ts';
import type { CustomerPlan, FleetPlan } from './plan.ts';
import { type Feed, type FeedPosition, type FeedSlice, tickAt } from './reading_feed.ts';

/** The features that Polaris reports the use of. */
const FEATURES = [
  'snapshots',
  'replication',
  'tiering',
  'encryption',
  'nfs',
  'smb',
  's3',
  'ai_search',
] as const;

/** How a customer takes up a feature; the names are those of the stages it should be seen in. */
export type Adoption = 'never' | 'tried' | 'adopted' | 'habitual' | 'lapsed';

/** One feature event in thirty comes this many hours late. */
const LATE_TICKS = 31;

interface FeatureEvent {
  readonly cluster: number;
  readonly customer: number;
  readonly hour: number;
  readonly feature: number;
  readonly late: boolean;
}

/** How a customer takes up a feature (by its place in FEATURES), and on which day (0 = the fleet's first) it starts. */
export function adoptionOf(
  plan: FleetPlan,
  customer: number,
  feature: number,
): { readonly adoption: Adoption; readonly first_day: number } {
  const h = (part: number) => hash32(plan.seed, 41 + part, customer, feature);
  const kinds = ['never', 'never', 'tried', 'adopted', 'habitual', 'habitual', 'lapsed'] as const;
  const adoption = kinds[between(h(0), 0, kinds.length - 1)] ?? 'never';
  return { adoption, first_day: between(h(1), 0, Math.floor(plan.days * 0.4)) };
}

/** All feature events of a fleet in the order in which Polaris recorded them, made when asked for. */
export class FeatureFeed implements Feed {
  readonly #plan: FleetPlan;
  readonly #blocks: BlockStore;
  readonly #days = new Map<number, readonly FeatureEvent[]>();

  constructor(plan: FleetPlan, blocks: BlockStore) {
    this.#plan = plan;
    this.#blocks = blocks;
  }

  read(from: FeedPosition, limit: number, now: number): FeedSlice {
    const rows: string[] = [];
    const next = this.#walk(from, limit, now, rows);
    const peek: string[] = [];
    if (rows.length === limit) this.#walk(next, 1, now, peek);
    return { rows, next, more: peek.length > 0 };
  }

  /** The position after everything recorded by `now`. */
  end(now: number): FeedPosition {
    const tick = Math.max(0, tickAt(this.#plan.start, now));
    const all = this.#recordedIn(tick);
    return { tick, offset: all.filter((_, i) => this.#recordedAt(tick, i, all.length) <= now).length };
  }

  #walk(from: FeedPosition, limit: number, now: number, rows: string[]): FeedPosition {
    let { tick, offset } = from;
    const last = tickAt(this.#plan.start, now);
    for (; tick <= last; tick += 1) {
      const events = this.#recordedIn(tick);
      for (; offset < events.length; offset += 1) {
        const recorded = this.#recordedAt(tick, offset, events.length);
        const event = events[offset];
        if (event === undefined || recorded > now || rows.length >= limit) return { tick, offset };
        rows.push(this.#row(event, recorded));
      }
      offset = 0;
    }
    return { tick, offset };
  }

  #recordedAt(tick: number, nth: number, count: number): number {
    return this.#plan.start + (tick + 1) * HOUR_SECONDS + 300 + Math.floor((nth * 1200) / count);
  }

  #recordedIn(tick: number): readonly FeatureEvent[] {
    const onTime = this.#ofHour(tick).filter((event) => !event.late);
    return [...onTime, ...this.#ofHour(tick - LATE_TICKS).filter((event) => event.late)];
  }

  #ofHour(hour: number): readonly FeatureEvent[] {
    if (hour < 0) return [];
    return this.#ofDay(Math.floor(hour / 24)).filter((event) => event.hour === hour);
  }

  #ofDay(day: number): readonly FeatureEvent[] {
    const kept = this.#days.get(day);
    if (kept !== undefined) return kept;
    const events = this.#plan.customers.flatMap((customer) =>
      FEATURES.flatMap((_, feature) => this.#ofCustomer(customer, feature, day)),
    );
    this.#days.set(day, events);
    const oldest = this.#days.keys().next().value;
    if (this.#days.size > 4 && oldest !== undefined) this.#days.delete(oldest);
    return events;
  }

  /** One to three hours of use on a day of use, on one of the customer's clusters. */
  #ofCustomer(customer: CustomerPlan, feature: number, day: number): readonly FeatureEvent[] {
    const { seed } = this.#plan;
    const h = (part: number) => hash32(seed, 50 + part, customer.number * FEATURES.length + feature, day);
    const cluster = customer.clusters[h(0) % customer.clusters.length];
    if (cluster === undefined || !this.#usesOn(customer, feature, day, h(1))) return [];
    const begins = between(h(2), 0, 21);
    return Array.from({ length: between(h(3), 1, 3) }, (_, i) => ({
      cluster: cluster.number,
      customer: customer.number,
      hour: day * 24 + begins + i,
      feature,
      late: chance(h(4 + i), 33),
    })).filter(({ hour }) => (this.#mark(cluster.number, hour) & NOTHING_RECORDED) === 0);
  }

  #usesOn(customer: CustomerPlan, feature: number, day: number, hash: number): boolean {
    const { adoption, first_day: first } = adoptionOf(this.#plan, customer.number, feature);
    const at = this.#plan.start + day * DAY_SECONDS;
    const { decline_from: decline, terminated_at: ends } = customer;
    if (decline !== null && ends !== null && at > (decline + ends) / 2) return false;
    if (adoption === 'never' || day < first) return false;
    if (adoption === 'tried') return day === first || day === first + 9;
    if (day === first) return true;
    if (adoption === 'lapsed') return day < first + 21 && chance(hash, 600);
    return chance(hash, adoption === 'habitual' ? 760 : 280);
  }

  #mark(cluster: number, hour: number): number {
    const block = this.#blocks.block(hour);
    return block.marks[cluster * block.hours + hour - block.from] ?? NOTHING_RECORDED;
  }

  #row(event: FeatureEvent, recorded: number): string {
    const h = hash32(this.#plan.seed, 60, event.cluster * FEATURES.length + event.feature, event.hour);
    const operations = h % 20 === 0 ? 0 : between(h, 1, 4000);
    return JSON.stringify({
      feature_event_id: `f${event.cluster}-${event.hour}-${event.feature}`,
      customer_id: this.#plan.customers[event.customer]?.customer_id,
      cluster_id: this.#plan.clusters[event.cluster]?.cluster_id,
      hour: toInstant(this.#plan.start + event.hour * HOUR_SECONDS),
      feature: FEATURES[event.feature],
      operations,
      active_clients: operations === 0 ? 0 : between(h ^ 0x2545f491, 1, 30),
      recorded_at: toInstant(recorded),
    });
  }
}
