import { datedRecord, lastTouch } from './dated_record.ts';
import { between, chance, hash32 } from './hash.ts';
import { DAY_SECONDS, toDate } from './instants.ts';
import { companyName, personName } from './names.ts';
import { inForce, termValue } from './offer_values.ts';
import type { CustomerPlan, FleetPlan } from './plan.ts';
import { customerEmail } from './polaris_catalogues.ts';
import { accountId, salesforceId } from './salesforce_ids.ts';
import { inactiveUserId, ownerId } from './salesforce_people.ts';
import type { SalesforceRecord } from './types.ts';

const CLOUD_NAMES = { azure: 'Azure', gcp: 'Google Cloud', aws: 'AWS', onprem: 'On Premises' } as const;
/** Numbers of the accounts that are no customers, and of their names. */
const PROSPECTS_FROM = 2_000_000;

/** When a customer's account was made in Salesforce: some weeks before it reached Polaris. */
function accountCreatedAt(plan: FleetPlan, customer: CustomerPlan): number {
  return customer.created_at - between(hash32(plan.seed, 101, customer.number, 0), 70, 120) * DAY_SECONDS;
}

/** Accounts as of `now`, in no particular order: customers', planted doubles, prospects, some of them deleted. */
export function accounts(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  const ofCustomers = plan.customers.flatMap((c) => [
    ...mainAccount(plan, c, now),
    ...secondAccount(plan, c, now),
  ]);
  const prospects = Array.from({ length: Math.ceil(plan.customers.length / 6) }, (_, i) =>
    prospect(plan, i, now),
  );
  return [...ofCustomers, ...prospects.flat()];
}

function mainAccount(plan: FleetPlan, customer: CustomerPlan, now: number): readonly SalesforceRecord[] {
  const { number, hygiene, account_link: link, terminated_at } = customer;
  const created = accountCreatedAt(plan, customer);
  const h = (part: number) => hash32(plan.seed, 102, number, part);
  const ended = terminated_at !== null && terminated_at <= now;
  const owner = hygiene.includes('inactive_owner') ? inactiveUserId() : ownerId(plan, number);
  const fields = {
    // An account that stands for no Polaris customer was entered under a name that does not match either.
    Name: link === 'none' ? `${customer.name} Holding` : customer.name,
    ParentId: number % 12 === 5 ? accountId(number - 1, 0) : null,
    Type: ended ? 'Former Customer' : 'Customer - Direct',
    Industry: customer.industry,
    BillingCountry: hygiene.includes('missing_region') ? null : customer.country,
    Website: link === 'none' ? null : `https://www.${customer.domain}`,
    OwnerId: hygiene.includes('missing_owner') ? null : owner,
    Polaris_Customer_Id__c: link === 'none' || link === 'polaris_only' ? null : customer.customer_id,
    Cloud_Provider__c: CLOUD_NAMES[customer.cloud],
    Target_Account__c: chance(h(0), 250),
    CSM__c: ownerId(plan, number + 1),
    Renewal_Date__c: hygiene.includes('missing_renewal_date') ? null : renewalDate(customer, now),
    ARR__c: annualRevenue(customer, now),
  };
  const renewals = customer.subscriptions.flatMap((s) => [s.starts_at, s.cancelled_at ?? s.ends_at]);
  const touched = lastTouch(created, between(h(1), 20, 60) * DAY_SECONDS + 977, now);
  return datedRecord(
    accountId(number, 0),
    fields,
    { created, changes: [...renewals, terminated_at, touched] },
    now,
  );
}

/** A second account that claims the same customer, or doubles the first under the same name and domain. */
function secondAccount(plan: FleetPlan, customer: CustomerPlan, now: number): readonly SalesforceRecord[] {
  const claims = customer.hygiene.includes('two_accounts_one_customer');
  if (!claims && !customer.hygiene.includes('duplicate_account')) return [];
  const created = accountCreatedAt(plan, customer) + 9 * DAY_SECONDS;
  const fields = {
    Name: claims ? `${customer.name} EMEA` : `${customer.name.toUpperCase().replace(' ', '  ')}.`,
    ParentId: null,
    Type: 'Customer - Direct',
    Industry: customer.industry,
    BillingCountry: customer.country,
    Website: claims ? `https://emea-${customer.domain}` : `http://${customer.domain}/`,
    OwnerId: ownerId(plan, customer.number),
    Polaris_Customer_Id__c: claims ? customer.customer_id : null,
    Cloud_Provider__c: CLOUD_NAMES[customer.cloud],
    Target_Account__c: false,
    CSM__c: null,
    Renewal_Date__c: claims ? renewalDate(customer, now) : toDate(plan.start + 400 * DAY_SECONDS),
    ARR__c: null,
  };
  return datedRecord(accountId(customer.number, 1), fields, { created }, now);
}

function prospect(plan: FleetPlan, nth: number, now: number): readonly SalesforceRecord[] {
  const company = companyName(plan.customers.length + nth);
  const created = plan.start + (nth * 7 - 120) * DAY_SECONDS + 33_333;
  const fields = {
    Name: company.name,
    ParentId: null,
    Type: 'Prospect',
    Industry: company.industry,
    BillingCountry: 'NL',
    Website: `https://${company.domain}`,
    OwnerId: ownerId(plan, PROSPECTS_FROM + nth),
    Polaris_Customer_Id__c: null,
    Cloud_Provider__c: 'Azure',
    Target_Account__c: nth % 2 === 0,
    CSM__c: null,
    Renewal_Date__c: null,
    ARR__c: null,
  };
  const deleted = nth % 4 === 1 ? created + 60 * DAY_SECONDS : null;
  return datedRecord(salesforceId('Account', PROSPECTS_FROM + nth), fields, { created, deleted }, now);
}

/** The earliest end among the purchases in force; a licence on premises runs for three years at a time. */
function renewalDate(customer: CustomerPlan, now: number): string {
  const ends = inForce(customer, now).map((s) => s.ends_at);
  if (ends.length > 0) return toDate(Math.min(...ends));
  const last = customer.subscriptions.map((s) => s.ends_at).filter((end) => end <= now);
  return toDate(last.length > 0 ? Math.max(...last) : licenceEnd(customer, now));
}

/** The end of the on-premises licence that runs at `now`: at the customer's end, else three years at a time. */
export function licenceEnd(customer: CustomerPlan, now: number): number {
  if (customer.terminated_at !== null) return customer.terminated_at;
  const length = 1095 * DAY_SECONDS;
  return (
    customer.created_at +
    Math.ceil((Math.max(now, customer.created_at) - customer.created_at + 1) / length) * length
  );
}

function annualRevenue(customer: CustomerPlan, now: number): number {
  const yearly = inForce(customer, now).map(
    (s) => (termValue(s) * 365 * DAY_SECONDS) / (s.ends_at - s.starts_at),
  );
  return Math.round(yearly.reduce((sum, value) => sum + value, 0) * 100) / 100;
}

/** Contacts as of `now`: the first three of each customer's people, some of them missing or deleted since. */
export function contacts(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  return plan.customers.flatMap((customer) => [0, 1, 2].flatMap((nth) => contact(plan, customer, nth, now)));
}

function contact(
  plan: FleetPlan,
  customer: CustomerPlan,
  nth: number,
  now: number,
): readonly SalesforceRecord[] {
  const h = hash32(plan.seed, 103, customer.number, nth);
  if (nth === 2 && chance(h, 300)) return [];
  const person = personName(plan.seed, customer.number * 10 + nth);
  const created = accountCreatedAt(plan, customer) + between(h, 1, 60) * DAY_SECONDS;
  const withoutEmail = nth === 1 && customer.hygiene.includes('contact_without_email');
  const fields = {
    AccountId: accountId(customer.number, 0),
    Email: withoutEmail ? null : customerEmail(plan, customer, nth),
    FirstName: person.given,
    LastName: person.family,
    Title: ['Head of Infrastructure', 'Storage Engineer', 'Buyer'][nth] ?? null,
  };
  const deleted =
    nth === 2 && chance(h ^ 0x51ed270b, 60)
      ? Math.max(created, plan.start) + between(h, 1, 100) * DAY_SECONDS
      : null;
  const touched = lastTouch(created, (90 + (h % 200)) * DAY_SECONDS, now);
  const id = salesforceId('Contact', customer.number * 10 + nth + 1);
  return datedRecord(id, fields, { created, changes: [touched], deleted }, now);
}
