/** What finance's evidence marts must say of the small world, by their definitions alone, in whole billionths. */
import { createHash } from 'node:crypto';
import {
  BILLABLE,
  CAPACITY,
  CLUSTERS,
  DIFFERED,
  ENTRIES,
  type Entry,
  HOURS,
  JANUARY_CUT_OFF,
  REFUSED,
  SUBSCRIPTIONS,
  TERMS,
} from './evidence_world.ts';

const BILLION = 1_000_000_000n;
const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n);
const keyOf = ({ cluster, dimension, hour }: Entry) => `${cluster} ${dimension} ${hour}`;
const monthOf = (hour: string) => `${hour.slice(0, 7)}-01`;

/** The highest revision of each reading. */
function newest(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const held = new Map<string, Entry>();
  for (const entry of entries)
    if (entry.revision > (held.get(keyOf(entry))?.revision ?? 0)) held.set(keyOf(entry), entry);
  return held;
}

const CURRENT = newest(ENTRIES);

/** January took what was loaded before its close and recorded by its cut-off; February is open. */
export const isLate = ({ hour, recorded_at, load }: Entry) =>
  monthOf(hour) === '2026-01-01' && (load === 2 || recorded_at > JANUARY_CUT_OFF);

export interface Cell {
  readonly subscription_id: string;
  readonly hour: string;
  readonly dimension: string;
  readonly decision: string;
  readonly is_in_term: boolean;
  readonly clusters: number;
  readonly readings: number;
  readonly quantity: bigint | null;
  readonly is_estimated: boolean;
  readonly is_partly_metered: boolean;
}

const ceilHour = (instant: string) =>
  new Date(Math.ceil(Date.parse(`${instant}Z`) / 3_600_000) * 3_600_000).toISOString().slice(0, 19);

function isInTerm(subscription: string, hour: string): boolean {
  const term = TERMS[subscription];
  return term !== undefined && term.from <= hour && (term.to === null || hour < ceilHour(term.to));
}

/** Clusters of a subscription that exist in an hour, or are metered in it. */
function clustersIn(subscription: string, hour: string): readonly string[] {
  return CLUSTERS.filter((cluster) => {
    if (cluster.subscription !== subscription) return false;
    const metered = BILLABLE.some((dimension) => CURRENT.has(`${cluster.id} ${dimension} ${hour}`));
    const created = `${cluster.created.slice(0, 13)}:00:00`;
    const terminated = cluster.terminated === null ? '9999' : `${cluster.terminated.slice(0, 13)}:00:00`;
    return metered || (created <= hour && hour < terminated);
  }).map(({ id }) => id);
}

function isHeld(clusters: readonly string[], hour: string, dimension: string): boolean {
  const refused = REFUSED.some(
    (row) =>
      row.status === 'open' &&
      clusters.includes(row.cluster) &&
      row.dimension === dimension &&
      row.hour === `${hour}Z`,
  );
  return refused || DIFFERED.some((row) => !row.settled && row.hour === hour && row.dimension === dimension);
}

/** The last reading of a cluster before an hour, as `ending`'s policy fills it. */
function lastBefore(cluster: string, hour: string): bigint | undefined {
  const earlier = HOURS.filter((each) => each < hour).toReversed();
  const found = earlier.find((each) => CURRENT.has(`${cluster} ${CAPACITY} ${each}`));
  return found === undefined ? undefined : CURRENT.get(`${cluster} ${CAPACITY} ${found}`)?.quantity;
}

/** Every cell in the order of its hours, since grace counts them. */
export function cells(): readonly Cell[] {
  const over = new Map<string, number>();
  const one = (subscription: string, dimension: string, hour: string): Cell => {
    const clusters = clustersIn(subscription, hour);
    const levels = clusters.flatMap((id) => CURRENT.get(`${id} ${dimension} ${hour}`)?.quantity ?? []);
    const lacking = clusters.filter((id) => !CURRENT.has(`${id} ${dimension} ${hour}`));
    const fills = subscription === 'ending' && dimension === CAPACITY;
    const estimates = fills ? lacking.flatMap((id) => lastBefore(id, hour) ?? []) : [];
    const level = sum([...levels, ...estimates]);
    const commitment = { two: 9n, ending: 5n }[subscription];
    const isOver = dimension === CAPACITY && commitment !== undefined && level > commitment * BILLION;
    const period = `${subscription} ${monthOf(hour)}`;
    if (isOver) over.set(period, (over.get(period) ?? 0) + 1);
    const grace = subscription === 'two' && (over.get(period) ?? 0) <= 5;
    const decide = () => {
      if (!isInTerm(subscription, hour) || clusters.length === 0) return 'inactive';
      if (isHeld(clusters, hour, dimension)) return 'held';
      if (levels.length + estimates.length === 0) return 'missing';
      if (isOver) return grace ? 'grace' : 'bill';
      return 'included';
    };
    return {
      ...{ subscription_id: subscription, hour, dimension, decision: decide() },
      is_in_term: isInTerm(subscription, hour),
      clusters: clusters.length,
      readings: levels.length,
      quantity: levels.length === 0 ? null : sum(levels),
      is_estimated: estimates.length > 0,
      is_partly_metered: levels.length > 0 && levels.length + estimates.length < clusters.length,
    };
  };
  return SUBSCRIPTIONS.flatMap((subscription) =>
    BILLABLE.flatMap((dimension) => HOURS.map((hour) => one(subscription, dimension, hour))),
  );
}

/** Counts and sums of one month and dimension, from what was booked in it to what stands now. */
export function rolledForward(month: string, dimension: string) {
  const entries = ENTRIES.filter((each) => monthOf(each.hour) === month && each.dimension === dimension);
  const within = entries.filter((entry) => !isLate(entry));
  const quantity = (held: ReadonlyMap<string, Entry>) => sum([...held.values()].map((each) => each.quantity));
  const firstOf = (some: readonly Entry[]) =>
    new Map(some.toSorted((a, b) => b.revision - a.revision).map((entry) => [keyOf(entry), entry]));
  const atClose = newest(within);
  const now = newest(entries);
  const lateEntries = entries.filter(isLate);
  const lateFirsts = firstOf(lateEntries.filter((entry) => !atClose.has(keyOf(entry))));
  return {
    originals: atClose.size,
    original_quantity: quantity(firstOf(within)),
    restatements: within.length - atClose.size,
    restatement_change: quantity(atClose) - quantity(firstOf(within)),
    readings_at_close: atClose.size,
    quantity_at_close: quantity(atClose),
    late_originals: now.size - atClose.size,
    late_original_quantity: quantity(lateFirsts),
    late_restatements: lateEntries.length - (now.size - atClose.size),
    late_restatement_change: quantity(now) - quantity(atClose) - quantity(lateFirsts),
    readings_now: now.size,
    quantity_now: quantity(now),
  };
}

const md5 = (parts: readonly string[]) => createHash('md5').update(parts.join('|')).digest('hex');

/** The register: each late entry with what it found and left, and the line of its hour. */
export function lateEntries(policyVersion: string) {
  return ENTRIES.flatMap((entry, evidence_index) => {
    if (!isLate(entry)) return [];
    const earlier = ENTRIES.filter(
      (other) => keyOf(other) === keyOf(entry) && (!isLate(other) || other.revision < entry.revision),
    );
    const before = newest(earlier).get(keyOf(entry));
    const after = before !== undefined && before.revision > entry.revision ? before : entry;
    const rated =
      entry.dimension === CAPACITY && (entry.subscription === 'two' || entry.subscription === 'ending');
    const line = md5([
      'usage',
      String(entry.subscription),
      entry.dimension,
      monthOf(entry.hour),
      String(entry.subscription),
      policyVersion,
    ]);
    return {
      evidence_index,
      quantity_before: before?.quantity ?? null,
      quantity_after: after.quantity,
      quantity_change: after.quantity - (before?.quantity ?? 0n),
      corrects_line_id: rated ? line : null,
      adjustment_line_id: rated ? md5(['adjustment', line, '2026-02-01']) : null,
    };
  });
}
