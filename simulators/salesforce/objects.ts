import { SALESFORCE_OBJECTS, type SalesforceObject } from '../fleet/types.ts';

/** The field types this simulator knows; the names are those of Salesforce's describe. */
export type FieldType =
  | 'id'
  | 'reference'
  | 'string'
  | 'picklist'
  | 'email'
  | 'url'
  | 'textarea'
  | 'boolean'
  | 'int'
  | 'double'
  | 'currency'
  | 'date'
  | 'datetime';

/** One field of an object, as describe states it. `length` in characters, 0 where it does not apply. */
export interface FieldSpec {
  readonly name: string;
  readonly type: FieldType;
  readonly length: number;
  readonly nillable: boolean;
  /** A formula or roll-up: a new value does not move SystemModstamp. */
  readonly calculated: boolean;
  readonly referenceTo: readonly string[];
}

/** One object: its id prefix and its fields in describe's order. */
export interface ObjectSpec {
  readonly name: SalesforceObject;
  readonly keyPrefix: string;
  readonly fields: readonly FieldSpec[];
}

/** Fields added to an object, or put in the place of the field of the same name. */
export type CustomFields = Readonly<Partial<Record<SalesforceObject, readonly FieldSpec[]>>>;

const LENGTHS: Readonly<Partial<Record<FieldType, number>>> = {
  id: 18,
  reference: 18,
  string: 255,
  picklist: 255,
  email: 80,
  url: 255,
  textarea: 32_000,
};

/** A field with the length its type usually has; nillable and not calculated unless told otherwise. */
export function field(name: string, type: FieldType, more: Partial<FieldSpec> = {}): FieldSpec {
  const length = LENGTHS[type] ?? 0;
  return { name, type, length, nillable: type !== 'boolean', calculated: false, referenceTo: [], ...more };
}

const required = { nillable: false } as const;
const id = field('Id', 'id', required);
const systemModstamp = field('SystemModstamp', 'datetime', required);
const createdDate = field('CreatedDate', 'datetime', required);
const reference = (name: string, object: string): FieldSpec =>
  field(name, 'reference', { referenceTo: [object] });
const account = reference('AccountId', 'Account');
const owner = reference('OwnerId', 'User');

/** Records of these can be deleted; setup objects have no IsDeleted, so they are written out in full below. */
function record(...fields: readonly FieldSpec[]): readonly FieldSpec[] {
  return [id, field('IsDeleted', 'boolean'), ...fields, createdDate, systemModstamp];
}

const FIELDS: Readonly<Record<SalesforceObject, readonly FieldSpec[]>> = {
  Account: record(
    field('Name', 'string', required),
    field('Type', 'picklist'),
    reference('ParentId', 'Account'),
    field('BillingCountry', 'string', { length: 80 }),
    field('Website', 'url'),
    field('Industry', 'picklist'),
    owner,
    field('Polaris_Customer_Id__c', 'string', { length: 64 }),
    field('Cloud_Provider__c', 'picklist'),
    field('Target_Account__c', 'boolean'),
    reference('CSM__c', 'User'),
    field('Renewal_Date__c', 'date'),
    field('ARR__c', 'currency'),
  ),
  Contact: record(
    account,
    field('LastName', 'string', { length: 80, nillable: false }),
    field('FirstName', 'string', { length: 40 }),
    field('Email', 'email'),
    field('Title', 'string', { length: 128 }),
  ),
  Opportunity: record(
    account,
    field('Name', 'string', { length: 120, nillable: false }),
    field('StageName', 'picklist', required),
    field('Amount', 'currency'),
    field('CloseDate', 'date', required),
    field('Type', 'picklist'),
    field('IsClosed', 'boolean'),
    field('IsWon', 'boolean'),
    owner,
    field('Marketplace_Offer_Id__c', 'string', { length: 100 }),
  ),
  Contract: record(
    account,
    field('StartDate', 'date'),
    field('EndDate', 'date'),
    field('ContractTerm', 'int'),
    field('Status', 'picklist', required),
    field('Tackle_Contract_Id__c', 'string', { length: 100 }),
  ),
  Entitlement: record(
    field('Name', 'string', required),
    account,
    field('StartDate', 'date'),
    field('EndDate', 'date'),
    field('Status', 'picklist'),
  ),
  Case: record(
    account,
    field('Status', 'picklist'),
    field('Origin', 'picklist'),
    field('Subject', 'string'),
    field('Priority', 'picklist'),
    field('IsClosed', 'boolean'),
    field('ClosedDate', 'datetime'),
    field('Category__c', 'picklist'),
    field('Deployment__c', 'picklist'),
    field('First_Response_At__c', 'datetime'),
  ),
  User: [
    id,
    field('Username', 'string', { length: 80, nillable: false }),
    field('Name', 'string', { length: 121, nillable: false }),
    field('Email', 'email', { length: 128, nillable: false }),
    field('IsActive', 'boolean'),
    reference('UserRoleId', 'UserRole'),
    reference('ProfileId', 'Profile'),
    createdDate,
    systemModstamp,
  ],
  UserRole: [
    id,
    field('Name', 'string', { length: 80, nillable: false }),
    reference('ParentRoleId', 'UserRole'),
    systemModstamp,
  ],
  Profile: [id, field('Name', 'string', required), createdDate, systemModstamp],
  PermissionSetAssignment: [
    id,
    reference('PermissionSetId', 'PermissionSet'),
    reference('AssigneeId', 'User'),
    systemModstamp,
  ],
};

const KEY_PREFIXES: Readonly<Record<SalesforceObject, string>> = {
  Account: '001',
  Contact: '003',
  Opportunity: '006',
  Contract: '800',
  Entitlement: '550',
  Case: '500',
  User: '005',
  UserRole: '00E',
  Profile: '00e',
  PermissionSetAssignment: '0Pa',
};

/** The objects of the simulated organisation, by lower-case name, with the custom fields put in. */
export function objectSpecs(custom: CustomFields = {}): ReadonlyMap<string, ObjectSpec> {
  return new Map(
    SALESFORCE_OBJECTS.map((name) => {
      const added = custom[name] ?? [];
      const kept = FIELDS[name].filter((spec) => !added.some((other) => other.name === spec.name));
      return [name.toLowerCase(), { name, keyPrefix: KEY_PREFIXES[name], fields: [...kept, ...added] }];
    }),
  );
}

/** The field that goes missing under the fault `vanished_field`: the first custom one, else the last nillable one. */
export function vanishingField(spec: ObjectSpec): string | null {
  const custom = spec.fields.find((candidate) => candidate.name.endsWith('__c'));
  return (custom ?? spec.fields.findLast((candidate) => candidate.nillable))?.name ?? null;
}
