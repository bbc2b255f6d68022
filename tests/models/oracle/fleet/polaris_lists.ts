import type { ApiRecord } from '../world.ts';
import { CLUSTERS } from './plans.ts';
import { UNITS } from './readings.ts';

/** A Salesforce id of 15 characters without capitals: its longer form ends with AAA. */
const shortId = (prefix: string, name: string): string => prefix + name.padStart(12, '0');
export const longId = (prefix: string, name: string): string => `${shortId(prefix, name)}AAA`;
export const accountId = (name: string): string => longId('001', name);

/** Which account Polaris names for a customer: by 15 characters, by 18, none, one that is gone. */
const NAMED: Readonly<Record<string, string | null>> = {
  'cus-a': shortId('001', 'a'),
  'cus-b': null,
  'cus-c': accountId('c'),
  'cus-d': accountId('d'),
  'cus-e': null,
  'cus-f': null,
  'cus-g': shortId('001', 'g2'),
  'cus-h': accountId('z'),
  'cus-j': accountId('gone'),
  'cus-k': null,
};

/** Polaris' catalogues as run `n` (from 1) finds them. */
export function polarisLists(n: number): Readonly<Record<string, readonly ApiRecord[]>> {
  return {
    'polaris.dimensions': Object.entries(UNITS).map(([dimension, { unit, measure }]) => ({
      dimension,
      unit,
      measure,
      billable: dimension === 'capacity_used_tib',
      description: dimension,
    })),
    'polaris.customers': Object.entries(NAMED).map(([customer_id, salesforce_account_id]) => ({
      customer_id,
      name: `Customer ${customer_id}`,
      salesforce_account_id,
      created_at: '2025-05-01T00:00:00Z',
      status: 'active',
    })),
    'polaris.clusters': CLUSTERS.filter(({ created_at }) => n > 1 || created_at < '2026-02-11').map(
      (plan) => ({
        cluster_id: plan.cluster_id,
        customer_id: plan.customer_id,
        subscription_id: subscriptionInCatalogue(plan.cluster_id, n),
        cloud: plan.cloud,
        region: plan.region,
        provisioned_tib: '40.5',
        created_at: plan.created_at,
        terminated_at: terminated(plan.cluster_id, plan.terminated_at, n),
      }),
    ),
    'polaris.users': [],
  };
}

function subscriptionInCatalogue(cluster_id: string, n: number): string | null {
  const plan = CLUSTERS.find((each) => each.cluster_id === cluster_id);
  // At the first run the catalogue knows of no move yet.
  return plan?.subscription(n === 1 ? 0 : Number.POSITIVE_INFINITY) ?? null;
}

/** c13 is announced to end after everything; c09 was said to have ended, in a second run of the same date only. */
function terminated(cluster_id: string, stated: string | null, n: number): string | null {
  if (cluster_id === 'c13' && n === 5) return '2026-03-27T11:00:00Z';
  if (cluster_id === 'c09' && n === 4) return '2026-03-01T00:00:00Z';
  return n === 5 ? stated : null;
}
