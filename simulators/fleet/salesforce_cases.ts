import { datedRecord } from './dated_record.ts';
import { between, chance, hash32 } from './hash.ts';
import { DAY_SECONDS, toInstant } from './instants.ts';
import type { CustomerPlan, FleetPlan } from './plan.ts';
import { accountId, salesforceId } from './salesforce_ids.ts';
import type { SalesforceRecord } from './types.ts';

/** Cases reach back this many days before the first metered hour. */
const BACK_DAYS = 365;
const CATEGORIES = ['Networking', 'Hardware', 'Software', 'Performance', 'Access', 'Other'] as const;
type Category = (typeof CATEGORIES)[number];
/** Shares per mille, in the order of CATEGORIES: in the cloud networking is up and hardware is down. */
const CLOUD_MIX = [340, 40, 220, 180, 140, 80];
const ONPREM_MIX = [130, 310, 230, 180, 70, 80];
const SUBJECTS: Readonly<Record<Category, string>> = {
  Networking: 'Mount times out after a route change',
  Hardware: 'Disk reported as failing',
  Software: 'Upgrade stopped half way',
  Performance: 'Writes slower than last week',
  Access: 'New administrator cannot sign in',
  Other: 'Question about the invoice',
};

/** Cases as of `now`, in no particular order; customers in decline open more of them. */
export function cases(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  const lastDay = Math.floor((now - plan.start) / DAY_SECONDS);
  return plan.customers.flatMap((customer) => {
    const first = Math.max(-BACK_DAYS, Math.ceil((customer.created_at - plan.start) / DAY_SECONDS));
    const days = Array.from({ length: Math.max(0, lastDay - first + 1) }, (_, i) => first + i);
    return days.flatMap((day) => caseOn(plan, customer, day, now));
  });
}

function caseOn(
  plan: FleetPlan,
  customer: CustomerPlan,
  day: number,
  now: number,
): readonly SalesforceRecord[] {
  const h = (part: number) => hash32(plan.seed, 110 + part, customer.number, day);
  const midnight = plan.start + day * DAY_SECONDS;
  const { decline_from: decline, terminated_at: ends } = customer;
  if (ends !== null && midnight > ends) return [];
  const declining = decline !== null && midnight > decline;
  if (!chance(h(0), declining ? 110 : 42)) return [];
  const created = midnight + between(h(1), 0, DAY_SECONDS - 1);
  const cluster = customer.clusters[h(2) % customer.clusters.length];
  const onprem = cluster?.cloud === 'onprem';
  const category = categoryOf(onprem ? ONPREM_MIX : CLOUD_MIX, h(3) % 1000);
  const answered = created + between(h(4), 600, 9 * 3600);
  const closed = chance(h(5), 60)
    ? created + 120 * DAY_SECONDS
    : answered + between(h(6), 3600, 12 * DAY_SECONDS);
  const isClosed = closed <= now;
  const fields = {
    AccountId: isOrphan(customer, h(7)) ? null : accountId(customer.number, 0),
    Subject: SUBJECTS[category],
    Status: isClosed ? 'Closed' : answered <= now ? 'Working' : 'New',
    Priority: ['High', 'Medium', 'Medium', 'Low'][h(8) % 4] ?? 'Medium',
    Origin: ['Web', 'Phone', 'Email'][h(9) % 3] ?? 'Web',
    ClosedDate: isClosed ? toInstant(closed) : null,
    IsClosed: isClosed,
    Category__c: spelling(category, h(10)),
    Deployment__c: deployment(onprem, h(11)),
    First_Response_At__c: answered <= now ? toInstant(answered) : null,
  };
  const deleted = chance(h(12), 12) ? created + 20 * DAY_SECONDS : null;
  const id = salesforceId('Case', customer.number * 100_000 + day + BACK_DAYS + 1);
  return datedRecord(id, fields, { created, changes: [answered, closed], deleted }, now);
}

/** Where orphans are planted, one case in four lacks its account. */
function isOrphan(customer: CustomerPlan, hash: number): boolean {
  return customer.hygiene.includes('orphan_case') && hash % 4 === 0;
}

function categoryOf(mix: readonly number[], perMille: number): Category {
  let rest = perMille;
  for (const [i, share] of mix.entries()) {
    if (rest < share) return CATEGORIES[i] ?? 'Other';
    rest -= share;
  }
  return 'Other';
}

/** People write the same value in several ways, and now and then something else. */
function spelling(category: Category, hash: number): string | null {
  if (hash % 40 === 0) return null;
  if (hash % 40 === 1) return 'Billing';
  return hash % 15 === 2 ? category.toLowerCase() : category;
}

function deployment(onprem: boolean, hash: number): string | null {
  if (hash % 50 === 0) return null;
  if (!onprem) return hash % 20 === 3 ? 'cloud' : 'Cloud';
  return ['On Premises', 'On-Premises', 'on premises', 'OnPremises'][hash % 4] ?? 'On Premises';
}
