import type { AccountLink, Cloud } from './plan.ts';

/** Rules that are planted on single customers, each on about one customer in 26; the names are the findings' rule ids. */
export const PLANTED_RULES = [
  'account_without_polaris_id',
  'two_accounts_one_customer',
  'customer_without_account',
  'offer_without_opportunity',
  'offer_opportunity_other_account',
  'won_opportunity_without_contract',
  'contract_active_past_end',
  'missing_owner',
  'missing_region',
  'missing_renewal_date',
  'inactive_owner',
  'duplicate_account',
  'contact_without_email',
  'amount_differs_from_offer',
  'close_date_in_past',
  'orphan_case',
  'subscription_without_registration',
  'entitlement_without_cluster',
  'cluster_without_entitlement',
] as const;

export type PlantedRule = (typeof PLANTED_RULES)[number];

/** Rules that only a customer of a marketplace cloud can break. */
const NEEDS_MARKETPLACE: ReadonlySet<string> = new Set<PlantedRule>([
  'offer_without_opportunity',
  'offer_opportunity_other_account',
  'amount_differs_from_offer',
  'subscription_without_registration',
  'entitlement_without_cluster',
  'cluster_without_entitlement',
]);

/** Prime to 7, so that every rule comes round; the first customer always stays clean. */
const CYCLE = 26;

/** The rule planted on a customer: none for some, and never one that its cloud rules out. */
export function plantedRules(customer: number, cloud: Cloud): readonly PlantedRule[] {
  const rule = PLANTED_RULES[(customer * 7 + CYCLE - 1) % CYCLE];
  if (rule === undefined || (cloud === 'onprem' && NEEDS_MARKETPLACE.has(rule))) return [];
  return [rule];
}

/** How account and customer name each other, given the rules planted on the customer. */
export function accountLink(customer: number, rules: readonly PlantedRule[]): AccountLink {
  if (rules.includes('customer_without_account')) return 'none';
  if (rules.includes('account_without_polaris_id')) return 'polaris_only';
  if (rules.includes('two_accounts_one_customer')) {
    return customer % 2 === 0 ? 'two_accounts' : 'two_accounts_unnamed';
  }
  return customer % 8 === 6 ? 'salesforce_only' : 'both';
}
