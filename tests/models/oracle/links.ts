import type { Revision, Snapshot } from './accepted.ts';
import { customerAccounts, idKey, liveAccounts } from './accounts.ts';
import { lives } from './telemetry.ts';
import type { Terms } from './terms.ts';

/** The hours in which a cluster is billed to a subscription: `from` up to, and not including, `to`. */
export interface Link {
  readonly cluster: string;
  readonly subscription: string;
  readonly from: number;
  readonly to: number;
}

interface Named {
  readonly subscription: string | null;
  readonly first: number;
}

/** From which hour on the meter names which subscription for a cluster, in that order; null where it names none. */
export function firstNamed(revisions: readonly Revision[]): ReadonlyMap<string, readonly Named[]> {
  const clusters = new Map<string, Map<string | null, number>>();
  for (const { row, hour } of revisions) {
    const named = clusters.get(row.cluster_id) ?? new Map<string | null, number>();
    named.set(row.subscription_id, Math.min(hour, named.get(row.subscription_id) ?? hour));
    clusters.set(row.cluster_id, named);
  }
  const sorted = (named: ReadonlyMap<string | null, number>) =>
    [...named].map(([subscription, first]) => ({ subscription, first })).sort((a, b) => a.first - b.first);
  return new Map([...clusters].map(([cluster, named]) => [cluster, sorted(named)]));
}

/**
 * The meter's word counts, from the first hour that names a subscription to the first that names the next one, and back
 * to the cluster's creation. A subscription that only the catalogue names takes over where its term begins.
 */
export function linksAt(
  snapshot: Snapshot,
  day: number,
  named: ReadonlyMap<string, readonly Named[]>,
  terms: Terms,
): readonly Link[] {
  const inCatalogue = new Map(
    snapshot.list('polaris.clusters').map((each) => [String(each.cluster_id), each]),
  );
  return lives(snapshot, day).flatMap(({ cluster, from: created, to: ended }) => {
    const metered = named.get(cluster) ?? [];
    const stated = inCatalogue.get(cluster)?.subscription_id;
    const isOnlyStated =
      typeof stated === 'string' && metered.every(({ subscription }) => subscription !== stated);
    const term = isOnlyStated ? terms.subscriptions.get(stated) : undefined;
    const takeover = isOnlyStated ? Math.max(created, term?.is_in_tackle ? term.from : created) : null;
    const links = metered.flatMap(({ subscription, first }, index): Link[] => {
      const next = metered[index + 1]?.first ?? Number.POSITIVE_INFINITY;
      const until = takeover !== null && takeover > first ? takeover : Number.POSITIVE_INFINITY;
      const from = index === 0 ? Math.min(created, first) : first;
      return subscription === null ? [] : [{ cluster, subscription, from, to: Math.min(next, until, ended) }];
    });
    if (takeover !== null && isOnlyStated)
      links.push({ cluster, subscription: stated, from: takeover, to: ended });
    return links.filter(({ from, to }) => from < to);
  });
}

/** The account of each cluster that has one. */
export function clusterAccounts(snapshot: Snapshot): ReadonlyMap<string, string> {
  const accounts = customerAccounts(snapshot);
  return new Map(
    snapshot.list('polaris.clusters').flatMap(({ cluster_id, customer_id }) => {
      const account = accounts.get(String(customer_id));
      return account === undefined ? [] : [[String(cluster_id), account]];
    }),
  );
}

/**
 * The account of each subscription: of its clusters, else of the Salesforce contract that names its Tackle contract,
 * else of the opportunity that names its offer.
 */
export function subscriptionAccounts(
  snapshot: Snapshot,
  terms: Terms,
  links: readonly Link[],
): ReadonlyMap<string, string> {
  const byCluster = clusterAccounts(snapshot);
  const live = liveAccounts(snapshot);
  const isLive = (record: { readonly [key: string]: unknown }) => record.IsDeleted !== true;
  const found = new Map<string, string>();
  for (const { id, offer, is_in_tackle } of terms.subscriptions.values()) {
    const own = links
      .filter(({ subscription }) => subscription === id)
      .flatMap(({ cluster }) => byCluster.get(cluster) ?? []);
    const contracts = terms.contracts
      .filter(({ subscription }) => subscription === id)
      .map((each) => each.id);
    const signed = snapshot
      .list('salesforce.contract')
      .filter((each) => isLive(each) && contracts.includes(String(each.Tackle_Contract_Id__c)))
      .flatMap(({ AccountId }) => live.get(idKey(AccountId)) ?? []);
    const won = snapshot
      .list('salesforce.opportunity')
      .filter(
        (each) => isLive(each) && is_in_tackle && offer !== null && each.Marketplace_Offer_Id__c === offer,
      )
      .flatMap(({ AccountId }) => live.get(idKey(AccountId)) ?? []);
    const account = [own, signed, won].find((candidates) => candidates.length > 0)?.toSorted()[0];
    if (account !== undefined) found.set(id, account);
  }
  return found;
}
