import {
  type AccountDay,
  anomaly,
  heldIn,
  isCovered,
  levelShift,
  trendOf,
  windowOf,
} from './account_days.ts';
import {
  activeFeatures,
  casesOf,
  committedTibHours,
  contractsOf,
  entitledFeatures,
  entitlementOf,
  isUsedAfterEnd,
  renewalDay,
} from './account_terms.ts';
import type { Known } from './as_of_walk.ts';
import { ratio, sum } from './money.ts';

/** An indicator: its value, or why it is not known. */
export type Indicator = { readonly value: number | boolean } | { readonly reason: string };

const known = (value: number | boolean): Indicator => ({ value });
const unknown = (reason: string): Indicator => ({ reason });
const BLIND = 'insufficient_telemetry';

/** What an account commits to in some days. */
export type Committed = ReturnType<typeof committedTibHours>;

/** What the indicators of an account are made from. */
export function factsOf(at: Known, account: string, days: readonly AccountDay[]) {
  const contracts = contractsOf(at, account);
  const entitled = entitledFeatures(at, account);
  const used = (from: number, to: number) =>
    [...activeFeatures(at, account, from, to)].filter((feature) => entitled.has(feature)).length;
  return {
    at,
    days,
    now: windowOf(days, at.day, 27, 0),
    prior: windowOf(days, at.day, 55, 28),
    both: windowOf(days, at.day, 55, 0),
    last_active: days.findLast(({ is_observed, hours_active }) => is_observed && hours_active > 0)?.day,
    last_heard: days.findLast(({ hours_observed }) => hours_observed > 0)?.day,
    first_observed: days.find(({ is_observed }) => is_observed)?.day,
    committed: committedTibHours(at, account, 28),
    entitlement: entitlementOf(at, account, contracts),
    entitled_features: entitled.size,
    features_now: used(27, 0),
    features_prior: used(55, 28),
    cases: casesOf(at, account),
    renewal: renewalDay(at, account, contracts),
    is_used_after_end: isUsedAfterEnd(at, account, contracts),
  };
}

type Facts = ReturnType<typeof factsOf>;

/** Every indicator by its name. */
export function indicatorsOf(facts: Facts, committed: ReadonlyMap<number, Committed>) {
  return {
    ...usageIndicators(facts),
    ...termIndicators(facts),
    time_to_first_value_days: timeToFirstValue(facts, committed),
  };
}

function usageIndicators(facts: Facts) {
  const { at, now, prior, both, days, committed } = facts;
  const [held, heldBefore] = [heldIn(now), heldIn(prior)];
  const isNow = isCovered(now);
  const isBoth = isNow && isCovered(prior);
  const n = BigInt(held.length);
  const byDay = new Map(days.map((each) => [each.day, each]));
  const hours = now.reduce((total, each) => total + each.hours_observed, 0);
  const active = now.reduce((total, each) => total + each.hours_active, 0);
  const z = anomaly(byDay, at.day);
  const shift = levelShift(byDay, at.day);
  const whenNow = (indicator: () => Indicator) => (isNow ? indicator() : unknown(BLIND));
  const whenBoth = (indicator: () => Indicator) => (isBoth ? indicator() : unknown(BLIND));
  return {
    commitment_utilisation_28d: whenNow(() => {
      if (held.length === 0) return unknown(BLIND);
      if (committed.is_unlimited) return unknown('unlimited');
      if (committed.tib_hours === null || committed.tib_hours === 0n) return unknown('no_commitment');
      return known(ratio(sum(held) * 672n, committed.tib_hours * n));
    }),
    usage_change_28d: whenBoth(() => {
      if (held.length === 0 || heldBefore.length === 0) return unknown(BLIND);
      const [after, before] = [sum(held) * BigInt(heldBefore.length), sum(heldBefore) * n];
      return before === 0n ? unknown('prior_usage_zero') : known(ratio(after - before, before));
    }),
    usage_trend_pct_week: whenBoth(() => {
      if (heldIn(both).length < 2) return unknown(BLIND);
      return sum(heldIn(both)) === 0n ? unknown('usage_zero') : known(trendOf(both));
    }),
    active_hour_ratio_28d: whenNow(() =>
      hours === 0 ? unknown(BLIND) : known(ratio(BigInt(active), BigInt(hours))),
    ),
    usage_anomaly_z: whenBoth(() => (typeof z === 'string' ? unknown(z) : known(z))),
    level_shift: whenBoth(() => (shift === null ? unknown('no_baseline') : known(shift))),
    feature_breadth_28d: whenNow(() => breadth(facts, facts.features_now)),
    feature_breadth_change: whenBoth(() => breadth(facts, facts.features_now - facts.features_prior)),
    cases_90d_per_100tib: whenNow(() => {
      if (held.length === 0) return unknown(BLIND);
      if (sum(held) === 0n) return unknown('usage_zero');
      return known(ratio(BigInt(facts.cases.cases) * n * 100n * 1_000_000_000n, sum(held)));
    }),
    unused_entitlement: unusedEntitlement(facts, isNow),
  };
}

function breadth({ entitled_features }: Facts, features: number): Indicator {
  if (entitled_features === 0) return unknown('no_entitlement');
  return known(ratio(BigInt(features), BigInt(entitled_features)));
}

/** The last 60 observed days, or all since the entitlement's start, at least 20. */
function unusedEntitlement({ at, days, entitlement }: Facts, isNow: boolean): Indicator {
  const { since, is_entitled } = entitlement;
  if (since === null || !is_entitled) return unknown('no_entitlement');
  if (!isNow) return unknown(BLIND);
  if (at.day - since <= 30) return known(false);
  const observed = days.filter(({ day, is_observed }) => is_observed && day >= since).slice(-60);
  if (observed.some(({ hours_active }) => hours_active > 0)) return known(false);
  return observed.length < 20 ? unknown(BLIND) : known(true);
}

function termIndicators(facts: Facts) {
  const { at, days, last_active, first_observed, last_heard, renewal, cases } = facts;
  const since = last_active ?? first_observed;
  const silent = days.filter(
    ({ day, hours_missing_cluster }) => day > (last_heard ?? 0) && hours_missing_cluster > 0,
  );
  const noCluster = days.length === 0;
  return {
    days_since_activity: noCluster
      ? unknown('no_cluster')
      : since === undefined
        ? unknown('never_observed')
        : known(at.day - since),
    days_to_renewal: renewal === null ? unknown('no_renewal_known') : known(renewal - at.day),
    offer_expired_with_usage:
      facts.is_used_after_end === null ? unknown('not_observed_since_end') : known(facts.is_used_after_end),
    networking_share_90d:
      cases.cases < 5
        ? unknown('fewer_than_5_cases')
        : known(ratio(BigInt(cases.networking), BigInt(cases.cases))),
    days_without_telemetry: noCluster ? unknown('no_cluster') : known(silent.length),
  };
}

/** The first observed day of the entitlement at a tenth of its commitment; the days before the feed began are not known. */
function timeToFirstValue(
  { at, days, entitlement }: Facts,
  committed: ReadonlyMap<number, Committed>,
): Indicator {
  const { since } = entitlement;
  if (since === null) return unknown('no_entitlement');
  if (days.length === 0) return unknown('no_cluster');
  const within = [...committed].filter(([day]) => day >= since && day <= at.day);
  const limited = within.filter(([, { is_unlimited, tib_hours }]) => !is_unlimited && (tib_hours ?? 0n) > 0n);
  if (limited.length === 0)
    return unknown(within.some(([, { is_unlimited }]) => is_unlimited) ? 'unlimited' : 'no_commitment');
  if (since < at.first_day) return unknown(BLIND);
  const reached = days.find(({ day, held }) => {
    const commitment = limited.find(([of]) => of === day)?.[1].tib_hours ?? null;
    return held !== null && commitment !== null && 240n * held >= commitment;
  });
  return reached === undefined ? unknown('censored') : known(reached.day - since);
}
