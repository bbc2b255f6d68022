import type { Fleet } from './fleet.ts';
import { between, hash32, pick, uuid } from './hash.ts';
import { HOUR_SECONDS, toInstant } from './instants.ts';
import { commitmentOf } from './offer_values.ts';
import type { ClusterPlan, SubscriptionPlan } from './plan.ts';
import { tickAt } from './reading_feed.ts';
import { termAt } from './reading_rows.ts';
import { azureInclusion } from './tackle_offers.ts';
import type { TackleRecord } from './types.ts';

const REASONS = [
  'external-service-error',
  'external-too-many-requests',
  'external-access-denied',
  'invalid-usage-dimension',
  'invalid-product-code',
  'unrecognized-exception',
] as const;
/** Dimensions that are sent on; a fleet with few dimensions has only the first. */
const SENT = ['capacity_used_tib', 'egress_gib'] as const;
/** A lapsed customer's usage is still sent for this long, and refused. */
const AFTER_END_HOURS = 48;

/** What was sent on for one subscription, dimension and hour. `hour`: seconds since 1970. */
export interface UsageSent {
  readonly term: SubscriptionPlan;
  readonly dimension: (typeof SENT)[number];
  readonly hour: number;
  readonly units: number;
  readonly created_at: number;
  readonly settled_at: number;
  readonly status: 'accepted' | 'rejected';
  readonly reason: string | null;
  /** 0, or 1 for a second record of the same hour. */
  readonly nth: 0 | 1;
}

/** Usage records that exist at `now` (seconds since 1970), in order of start_time. */
export function* usageRecords(fleet: Fleet, now: number): Iterable<TackleRecord> {
  for (const sent of usageSent(fleet, now)) {
    if (sent.created_at <= now) yield usageRecord(fleet.plan.seed, sent, now);
  }
}

/**
 * What the sender sends, hour by hour: whole units of what is above the commitment (where a Microsoft offer states
 * one) or of all usage, each time the part of the running total not sent yet. It knows late and restated readings
 * beforehand, so that a record never changes once written. A few sends fail, differ, double or are left out.
 */
export function* usageSent(fleet: Fleet, now: number): Iterable<UsageSent> {
  const { plan } = fleet;
  const totals = new Float64Array(plan.subscriptions.length * SENT.length);
  const billed = plan.clusters.filter((cluster) => cluster.terms.length > 0);
  const places = SENT.map((name) => fleet.dimensions.findIndex((d) => d.dimension === name));
  const last = tickAt(plan.start, now);
  for (let hour = 0; hour <= last; hour += 1) {
    const at = plan.start + hour * HOUR_SECONDS;
    for (const [term, clusters] of byTerm(billed, at)) {
      for (const [d, dimension] of SENT.entries()) {
        const place = places[d] ?? -1;
        const used = place === -1 ? null : totalOf(fleet, clusters, place, hour);
        if (used === null) continue;
        const due = Math.max(0, used - includedNano(term, dimension, at));
        const slot = term.number * SENT.length + d;
        const before = totals[slot] ?? 0;
        totals[slot] = before + due;
        const units = Math.floor((before + due) / 1e9) - Math.floor(before / 1e9);
        yield* sends(plan.seed, term, dimension, at, units, hash32(plan.seed, 130, slot, hour));
      }
    }
  }
}

function byTerm(
  clusters: readonly ClusterPlan[],
  at: number,
): ReadonlyMap<SubscriptionPlan, readonly ClusterPlan[]> {
  const groups = new Map<SubscriptionPlan, ClusterPlan[]>();
  for (const cluster of clusters) {
    const term = termAt(cluster, at);
    if (term === null || term.starts_at > at) continue;
    if ((term.cancelled_at ?? term.ends_at) + AFTER_END_HOURS * HOUR_SECONDS <= at) continue;
    const held = groups.get(term);
    if (held === undefined) groups.set(term, [cluster]);
    else held.push(cluster);
  }
  return groups;
}

function totalOf(fleet: Fleet, clusters: readonly ClusterPlan[], place: number, hour: number): number | null {
  let total: number | null = null;
  for (const cluster of clusters) {
    const nano = fleet.finalReadings.nano(cluster, place, hour);
    if (nano !== null) total = (total ?? 0) + nano;
  }
  return total;
}

/** What a Microsoft offer includes of a dimension, in billionths; nothing after the term's end. */
function includedNano(term: SubscriptionPlan, dimension: string, at: number): number {
  if (term.cloud !== 'azure' || term.phase !== 'private' || dimension !== 'capacity_used_tib') return 0;
  if (at >= (term.cancelled_at ?? term.ends_at)) return 0;
  const inclusion = azureInclusion(term);
  if (inclusion === 'unlimited') return Number.POSITIVE_INFINITY;
  const amended = term.amended_at !== null && term.amended_at <= at;
  return inclusion === 'none' ? 0 : commitmentOf(term, amended) * 1e9;
}

function* sends(
  seed: number,
  term: SubscriptionPlan,
  dimension: UsageSent['dimension'],
  hour: number,
  units: number,
  h: number,
): Iterable<UsageSent> {
  // AWS wants an hour without usage told as well.
  const zero = units === 0 && term.cloud === 'aws';
  const fate = h % 1000;
  if ((units === 0 && !zero) || fate < 4) return;
  const end = hour + HOUR_SECONDS;
  const isLate = fate >= 4 && fate < 7;
  const created = end + (isLate ? (term.cloud === 'azure' ? 26 : 2) * HOUR_SECONDS : 600);
  const sent: UsageSent = {
    term,
    dimension,
    hour,
    units: fate >= 7 && fate < 11 && !zero ? units + between(h ^ seed, 1, 3) : units,
    created_at: created,
    settled_at: created + between(h, 60, 240),
    status: 'accepted',
    reason: null,
    nth: 0,
  };
  if (hour >= (term.cancelled_at ?? term.ends_at)) {
    yield { ...sent, status: 'rejected', reason: 'customer-not-entitled' };
    return;
  }
  yield fate >= 11 && fate < 16
    ? { ...sent, status: 'rejected', reason: pick(REASONS, h ^ 0x7f4a7c15) }
    : sent;
  if (fate < 16 || fate >= 20) return;
  const again = {
    status: 'rejected',
    reason: 'duplicate-request',
    nth: 1,
    created_at: created + 300,
  } as const;
  yield { ...sent, ...again, settled_at: created + 400, units: units + (fate >= 18 ? 1 : 0) };
}

function usageRecord(seed: number, sent: UsageSent, now: number): TackleRecord {
  const { term, nth, hour } = sent;
  const settled = sent.settled_at <= now;
  const number = hour / HOUR_SECONDS;
  const id = uuid(seed ^ number, 140 + nth, term.number * SENT.length + SENT.indexOf(sent.dimension));
  return {
    id,
    cloud: term.cloud,
    product_id: term.product_id,
    customer_id: term.buyer_id,
    subscription_id: term.subscription_id,
    dimension: { name: sent.dimension, quantity: sent.units },
    start_time: toInstant(hour),
    end_time: toInstant(hour + HOUR_SECONDS),
    created_at: toInstant(sent.created_at),
    updated_at: toInstant(settled ? sent.settled_at : sent.created_at),
    deleted_at: null,
    scheduled_at: toInstant(sent.created_at + 30),
    status: settled ? sent.status : 'in-progress',
    reason: settled ? sent.reason : null,
    link: `/v1/metering/usage-records/${id}`,
  };
}
