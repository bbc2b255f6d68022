import { datedRecord } from './dated_record.ts';
import { hash32 } from './hash.ts';
import { DAY_SECONDS } from './instants.ts';
import { personName } from './names.ts';
import type { FleetPlan } from './plan.ts';
import { VENDOR_DOMAIN } from './polaris_catalogues.ts';
import { salesforceId } from './salesforce_ids.ts';
import type { SalesforceRecord } from './types.ts';

const ROLES = ['Sales', 'Customer Success', 'Support', 'Operations'];
const PROFILES = ['Standard User', 'System Administrator', 'Read Only'];
/** The one who has left: records that still name this user break `inactive_owner`. */
const INACTIVE = 1;

/** Salesforce users: the vendor's own staff, one more for every twelve customers. */
function userCount(plan: FleetPlan): number {
  return 8 + Math.ceil(plan.customers.length / 12);
}

/** The user who owns a customer's records: active, and the same every time. */
export function ownerId(plan: FleetPlan, customer: number): string {
  return salesforceId('User', 2 + (hash32(plan.seed, 100, customer, 0) % (userCount(plan) - 2)));
}

/** The user who has left. */
export function inactiveUserId(): string {
  return salesforceId('User', INACTIVE);
}

/** The users as of `now`, in no particular order. Setup records cannot be deleted. */
export function users(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  return Array.from({ length: userCount(plan) }, (_, i) => i).flatMap((i) => {
    const { given, family } = personName(plan.seed, 5_000_000 + i);
    const email = `${given}.${family}.${i}@${VENDOR_DOMAIN}`.toLowerCase();
    const fields = {
      Username: email,
      Email: email,
      Name: `${given} ${family}`,
      IsActive: i !== INACTIVE,
      ProfileId: salesforceId('Profile', (i % PROFILES.length) + 1),
      UserRoleId: salesforceId('UserRole', (i % ROLES.length) + 1),
    };
    return setup(plan, salesforceId('User', i), fields, i, now);
  });
}

export function userRoles(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  return ROLES.flatMap((Name, i) => {
    const ParentRoleId = i === 0 ? null : salesforceId('UserRole', 1);
    return setup(plan, salesforceId('UserRole', i + 1), { Name, ParentRoleId }, i, now);
  });
}

export function profiles(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  return PROFILES.flatMap((Name, i) => setup(plan, salesforceId('Profile', i + 1), { Name }, i, now));
}

/** One permission set for each user, two for every third. */
export function permissionSetAssignments(plan: FleetPlan, now: number): readonly SalesforceRecord[] {
  return Array.from({ length: userCount(plan) }, (_, i) => i).flatMap((i) =>
    (i % 3 === 0 ? [1, 2] : [1]).flatMap((set) => {
      const fields = {
        AssigneeId: salesforceId('User', i),
        PermissionSetId: salesforceId('PermissionSet', set),
      };
      return setup(plan, salesforceId('PermissionSetAssignment', i * 2 + set), fields, i, now);
    }),
  );
}

function setup(
  plan: FleetPlan,
  id: string,
  fields: Readonly<Record<string, string | boolean | null>>,
  number: number,
  now: number,
): readonly SalesforceRecord[] {
  const created = plan.start - (1300 - number) * DAY_SECONDS;
  return datedRecord(id, fields, { created }, now).map(({ IsDeleted: _, ...rest }) => rest);
}
