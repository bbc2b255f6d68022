import { between, chance, hash32, pick, uuid } from './hash.ts';
import { DAY_SECONDS } from './instants.ts';
import type { Behaviour, Cloud, Phase, SubscriptionPlan } from './plan.ts';

/** What the terms of one customer on one cloud are made from. Times are seconds since 1970. */
export interface TermRequest {
  readonly seed: number;
  readonly first_number: number;
  readonly customer: number;
  readonly cloud: Exclude<Cloud, 'onprem'>;
  readonly phase: Phase;
  readonly behaviour: Behaviour;
  readonly created_at: number;
  readonly terminated_at: number | null;
  /** When a lapsed customer's last term ends. */
  readonly lapses_at: number | null;
  readonly horizon: number;
  readonly commit_tib: number;
}

const TERM_DAYS = [180, 365, 365, 365, 730];
const PLANS: Readonly<Record<Phase, readonly string[]>> = {
  private: ['private-capacity'],
  public: ['public-standard', 'public-premium'],
  saas: ['saas-units'],
  licence: ['default'],
};

/**
 * The terms of one customer on one cloud, one after the other without a gap, from its creation up to its end or
 * the horizon; terms begin and end at midnight, UTC. A customer that ends does so at its last term's end, or (one in five) by cancelling before it.
 */
export function planTerms(request: TermRequest): readonly SubscriptionPlan[] {
  const length = pick(TERM_DAYS, hash32(request.seed, 31, request.customer, 0)) * DAY_SECONDS;
  const ends = request.terminated_at ?? request.lapses_at;
  const last = ends === null ? null : Math.ceil(ends / DAY_SECONDS) * DAY_SECONDS;
  const early = last !== null && chance(hash32(request.seed, 31, request.customer, 1), 200);
  const end = last === null ? null : last + (early && request.lapses_at === null ? 45 * DAY_SECONDS : 0);
  const created = Math.floor(request.created_at / DAY_SECONDS) * DAY_SECONDS;
  const bounds = termBounds(created, end, length, request.horizon);
  return bounds.map(([starts_at, ends_at], term) => {
    const isLast = term === bounds.length - 1;
    const cancelled = isLast && end !== null && last !== null && last < end ? last : null;
    return subscription(request, term, starts_at, ends_at, !isLast, cancelled);
  });
}

/** Terms end to end: counted back from a known end, else forward from the creation past the horizon. */
function termBounds(
  created: number,
  end: number | null,
  length: number,
  horizon: number,
): readonly (readonly [number, number])[] {
  if (end !== null) {
    const count = Math.max(1, Math.ceil((end - created) / length));
    return Array.from({ length: count }, (_, i) => {
      const to = end - (count - 1 - i) * length;
      return [i === 0 ? Math.min(created, to - DAY_SECONDS) : to - length, to] as const;
    });
  }
  const count = Math.max(1, Math.ceil((horizon - created) / length));
  return Array.from({ length: count }, (_, i) => [created + i * length, created + (i + 1) * length] as const);
}

function subscription(
  request: TermRequest,
  term: number,
  starts_at: number,
  ends_at: number,
  renewed: boolean,
  cancelled_at: number | null,
): SubscriptionPlan {
  const { seed, customer, cloud, phase } = request;
  const number = request.first_number + term;
  const amends =
    cloud === 'azure' && phase === 'private' && customer % 9 === 0 && ends_at - starts_at > 90 * DAY_SECONDS;
  return {
    number,
    subscription_id: uuid(seed, 1, number),
    customer,
    cloud,
    phase,
    plan: pick(PLANS[phase], hash32(seed, 32, customer, 0)),
    offer_id: `${cloud}-offer-${hash32(seed, 33, number, 0).toString(16).padStart(8, '0')}-${number}`,
    po_id: uuid(seed, 2, number),
    buyer_id: uuid(seed, 3, customer * 4 + ['azure', 'gcp', 'aws'].indexOf(cloud)),
    product_id: productId(seed, phase, cloud),
    starts_at,
    ends_at,
    cancelled_at,
    commit_tib: request.commit_tib,
    term,
    renewed,
    amended_at: amends ? starts_at + between(hash32(seed, 34, number, 0), 30, 60) * DAY_SECONDS : null,
  };
}

/** The product of a phase on a cloud. */
export function productId(seed: number, phase: Phase, cloud: Cloud): string {
  const phases: readonly Phase[] = ['private', 'public', 'saas', 'licence'];
  return uuid(seed, 4, phases.indexOf(phase) * 4 + ['azure', 'gcp', 'aws', 'onprem'].indexOf(cloud));
}
