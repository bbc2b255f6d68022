import type { ApiRecord, Json } from '../world.ts';
import { accountId, longId } from './polaris_lists.ts';

/** The fields that every object has; a record that changes with run `n` gets another modification time. */
function common(Id: string, changed: number): Readonly<Record<string, Json>> {
  return {
    Id,
    CreatedDate: '2025-05-01T00:00:00.000+0000',
    SystemModstamp: `2026-0${changed > 1 ? 3 : 1}-0${changed}T00:00:00.000+0000`,
    IsDeleted: false,
  };
}

function account(name: string, customer: string | null, more: ApiRecord = {}, changed = 1): ApiRecord {
  return {
    ...common(accountId(name), changed),
    Name: `Account ${name}`,
    ParentId: null,
    Type: 'Customer',
    Industry: null,
    BillingCountry: 'DE',
    Website: null,
    OwnerId: longId('005', 'o'),
    Polaris_Customer_Id__c: customer,
    Cloud_Provider__c: null,
    Target_Account__c: false,
    CSM__c: null,
    Renewal_Date__c: null,
    ARR__c: 1000.5,
    ...more,
  };
}

function contract(
  name: string,
  of: string,
  status: string,
  start: string,
  end: string,
  more: ApiRecord = {},
) {
  return {
    ...common(longId('800', name), 1),
    AccountId: accountId(of),
    Status: status,
    StartDate: start,
    EndDate: end,
    ContractTerm: 12,
    Tackle_Contract_Id__c: null,
    ...more,
  };
}

function supportCase(
  name: string,
  of: string,
  created: string,
  category: string | null,
  more: ApiRecord = {},
) {
  return {
    ...common(longId('500', name), 1),
    CreatedDate: created,
    AccountId: accountId(of),
    Subject: null,
    Status: 'Closed',
    Priority: null,
    Origin: null,
    ClosedDate: null,
    IsClosed: true,
    Category__c: category,
    Deployment__c: 'Cloud',
    First_Response_At__c: null,
    ...more,
  };
}

/** Salesforce's records as run `n` (from 1) finds them. */
export function salesforceLists(n: number): Readonly<Record<string, readonly ApiRecord[]>> {
  return {
    'salesforce.account': accounts(n),
    'salesforce.contract': [
      contract('f1', 'f', 'Activated', '2025-06-15', '2026-03-15'),
      contract(
        'f2',
        'f',
        n === 5 ? 'Activated' : 'Draft',
        '2026-03-16',
        '2027-03-15',
        n === 5 ? changedBy(5, '800', 'f2') : {},
      ),
      contract('z1', 'z', 'Activated', '2026-01-15', '2026-12-31'),
      contract('a1', 'a', 'Activated', '2025-06-01', '2026-11-30', { Tackle_Contract_Id__c: 'k-a' }),
      contract('b1', 'b', 'Activated', '2026-03-10', '2027-03-09', { IsDeleted: true }),
    ],
    'salesforce.case': cases(n),
    'salesforce.opportunity': [opportunity('n', 'z'), opportunity('m', 'b')],
  };
}

function opportunity(name: string, of: string): ApiRecord {
  return {
    ...common(longId('006', name), 1),
    AccountId: accountId(of),
    Name: 'An offer without a cluster',
    StageName: 'Closed Won',
    Amount: 10,
    CloseDate: '2026-01-10',
    Type: null,
    IsClosed: true,
    IsWon: true,
    OwnerId: longId('005', 'o'),
    Marketplace_Offer_Id__c: `o-${name}`,
  };
}

const changedBy = (n: number, prefix: string, name: string) => common(longId(prefix, name), n);

function accounts(n: number): readonly ApiRecord[] {
  return [
    account('a', 'cus-a'),
    account('b', 'cus-b'),
    // Polaris names it; Salesforce does not.
    account('c', null, { Renewal_Date__c: '2026-05-05' }),
    account('d', 'cus-d', { Renewal_Date__c: n === 1 ? '2026-04-01' : '2026-06-01' }, n === 1 ? 1 : 2),
    // Nobody's account until the second run.
    account('e', n === 1 ? null : 'cus-e', {}, n === 1 ? 1 : 2),
    account('f', 'cus-f'),
    // Two claim a customer: Polaris names one of them; of the other pair it names none.
    account('g1', 'cus-g'),
    account('g2', 'cus-g'),
    account('h1', 'cus-h'),
    account('h2', 'cus-h'),
    account('k', 'cus-k'),
    account('z', null),
    account('y', null, { Renewal_Date__c: '2026-09-01' }),
    account('gone', null, { IsDeleted: true }),
  ];
}

function cases(n: number): readonly ApiRecord[] {
  const late = n < 3 ? [] : [supportCase('a9', 'a', '2026-03-03T10:00:00.000+0000', 'Hardware')];
  return [
    supportCase('a1', 'a', '2025-12-20T10:00:00.000+0000', 'Networking'),
    supportCase('a2', 'a', '2026-01-30T23:59:59.000+0000', 'Networking'),
    supportCase('a3', 'a', '2026-02-11T10:00:00.000+0000', null),
    ...['networking', 'Net-Working', 'NET WORKING', 'Hardware', 'Software', 'other'].map((category, i) =>
      supportCase(`d${i}`, 'd', `2026-02-0${i + 1}T00:00:00.000+0000`, category),
    ),
    supportCase('d8', 'd', '2026-02-09T00:00:00.000+0000', 'Networking', { IsDeleted: true }),
    ...late,
  ];
}
