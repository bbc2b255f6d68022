import type { ControlTotal } from '../fleet/control_totals.ts';

interface ReadingRow {
  readonly reading_id: string;
  readonly cluster_id: string;
  readonly hour: string;
  readonly dimension: string;
  readonly quantity: string;
  readonly revision: number;
}

/**
 * Control totals of the current revisions among row texts: the highest revision of each reading, equal revisions
 * once. Rows whose id is in `excluded` do not count. Ordered by hour, then as the dimensions first appear.
 */
export function totalsOfRows(
  texts: readonly string[],
  excluded: ReadonlySet<string>,
): readonly ControlTotal[] {
  const current = new Map<string, ReadingRow>();
  for (const text of texts) {
    const row = JSON.parse(text) as ReadingRow;
    if (excluded.has(row.reading_id)) continue;
    const key = `${row.cluster_id} ${row.hour} ${row.dimension}`;
    if ((current.get(key)?.revision ?? 0) < row.revision) current.set(key, row);
  }
  const sums = new Map<string, { hour: string; dimension: string; readings: number; nano: bigint }>();
  for (const { hour, dimension, quantity } of current.values()) {
    const key = `${hour} ${dimension}`;
    const sum = sums.get(key) ?? { hour, dimension, readings: 0, nano: 0n };
    sums.set(key, { ...sum, readings: sum.readings + 1, nano: sum.nano + toNano(quantity) });
  }
  return [...sums.values()]
    .map(({ nano, ...rest }) => ({ ...rest, quantity: nanoText(nano) }))
    .toSorted((a, b) => (a.hour < b.hour ? -1 : a.hour > b.hour ? 1 : 0));
}

/** Billionths of a decimal text with up to nine fraction digits. */
export function toNano(quantity: string): bigint {
  const [whole = '', fraction = ''] = quantity.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** The decimal text, with nine fraction digits, of billionths. */
export function nanoText(nano: bigint): string {
  return `${nano / 1_000_000_000n}.${String(nano % 1_000_000_000n).padStart(9, '0')}`;
}
