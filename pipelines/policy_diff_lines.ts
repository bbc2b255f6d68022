import type { RatedLine } from './policy_ratings.ts';

/**
 * What a subscription's dimension costs in a billing period, under both sets of policies. Amounts are exact decimals as text,
 * null where a set has no such line or nothing of it was metered.
 */
export interface DiffLine {
  readonly subscription_id: string;
  readonly account_id: string | null;
  readonly dimension: string;
  readonly service_period: string;
  readonly currency: string;
  readonly old_policies: string | null;
  readonly new_policies: string | null;
  readonly old_amount: string | null;
  readonly new_amount: string | null;
  readonly difference: string;
}

/** All lines of one currency together. */
export interface DiffTotal {
  readonly currency: string;
  readonly lines: number;
  readonly lines_that_differ: number;
  readonly old_amount: string;
  readonly new_amount: string;
  readonly difference: string;
}

/** Puts the lines of both sides beside each other; the largest differences come first. */
export function diffLines(before: readonly RatedLine[], after: readonly RatedLine[]): readonly DiffLine[] {
  const old = byKey(before);
  const changed = byKey(after);
  const lines = [...new Set([...old.keys(), ...changed.keys()])].sort().flatMap((key) => {
    const line = changed.get(key) ?? old.get(key);
    return line === undefined ? [] : [diffLine(line, old.get(key), changed.get(key))];
  });
  const size = ({ difference }: DiffLine) => {
    const value = billionths(difference);
    return value < 0n ? -value : value;
  };
  return lines.toSorted((a, b) => Number(size(b) > size(a)) - Number(size(b) < size(a)));
}

function diffLine(line: RatedLine, old?: RatedLine, changed?: RatedLine): DiffLine {
  const { subscription_id, account_id, dimension, service_period, currency } = line;
  return {
    subscription_id,
    account_id,
    dimension,
    service_period,
    currency,
    old_policies: old?.policies ?? null,
    new_policies: changed?.policies ?? null,
    old_amount: old?.amount == null ? null : decimal(billionths(old.amount)),
    new_amount: changed?.amount == null ? null : decimal(billionths(changed.amount)),
    difference: decimal(billionths(changed?.amount ?? '0') - billionths(old?.amount ?? '0')),
  };
}

function byKey(lines: readonly RatedLine[]): ReadonlyMap<string, RatedLine> {
  return new Map(
    lines.map((line) => [
      JSON.stringify([line.subscription_id, line.dimension, line.service_period, line.currency]),
      line,
    ]),
  );
}

/** What the lines come to, by currency. */
export function diffTotals(lines: readonly DiffLine[]): readonly DiffTotal[] {
  const groups = [...Map.groupBy(lines, (line) => line.currency)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.map(([currency, group]) => {
    const sum = (values: readonly (string | null)[]) =>
      values.reduce((total, value) => total + billionths(value ?? '0'), 0n);
    const old = sum(group.map((line) => line.old_amount));
    const changed = sum(group.map((line) => line.new_amount));
    return {
      currency,
      lines: group.length,
      lines_that_differ: group.filter((line) => line.old_amount !== line.new_amount).length,
      old_amount: decimal(old),
      new_amount: decimal(changed),
      difference: decimal(changed - old),
    };
  });
}

/** A decimal text with at most nine fraction digits as a whole number of billionths. */
function billionths(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const value = BigInt(whole + fraction.padEnd(9, '0'));
  return text.startsWith('-') ? -value : value;
}

/** Billionths as a decimal text: at least two fraction digits, no idle ones beyond. */
function decimal(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0{1,7}$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -9)}.${fraction}`;
}
