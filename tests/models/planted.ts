import { createFleet, type Fleet } from '../../simulators/fleet/fleet.ts';
import { NO_WISH, type WorldWish } from '../../simulators/state.ts';

/** A world with every rule planted, and hours of egress; small, since each test loads it. */
export const PLANTED_WORLD: WorldWish = { ...NO_WISH, customers: 46, days: 30, dimensions: 7 };
/** The night that the world is first looked at, and one some days later. */
export const NOW = '2026-11-22T03:00:10Z';
export const LATER = '2026-11-27T03:00:10Z';

/** The fleet behind that world. */
export function plantedFleet(): Fleet {
  return createFleet({ seed: 1, customers: 46, days: 30, dimensions: 7, start: '2026-10-23T00:00:00Z' });
}

const BASE_62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Numbers of records that follow from a customer and not from one of its purchases. */
const OF_CUSTOMER = 3_000_000_000;

/** Which customer (its number) a finding's record belongs to. @throws Error for a record that the fleet does not have */
export function customerOf(fleet: Fleet, finding: Readonly<Record<string, unknown>>): number {
  const type = String(finding.record_type);
  const id = String(finding.record_id);
  const isSalesforce = finding.record_system === 'salesforce';
  const found = isSalesforce ? ofSalesforce(fleet, type, numberIn(id)) : ofPlan(fleet, id);
  if (found === undefined) throw new Error(`tests: ${type} ${id}: got none in the fleet, want one`);
  return found;
}

/** The number that the simulator made a Salesforce id from. */
export function numberIn(id: string): number {
  return [...id.slice(8, 15)].reduce((sum, digit) => sum * 62 + BASE_62.indexOf(digit), 0);
}

function ofSalesforce(fleet: Fleet, type: string, number: number): number | undefined {
  const ofTerm = (term: number) => fleet.plan.subscriptions[term]?.customer;
  switch (type) {
    case 'account':
      return Math.floor((number - 1) / 2);
    case 'contact':
      return Math.floor((number - 1) / 10);
    case 'case':
      return Math.floor(number / 100_000);
    case 'opportunity':
      return number < OF_CUSTOMER ? ofTerm(Math.floor(number / 4)) : Math.floor((number - OF_CUSTOMER) / 10);
    case 'contract':
      return number < OF_CUSTOMER ? ofTerm(number - 1) : number % OF_CUSTOMER;
    default:
      return undefined;
  }
}

function ofPlan({ plan }: Fleet, id: string): number | undefined {
  const customer = plan.customers.find(
    (each) =>
      each.customer_id === id ||
      each.clusters.some((cluster) => cluster.cluster_id === id) ||
      each.subscriptions.some((term) => term.subscription_id === id || id.startsWith(term.offer_id)),
  );
  return customer?.number;
}
