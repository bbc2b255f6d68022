import type { Snapshot } from './accepted.ts';
import { hourCeil } from './clock.ts';
import { nanos } from './money.ts';
import { entitlements, type Subscription, type Terms } from './terms.ts';
import type { ApiRecord, Json, Rules } from './world.ts';

/** What one source says of a subscription's dimension, in the hours from `from` up to, and not including, `to`. */
export interface Commitment {
  readonly subscription: string;
  readonly dimension: string;
  readonly from: number;
  readonly to: number;
  /** Null where it has no limit. */
  readonly quantity: bigint | null;
  readonly source: 'policy_binding' | 'microsoft_offer' | 'aws_entitlement' | 'azure_entitlement';
  readonly source_id: string;
}

const fields = (value: Json | undefined): ApiRecord => Object(value) as ApiRecord;

/** Everything that is stated, the sources in their order of precedence, of several offers the one that began last first. */
export function statedCommitments(snapshot: Snapshot, terms: Terms, rules: Rules): readonly Commitment[] {
  const found = [...terms.subscriptions.values()].flatMap((subscription) => [
    ...bindings(subscription, rules),
    ...microsoft(subscription, snapshot, terms).sort((a, b) => b.from - a.from),
    ...aws(subscription, rules),
    ...azure(subscription, rules),
  ]);
  return found.filter(({ from, to }) => from < to);
}

/** The commitment that applies in an hour: the first that states something. */
export function commitmentAt(
  stated: readonly Commitment[],
  subscription: string,
  dimension: string,
  hour: number,
): Commitment | undefined {
  return stated.find(
    (each) =>
      each.subscription === subscription &&
      each.dimension === dimension &&
      each.from <= hour &&
      hour < each.to,
  );
}

function within({ from, to }: Subscription, start: string | null, end: string | null) {
  return {
    from: start === null ? from : Math.max(from, hourCeil(start)),
    to: end === null ? to : Math.min(to, hourCeil(end)),
  };
}

function bindings(subscription: Subscription, rules: Rules): Commitment[] {
  return rules.overage.flatMap((policy) => {
    const quantity = policy.commit[subscription.id];
    if (quantity === undefined) return [];
    return [
      {
        subscription: subscription.id,
        dimension: policy.dimension,
        ...within(subscription, policy.effective_from, policy.effective_to),
        quantity: nanos(quantity),
        source: 'policy_binding' as const,
        source_id: `${policy.policy_id}@${policy.version}`,
      },
    ];
  });
}

/** Of the offers that a subscription bought, or that name its Azure id: what each includes, monthly before annual. */
function microsoft(subscription: Subscription, snapshot: Snapshot, terms: Terms): Commitment[] {
  if (subscription.cloud !== 'azure') return [];
  const azureId = entitlements(subscription.record)[0]?.subscription_id;
  const offers = snapshot
    .list('tackle.microsoft_offers')
    .filter(
      ({ offer_ref, subscription_ref }) => offer_ref === subscription.offer || subscription_ref === azureId,
    );
  return offers.flatMap((offer) => {
    const contract = terms.contracts.find(
      ({ tackle_offer, subscription: of }) => tackle_offer === offer.po_id && of === subscription.id,
    );
    if (contract === undefined && offer.state !== 'subscribed') return [];
    const start = contract?.starts_at ?? String(offer.start_date);
    const end = contract === undefined ? String(offer.end_date) : contract.ends_at;
    return Object.entries(fields(fields(offer.pricing).dimensions)).flatMap(([dimension, priced]) => {
      const entries = fields(priced).included_quantities as readonly Json[];
      const entry = fields(entries.find((each) => fields(each).dimension_term === 'monthly') ?? entries[0]);
      const isUnlimited = entry.unlimited_quantity === true;
      return [
        {
          subscription: subscription.id,
          dimension,
          ...within(subscription, start, end),
          quantity: isUnlimited ? null : nanos(Number(entry.quantity)),
          source: 'microsoft_offer' as const,
          source_id: String(offer.po_id),
        },
      ];
    });
  });
}

function aws(subscription: Subscription, rules: Rules): Commitment[] {
  if (subscription.cloud !== 'aws') return [];
  const names = rules.dimensions.marketplace_names.aws ?? {};
  return entitlements(subscription.record).map((item, position) => ({
    subscription: subscription.id,
    dimension: names[String(item.dimension)] ?? String(item.dimension),
    ...within(subscription, null, typeof item.expiration === 'string' ? item.expiration : null),
    quantity: nanos(Number(item.value)),
    source: 'aws_entitlement' as const,
    source_id: `${subscription.id}/${position}`,
  }));
}

/** The entitlement's quantity, for held capacity only. */
function azure(subscription: Subscription, rules: Rules): Commitment[] {
  if (subscription.cloud !== 'azure') return [];
  return entitlements(subscription.record).map((item, position) => ({
    subscription: subscription.id,
    dimension: rules.dimensions.roles.held_capacity?.[0] ?? '',
    from: subscription.from,
    to: subscription.to,
    quantity: nanos(Number(item.quantity)),
    source: 'azure_entitlement' as const,
    source_id: `${subscription.id}/${position}`,
  }));
}
