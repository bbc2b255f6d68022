import type { Snapshot } from './accepted.ts';
import { hourCeil, msOf } from './clock.ts';
import type { ApiRecord, Json, Policy, Rules } from './world.ts';

/** A subscription and the hours of its term: `from` up to, and not including, `to`. */
export interface Subscription {
  readonly id: string;
  readonly cloud: string;
  readonly offer: string | null;
  /** The plan as the marketplace names it. */
  readonly plan: string | null;
  /** The plan by whose rules it goes: `default` where policies do not list it. */
  readonly rated_plan: string;
  readonly starts_at: string | null;
  readonly from: number;
  readonly to: number;
  readonly is_in_tackle: boolean;
  readonly record: ApiRecord;
}

/** A contract that began, until its own end or until another one of its subscription begins. */
interface ContractTerm {
  readonly id: string;
  readonly offer: string;
  readonly tackle_offer: string | null;
  readonly cloud: string;
  readonly subscription: string | null;
  readonly starts_at: string;
  readonly ends_at: string | null;
}

export interface Terms {
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly contracts: readonly ContractTerm[];
}

const fields = (value: Json | undefined): ApiRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ApiRecord) : {};

/** The entitlements of a subscription, which are one object or a list of them under its cloud's name. */
export function entitlements({ cloud, entitlements: held }: ApiRecord): readonly ApiRecord[] {
  const own = fields(held)[String(cloud)];
  return Array.isArray(own) ? (own as readonly ApiRecord[]) : own === undefined ? [] : [fields(own)];
}

const earliest = (instants: readonly (string | null | undefined)[]): string | null =>
  instants.filter((each) => typeof each === 'string').sort((a, b) => msOf(a) - msOf(b))[0] ?? null;
const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);

/** What Tackle's lists say at a snapshot; subscriptions that only the meter names have no term. */
export function termsAt(snapshot: Snapshot, rules: Rules, metered: ReadonlyMap<string, string>): Terms {
  const contracts = contractTerms(snapshot);
  const held = snapshot
    .list('tackle.subscriptions')
    .map((record) => subscriptionOf(record, snapshot, rules, contracts));
  const known = new Map(held.map((each) => [each.id, each]));
  for (const [id, cloud] of metered) if (!known.has(id)) known.set(id, withoutTackle(id, cloud));
  return { subscriptions: known, contracts };
}

function withoutTackle(id: string, cloud: string): Subscription {
  const open = {
    from: Number.NEGATIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
    is_in_tackle: false,
    record: {},
  };
  return { id, cloud, offer: null, plan: null, rated_plan: 'default', starts_at: null, ...open };
}

function subscriptionOf(
  record: ApiRecord,
  snapshot: Snapshot,
  rules: Rules,
  contracts: readonly ContractTerm[],
): Subscription {
  const id = String(record.tackle_subscription_id);
  const plan = planOf(record, snapshot);
  const own = contracts.filter(({ subscription }) => subscription === id).map(({ ends_at }) => ends_at);
  const lastEnd = own.includes(null)
    ? null
    : (own.toSorted((a, b) => msOf(a ?? '') - msOf(b ?? '')).at(-1) ?? null);
  const ends_at = earliest([textOf(record.ended_at), textOf(record.cancelled_at), lastEnd]);
  const starts_at = textOf(record.started_at) ?? textOf(record.created_at);
  return {
    id,
    cloud: String(record.cloud),
    offer: textOf(record.offerid),
    plan,
    rated_plan: plan !== null && plan in rules.features.plans ? plan : 'default',
    starts_at,
    from: starts_at === null ? Number.NEGATIVE_INFINITY : hourCeil(starts_at),
    to: ends_at === null ? Number.POSITIVE_INFINITY : hourCeil(ends_at),
    is_in_tackle: true,
    record,
  };
}

/** Azure and Google Cloud: the entitlement's plan. AWS: the `api_name` of the offer's contract dimension. */
function planOf(record: ApiRecord, snapshot: Snapshot): string | null {
  if (record.cloud !== 'aws') return textOf(entitlements(record)[0]?.plan);
  const offer = snapshot.list('tackle.aws_offers').find(({ offerid }) => offerid === record.offerid);
  const dimensions = fields(offer?.pricing).dimensions;
  return Array.isArray(dimensions) ? textOf(fields(dimensions[0]).api_name) : null;
}

/** A contract's subscription has its offer and buyer, or is the one that its Microsoft offer names. */
function contractTerms(snapshot: Snapshot): readonly ContractTerm[] {
  const subscriptions = snapshot.list('tackle.subscriptions');
  const begun = snapshot
    .list('tackle.contracts')
    .filter(({ contractStatus }) => contractStatus !== 'Pending')
    .map((contract) => {
      const offers = snapshot
        .list('tackle.microsoft_offers')
        .filter(({ po_id, offer_ref }) => po_id === contract.tackleOfferId || offer_ref === contract.offerId);
      const names = offers.map(({ subscription_ref }) => subscription_ref);
      const subscription = subscriptions.find(
        (each) =>
          (each.cloud === contract.cloudMarketplace &&
            each.offerid === contract.offerId &&
            each.customerid === contract.buyerId) ||
          (each.cloud === 'azure' && names.includes(entitlements(each)[0]?.subscription_id ?? 'none')),
      );
      return {
        id: String(contract.id),
        offer: String(contract.offerId),
        tackle_offer: textOf(contract.tackleOfferId),
        cloud: String(contract.cloudMarketplace),
        subscription: subscription === undefined ? null : String(subscription.tackle_subscription_id),
        starts_at: String(contract.startDate),
        ends_at: textOf(contract.endDate),
      };
    });
  return begun.map((contract) => ({ ...contract, ends_at: endOf(contract, begun) }));
}

/** An amended contract supersedes from its start. */
function endOf(contract: ContractTerm, all: readonly ContractTerm[]): string | null {
  const later = all.filter(
    ({ subscription, starts_at }) =>
      subscription !== null &&
      subscription === contract.subscription &&
      msOf(starts_at) > msOf(contract.starts_at),
  );
  return earliest([contract.ends_at, ...later.map(({ starts_at }) => starts_at)]);
}

/** The policy that rates a subscription's dimension in an hour: of those in force, the most specific one. */
export function policyAt(rules: Rules, { id, cloud, plan }: Subscription, dimension: string, hour: number) {
  const named = (values: readonly string[], value: string, weight: number): number =>
    values.includes(value) ? weight : values.includes('*') ? 0 : Number.NEGATIVE_INFINITY;
  const weigh = ({ applies_to: { clouds, plans, subscriptions } }: Policy): number =>
    named(subscriptions, id, 4) + named(plans, plan ?? 'default', 2) + named(clouds, cloud, 1);
  return rules.overage
    .filter((policy) => policy.dimension === dimension && isInForce(policy, hour) && weigh(policy) >= 0)
    .sort((a, b) => weigh(b) - weigh(a))[0];
}

function isInForce({ effective_from, effective_to }: Policy, hour: number): boolean {
  return hourCeil(effective_from) <= hour && (effective_to === null || hour < hourCeil(effective_to));
}
