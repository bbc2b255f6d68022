import { idKey } from './accounts.ts';
import type { Known } from './as_of_walk.ts';
import { dayOf, dayOfHour, hourCeil, hourOf, msOf } from './clock.ts';
import { type Commitment, commitmentAt, statedCommitments } from './commitments.ts';
import type { ApiRecord } from './world.ts';

/** A contract that had begun by the as-of date; days. */
interface Begun {
  readonly source: 'tackle' | 'salesforce';
  readonly cloud: string | null;
  readonly start: number;
  readonly end: number | null;
  /** The first hour that it no longer covers. */
  readonly end_hour: number;
  readonly is_in_force: boolean;
}

const dayOfInstant = (instant: string): number => dayOfHour(hourOf(instant));
const isLive = ({ IsDeleted }: ApiRecord): boolean => IsDeleted !== true;

/** Tackle's end is exclusive, Salesforce's the last day. Drafts are no contracts yet. */
export function contractsOf(known: Known, account: string): readonly Begun[] {
  const { day, snapshot, terms, buyers } = known;
  const signed = snapshot
    .list('salesforce.contract')
    .filter((each) => isLive(each) && idKey(each.AccountId) === idKey(account) && each.Status !== 'Draft');
  const named = signed.map((each) => each.Tackle_Contract_Id__c);
  const tackle = terms.contracts
    .filter(({ id, subscription }) => {
      const buyer = buyers.get(subscription ?? '');
      return buyer === undefined ? named.includes(id) : buyer === account;
    })
    .map(({ cloud, starts_at, ends_at }): Begun => {
      const end = ends_at === null ? null : dayOfInstant(ends_at);
      const end_hour = ends_at === null ? Number.POSITIVE_INFINITY : hourCeil(ends_at);
      const is_in_force = end === null || day < end;
      return { source: 'tackle', cloud, start: dayOfInstant(starts_at), end, end_hour, is_in_force };
    });
  const salesforce = signed.map((each): Begun => {
    const end = dayOf(String(each.EndDate));
    const start = dayOf(String(each.StartDate));
    return {
      source: 'salesforce',
      cloud: null,
      start,
      end,
      end_hour: (end + 1) * 24,
      is_in_force: day <= end,
    };
  });
  return [...tackle, ...salesforce].filter(({ start }) => start <= day);
}

/** The earliest end among contracts in force (Tackle's, else Salesforce's), else the date that sales keeps. */
export function renewalDay(known: Known, account: string, contracts: readonly Begun[]): number | null {
  const ends = (source: Begun['source']) =>
    contracts.filter((each) => each.source === source && each.is_in_force).flatMap(({ end }) => end ?? []);
  const [tackle, salesforce] = [ends('tackle'), ends('salesforce')];
  if (tackle.length > 0) return Math.min(...tackle);
  if (salesforce.length > 0) return Math.min(...salesforce);
  const record = known.snapshot.list('salesforce.account').find(({ Id }) => idKey(Id) === idKey(account));
  return typeof record?.Renewal_Date__c === 'string' ? dayOf(record.Renewal_Date__c) : null;
}

/**
 * Whether a cloud without a contract in force was used after its last contract's end; null where hours were expected
 * since and none was observed.
 */
export function isUsedAfterEnd(known: Known, account: string, contracts: readonly Begun[]): boolean | null {
  const tackle = contracts.filter(({ source }) => source === 'tackle');
  const found = [...new Set(tackle.map(({ cloud }) => cloud))].flatMap((cloud): (boolean | null)[] => {
    const own = tackle.filter((each) => each.cloud === cloud);
    if (own.some(({ is_in_force }) => is_in_force)) return [];
    const end = Math.max(...own.map(({ end_hour }) => end_hour));
    const days = clusterDaysIn(known, account, cloud);
    const hours = days.flatMap(({ states }) => [...states].filter(([hour]) => hour >= end));
    if (days.some(({ used_hours }) => used_hours.some((hour) => hour >= end))) return [true];
    return [hours.length > 0 && hours.every(([, state]) => state.startsWith('missing')) ? null : false];
  });
  return found.includes(true) ? true : found.includes(null) ? null : false;
}

function clusterDaysIn({ days, accounts, snapshot }: Known, account: string, cloud: string | null) {
  const clusters = snapshot
    .list('polaris.clusters')
    .filter((each) => each.cloud === cloud && accounts.get(String(each.cluster_id)) === account);
  return clusters.flatMap(({ cluster_id }) => [...(days.get(String(cluster_id))?.values() ?? [])]);
}

/**
 * Since when an account is entitled, and whether it still is: by its subscriptions, else by Salesforce's contracts. After
 * a gap in which no term was in force an entitlement begins anew.
 */
export function entitlementOf({ day, terms, buyers }: Known, account: string, contracts: readonly Begun[]) {
  const last = day * 24 + 23;
  const own = [...terms.subscriptions.values()]
    .filter(({ id, is_in_tackle, from }) => is_in_tackle && buyers.get(id) === account && from <= last)
    .map(({ starts_at, from, to }) => ({ start: dayOfInstant(starts_at ?? ''), from, to }));
  const signed = contracts
    .filter(({ source }) => source === 'salesforce')
    .map(({ start, end_hour }) => ({ start, from: start * 24, to: end_hour }));
  const held = (own.length > 0 ? own : signed).sort((a, b) => a.from - b.from || a.to - b.to);
  let since: number | null = null;
  let reached = Number.NEGATIVE_INFINITY;
  for (const { start, from, to } of held) {
    if (since === null || from > reached) since = start;
    reached = Math.max(reached, to);
  }
  return { since, is_entitled: last < reached };
}

/** Features that the plans in force entitle to; a live cluster on premises has the plan `default`. */
export function entitledFeatures(known: Known, account: string): ReadonlySet<string> {
  const { day, terms, buyers, rules, snapshot, accounts } = known;
  const last = day * 24 + 23;
  const plans = [...terms.subscriptions.values()]
    .filter(
      ({ id, is_in_tackle, from, to }) =>
        is_in_tackle && buyers.get(id) === account && from <= last && last < to,
    )
    .map(({ rated_plan }) => rated_plan);
  const onPremises = snapshot
    .list('polaris.clusters')
    .some(
      ({ cluster_id, cloud, created_at, terminated_at }) =>
        cloud === 'onprem' &&
        accounts.get(String(cluster_id)) === account &&
        msOf(String(created_at)) <= (last + 3) * 3_600_000 &&
        (terminated_at === null || msOf(String(terminated_at)) > (last + 3) * 3_600_000),
    );
  const all = onPremises ? [...plans, 'default'] : plans;
  return new Set(all.flatMap((plan) => rules.features.plans[plan]?.features ?? []));
}

/** Features with operations in the days from `from` to `to` back, on the account's clusters. */
export function activeFeatures(known: Known, account: string, from: number, to: number): ReadonlySet<string> {
  const { day, features, accounts } = known;
  const used = features.filter(({ operations, hour, cluster_id }) => {
    const back = day - dayOf(hour.slice(0, 10));
    return operations > 0 && back <= from && back >= to && accounts.get(cluster_id) === account;
  });
  return new Set(used.map(({ feature }) => feature));
}

/** Live cases created in the 90 days up to the date, and those of them about networking. */
export function casesOf({ day, snapshot }: Known, account: string) {
  const own = snapshot.list('salesforce.case').filter((each) => {
    const back = day - dayOf(String(each.CreatedDate).slice(0, 10));
    return isLive(each) && idKey(each.AccountId) === idKey(account) && back >= 0 && back < 90;
  });
  const isNetworking = ({ Category__c }: ApiRecord) =>
    String(Category__c ?? '')
      .toLowerCase()
      .replace(/[ -]/g, '') === 'networking';
  return { cases: own.length, networking: own.filter(isNetworking).length };
}

/** TiB-hours that an account committed to in the last `days` days; null where no hour has a limited commitment. */
export function committedTibHours(known: Known, account: string, days: number) {
  const { day, snapshot, terms, rules, links, accounts } = known;
  const held = rules.dimensions.roles.held_capacity?.[0] ?? '';
  const stated = statedCommitments(snapshot, terms, rules).filter(({ dimension }) => dimension === held);
  const own = links.filter(({ cluster }) => accounts.get(cluster) === account);
  const subscriptions = [...new Set(own.map(({ subscription }) => subscription))];
  const applied: Commitment[] = [];
  for (let hour = (day + 1 - days) * 24; hour < (day + 1) * 24; hour += 1)
    for (const subscription of subscriptions) {
      const isHeld = own.some(
        (each) => each.subscription === subscription && each.from <= hour && hour < each.to,
      );
      const commitment = isHeld ? commitmentAt(stated, subscription, held, hour) : undefined;
      if (commitment !== undefined) applied.push(commitment);
    }
  const limited = applied.flatMap(({ quantity }) => quantity ?? []);
  return {
    is_unlimited: limited.length < applied.length,
    tib_hours: limited.length === 0 ? null : limited.reduce((total, quantity) => total + quantity, 0n),
  };
}
