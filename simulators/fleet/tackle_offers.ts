import { hash32, uuid } from './hash.ts';
import { DAY_SECONDS, HOUR_SECONDS, toDate, toInstant } from './instants.ts';
import { commitmentOf, MARKETPLACE_FEE_RATE, termValue } from './offer_values.ts';
import type { CustomerPlan, FleetPlan, SubscriptionPlan } from './plan.ts';
import { salesforceId } from './salesforce_ids.ts';
import type { TackleRecord } from './types.ts';

/** Price of a unit above the commitment, in US dollars. */
export const UNIT_PRICE = 0.137;

/** One offer of a term: the first, and after an amendment the one that supersedes it. */
export interface OfferPlan {
  readonly term: SubscriptionPlan;
  readonly amended: boolean;
  readonly offer_id: string;
  readonly po_id: string;
  readonly contract_id: string;
  readonly starts_at: number;
  readonly value: number;
  readonly opportunity: number;
}

/** The offers of a term in order of their start. */
export function offersOf(plan: FleetPlan, term: SubscriptionPlan): readonly OfferPlan[] {
  const first: OfferPlan = {
    term,
    amended: false,
    offer_id: term.offer_id,
    po_id: term.po_id,
    contract_id: contractIdOf(plan, term),
    starts_at: term.starts_at,
    value: termValue(term),
    opportunity: term.number * 4 + 1,
  };
  if (term.amended_at === null) return [first];
  const share = commitmentOf(term, true) / commitmentOf(term, false);
  const second = {
    amended: true,
    offer_id: `${term.offer_id}-a`,
    po_id: uuid(plan.seed, 5, term.number),
    contract_id: uuid(plan.seed, 6, term.number),
    starts_at: term.amended_at,
    value: Math.round(first.value * share * 10) / 10,
    opportunity: term.number * 4 + 2,
  };
  return [first, { ...first, ...second }];
}

/** The id of a term's first contract. */
export function contractIdOf(plan: FleetPlan, term: SubscriptionPlan): string {
  return uuid(plan.seed, 7, term.number);
}

/** Microsoft's own id of an Azure subscription, the same for all offers of a term. */
function azureSubscriptionId(plan: FleetPlan, term: SubscriptionPlan): string {
  return uuid(plan.seed, 8, term.number);
}

/** What an Azure private offer includes: a monthly quantity, nothing stated, or as much as one likes. */
export function azureInclusion(term: SubscriptionPlan): 'quantity' | 'none' | 'unlimited' {
  if (term.number % 11 === 5) return 'unlimited';
  return term.number % 7 === 3 ? 'none' : 'quantity';
}

/** Offers are accepted three days before they start. */
function acceptedAt(offer: OfferPlan): number {
  return offer.starts_at - 3 * DAY_SECONDS;
}

function customerOf(plan: FleetPlan, term: SubscriptionPlan): CustomerPlan {
  const customer = plan.customers[term.customer];
  if (customer === undefined)
    throw new RangeError(`simulators: subscription ${term.subscription_id}: no customer`);
  return customer;
}

/** Contracts on all clouds that are made out at `now`: one per offer. */
export function* contracts(plan: FleetPlan, now: number): Iterable<TackleRecord> {
  for (const term of plan.subscriptions) {
    for (const offer of offersOf(plan, term)) if (acceptedAt(offer) <= now) yield contract(plan, offer, now);
  }
}

function contract(plan: FleetPlan, offer: OfferPlan, now: number): TackleRecord {
  const { term } = offer;
  const customer = customerOf(plan, term);
  const status = contractStatus(customer, offer, now);
  const paid = Math.max(
    0,
    Math.min(1, (now - offer.starts_at - 40 * DAY_SECONDS) / (term.ends_at - offer.starts_at)),
  );
  const net = Math.round(offer.value * (1 - MARKETPLACE_FEE_RATE) * 100) / 100;
  const months = Math.floor(paid * 12) / 12;
  const money = (amount: number) => ({ amount: Math.round(amount * 100) / 100, currencyCode: 'USD' });
  return {
    id: offer.contract_id,
    vendorId: uuid(plan.seed, 9, 0),
    cloudMarketplace: term.cloud,
    channel: hash32(plan.seed, 120, term.number, 0) % 7 === 0 ? 'partner' : 'direct',
    buyerId: term.buyer_id,
    companyName: customer.name,
    productId: term.product_id,
    listingName: `Polar storage for ${term.cloud}`,
    listingType: term.phase === 'saas' ? 'SaaS' : 'Application',
    pricingModel: term.phase === 'public' ? 'Usage only' : 'Contract + usage',
    offerId: offer.offer_id,
    offerType: term.phase === 'private' ? 'private' : 'public',
    offerName: `${customer.name} ${term.plan}`,
    tackleOfferId: offer.po_id,
    contractStatus: status,
    cloudContractStatus: status.toUpperCase(),
    acceptedDate: toInstant(acceptedAt(offer)),
    startDate: toInstant(offer.starts_at),
    endDate: toInstant(term.ends_at),
    contractDuration: `P${Math.round((term.ends_at - offer.starts_at) / DAY_SECONDS)}D`,
    autoRenew: term.phase === 'public',
    totalContractValue: money(offer.value),
    totalNetValue: money(net),
    grossDisbursed: money(offer.value * months),
    netDisbursed: money(net * months),
    marketplaceFeeRate: MARKETPLACE_FEE_RATE,
    lastModified: toInstant(lastChange([acceptedAt(offer), offer.starts_at, ...changesOf(term)], now)),
    cloudData: {},
  };
}

function contractStatus(customer: CustomerPlan, offer: OfferPlan, now: number): string {
  const { term } = offer;
  if (term.cancelled_at !== null && term.cancelled_at <= now) return 'Cancelled';
  if (term.ends_at <= now)
    return customer.hygiene.includes('contract_active_past_end') ? 'Active' : 'Expired';
  if (!offer.amended && term.amended_at !== null && term.amended_at <= now) return 'Amended';
  return offer.starts_at <= now ? 'Active' : 'Pending';
}

function changesOf(term: SubscriptionPlan): readonly number[] {
  return [term.amended_at, term.cancelled_at, term.ends_at].filter((at) => at !== null);
}

function lastChange(times: readonly number[], now: number): number {
  return Math.max(...times.filter((at) => at <= now));
}

/** Subscriptions that exist at `now`: one per term, on all clouds. */
export function* subscriptions(plan: FleetPlan, now: number): Iterable<TackleRecord> {
  for (const term of plan.subscriptions) {
    if (term.starts_at - DAY_SECONDS <= now) yield subscription(plan, term, now);
  }
}

function subscription(plan: FleetPlan, term: SubscriptionPlan, now: number): TackleRecord {
  const customer = customerOf(plan, term);
  const created = term.starts_at - DAY_SECONDS;
  const registered = created + 5 * HOUR_SECONDS;
  const unregistered = customer.hygiene.includes('subscription_without_registration') || registered > now;
  const ended = (term.cancelled_at ?? term.ends_at) <= now;
  const [email] = [`buyer@${customer.domain}`];
  const offers = offersOf(plan, term).filter((offer, i) => i === 0 || offer.starts_at <= now);
  return {
    tackle_subscription_id: term.subscription_id,
    productid: term.product_id,
    cloud: term.cloud,
    customerid: term.buyer_id,
    offerid: offers.at(-1)?.offer_id ?? term.offer_id,
    created_at: toInstant(created),
    registered_at: unregistered ? null : toInstant(registered),
    started_at: term.starts_at <= now ? toInstant(term.starts_at) : null,
    ended_at: ended ? toInstant(term.cancelled_at ?? term.ends_at) : null,
    cancelled_at: term.cancelled_at !== null && ended ? toInstant(term.cancelled_at) : null,
    updated_at: toInstant(lastChange([created, registered, term.starts_at, ...changesOf(term)], now)),
    is_free_trial: false,
    entitlements: entitlements(plan, term, now),
    registration_details: unregistered ? null : { company: customer.name, email },
    marketplace_data: {},
  };
}

/** Under the cloud's name: one object on Azure, a list on the others. */
function entitlements(plan: FleetPlan, term: SubscriptionPlan, now: number): object {
  const commit = commitmentOf(term, term.amended_at !== null && term.amended_at <= now);
  const fixed = term.phase === 'private';
  const ended = (term.cancelled_at ?? term.ends_at) <= now;
  const expiration = toInstant(term.ends_at);
  if (term.cloud === 'azure') {
    const subscription_id = azureSubscriptionId(plan, term);
    const quantity = fixed ? commit : null;
    const subscription_name = `${term.plan}-${term.number}`;
    return {
      azure: { plan: term.plan, quantity, subscription_id, subscription_name, offer_id: 'polar-storage' },
    };
  }
  if (term.cloud === 'aws') {
    const entry = { dimension: 'capacity_used_tib', skuid: `sku-${term.number}`, expiration, value: commit };
    return { aws: fixed ? [entry] : [] };
  }
  const entry = {
    name: `providers/polar/entitlements/${uuid(plan.seed, 13, term.number)}`,
    account: `providers/polar/accounts/${term.buyer_id}`,
    plan: term.plan,
    product: term.product_id,
    state: ended ? 'ENTITLEMENT_CANCELLED' : 'ENTITLEMENT_ACTIVE',
    usageReportingId: `project_number:${1_000_000 + term.number}`,
    newPendingPlan: '',
    offerEndTime: expiration,
  };
  return { gcp: [entry] };
}

/** Microsoft private offers that were sent out by `now`: thirty days before their start. */
export function* microsoftOffers(plan: FleetPlan, now: number): Iterable<TackleRecord> {
  for (const term of plan.subscriptions.filter((t) => t.cloud === 'azure' && t.phase === 'private')) {
    for (const offer of offersOf(plan, term)) {
      if (offer.starts_at - 30 * DAY_SECONDS <= now) yield microsoftOffer(plan, offer, now);
    }
  }
}

function microsoftOffer(plan: FleetPlan, offer: OfferPlan, now: number): TackleRecord {
  const { term } = offer;
  const customer = customerOf(plan, term);
  const state = now < acceptedAt(offer) ? 'viewed' : now < offer.starts_at ? 'accepted' : 'subscribed';
  const cancelled = term.cancelled_at !== null && term.cancelled_at <= now;
  return {
    po_id: offer.po_id,
    offer_type: term.term === 0 ? 'new' : 'renewal',
    product_ref: term.product_id,
    salesforce: { opportunity_id: salesforceId('Opportunity', offer.opportunity) },
    buyer_details: { company_name: customer.name, billing_account_id: uuid(plan.seed, 10, customer.number) },
    start_on: 'date',
    start_date: toDate(offer.starts_at),
    end_date: toDate(term.ends_at),
    accept_by_date: toDate(offer.starts_at),
    plan_ref: term.plan,
    offer_ref: offer.offer_id,
    subscription_ref: azureSubscriptionId(plan, term),
    state: cancelled ? 'canceled' : state,
    status: term.ends_at <= now ? 'expired' : 'live',
    pricing: { plan_ref: term.plan, payment_model: 'monthly', dimensions: azureDimensions(offer) },
  };
}

function azureDimensions(offer: OfferPlan): object {
  const commit = commitmentOf(offer.term, offer.amended);
  const inclusion = azureInclusion(offer.term);
  const level = (dimension_term: string) => ({
    dimension_term,
    unlimited_quantity: inclusion === 'unlimited',
    quantity: inclusion === 'unlimited' ? 0 : commit,
  });
  const included_quantities = inclusion === 'none' ? [] : [level('monthly'), level('annual')];
  const usage = { enabled: true, price_per_unit_in_usd: UNIT_PRICE };
  return {
    capacity_used_tib: { ...usage, unit_of_measure: 'TiB', included_quantities },
    egress_gib: { ...usage, unit_of_measure: 'GiB', price_per_unit_in_usd: 0.021, included_quantities: [] },
  };
}

/** AWS private offers that were sent out by `now`. */
export function* awsOffers(plan: FleetPlan, now: number): Iterable<TackleRecord> {
  for (const term of plan.subscriptions.filter((t) => t.cloud === 'aws' && t.phase === 'private')) {
    for (const offer of offersOf(plan, term)) {
      if (offer.starts_at - 30 * DAY_SECONDS <= now) yield awsOffer(offer);
    }
  }
}

function awsOffer(offer: OfferPlan): TackleRecord {
  const { term } = offer;
  const quantity = commitmentOf(term, offer.amended);
  const price = Math.round((offer.value / quantity) * 100) / 100;
  return {
    po_id: offer.po_id,
    offerid: offer.offer_id,
    offer_type: term.term === 0 ? 'direct' : 'renewal',
    source_offer_id: null,
    salesforce_id: salesforceId('Opportunity', offer.opportunity),
    offer_expiration_at: toInstant(offer.starts_at),
    pricing: {
      dimensions: [{ name: 'Capacity', api_name: term.plan, quantity, price }],
      usage_dimensions: [{ sku: 'capacity_used_tib', description: 'Held capacity', price: UNIT_PRICE }],
      schedule: [],
      payment_model: 'UPFRONT',
      service_start_at: toInstant(offer.starts_at),
      service_end_at: toInstant(term.ends_at),
      currency_code: 'USD',
    },
  };
}
