import { datedRecord } from './dated_record.ts';
import { between, hash32 } from './hash.ts';
import { DAY_SECONDS, toDate } from './instants.ts';
import { termValue } from './offer_values.ts';
import type { CustomerPlan, FleetPlan, SubscriptionPlan } from './plan.ts';
import { licenceEnd } from './salesforce_accounts.ts';
import { accountId, salesforceId } from './salesforce_ids.ts';
import { ownerId } from './salesforce_people.ts';
import { contractIdOf, type OfferPlan, offersOf } from './tackle_offers.ts';
import type { SalesforceRecord } from './types.ts';

/** A renewal or a first deal is opened this long before its term. */
const OPEN_DAYS = 60;
/** Numbers of records that follow from a customer and not from one of its purchases. */
const OF_CUSTOMER = 3_000_000_000;

/** Opportunities as of `now`, in no particular order: one per marketplace term, lost renewals, licences, planted ones. */
export function opportunities(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  return plan.customers.flatMap((customer) => [
    ...customer.subscriptions.flatMap((term) => termOpportunities(plan, customer, term, now)),
    ...licenceOpportunity(plan, customer, now),
    ...plantedOpportunities(plan, customer, now),
  ]);
}

function termOpportunities(
  plan: FleetPlan,
  customer: CustomerPlan,
  term: SubscriptionPlan,
  now: number,
): readonly SalesforceRecord[] {
  const { hygiene } = customer;
  const won = hygiene.includes('offer_without_opportunity')
    ? []
    : offersOf(plan, term).flatMap((offer) => wonOpportunity(plan, customer, offer, now));
  if (term.renewed || term.ends_at > plan.start + (plan.days + 90) * DAY_SECONDS) return won;
  const lost = opportunity(plan, customer, {
    number: term.number * 4 + 3,
    name: `${customer.name} renewal`,
    stage: now >= term.ends_at ? 'Closed Lost' : 'Negotiation',
    amount: termValue(term),
    closes: term.ends_at,
    created: term.ends_at - OPEN_DAYS * DAY_SECONDS,
    offer: null,
  });
  return [...won, ...lost(now)];
}

function wonOpportunity(
  plan: FleetPlan,
  customer: CustomerPlan,
  offer: OfferPlan,
  now: number,
): readonly SalesforceRecord[] {
  const { hygiene } = customer;
  const { term, starts_at, value } = offer;
  const kind = offer.amended ? ' amendment' : term.term === 0 ? '' : ` renewal ${term.term}`;
  const differs = hygiene.includes('amount_differs_from_offer');
  const other = hygiene.includes('offer_opportunity_other_account');
  return opportunity(plan, customer, {
    number: offer.opportunity,
    name: `${customer.name} ${term.plan}${kind}`,
    stage: now >= starts_at ? 'Closed Won' : 'Negotiation',
    amount: differs ? Math.round(value * 111) / 100 : value,
    closes: starts_at,
    created: starts_at - OPEN_DAYS * DAY_SECONDS,
    offer: offer.offer_id,
    account: other ? accountId(customer.number === 0 ? 1 : customer.number - 1, 0) : undefined,
  })(now);
}

function licenceOpportunity(
  plan: FleetPlan,
  customer: CustomerPlan,
  now: number,
): readonly SalesforceRecord[] {
  if (customer.cloud !== 'onprem') return [];
  return opportunity(plan, customer, {
    number: OF_CUSTOMER + customer.number * 10,
    name: `${customer.name} licence`,
    stage: now >= customer.created_at ? 'Closed Won' : 'Negotiation',
    amount: 48_000 + customer.number * 1234.1,
    closes: customer.created_at,
    created: customer.created_at - OPEN_DAYS * DAY_SECONDS,
    offer: null,
  })(now);
}

/** An open one whose close date has passed; a won one whose offer nobody has a contract for. */
function plantedOpportunities(
  plan: FleetPlan,
  customer: CustomerPlan,
  now: number,
): readonly SalesforceRecord[] {
  const { number, hygiene } = customer;
  const base = {
    amount: 9000.5,
    created: plan.start - 90 * DAY_SECONDS,
    closes: plan.start - 20 * DAY_SECONDS,
  };
  const past = opportunity(plan, customer, {
    ...base,
    number: OF_CUSTOMER + number * 10 + 1,
    name: `${customer.name} expansion`,
    stage: 'Proposal',
    offer: null,
  });
  const won = opportunity(plan, customer, {
    ...base,
    number: OF_CUSTOMER + number * 10 + 2,
    name: `${customer.name} second site`,
    stage: 'Closed Won',
    offer: `unknown-offer-${number}`,
  });
  return [
    ...(hygiene.includes('close_date_in_past') ? past(now) : []),
    ...(hygiene.includes('won_opportunity_without_contract') ? won(now) : []),
  ];
}

interface Deal {
  readonly number: number;
  readonly name: string;
  readonly stage: string;
  readonly amount: number;
  readonly closes: number;
  readonly created: number;
  readonly offer: string | null;
  readonly account?: string | undefined;
}

function opportunity(
  plan: FleetPlan,
  customer: CustomerPlan,
  deal: Deal,
): (now: number) => readonly SalesforceRecord[] {
  const fields = {
    AccountId: deal.account ?? accountId(customer.number, 0),
    Name: deal.name,
    StageName: deal.stage,
    Amount: Math.round(deal.amount * 100) / 100,
    CloseDate: toDate(deal.closes),
    Type: deal.name.includes('renewal') ? 'Renewal' : 'New Business',
    IsClosed: deal.stage.startsWith('Closed'),
    IsWon: deal.stage === 'Closed Won',
    OwnerId: ownerId(plan, customer.number),
    Marketplace_Offer_Id__c: deal.offer,
  };
  const changes = [
    deal.closes,
    deal.closes - between(hash32(plan.seed, 104, deal.number, 0), 1, 30) * DAY_SECONDS,
  ];
  const later = changes.filter((at) => at > deal.created);
  return (now) =>
    datedRecord(
      salesforceId('Opportunity', deal.number),
      fields,
      { created: deal.created, changes: later },
      now,
    );
}

/** One stretch that was bought, from which a Salesforce contract and entitlement follow. */
interface Bought {
  readonly number: number;
  readonly name: string;
  readonly starts: number;
  readonly ends: number;
  readonly tackle: string | null;
  readonly status: 'Draft' | 'Activated' | 'Expired';
}

/** Contracts as of `now`, in no particular order: one per marketplace term or licence. */
export function contracts(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  return plan.customers.flatMap((customer) =>
    boughtBy(plan, customer, now).flatMap((bought) => {
      const fields = {
        AccountId: accountId(customer.number, 0),
        Status: bought.status,
        StartDate: toDate(bought.starts),
        EndDate: toDate(bought.ends),
        ContractTerm: Math.max(1, Math.round((bought.ends - bought.starts) / (30.4 * DAY_SECONDS))),
        Tackle_Contract_Id__c: bought.tackle,
      };
      const history = { created: bought.starts - 5 * DAY_SECONDS, changes: [bought.starts, bought.ends] };
      return datedRecord(salesforceId('Contract', bought.number), fields, history, now);
    }),
  );
}

/** Entitlements as of `now`, in no particular order: one beside each contract. */
export function entitlements(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  return plan.customers.flatMap((customer) =>
    boughtBy(plan, customer, now).flatMap((bought) => {
      const live = bought.starts <= now && now < bought.ends;
      const fields = {
        AccountId: accountId(customer.number, 0),
        Name: `${bought.name} support`,
        Status: live ? 'Active' : bought.starts > now ? 'Inactive' : 'Expired',
        StartDate: toDate(bought.starts),
        EndDate: toDate(bought.ends),
      };
      const history = { created: bought.starts - 2 * DAY_SECONDS, changes: [bought.starts, bought.ends] };
      return datedRecord(salesforceId('Entitlement', bought.number), fields, history, now);
    }),
  );
}

function boughtBy(plan: FleetPlan, customer: CustomerPlan, now: number): readonly Bought[] {
  const { hygiene, number } = customer;
  if (hygiene.includes('won_opportunity_without_contract')) return [];
  const status = (starts: number, ends: number) =>
    now < starts ? 'Draft' : now < ends ? 'Activated' : 'Expired';
  const terms = customer.subscriptions.map((term) => {
    const ends = term.cancelled_at ?? term.ends_at;
    const tackle = contractIdOf(plan, term);
    const base = { number: term.number + 1, name: term.plan, starts: term.starts_at, ends, tackle };
    return { ...base, status: status(term.starts_at, ends) } as const;
  });
  const starts = customer.created_at;
  const ends = licenceEnd(customer, now);
  const licence = { number: OF_CUSTOMER + number, name: 'licence', starts, ends, tackle: null } as const;
  const stale = {
    number: OF_CUSTOMER * 2 + number,
    name: 'pilot',
    starts: plan.start - 400 * DAY_SECONDS,
    ends: plan.start - 35 * DAY_SECONDS,
    tackle: null,
    status: 'Activated',
  } as const;
  return [
    ...terms,
    ...(customer.cloud === 'onprem' ? [{ ...licence, status: status(starts, ends) } as const] : []),
    ...(hygiene.includes('contract_active_past_end') ? [stale] : []),
  ];
}
