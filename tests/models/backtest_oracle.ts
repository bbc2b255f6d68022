/** What the backtest must say of a generated fleet, from its plan and the published indicators. Days count from 1970. */
import type { Fleet } from '../../simulators/fleet/fleet.ts';
import type { CustomerPlan } from '../../simulators/fleet/plan.ts';
import { accountId } from '../../simulators/fleet/salesforce_ids.ts';

const DAY_SECONDS = 86_400;
const dayOf = (seconds: number) => Math.floor(seconds / DAY_SECONDS);
export const dateOfDay = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);
export const dayOfDate = (date: string) => Date.parse(date) / 86_400_000;

export interface ChurnEvent {
  readonly account_id: string;
  readonly day: number;
  readonly churned: boolean;
}

interface Candidate {
  readonly day: number;
  readonly start: number;
  readonly churned: boolean;
}

export interface History {
  readonly first: number;
  readonly newest: number;
  /** Seconds since 1970 of the newest date's cut-off. */
  readonly cut_off: number;
  readonly lead: number;
}

/** Every renewal and termination of the fleet whose outcome is known and whose lead time lies in the history. */
export function plannedEvents(
  fleet: Fleet,
  accountOf: ReadonlyMap<string, string | null>,
  history: History,
): readonly ChurnEvent[] {
  return fleet.plan.customers.flatMap((customer) => {
    const matched = accountOf.get(customer.customer_id) ?? null;
    const account_id = matched ?? accountId(customer.number, 0);
    return eventsOf(customer, matched !== null, history).map(({ day, churned }) => ({
      account_id,
      day,
      churned,
    }));
  });
}

function eventsOf(customer: CustomerPlan, matched: boolean, history: History): readonly Candidate[] {
  const terms = customer.subscriptions.map((s) => ({
    cloud: s.cloud,
    start: dayOf(s.starts_at),
    stop: dayOf(s.cancelled_at ?? s.ends_at),
  }));
  const created = customer.clusters.map((cluster) => dayOf(cluster.created_at));
  const { terminated_at } = customer;
  const ended = terminated_at !== null && terminated_at <= history.cut_off ? dayOf(terminated_at) : null;
  const gone = (day: number) => matched && ended !== null && ended <= day;
  const candidates: Candidate[] = terms
    .filter((term) => term.stop <= history.newest)
    .map((term) => {
      const renewed = terms.some(
        (other) => other.cloud === term.cloud && other.start <= term.stop && term.stop < other.stop,
      );
      return { day: term.stop, start: term.start, churned: !renewed || gone(term.stop) };
    });
  if (ended !== null && (matched || terms.length === 0))
    candidates.push({ day: ended, start: Math.min(...created), churned: true });
  const begun = [...terms.map((term) => term.start), ...(matched ? created : [])];
  return firstLosses(merged(candidates), begun).filter(
    ({ day, start }) => day - history.lead >= history.first && start <= day - history.lead,
  );
}

/** One event a day: churned where any of it is. */
function merged(candidates: readonly Candidate[]): readonly Candidate[] {
  const byDay = Map.groupBy(candidates, ({ day }) => day);
  return [...byDay.values()]
    .map((same) => ({
      day: same[0]?.day ?? 0,
      start: Math.min(...same.map(({ start }) => start)),
      churned: same.some(({ churned }) => churned),
    }))
    .toSorted((a, b) => a.day - b.day);
}

/** Of several losses between which nothing began, the first. */
function firstLosses(events: readonly Candidate[], begun: readonly number[]): readonly Candidate[] {
  const lost = new Set<number>();
  return events.filter(({ day, churned }) => {
    const beginnings = begun.filter((start) => start < day).length;
    if (!churned) return true;
    if (lost.has(beginnings)) return false;
    lost.add(beginnings);
    return true;
  });
}

export interface Case {
  readonly risk: number;
  readonly churned: boolean;
}

/** The share of pairs in which the one that churned had the higher risk, ties one half: pair by pair. */
export function pairwiseAuc(cases: readonly Case[]): number | null {
  const [lost, kept] = [cases.filter((c) => c.churned), cases.filter((c) => !c.churned)];
  if (lost.length === 0 || kept.length === 0) return null;
  const wins = lost.flatMap((a) =>
    kept.map((b) => (a.risk > b.risk ? 1 : 0) + (a.risk === b.risk ? 0.5 : 0)),
  );
  return wins.reduce((sum, win) => sum + win, 0) / wins.length;
}

/** The churn rate expected in the riskiest tenth, where cases of equal risk have equal chances of a place in it. */
export function topDecileRate(cases: readonly Case[]): number {
  const places = Math.ceil(cases.length / 10);
  const expected = cases.map((one) => {
    const above = cases.filter((other) => other.risk > one.risk).length;
    const equal = cases.filter((other) => other.risk === one.risk).length;
    const chance = Math.min(1, Math.max(0, (places - above) / equal));
    return one.churned ? chance : 0;
  });
  return expected.reduce((sum, share) => sum + share, 0) / places;
}

const Z = 1.959963984540054;
const clip = (x: number) => Math.min(1, Math.max(0, x));

export function wilson(share: number, n: number): readonly [number, number] {
  const middle = (share + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  return [clip(middle - half), clip(middle + half)];
}

export function hanleyMcNeil(auc: number, lost: number, kept: number): readonly [number, number] {
  const [q1, q2] = [auc / (2 - auc), (2 * auc ** 2) / (1 + auc)];
  const variance = auc * (1 - auc) + (lost - 1) * (q1 - auc ** 2) + (kept - 1) * (q2 - auc ** 2);
  const half = Z * Math.sqrt(Math.max(0, variance) / (lost * kept));
  return [clip(auc - half), clip(auc + half)];
}
