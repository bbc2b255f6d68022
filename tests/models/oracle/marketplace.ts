import { snapshotAt } from './accepted.ts';
import { dateText, dayOfHour, hourOf, hourText, msOf } from './clock.ts';
import { commercialBasis } from './commitment_rows.ts';
import { commitmentAt } from './commitments.ts';
import { atLeastZero, decimal, NANO, nanos, sum } from './money.ts';
import type { Row } from './table.ts';
import type { UsageBasis } from './usage.ts';
import type { ApiRecord } from './world.ts';

/** What is due of an hour, and what of it is planned to be sent in whole units. */
interface Due {
  readonly measured: bigint;
  readonly committed: bigint | null;
  readonly source: string;
  readonly due: bigint;
  readonly ours: number;
}

const keyOf = (subscription: string, dimension: string, hour: number) =>
  `${subscription} ${dimension} ${hour}`;

/** Levels of the billable dimensions since a subscription's start, hour by hour, with the step of the rounded-down total. */
function dues(basis: UsageBasis): ReadonlyMap<string, Due> {
  const { readings, snapshot, world } = basis;
  const { terms, stated } = commercialBasis(basis);
  const billable = snapshot
    .list('polaris.dimensions')
    .flatMap((each) => (each.billable ? [String(each.dimension)] : []));
  const levels = new Map<
    string,
    { subscription: string; dimension: string; hour: number; quantities: bigint[] }
  >();
  for (const hours of readings.hours.values())
    for (const [hour, known] of hours)
      for (const dimension of billable) {
        const reading = known.get(dimension);
        const subscription = reading?.row.subscription_id ?? null;
        if (reading === undefined || subscription === null) continue;
        if (hour < (terms.subscriptions.get(subscription)?.from ?? Number.POSITIVE_INFINITY)) continue;
        const key = keyOf(subscription, dimension, hour);
        const level = levels.get(key) ?? { subscription, dimension, hour, quantities: [] };
        level.quantities.push(reading.quantity);
        levels.set(key, level);
      }
  const found = new Map<string, Due>();
  const totals = new Map<string, bigint>();
  for (const [key, { subscription, dimension, hour, quantities }] of [...levels].sort(
    ([, a], [, b]) => a.hour - b.hour,
  )) {
    const measured = sum(quantities);
    const commitment = commitmentAt(stated, subscription, dimension, hour);
    const isDeducted = commitment?.source === 'policy_binding' || commitment?.source === 'microsoft_offer';
    const committed = commitment === undefined ? 0n : commitment.quantity;
    const due = !isDeducted ? measured : committed === null ? 0n : atLeastZero(measured - committed);
    const scale = scaleOf(world, terms.subscriptions.get(subscription)?.cloud ?? '', dimension);
    const before = totals.get(`${subscription} ${dimension}`) ?? 0n;
    totals.set(`${subscription} ${dimension}`, before + due);
    const units = (total: bigint) => (total * nanos(scale)) / (NANO * NANO);
    const ours = Number(units(before + due) - units(before));
    found.set(key, { measured, committed, source: commitment?.source ?? 'none', due, ours });
  }
  return found;
}

function scaleOf({ rules }: UsageBasis['world'], cloud: string, dimension: string): string {
  return rules.marketplace.scales[cloud]?.[dimension] ?? '1';
}

/** Tackle's records of each hour, the one that counts first: what was accepted, then what is under way, then refusals. */
function recordsOf(basis: UsageBasis): ReadonlyMap<string, readonly ApiRecord[]> {
  const { world, newest } = basis;
  const records = snapshotAt(world, newest)
    .list('tackle.usage_records')
    .filter(({ start_time }) => dayOfHour(hourOf(String(start_time))) <= newest);
  const rank = ({ status, reason }: ApiRecord) => {
    if (status === 'accepted') return 1;
    if (status !== 'rejected') return 2;
    return reason === 'duplicate-request' ? 4 : 3;
  };
  const grouped = Map.groupBy(records, (record) =>
    keyOf(String(record.subscription_id), dimensionOf(basis, record), hourOf(String(record.start_time))),
  );
  return new Map([...grouped].map(([key, own]) => [key, own.toSorted((a, b) => rank(a) - rank(b))]));
}

const named = ({ dimension }: ApiRecord) => Object(dimension) as ApiRecord;

function dimensionOf({ world }: UsageBasis, record: ApiRecord): string {
  const name = String(named(record).name);
  return world.rules.dimensions.marketplace_names[String(record.cloud)]?.[name] ?? name;
}

const quantityOf = (record: ApiRecord): bigint => nanos(Number(named(record).quantity));

/** `fct_marketplace_reconciliation`, the columns that the definitions name and what they are made of. */
export function reconciliationRows(basis: UsageBasis): readonly Row[] {
  const { terms, accounts } = commercialBasis(basis);
  const due = dues(basis);
  const records = recordsOf(basis);
  const keys = [...new Set([...due.keys(), ...records.keys()])];
  return keys.flatMap((key): Row[] => {
    const [subscription = '', dimension = '', hourNumber = ''] = key.split(' ');
    const hour = Number(hourNumber);
    const ours = due.get(key);
    const own = records.get(key) ?? [];
    const [counting] = own;
    if ((ours?.ours ?? 0) === 0 && counting === undefined) return [];
    const cloud =
      ours === undefined ? String(counting?.cloud) : (terms.subscriptions.get(subscription)?.cloud ?? '');
    const window = basis.world.rules.marketplace.window_hours[cloud] ?? 1;
    const deadline = hour + 1 + window;
    const planned = BigInt(ours?.ours ?? 0) * NANO;
    return [
      {
        subscription_id: subscription,
        account_id: accounts.get(subscription) ?? null,
        dimension,
        hour: hourText(hour),
        usage_date: dateText(dayOfHour(hour)),
        cloud,
        measured: ours === undefined ? null : decimal(ours.measured),
        committed: ours === undefined || ours.committed === null ? null : decimal(ours.committed),
        commitment_source: ours?.source ?? null,
        due: ours === undefined ? null : decimal(ours.due),
        ours: ours?.ours ?? 0,
        usage_record_id: counting === undefined ? null : String(counting.id),
        records: own.length,
        status: counting === undefined ? null : String(counting.status),
        reason: typeof counting?.reason === 'string' ? counting.reason : null,
        quantity: counting === undefined ? null : decimal(quantityOf(counting)),
        difference: counting === undefined ? null : decimal(quantityOf(counting) - planned),
        deadline_at: hourText(deadline),
        result: resultOf(own, planned, deadline * 3_600_000),
      },
    ];
  });
}

/** The first that applies. */
function resultOf(records: readonly ApiRecord[], planned: bigint, deadlineMs: number): string {
  const [counting] = records;
  if (counting === undefined) return 'missing';
  const isDuplicate = ({ status, reason }: ApiRecord) =>
    status === 'rejected' && reason === 'duplicate-request';
  const quantity = quantityOf(counting);
  if (counting.status === 'rejected' && !isDuplicate(counting)) return 'rejected';
  if (
    records.some(
      (each) => isDuplicate(each) && (counting.status !== 'accepted' || quantityOf(each) !== quantity),
    )
  )
    return 'duplicate_conflict';
  if (quantity !== planned) return quantity > planned ? 'over' : 'under';
  if (planned === 0n) return 'not_required';
  const isLate = counting.status === 'accepted' && msOf(String(counting.created_at)) > deadlineMs;
  return isLate ? 'late' : 'matched';
}
