import type { Snapshot } from './accepted.ts';
import type { Json } from './world.ts';

/** Ids of 15 and of 18 characters are equal. */
export const idKey = (id: Json | undefined): string => String(id ?? '').slice(0, 15);

/** Salesforce's accounts that are not deleted: key → id. */
export function liveAccounts({ list }: Snapshot): ReadonlyMap<string, string> {
  const live = list('salesforce.account').filter(({ IsDeleted }) => IsDeleted !== true);
  return new Map(live.map(({ Id }) => [idKey(Id), String(Id)]));
}

/** The account of each Polaris customer; those without one are left out. */
export function customerAccounts(snapshot: Snapshot): ReadonlyMap<string, string> {
  const live = liveAccounts(snapshot);
  const found = new Map<string, string>();
  for (const { customer_id, salesforce_account_id } of snapshot.list('polaris.customers')) {
    const claims = snapshot
      .list('salesforce.account')
      .filter((account) => account.IsDeleted !== true && account.Polaris_Customer_Id__c === customer_id);
    const named = salesforce_account_id === null ? '' : idKey(salesforce_account_id);
    const account =
      claims.length === 1
        ? String(claims[0]?.Id)
        : claims.length === 0
          ? live.get(named)
          : claims.map(({ Id }) => String(Id)).find((id) => idKey(id) === named);
    if (account !== undefined) found.set(String(customer_id), account);
  }
  return found;
}
