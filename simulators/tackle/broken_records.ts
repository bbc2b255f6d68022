import type { TackleList, TackleRecord } from '../fleet/types.ts';

interface Weakness {
  /** The record's identity: becomes null in the first row of a broken page. */
  readonly key: string;
  /** A field whose value leaves its domain in the second row. */
  readonly domain: string;
  /** The field that goes missing under `vanished_field`. */
  readonly vanishing: string;
}

const WEAKNESSES: Readonly<Record<TackleList, Weakness>> = {
  contracts: { key: 'id', domain: 'contractStatus', vanishing: 'offerId' },
  subscriptions: { key: 'tackle_subscription_id', domain: 'cloud', vanishing: 'offerid' },
  products: { key: 'product_id', domain: 'cloud', vanishing: 'product_id' },
  microsoft_offers: { key: 'po_id', domain: 'state', vanishing: 'offer_ref' },
  aws_offers: { key: 'po_id', domain: 'offerid', vanishing: 'offerid' },
  usage_records: { key: 'id', domain: 'status', vanishing: 'subscription_id' },
  invoices: { key: 'invoice_id', domain: 'account_receivable_period', vanishing: 'transaction' },
  disbursements: { key: 'invoice_id', domain: 'account_receivable_period', vanishing: 'transaction' },
};

/** The rows of a page under `bad_rows`: the first has no identity, the second a value outside its domain. */
export function breakRecords(list: TackleList, rows: readonly TackleRecord[]): readonly TackleRecord[] {
  const { key, domain } = WEAKNESSES[list];
  return rows.map((row, index) => {
    if (index === 0) return { ...row, [key]: null };
    return index === 1 ? { ...row, [domain]: ['never seen before'] } : row;
  });
}

/** The rows of a page under `vanished_field`: a field that other records are joined by is gone. */
export function dropField(list: TackleList, rows: readonly TackleRecord[]): readonly TackleRecord[] {
  const { vanishing } = WEAKNESSES[list];
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== vanishing)));
}
