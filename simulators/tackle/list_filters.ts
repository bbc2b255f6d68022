import type { TackleRecord } from '../fleet/types.ts';
import { numberText } from './raw_number.ts';
import { badParameter } from './tackle_error.ts';

type Filter = (record: TackleRecord) => boolean;

const RFC3339 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * The filter of `GET /v1/metering/usage-records`: `start_after` and `start_before` are strict bounds on start_time;
 * without `include_zeros=true` hours of zero are left out.
 * @throws TackleError 400
 */
export function usageFilter(query: URLSearchParams): Filter {
  const after = instant(query, 'start_after');
  const before = instant(query, 'start_before');
  const zeros = query.get('include_zeros') ?? 'false';
  if (zeros !== 'true' && zeros !== 'false') throw badParameter('include_zeros', zeros, 'true or false');
  return (record) => {
    const start = Date.parse(String(record.start_time));
    if (after !== null && start <= after) return false;
    if (before !== null && start >= before) return false;
    return zeros === 'true' || !isZero(record);
  };
}

function isZero(record: TackleRecord): boolean {
  const dimension = record.dimension;
  if (typeof dimension !== 'object' || dimension === null || !('quantity' in dimension)) return false;
  const text = numberText(dimension.quantity);
  return text !== null && Number(text) === 0;
}

function instant(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const milliseconds = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw badParameter(name, text, 'an RFC 3339 time');
  return milliseconds;
}

/**
 * The filter of `GET /v1/invoices` and `/v1/disbursements`: one cloud, and the months that `start_date` to `end_date`
 * touch, both inclusive. Azure is not served.
 * @throws TackleError 400
 */
export function moneyFilter(query: URLSearchParams): Filter {
  const cloud = query.get('cloud');
  if (cloud !== 'aws' && cloud !== 'gcp') throw badParameter('cloud', cloud, 'aws or gcp');
  const from = month(query, 'start_date');
  const to = month(query, 'end_date');
  return (record) => {
    if (typeof record.cloud !== 'string') {
      // The rows show no cloud, so the source must say which request they belong to.
      throw new Error(
        `simulators: Tackle invoice ${String(record.invoice_id)}: got no cloud, want one in the source`,
      );
    }
    const period = String(record.account_receivable_period);
    return record.cloud === cloud && period >= from && period <= to;
  };
}

function month(query: URLSearchParams, name: string): string {
  const text = query.get(name);
  const isDay = text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
  if (!isDay) throw badParameter(name, text, 'a day yyyy-mm-dd');
  return text.slice(0, 7);
}

/**
 * A whole number within bounds.
 * @throws TackleError 400
 */
export function wholeNumber(
  query: URLSearchParams,
  name: string,
  bounds: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const text = query.get(name);
  if (text === null) return bounds.otherwise;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= bounds.min && number <= bounds.max)) {
    throw badParameter(name, text, `a whole number from ${bounds.min} to ${bounds.max}`);
  }
  return number;
}
