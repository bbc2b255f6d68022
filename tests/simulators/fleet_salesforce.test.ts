import { describe, expect, it } from 'vitest';
import { createFleet } from '../../simulators/fleet/fleet.ts';
import { checkSuffix, salesforceId } from '../../simulators/fleet/salesforce_ids.ts';
import { createSalesforceSource } from '../../simulators/fleet/salesforce_records.ts';
import { createTackleSource } from '../../simulators/fleet/tackle_records.ts';
import {
  SALESFORCE_OBJECTS,
  type SalesforceObject,
  type SalesforceRecord,
} from '../../simulators/fleet/types.ts';
import { objectSpecs } from '../../simulators/salesforce/objects.ts';
import { later } from './fleet_fixture.ts';

const fleet = createFleet();
const source = createSalesforceSource(fleet);
const now = fleet.default_now;
const all = (object: SalesforceObject, at = now) => [...source(object, at)];
const live = (object: SalesforceObject) => all(object).filter((record) => record.IsDeleted !== true);

describe('ids', () => {
  it('carry the check suffix of the 18-character form', () => {
    // Worked out by hand: 00130 and 00000 hold no capital, 1abCD has capitals in places 4 and 5.
    expect(checkSuffix('00130000001abCD')).toBe('AAY');
    expect(checkSuffix('001A0000006Vm9r')).toBe('IAC');
    for (const object of SALESFORCE_OBJECTS) {
      for (const { Id } of all(object)) {
        expect(Id).toMatch(/^[0-9A-Za-z]{18}$/);
        expect(checkSuffix(String(Id).slice(0, 15))).toBe(String(Id).slice(15));
      }
    }
  });

  it('differ in more than case', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => salesforceId('Case', i).toLowerCase());
    expect(new Set(ids).size).toBe(5000);
  });

  it.each(SALESFORCE_OBJECTS)('of %s are unique', (object) => {
    const ids = all(object).map((record) => record.Id);
    expect(ids.length).toBeGreaterThan(2);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the records', () => {
  it.each(SALESFORCE_OBJECTS)(
    'of %s have every field that describe names, in order of SystemModstamp, Id',
    (object) => {
      const wanted = (objectSpecs().get(object.toLowerCase())?.fields ?? []).map((field) => field.name);
      const records = all(object);
      for (const record of records)
        for (const name of wanted) expect(record, `${object}.${name}`).toHaveProperty(name);
      const keys = records.map((record) => `${record.SystemModstamp} ${record.Id}`);
      expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(records.every((record) => String(record.SystemModstamp) <= now)).toBe(true);
    },
  );

  it('are equal for equal options', () => {
    const other = createSalesforceSource(createFleet());
    for (const object of SALESFORCE_OBJECTS) expect([...other(object, now)]).toEqual(all(object));
  });

  it('move their SystemModstamp whenever they change, and few change in a day', () => {
    let changed = 0;
    for (const object of SALESFORCE_OBJECTS) {
      const before = new Map(all(object).map((record) => [record.Id, record]));
      for (const record of all(object, later(now, 24))) {
        const old = before.get(record.Id ?? '');
        const differs = JSON.stringify(old) !== JSON.stringify(record);
        changed += differs ? 1 : 0;
        if (differs && old !== undefined) expect(String(record.SystemModstamp) > now).toBe(true);
        before.delete(record.Id ?? '');
      }
      expect(before.size).toBe(0);
    }
    expect(changed).toBeGreaterThan(2);
    expect(changed).toBeLessThan(60);
  });

  it('hold deleted ones, which stay in the list', () => {
    for (const object of ['Account', 'Contact', 'Case'] as const) {
      expect(all(object).length).toBeGreaterThan(live(object).length);
    }
  });

  it('refer to records that exist', () => {
    const ids = new Set(SALESFORCE_OBJECTS.flatMap((object) => all(object).map((record) => record.Id)));
    const references = [
      'AccountId',
      'OwnerId',
      'ParentId',
      'CSM__c',
      'ProfileId',
      'UserRoleId',
      'AssigneeId',
    ];
    for (const object of SALESFORCE_OBJECTS) {
      for (const record of all(object)) {
        for (const name of references) {
          const target = record[name];
          if (target !== null && target !== undefined)
            expect(ids.has(target), `${object}.${name}`).toBe(true);
        }
      }
    }
  });
});

describe('cases', () => {
  it('show more networking and less hardware in the cloud than on premises', () => {
    const plain = (value: unknown) => String(value).toLowerCase().replaceAll(/[ -]/g, '');
    const share = (deployment: string, category: string) => {
      const of = live('Case').filter((record) => plain(record.Deployment__c) === deployment);
      return of.filter((record) => plain(record.Category__c) === category).length / of.length;
    };
    expect(share('cloud', 'networking')).toBeGreaterThan(share('onpremises', 'networking') + 0.1);
    expect(share('onpremises', 'hardware')).toBeGreaterThan(share('cloud', 'hardware') + 0.1);
  });

  it('are answered and closed in order', () => {
    for (const record of live('Case')) {
      if (record.IsClosed !== true) continue;
      expect(String(record.First_Response_At__c) > String(record.CreatedDate)).toBe(true);
      expect(String(record.ClosedDate) > String(record.First_Response_At__c)).toBe(true);
    }
    expect(live('Case').some((record) => record.IsClosed === false)).toBe(true);
  });
});

describe('planted hygiene errors', () => {
  const truth = fleet.truth(now);
  const planted = (rule: string) =>
    truth.customers
      .filter((customer) => customer.hygiene.includes(rule))
      .map((customer) => customer.customer_id);
  const customers = fleet.catalogue('customers', now) as readonly {
    customer_id: string;
    salesforce_account_id: string | null;
  }[];
  const clusters = fleet.catalogue('clusters', now) as readonly {
    customer_id: string;
    cloud: string;
    subscription_id: string | null;
    terminated_at: string | null;
  }[];
  const accounts = live('Account');
  const accountOf = new Map(
    fleet.plan.customers.map((c) => [salesforceId('Account', c.number * 2 + 1), c.customer_id]),
  );
  const customerIds = (records: readonly SalesforceRecord[], field = 'Id') =>
    [
      ...new Set(records.map((record) => accountOf.get(String(record[field])) ?? `none ${record.Id}`)),
    ].toSorted();
  const known = new Set(customers.map((customer) => customer.customer_id));
  const seen = (rule: string) => planted(rule).filter((id) => known.has(id));
  const offered = [...createTackleSource(fleet)('contracts', now)] as unknown as readonly {
    offerId: string;
    companyName: string;
    totalContractValue: { amount: number };
  }[];
  const customerNamed = new Map(
    fleet.plan.customers.map((customer) => [customer.name, customer.customer_id]),
  );

  it('two accounts claim one customer', () => {
    const claims = Map.groupBy(
      accounts.filter((account) => account.Polaris_Customer_Id__c !== null),
      (account) => account.Polaris_Customer_Id__c,
    );
    const twice = [...claims].filter(([, group]) => group.length > 1).map(([id]) => String(id));
    expect(twice.toSorted()).toEqual(seen('two_accounts_one_customer'));
  });

  it('customers without an account, accounts without their customer', () => {
    const named = new Set(accounts.map((account) => account.Polaris_Customer_Id__c));
    const short = new Set(accounts.map((account) => String(account.Id).slice(0, 15)));
    const unnamed = customers.filter((customer) => !named.has(customer.customer_id));
    const lost = unnamed.filter((customer) => !short.has(customer.salesforce_account_id?.slice(0, 15) ?? ''));
    expect(lost.map((customer) => customer.customer_id)).toEqual(seen('customer_without_account'));
    const oneSided = unnamed.filter((customer) => !lost.includes(customer));
    expect(oneSided.map((customer) => customer.customer_id)).toEqual(seen('account_without_polaris_id'));
    const lengths = new Set(customers.map((customer) => customer.salesforce_account_id?.length));
    expect(lengths).toEqual(new Set([15, 18, undefined]));
  });

  it('accounts without owner, region or renewal date, or with an owner who left', () => {
    const active = new Set(
      all('User')
        .filter((user) => user.IsActive === true)
        .map((user) => user.Id),
    );
    const main = accounts.filter((account) => accountOf.has(String(account.Id)));
    const without = (field: string) =>
      customerIds(main.filter((account) => account[field] === null)).filter((id) => known.has(id));
    expect(without('OwnerId')).toEqual(seen('missing_owner'));
    expect(without('BillingCountry')).toEqual(seen('missing_region'));
    expect(without('Renewal_Date__c')).toEqual(seen('missing_renewal_date'));
    const left = main.filter((account) => account.OwnerId !== null && !active.has(account.OwnerId ?? ''));
    expect(customerIds(left)).toEqual(seen('inactive_owner'));
  });

  it('duplicate accounts by normalised name and domain', () => {
    const key = (account: SalesforceRecord) => {
      const name = String(account.Name)
        .toLowerCase()
        .replaceAll(/[^a-z0-9]/g, '');
      const domain = String(account.Website)
        .toLowerCase()
        .replace(/^https?:\/\/(www\.)?/, '')
        .replace(/\/.*$/, '');
      return `${name} ${domain}`;
    };
    const twice = [...Map.groupBy(accounts, key).values()].filter((group) => group.length > 1).flat();
    const main = twice.filter((account) => accountOf.has(String(account.Id)));
    expect(customerIds(main)).toEqual(seen('duplicate_account'));
  });

  it('contacts without email, orphan cases', () => {
    const contacts = live('Contact').filter((contact) => contact.Email === null);
    expect(customerIds(contacts, 'AccountId').filter((id) => known.has(id))).toEqual(
      seen('contact_without_email'),
    );
    const orphans = live('Case').filter((record) => record.AccountId === null);
    expect(orphans.length).toBeGreaterThan(0);
    expect(orphans.length).toBeLessThan(40);
  });

  it('offers without opportunity, with another amount, or on another account', () => {
    const byOffer = new Map(live('Opportunity').map((deal) => [deal.Marketplace_Offer_Id__c, deal]));
    const found = { none: new Set<string>(), amount: new Set<string>(), other: new Set<string>() };
    for (const { offerId, companyName, totalContractValue } of offered) {
      const customer = customerNamed.get(companyName) ?? '';
      const deal = byOffer.get(offerId);
      if (deal === undefined) found.none.add(customer);
      else if (deal.Amount !== totalContractValue.amount) found.amount.add(customer);
      if (deal !== undefined && accountOf.get(String(deal.AccountId)) !== customer) found.other.add(customer);
    }
    expect([...found.none].toSorted()).toEqual(planted('offer_without_opportunity'));
    expect([...found.amount].toSorted()).toEqual(planted('amount_differs_from_offer'));
    expect([...found.other].toSorted()).toEqual(planted('offer_opportunity_other_account'));
  });

  it('open opportunities past their close date, won ones without a contract, contracts active past their end', () => {
    const today = now.slice(0, 10);
    const past = live('Opportunity').filter(
      (deal) => deal.IsClosed === false && String(deal.CloseDate) < today,
    );
    expect(customerIds(past, 'AccountId')).toEqual(planted('close_date_in_past'));
    const offers = new Set(offered.map((contract) => contract.offerId));
    const lost = live('Opportunity').filter(
      (deal) =>
        deal.IsWon === true &&
        deal.Marketplace_Offer_Id__c !== null &&
        !offers.has(String(deal.Marketplace_Offer_Id__c)),
    );
    expect(customerIds(lost, 'AccountId')).toEqual(planted('won_opportunity_without_contract'));
    const active = live('Contract').filter((c) => c.Status === 'Activated' && String(c.EndDate) < today);
    expect(customerIds(active, 'AccountId')).toEqual(planted('contract_active_past_end'));
  });

  it('clusters without entitlement, entitlements without cluster', () => {
    const subscriptions = [...createTackleSource(fleet)('subscriptions', now)] as unknown as readonly {
      tackle_subscription_id: string;
      started_at: string | null;
      ended_at: string | null;
      registered_at: string | null;
    }[];
    const open = subscriptions.filter((s) => s.started_at !== null && s.ended_at === null);
    const openIds = new Set(open.map((s) => s.tackle_subscription_id));
    const running = clusters.filter(
      (c) => (c.terminated_at === null || c.terminated_at > now) && c.cloud !== 'onprem',
    );
    const without = running.filter((c) => !openIds.has(c.subscription_id ?? ''));
    expect([...new Set(without.map((c) => c.customer_id))].toSorted()).toEqual(
      seen('cluster_without_entitlement'),
    );
    const used = new Set(running.map((c) => c.subscription_id));
    const owner = new Map(
      fleet.plan.subscriptions.map((s) => [
        s.subscription_id,
        fleet.plan.customers[s.customer]?.customer_id ?? '',
      ]),
    );
    const customersOf = (list: typeof open) =>
      [...new Set(list.map((s) => owner.get(s.tackle_subscription_id) ?? ''))].toSorted();
    expect(customersOf(open.filter((s) => !used.has(s.tackle_subscription_id)))).toEqual(
      planted('entitlement_without_cluster').filter((id) => openOwners(open, owner).has(id)),
    );
    expect(customersOf(open.filter((s) => s.registered_at === null))).toEqual(
      planted('subscription_without_registration').filter((id) => openOwners(open, owner).has(id)),
    );
  });
});

function openOwners(
  open: readonly { readonly tackle_subscription_id: string }[],
  owner: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  return new Set(open.map((s) => owner.get(s.tackle_subscription_id) ?? ''));
}
