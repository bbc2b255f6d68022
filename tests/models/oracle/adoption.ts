import { dateText, dayOf, dayOfHour, hourOf } from './clock.ts';
import { commercialBasis } from './commitment_rows.ts';
import { ratio } from './money.ts';
import type { Row } from './table.ts';
import { featureUsageDaily, type UsageBasis } from './usage.ts';

const OBSERVED_HOURS = 18;
const OBSERVED_DAYS = 20;

/** `fct_feature_adoption`: account × feature that a plan in force entitles to, or that was used. */
export function adoptionRows(basis: UsageBasis): readonly Row[] {
  const used = Map.groupBy(featureUsageDaily(basis), ({ account_id, feature }) => `${account_id} ${feature}`);
  const entitled = entitlements(basis);
  const observed = observedDays(basis);
  const inForce = [...entitled].filter(([, { is_entitled }]) => is_entitled).map(([key]) => key);
  return [...new Set([...used.keys(), ...inForce])].map((key) => {
    const [account = ''] = key.split(' ');
    const days = (used.get(key) ?? [])
      .map(({ usage_date }) => dayOf(String(usage_date)))
      .sort((a, b) => a - b);
    return rowOf(basis, key, days, observed.get(account) ?? [], entitled.get(key));
  });
}

function rowOf(
  basis: UsageBasis,
  key: string,
  days: readonly number[],
  observed: readonly number[],
  entitlement: Entitlement | undefined,
): Row {
  const { newest, readings, world } = basis;
  const [account_id = '', feature = ''] = key.split(' ');
  const [first, last] = [days[0], days.at(-1)];
  const activeObserved = days.filter((day) => observed.includes(day));
  const window = observed.filter((day) => day > newest - 28);
  const activeNow = activeObserved.filter((day) => day > newest - 28);
  const adopted = first !== undefined && activeObserved.filter((day) => day < first + 28).length >= 3;
  const stickiness =
    window.length >= OBSERVED_DAYS ? ratio(BigInt(activeNow.length), BigInt(window.length)) : null;
  const since = entitlement?.since;
  const third = days[2];
  const lastWindowBegan = observed.toSorted((a, b) => b - a)[27];
  const isLapsed = lastWindowBegan !== undefined && last !== undefined && last < lastWindowBegan;
  return {
    as_of_date: dateText(newest),
    account_id,
    feature,
    is_entitled: entitlement?.is_entitled ?? false,
    entitled_since: since === undefined ? null : dateText(since),
    is_entitled_before_feed: since === undefined ? null : since < dayOfHour(readings.first_hour),
    first_used_date: first === undefined ? null : dateText(first),
    last_used_date: last === undefined ? null : dateText(last),
    days_to_adopt: since === undefined || third === undefined ? null : third - since,
    adopted,
    active_days_28d: activeNow.length,
    observed_days_28d: window.length,
    stickiness,
    stickiness_reason: stickiness === null ? 'insufficient_telemetry' : null,
    stage: stageOf(first !== undefined, adopted, isLapsed, stickiness),
    features_version: world.rules.features.version,
  };
}

/** `lapsed` outranks `habitual`; both need `adopted`. */
function stageOf(isUsed: boolean, isAdopted: boolean, isLapsed: boolean, stickiness: number | null): string {
  if (!isUsed) return 'never';
  if (!isAdopted) return 'tried';
  if (isLapsed) return 'lapsed';
  return stickiness !== null && stickiness >= 0.5 ? 'habitual' : 'adopted';
}

/** Account → the days on which one of its clusters has 18 observed hours. */
function observedDays({ days, snapshot, accounts }: UsageBasis): ReadonlyMap<string, readonly number[]> {
  const owner = new Map(
    snapshot
      .list('polaris.clusters')
      .map((each) => [String(each.cluster_id), accounts.get(String(each.customer_id))]),
  );
  const found = new Map<string, Set<number>>();
  for (const { cluster, day, observed } of days.values()) {
    const account = owner.get(cluster);
    if (account === undefined || observed < OBSERVED_HOURS) continue;
    found.set(account, (found.get(account) ?? new Set<number>()).add(day));
  }
  return new Map([...found].map(([account, own]) => [account, [...own]]));
}

interface Entitlement {
  readonly since: number;
  readonly is_entitled: boolean;
}

/** Account and feature → the first day of the first term that entitled to it, and whether one is in force. */
function entitlements(basis: UsageBasis): ReadonlyMap<string, Entitlement> {
  const { newest, world, snapshot, accounts } = basis;
  const { terms, accounts: buyers } = commercialBasis(basis);
  const last = newest * 24 + 23;
  const found = new Map<string, Entitlement>();
  const add = (account: string | undefined, plan: string, since: number, is_entitled: boolean) => {
    if (account === undefined) return;
    for (const feature of world.rules.features.plans[plan]?.features ?? []) {
      const key = `${account} ${feature}`;
      const held = found.get(key);
      const first = Math.min(since, held?.since ?? since);
      found.set(key, { since: first, is_entitled: is_entitled || held?.is_entitled === true });
    }
  };
  for (const { id, rated_plan, starts_at, from, to, is_in_tackle } of terms.subscriptions.values())
    if (is_in_tackle && from <= last)
      add(buyers.get(id), rated_plan, dayOfHour(hourOf(starts_at ?? '')), last < to);
  for (const { cloud, customer_id, created_at } of snapshot.list('polaris.clusters'))
    if (cloud === 'onprem')
      add(accounts.get(String(customer_id)), 'default', dayOfHour(hourOf(String(created_at))), true);
  return found;
}
