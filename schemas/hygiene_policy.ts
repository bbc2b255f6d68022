import { z } from 'zod';
import { AUTHORS, approvedByAnother, name, version } from './policy_values.ts';

/** Groups of models/staging/groups.yml: who mends a finding. */
export const OWNER_GROUPS = [
  'data_platform',
  'customer_success',
  'finance',
  'sre',
  'sales_operations',
  'support',
] as const;

const PLACEHOLDERS: readonly string[] = ['{record}', '{detail}'];

/** What a person reads; `{record}` stands for the record's id and `{detail}` for what was found. */
const sentence = name
  .refine((text) => (text.match(/\{[^}]*\}?/g) ?? []).every((found) => PLACEHOLDERS.includes(found)), {
    error: 'want no other placeholder than {record} and {detail}',
  })
  .refine((text) => text.includes('{record}'), { error: 'want {record} in the sentence' });

const rule = z.strictObject({
  record_system: z.enum(['polaris', 'salesforce', 'tackle']),
  record_type: name,
  severity: z.enum(['high', 'medium', 'low']),
  owner: z.enum(OWNER_GROUPS),
  sentence,
  fix: name,
  enabled: z.boolean(),
});

/** The rules that `fct_findings` knows how to look for. Each is there; one that is not wanted has `enabled: false`. */
const RULES = z.strictObject({
  account_without_polaris_id: rule,
  two_accounts_one_customer: rule,
  customer_without_account: rule,
  offer_without_opportunity: rule,
  offer_opportunity_other_account: rule,
  won_opportunity_without_contract: rule,
  contract_active_past_end: rule,
  missing_owner: rule,
  missing_region: rule,
  missing_renewal_date: rule,
  inactive_owner: rule,
  duplicate_account: rule,
  contact_without_email: rule,
  amount_differs_from_offer: rule,
  close_date_in_past: rule,
  orphan_case: rule,
  subscription_without_registration: rule,
  entitlement_without_cluster: rule,
  cluster_without_entitlement: rule,
  control_total_difference: rule,
  seq_gap: rule,
});

/** Who mends what is wrong in which record, and how bad it is: the file `hygiene.yaml`. */
export const HYGIENE_POLICY = approvedByAnother(z.strictObject({ version, ...AUTHORS, rules: RULES }));
export type HygienePolicy = z.infer<typeof HYGIENE_POLICY>;
