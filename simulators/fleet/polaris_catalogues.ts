import { decimalText } from './decimal_text.ts';
import type { Dimension } from './dimensions.ts';
import { between, chance, hash32, pick } from './hash.ts';
import { DAY_SECONDS, toInstant } from './instants.ts';
import { personName } from './names.ts';
import type { ClusterPlan, CustomerPlan, FleetPlan } from './plan.ts';
import { termAt } from './reading_rows.ts';
import { accountId } from './salesforce_ids.ts';

/** The catalogues of Polaris, by the last part of their path. */
export const POLARIS_CATALOGUES = ['dimensions', 'customers', 'clusters', 'users'] as const;
export type PolarisCatalogue = (typeof POLARIS_CATALOGUES)[number];

/** The vendor's own domain. */
export const VENDOR_DOMAIN = 'polarstore.example';

/** The records of one catalogue that exist at `now` (seconds since 1970). */
export function polarisCatalogue(
  plan: FleetPlan,
  dimensions: readonly Dimension[],
  catalogue: PolarisCatalogue,
  now: number,
): readonly object[] {
  const customers = plan.customers.filter((customer) => customer.created_at <= now);
  if (catalogue === 'dimensions') return dimensions.map(({ digits: _, ...shown }) => shown);
  if (catalogue === 'customers') return customers.map((customer) => customerRecord(customer, now));
  if (catalogue === 'users') return customers.flatMap((customer) => userRecords(plan, customer, now));
  return plan.clusters.filter((c) => c.created_at <= now).map((cluster) => clusterRecord(cluster, now));
}

function customerRecord(customer: CustomerPlan, now: number): object {
  const ended = customer.terminated_at !== null && customer.terminated_at <= now;
  const suspended = customer.number % 41 === 30;
  return {
    customer_id: customer.customer_id,
    name: customer.name,
    salesforce_account_id: namedAccount(customer),
    created_at: toInstant(customer.created_at),
    status: ended ? 'terminated' : suspended ? 'suspended' : 'active',
  };
}

/** The account that Polaris names: every third customer in the 15-character form. */
function namedAccount(customer: CustomerPlan): string | null {
  const link = customer.account_link;
  if (link === 'none' || link === 'salesforce_only' || link === 'two_accounts_unnamed') return null;
  const id = accountId(customer.number, 0);
  return customer.number % 3 === 0 ? id.slice(0, 15) : id;
}

/** A termination shows once it has come, for every third cluster ten days ahead. */
function clusterRecord(cluster: ClusterPlan, now: number): object {
  const ahead = cluster.number % 3 === 0 ? 10 * DAY_SECONDS : 0;
  const ends = cluster.terminated_at;
  return {
    cluster_id: cluster.cluster_id,
    customer_id: `cust-${String(cluster.customer + 1).padStart(5, '0')}`,
    subscription_id: termAt(cluster, now)?.subscription_id ?? null,
    cloud: cluster.cloud,
    region: cluster.region,
    provisioned_tib: decimalText(cluster.provisioned_tib * 1e9, 3),
    created_at: toInstant(cluster.created_at),
    terminated_at: ends !== null && ends <= now + ahead ? toInstant(ends) : null,
  };
}

const ROLES = ['owner', 'admin', 'operator', 'viewer', 'support'] as const;

/**
 * Three to five users per customer: one customer in thirteen without an owner; some disabled with a live role;
 * some of the vendor's own people with a customer's role; users of ended customers stay.
 */
function userRecords(plan: FleetPlan, customer: CustomerPlan, now: number): readonly object[] {
  const count = between(hash32(plan.seed, 81, customer.number, 0), 3, 5);
  const ownerless = customer.number % 13 === 9;
  const roles: [number, string][] = Array.from({ length: count }, (_, i) => [
    i,
    i === 0 ? (ownerless ? 'admin' : 'owner') : (ROLES[1 + ((i - 1) % 4)] ?? 'viewer'),
  ]);
  if (customer.number % 6 === 2) roles.push([8, 'internal_admin']);
  if (customer.number % 17 === 4) roles.push([9, 'operator']);
  return roles.flatMap(([nth, role]) => userRecord(plan, customer, nth, role, now));
}

/** One user, or nothing before its role was granted. */
function userRecord(
  plan: FleetPlan,
  customer: CustomerPlan,
  nth: number,
  role: string,
  now: number,
): readonly object[] {
  const number = customer.number * 10 + nth;
  const h = (part: number) => hash32(plan.seed, 82, number, part);
  const granted = customer.created_at + (nth === 0 ? 0 : between(h(0), 0, 20) * DAY_SECONDS);
  if (granted > now) return [];
  const user = {
    user_id: `user-${String(number).padStart(6, '0')}`,
    customer_id: customer.customer_id,
    email: customerEmail(plan, customer, nth),
    role,
    status: chance(h(1), 90) ? 'disabled' : 'active',
    last_login_at: lastLogin(customer, granted, h(2), now),
    granted_at: toInstant(granted),
  };
  return [user];
}

/** The address of a customer's nth person, the same in Polaris and Salesforce; from the eighth on, the vendor's people. */
export function customerEmail(plan: FleetPlan, customer: CustomerPlan, nth: number): string {
  const person = personName(plan.seed, customer.number * 10 + nth);
  const domain = nth >= 8 ? VENDOR_DOMAIN : customer.domain;
  return `${person.given}.${person.family}${nth === 0 ? '' : nth}@${domain}`.toLowerCase();
}

/** People come back at an even pace of 1 to 30 days; one in ten never came. */
function lastLogin(customer: CustomerPlan, granted: number, hash: number, now: number): string | null {
  const pace = pick([1, 2, 5, 7, 30], hash) * DAY_SECONDS;
  const until = Math.min(now, customer.terminated_at ?? now);
  if (hash % 10 === 0 || until <= granted) return null;
  return toInstant(granted + Math.floor((until - granted) / pace) * pace);
}
