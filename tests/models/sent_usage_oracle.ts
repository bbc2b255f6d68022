import type { Fleet } from '../../simulators/fleet/fleet.ts';
import { HOUR_SECONDS, toInstant } from '../../simulators/fleet/instants.ts';
import { commitmentOf } from '../../simulators/fleet/offer_values.ts';
import type { SubscriptionPlan } from '../../simulators/fleet/plan.ts';
import { termAt } from '../../simulators/fleet/reading_rows.ts';
import { azureInclusion } from '../../simulators/fleet/tackle_offers.ts';
import { type UsageSent, usageSent } from '../../simulators/fleet/tackle_usage.ts';

const BILLABLE = ['capacity_used_tib', 'egress_gib'];
const WINDOW_HOURS = { azure: 24, gcp: 1, aws: 1 };
const NANO = 1_000_000_000n;

/**
 * What the reconciliation has to say of the fleet's first `hours` hours, one line of text per row, from the plan and
 * the exact readings alone. `now`: seconds since 1970.
 */
export function expectedResults(fleet: Fleet, hours: number, now: number): readonly string[] {
  const planned = plannedUnits(fleet, hours);
  const end = fleet.plan.start + hours * HOUR_SECONDS;
  const known = [...usageSent(fleet, now)].filter((sent) => sent.created_at <= now && sent.hour < end);
  const records = Map.groupBy(known, (sent) => keyOf(sent.term, sent.dimension, sent.hour));
  const keys = new Set([
    ...[...planned].filter(([, units]) => units > 0n).map(([key]) => key),
    ...records.keys(),
  ]);
  return [...keys].map((key) => rowOf(key, planned.get(key) ?? 0n, records.get(key) ?? [])).toSorted();
}

function rowOf(key: string, ours: bigint, records: readonly UsageSent[]): string {
  const first = records.find((sent) => sent.nth === 0);
  return line(key, ours, first === undefined ? null : first.units, resultOf(ours, first, records));
}

/** A row as text: key, ours, Tackle's quantity, result. */
export function line(key: string, ours: bigint, quantity: number | null, result: string): string {
  return `${key} ${ours} ${quantity} ${result}`;
}

function resultOf(ours: bigint, first: UsageSent | undefined, records: readonly UsageSent[]): string {
  if (first === undefined) return 'missing';
  if (first.status === 'rejected') return 'rejected';
  if (records.some((sent) => sent.nth === 1 && sent.units !== first.units)) return 'duplicate_conflict';
  const units = BigInt(first.units);
  if (units !== ours) return units > ours ? 'over' : 'under';
  if (ours === 0n) return 'not_required';
  const deadline = first.hour + (1 + WINDOW_HOURS[first.term.cloud]) * HOUR_SECONDS;
  return first.created_at > deadline ? 'late' : 'matched';
}

function keyOf(term: SubscriptionPlan, dimension: string, hour: number): string {
  return `${term.subscription_id} ${dimension} ${toInstant(hour)}`;
}

/** Whole units to send per subscription, dimension and hour: the step of the running total, rounded down. */
function plannedUnits(fleet: Fleet, hours: number): ReadonlyMap<string, bigint> {
  const units = new Map<string, bigint>();
  const totals = new Map<string, bigint>();
  for (let hour = 0; hour < hours; hour += 1) {
    const at = fleet.plan.start + hour * HOUR_SECONDS;
    for (const dimension of BILLABLE)
      for (const [term, level] of levels(fleet, dimension, hour)) {
        const total = `${term.number} ${dimension}`;
        const before = totals.get(total) ?? 0n;
        const after = before + dueOf(term, dimension, at, level);
        totals.set(total, after);
        units.set(keyOf(term, dimension, at), after / NANO - before / NANO);
      }
  }
  return units;
}

/** The sum over the clusters of each term that has begun, in billionths; a term without a reading is not there. */
function levels(fleet: Fleet, dimension: string, hour: number): ReadonlyMap<SubscriptionPlan, bigint> {
  const at = fleet.plan.start + hour * HOUR_SECONDS;
  const place = fleet.dimensions.findIndex((each) => each.dimension === dimension);
  const found = new Map<SubscriptionPlan, bigint>();
  for (const cluster of fleet.plan.clusters) {
    const term = termAt(cluster, at);
    const nano = fleet.finalReadings.nano(cluster, place, hour);
    if (term === null || term.starts_at > at || nano === null) continue;
    found.set(term, (found.get(term) ?? 0n) + BigInt(nano));
  }
  return found;
}

/** Only a Microsoft offer that is in force and states what it includes keeps anything back. */
function dueOf(term: SubscriptionPlan, dimension: string, at: number, level: bigint): bigint {
  const inForce = at < (term.cancelled_at ?? term.ends_at);
  const isPrivate = term.cloud === 'azure' && term.phase === 'private' && dimension === 'capacity_used_tib';
  if (!inForce || !isPrivate || azureInclusion(term) === 'none') return level;
  if (azureInclusion(term) === 'unlimited') return 0n;
  const amended = term.amended_at !== null && term.amended_at <= at;
  const over = level - BigInt(commitmentOf(term, amended)) * NANO;
  return over > 0n ? over : 0n;
}
