import { inStampOrder } from './dated_record.ts';
import type { Fleet } from './fleet.ts';
import { toSeconds } from './instants.ts';
import type { FleetPlan } from './plan.ts';
import { accounts, contacts } from './salesforce_accounts.ts';
import { cases } from './salesforce_cases.ts';
import { permissionSetAssignments, profiles, userRoles, users } from './salesforce_people.ts';
import { contracts, entitlements, opportunities } from './salesforce_sales.ts';
import type { Instant, SalesforceObject, SalesforceRecord, SalesforceSource } from './types.ts';

const MAKERS: Readonly<
  Record<SalesforceObject, (plan: FleetPlan, now: number) => readonly SalesforceRecord[]>
> = {
  Account: accounts,
  Contact: contacts,
  Opportunity: opportunities,
  Contract: contracts,
  Entitlement: entitlements,
  Case: cases,
  User: users,
  UserRole: userRoles,
  Profile: profiles,
  PermissionSetAssignment: permissionSetAssignments,
};

/**
 * The fleet's side in Salesforce. The records of one object at one instant are made once and kept until another
 * instant is asked for.
 */
export function createSalesforceSource(fleet: Fleet): SalesforceSource {
  const kept = new Map<
    SalesforceObject,
    { readonly now: Instant; readonly records: readonly SalesforceRecord[] }
  >();
  return (object, now) => {
    const held = kept.get(object);
    if (held?.now === now) return held.records;
    const records = inStampOrder(MAKERS[object](fleet.plan, toSeconds(now)));
    kept.set(object, { now, records });
    return records;
  };
}
