import { dayText } from './calendar.ts';
import { digitsOf, nanosText, roundQuotient } from './decimals.ts';
import type { Line } from './lines.ts';

/** A line as the warehouse has it: texts by column, null where it has none. */
export type WarehouseLine = Readonly<Record<string, string | null>>;

/** One value that is not what the pages say. A line on one side only differs in `line_id`. */
export interface LineDifference {
  readonly line_id: string;
  readonly subscription_id: string | null;
  readonly dimension: string | null;
  readonly billing_period: string | null;
  readonly column: string;
  readonly warehouse: string | null;
  readonly reperformed: string | null;
}

const DECIMALS = ['measured', 'committed', 'included', 'burst', 'above', 'amount'] as const;
const HOURS = ['expected', 'metered', 'estimated', 'unmetered', 'grace'] as const;
const SUMMED = [...DECIMALS, ...HOURS.map((kind) => `hours_${kind}`)];
const FACTORS = ['tier', 'region', 'edition'] as const;
const RATES = ['rate_burst', 'rate_above', 'factor_tier', 'factor_region', 'factor_edition', 'multiplier'];

/** A line's summed values, in the form in which they are compared: decimals with nine digits. */
function valuesOf(line: Line): WarehouseLine {
  const decimals = DECIMALS.map((column) => {
    const value = line[column];
    return [column, value === null ? null : nanosText(value)] as const;
  });
  const hours = HOURS.map((kind) => [`hours_${kind}`, line.hours?.[kind].toString() ?? null] as const);
  const { currency, policy_id, version } = line.policy;
  return Object.fromEntries([
    ...decimals,
    ...hours,
    ['currency', currency],
    ['policy_id', policy_id],
    ['policy_version', version],
  ]);
}

/** What a line is, and at which rates; a line that is not rated by the unit has none, and factors of 1. */
function termsOf({ line_type, period, close_month, policy, factors }: Line): WarehouseLine {
  const rate = (millionths: bigint) => (factors === null ? null : nanosText(millionths * 1000n));
  const each = FACTORS.map((name) => factors?.[name] ?? 10_000n);
  const product = each.reduce((all, factor) => all * factor, 1n);
  return {
    line_type,
    billing_period: dayText(period.from),
    billing_period_end: dayText(period.to),
    close_month: dayText(close_month),
    rate_burst: rate(policy.rate_burst),
    rate_above: rate(policy.rate_above),
    ...Object.fromEntries(
      FACTORS.map((name, at) => [`factor_${name}`, nanosText((each[at] ?? 0n) * 100_000n)]),
    ),
    multiplier: nanosText(roundQuotient(product, 1000n, 'half_even')),
  };
}

const isDecimal = (column: string) => DECIMALS.some((name) => name === column) || RATES.includes(column);

/** A warehouse's value in the form in which it is compared: `1.5` and `1.500000000` are one. */
function formOf(column: string, value: string | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  return isDecimal(column) ? nanosText(digitsOf(value, 9)) : value;
}

const originOf = ({ line_id, corrects_line_id }: WarehouseLine) => corrects_line_id ?? line_id ?? '';

/** What is held against what. */
export interface Comparison {
  /** The warehouse's lines that close with the month. */
  readonly lines: readonly WarehouseLine[];
  /** Lines frozen by the closes before it. */
  readonly frozen: readonly WarehouseLine[];
  readonly reperformed: readonly Line[];
  /** First day of the month, and of every month whose lines were reperformed. */
  readonly month: number;
  readonly months: ReadonlySet<number>;
}

/** The amounts of a month's lines in one currency, by both sides. */
export interface AmountTotal {
  readonly currency: string;
  readonly warehouse: string;
  readonly reperformed: string;
}

/** Σ amount by currency: the warehouse's lines, and what the pages leave for the month after what was frozen before. */
export function totalAmounts({ lines, frozen, reperformed, month }: Comparison): readonly AmountTotal[] {
  const own = new Set(lines.map(originOf));
  const before = new Set(frozen.map(originOf));
  const totals = new Map<string, { warehouse: bigint; reperformed: bigint }>();
  const add = (currency: string, side: 'warehouse' | 'reperformed', amount: bigint) => {
    const total = totals.get(currency) ?? { warehouse: 0n, reperformed: 0n };
    total[side] += amount;
    totals.set(currency, total);
  };
  for (const line of lines) add(line.currency ?? '', 'warehouse', amountOf(line));
  for (const line of reperformed)
    if (own.has(line.line_id) || (line.close_month === month && !before.has(line.line_id)))
      add(line.policy.currency, 'reperformed', line.amount ?? 0n);
  for (const line of frozen)
    if (own.has(originOf(line))) add(line.currency ?? '', 'reperformed', -amountOf(line));
  return [...totals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, total]) => ({
      currency,
      warehouse: nanosText(total.warehouse),
      reperformed: nanosText(total.reperformed),
    }));
}

const amountOf = ({ amount }: WarehouseLine): bigint => digitsOf(amount ?? '0', 9);

/**
 * Every difference. A line's own values must be those of the pages; where it was frozen before, all lines of it must add up
 * to them (metrics.md: an adjustment "carries the difference, so that all lines of a service period add up to the truth").
 */
export function compareLines({
  lines,
  frozen,
  reperformed,
  month,
  months,
}: Comparison): readonly LineDifference[] {
  const truth = new Map(reperformed.map((line) => [line.line_id, line]));
  const before = Map.groupBy(frozen, originOf);
  const own = Map.groupBy(lines, originOf);
  const found: LineDifference[] = [];
  for (const [origin, group] of own) {
    const line = truth.get(origin);
    const earlier = before.get(origin) ?? [];
    const [first] = group;
    if (first === undefined) continue;
    const isOne = group.length === 1 && earlier.length === 0 && first.corrects_line_id === null;
    found.push(...(isOne ? differencesOf(first, line) : sumDifferences(first, [...earlier, ...group], line)));
  }
  for (const line of reperformed) {
    if (own.has(line.line_id)) continue;
    const earlier = before.get(line.line_id) ?? [];
    const [first] = earlier;
    if (first !== undefined && months.has(line.close_month))
      found.push(...sumDifferences(first, earlier, line));
    else if (first === undefined && line.close_month === month) found.push(missing(line));
  }
  return found;
}

function differencesOf(row: WarehouseLine, line: Line | undefined): readonly LineDifference[] {
  if (line === undefined)
    return [{ ...placeOf(row), column: 'line_id', warehouse: row.line_id ?? null, reperformed: null }];
  return Object.entries({ ...termsOf(line), ...valuesOf(line) }).flatMap(([column, reperformed]) => {
    const warehouse = formOf(column, row[column]);
    return warehouse === reperformed ? [] : [{ ...placeOf(row), column, warehouse, reperformed }];
  });
}

/** All lines of one origin against the truth, which is nothing where the line no longer arises. */
function sumDifferences(
  row: WarehouseLine,
  group: readonly WarehouseLine[],
  line: Line | undefined,
): readonly LineDifference[] {
  const values = line === undefined ? {} : valuesOf(line);
  return [...SUMMED, 'currency', 'policy_id', 'policy_version'].flatMap((column) => {
    const warehouse = SUMMED.includes(column) ? sumOf(column, group) : (row[column] ?? null);
    const nothing = isDecimal(column) ? nanosText(0n) : '0';
    const reperformed = SUMMED.includes(column) ? (values[column] ?? nothing) : (values[column] ?? warehouse);
    return warehouse === reperformed ? [] : [{ ...placeOf(row), column, warehouse, reperformed }];
  });
}

function sumOf(column: string, group: readonly WarehouseLine[]): string {
  const digits = isDecimal(column) ? 9 : 0;
  const total = group.reduce((all, row) => all + digitsOf(row[column] ?? '0', digits), 0n);
  return digits === 0 ? total.toString() : nanosText(total);
}

const placeOf = ({ line_id, subscription_id, dimension, billing_period }: WarehouseLine) => ({
  line_id: line_id ?? '',
  subscription_id: subscription_id ?? null,
  dimension: dimension ?? null,
  billing_period: billing_period ?? null,
});

const missing = ({ line_id, subscription_id, dimension, period }: Line): LineDifference => ({
  line_id,
  subscription_id,
  dimension,
  billing_period: dayText(period.from),
  column: 'line_id',
  warehouse: null,
  reperformed: line_id,
});
