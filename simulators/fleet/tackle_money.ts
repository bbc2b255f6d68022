import type { Fleet } from './fleet.ts';
import { hash32 } from './hash.ts';
import { DAY_SECONDS, monthStart, toDate } from './instants.ts';
import { MARKETPLACE_FEE_RATE, termValue } from './offer_values.ts';
import type { SubscriptionPlan } from './plan.ts';
import { UNIT_PRICE } from './tackle_offers.ts';
import { usageSent } from './tackle_usage.ts';
import type { TackleRecord } from './types.ts';

/** Invoices reach back this many months before the first metered one. */
const BACK_MONTHS = 3;
const INVOICED_AFTER = 5 * DAY_SECONDS;
const PAID_AFTER = 40 * DAY_SECONDS;

/**
 * Invoice lines that exist at `now` (seconds since 1970): per term and month one for the fixed fee and, where usage
 * was accepted, one for it. Every record names its cloud; Azure's come as a file drop.
 */
export function invoices(fleet: Fleet, now: number): readonly TackleRecord[] {
  return moneyLines(fleet, now, INVOICED_AFTER).map((line) => moneyRecord(line, line.amount));
}

/** What was paid out by `now`: most invoice lines, some a cent short, a few never. */
export function disbursements(fleet: Fleet, now: number): readonly TackleRecord[] {
  return moneyLines(fleet, now, PAID_AFTER).flatMap((line) => {
    const h = hash32(fleet.plan.seed, 150, line.term.number, line.month);
    if (h % 25 === 0) return [];
    return [moneyRecord(line, h % 25 === 1 ? line.amount - 0.01 : line.amount)];
  });
}

interface MoneyLine {
  readonly term: SubscriptionPlan;
  readonly kind: 'fee' | 'usage';
  /** First second of the calendar month. */
  readonly month: number;
  readonly amount: number;
}

function moneyLines(fleet: Fleet, now: number, after: number): readonly MoneyLine[] {
  const { plan } = fleet;
  const months: number[] = [];
  for (let m = monthStart(plan.start, -BACK_MONTHS); monthStart(m, 1) + after <= now; m = monthStart(m, 1))
    months.push(m);
  const lines = months.flatMap((month) =>
    plan.subscriptions
      .filter((term) => term.starts_at < monthStart(month, 1) && (term.cancelled_at ?? term.ends_at) > month)
      .map((term): MoneyLine => ({ term, kind: 'fee', month, amount: feeOf(term, month) })),
  );
  return [...lines.filter((line) => line.amount > 0), ...usageLines(fleet, now, after)];
}

/** A month's share of a private offer's value, by days. */
function feeOf(term: SubscriptionPlan, month: number): number {
  if (term.phase !== 'private') return 0;
  const from = Math.max(month, term.starts_at);
  const to = Math.min(monthStart(month, 1), term.cancelled_at ?? term.ends_at);
  return (termValue(term) * (to - from)) / (term.ends_at - term.starts_at);
}

function usageLines(fleet: Fleet, now: number, after: number): readonly MoneyLine[] {
  const lines = new Map<string, MoneyLine>();
  for (const { term, hour, units, status, dimension } of usageSent(fleet, now)) {
    const month = monthStart(hour);
    if (status !== 'accepted' || units === 0 || monthStart(month, 1) + after > now) continue;
    const key = `${term.number} ${month}`;
    const price = dimension === 'capacity_used_tib' ? UNIT_PRICE : 0.021;
    const amount = (lines.get(key)?.amount ?? 0) + units * price;
    lines.set(key, { term, kind: 'usage', month, amount });
  }
  return [...lines.values()];
}

function moneyRecord(line: MoneyLine, amount: number): TackleRecord {
  const { term, month, kind } = line;
  const period = toDate(month).slice(0, 7);
  const revenue = Math.round(amount * 100) / 100;
  const fee = Math.round(revenue * MARKETPLACE_FEE_RATE * 100) / 100;
  return {
    invoice_id: `INV-${period}-${String(term.number).padStart(5, '0')}`,
    account_receivable_period: period,
    product: term.product_id,
    transaction: {
      id: `TX-${period}-${String(term.number).padStart(5, '0')}-${kind}`,
      seller_revenue: revenue,
      marketplace_fee: fee,
      // As it arrives: the difference of two doubles, with their noise.
      net_amount: revenue - fee,
    },
    customer: { account_number: term.buyer_id },
    cloud: term.cloud,
  };
}
