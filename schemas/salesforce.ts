import { z } from 'zod';
import { alphanumericCheck } from './byte_checks.ts';
import { as, day, flag, instant, integer, signedDecimal, text } from './columns.ts';
import { type Stream, stream } from './streams.ts';

/** A Salesforce object: the stream of its records and the API field behind each column. */
export interface SalesforceObjectSpec {
  readonly object: string;
  readonly stream: Stream;
  /** Column → API name by default; configuration may map a column to another custom field. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A record id in its 18-character form. */
const recordId = () => as('text', z.string().regex(/^[A-Za-z0-9]{18}$/), alphanumericCheck(18));

/** Every object has these; columns of the landed row are snake_case, values are text, booleans or integers. */
const COMMON = { id: recordId(), created_date: instant(), system_modstamp: instant(), is_deleted: flag() };
const COMMON_FIELDS = {
  id: 'Id',
  created_date: 'CreatedDate',
  system_modstamp: 'SystemModstamp',
  is_deleted: 'IsDeleted',
};

function object(
  name: string,
  streamName: string,
  shape: z.ZodRawShape,
  fields: Readonly<Record<string, string>>,
  common = { shape: COMMON as z.ZodRawShape, fields: COMMON_FIELDS as Readonly<Record<string, string>> },
): SalesforceObjectSpec {
  return {
    object: name,
    fields: { ...common.fields, ...fields },
    stream: stream({
      source: 'salesforce',
      name: streamName,
      kind: 'records',
      key: ['id'],
      full: false,
      schema: z.object({ ...common.shape, ...shape }),
    }),
  };
}

const maybeText = () => text().nullable();

/** User, UserRole, Profile and PermissionSetAssignment cannot be deleted: they have no IsDeleted. */
const SETUP = {
  shape: { id: recordId(), system_modstamp: instant() },
  fields: { id: 'Id', system_modstamp: 'SystemModstamp' },
};

/** One row per version of an Account. */
export const ACCOUNT = object(
  'Account',
  'account',
  {
    name: text(),
    parent_id: maybeText(),
    type: maybeText(),
    industry: maybeText(),
    billing_country: maybeText(),
    website: maybeText(),
    owner_id: maybeText(),
    polaris_customer_id: maybeText(),
    cloud_provider: maybeText(),
    target_account: flag().nullable(),
    csm: maybeText(),
    renewal_date: day().nullable(),
    arr: signedDecimal().nullable(),
  },
  {
    name: 'Name',
    parent_id: 'ParentId',
    type: 'Type',
    industry: 'Industry',
    billing_country: 'BillingCountry',
    website: 'Website',
    owner_id: 'OwnerId',
    polaris_customer_id: 'Polaris_Customer_Id__c',
    cloud_provider: 'Cloud_Provider__c',
    target_account: 'Target_Account__c',
    csm: 'CSM__c',
    renewal_date: 'Renewal_Date__c',
    arr: 'ARR__c',
  },
);

export const CONTACT = object(
  'Contact',
  'contact',
  {
    account_id: maybeText(),
    email: maybeText(),
    first_name: maybeText(),
    last_name: maybeText(),
    title: maybeText(),
  },
  { account_id: 'AccountId', email: 'Email', first_name: 'FirstName', last_name: 'LastName', title: 'Title' },
);

const OPPORTUNITY = object(
  'Opportunity',
  'opportunity',
  {
    account_id: maybeText(),
    name: text(),
    stage_name: text(),
    amount: signedDecimal().nullable(),
    close_date: day(),
    type: maybeText(),
    is_closed: flag(),
    is_won: flag(),
    owner_id: maybeText(),
    marketplace_offer_id: maybeText(),
  },
  {
    account_id: 'AccountId',
    name: 'Name',
    stage_name: 'StageName',
    amount: 'Amount',
    close_date: 'CloseDate',
    type: 'Type',
    is_closed: 'IsClosed',
    is_won: 'IsWon',
    owner_id: 'OwnerId',
    marketplace_offer_id: 'Marketplace_Offer_Id__c',
  },
);

const CONTRACT = object(
  'Contract',
  'contract',
  {
    account_id: maybeText(),
    status: text(),
    start_date: day().nullable(),
    end_date: day().nullable(),
    contract_term: integer(0).nullable(),
    tackle_contract_id: maybeText(),
  },
  {
    account_id: 'AccountId',
    status: 'Status',
    start_date: 'StartDate',
    end_date: 'EndDate',
    contract_term: 'ContractTerm',
    tackle_contract_id: 'Tackle_Contract_Id__c',
  },
);

const ENTITLEMENT = object(
  'Entitlement',
  'entitlement',
  {
    account_id: maybeText(),
    name: text(),
    status: maybeText(),
    start_date: day().nullable(),
    end_date: day().nullable(),
  },
  { account_id: 'AccountId', name: 'Name', status: 'Status', start_date: 'StartDate', end_date: 'EndDate' },
);

const CASE = object(
  'Case',
  'case',
  {
    account_id: maybeText(),
    subject: maybeText(),
    status: text(),
    priority: maybeText(),
    origin: maybeText(),
    closed_date: instant().nullable(),
    is_closed: flag(),
    category: maybeText(),
    deployment: maybeText(),
    first_response_at: instant().nullable(),
  },
  {
    account_id: 'AccountId',
    subject: 'Subject',
    status: 'Status',
    priority: 'Priority',
    origin: 'Origin',
    closed_date: 'ClosedDate',
    is_closed: 'IsClosed',
    category: 'Category__c',
    deployment: 'Deployment__c',
    first_response_at: 'First_Response_At__c',
  },
);

const USER = object(
  'User',
  'user',
  {
    username: text(),
    email: maybeText(),
    name: text(),
    is_active: flag(),
    profile_id: maybeText(),
    user_role_id: maybeText(),
  },
  {
    username: 'Username',
    email: 'Email',
    name: 'Name',
    is_active: 'IsActive',
    profile_id: 'ProfileId',
    user_role_id: 'UserRoleId',
  },
  SETUP,
);

const USER_ROLE = object('UserRole', 'user_role', { name: text() }, { name: 'Name' }, SETUP);
const PROFILE = object('Profile', 'profile', { name: text() }, { name: 'Name' }, SETUP);
const PERMISSION_SET_ASSIGNMENT = object(
  'PermissionSetAssignment',
  'permission_set_assignment',
  { assignee_id: text(), permission_set_id: text() },
  { assignee_id: 'AssigneeId', permission_set_id: 'PermissionSetId' },
  SETUP,
);

export const SALESFORCE_OBJECTS: readonly SalesforceObjectSpec[] = [
  ACCOUNT,
  CONTACT,
  OPPORTUNITY,
  CONTRACT,
  ENTITLEMENT,
  CASE,
  USER,
  USER_ROLE,
  PROFILE,
  PERMISSION_SET_ASSIGNMENT,
];

export const SALESFORCE_STREAMS: readonly Stream[] = SALESFORCE_OBJECTS.map((spec) => spec.stream);
