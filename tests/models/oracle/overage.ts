import { dateText, dayOfHour, hourText } from './clock.ts';
import { decimal, nanos, quotient, sum } from './money.ts';
import {
  type Bands,
  bandsOf,
  FINE,
  measuredOf,
  meteringOf,
  type OverageHour,
  overageLines,
} from './overage_hours.ts';
import type { Row } from './table.ts';
import type { UsageBasis } from './usage.ts';

/** A quotient of whole numbers that is not rounded yet. */
interface Fraction {
  readonly top: bigint;
  readonly bottom: bigint;
}

const add = (values: readonly Fraction[]): Fraction =>
  values.reduce(
    (total, each) => ({
      top: total.top * each.bottom + each.top * total.bottom,
      bottom: total.bottom * each.bottom,
    }),
    { top: 0n, bottom: 1n },
  );

/** What is averaged (or added up, or taken) at once. */
interface Cell {
  readonly hours: readonly OverageHour[];
  readonly divisor: bigint;
}

const levelSum = (hours: readonly OverageHour[]): bigint => sum(hours.map(({ measured }) => measured ?? 0n));

/** The cells that a line takes: all of them; for a peak the highest day, for a percentile one hour by nearest rank. */
function cellsOf(line: readonly OverageHour[]): readonly Cell[] {
  const reduce = line[0]?.policy.reduce;
  const measured = measuredOf(line);
  const meanOf = (hours: readonly OverageHour[]): Cell => ({ hours, divisor: BigInt(hours.length) });
  if (reduce === 'sum') return [{ hours: line, divisor: 1n }];
  if (measured.length === 0) return [];
  if (reduce === 'avg_period') return [meanOf(measured)];
  if (reduce === 'p95_hour') {
    const ranked = measured.toSorted(
      (a, b) => Number((a.measured ?? 0n) - (b.measured ?? 0n)) || a.hour - b.hour,
    );
    return [meanOf(ranked.slice(Math.ceil((95 * ranked.length) / 100) - 1).slice(0, 1))];
  }
  const days = [...Map.groupBy(measured, ({ hour }) => dayOfHour(hour)).values()].map(meanOf);
  if (reduce === 'avg_day') return days;
  const highest = days.reduce((best, each) =>
    levelSum(each.hours) * best.divisor > levelSum(best.hours) * each.divisor ? each : best,
  );
  return [highest];
}

/** Bands of a cell, in 10^-15, with what of them is rated. */
interface CellBands {
  readonly bands: readonly Fraction[];
  readonly rated: readonly Fraction[];
}

function bandsOfCell({ hours, divisor }: Cell): CellBands {
  const policy = hours[0]?.policy;
  if (policy?.order === 'reduce_then_hinge') {
    // Both means have one divisor, so the hinge may be held against the sums.
    const known = measuredOf(hours);
    const all = bandsOf(levelSum(known), committedSum(hours), policy.burst_pct);
    const bands = fractions(all, divisor);
    return { bands, rated: bands.slice(1) };
  }
  const total = (name: keyof Bands, of: readonly OverageHour[]): Fraction => ({
    top: sum(of.map(({ bands }) => bands?.[name] ?? 0n)),
    bottom: divisor,
  });
  const rated = hours.filter(({ is_grace }) => !is_grace);
  return {
    bands: [total('included', hours), total('burst', hours), total('above', hours)],
    rated: [total('burst', rated), total('above', rated)],
  };
}

const fractions = ({ included, burst, above }: Bands, bottom: bigint): readonly Fraction[] =>
  [included, burst, above].map((top) => ({ top, bottom }));

function committedSum(hours: readonly OverageHour[]): bigint | null {
  const known = hours.flatMap(({ committed }) => committed ?? []);
  return known.length === 0 ? null : sum(known);
}

/** The multipliers of a line: by the plan's tier and edition, and by the region of its clusters. */
function factorsOf(line: readonly OverageHour[], basis: UsageBasis): readonly string[] {
  const [first] = line;
  if (first === undefined) return [];
  const { policy, subscription } = first;
  const plan = basis.world.rules.features.plans[subscription.plan ?? ''];
  const regions = line.flatMap(({ clusters }) => clusters.flatMap(({ region }) => region ?? []));
  return [
    policy.multipliers.tier[plan?.tier ?? ''] ?? '1',
    policy.multipliers.region[regions[0] ?? ''] ?? '1',
    policy.multipliers.edition[plan?.edition ?? ''] ?? '1',
  ];
}

const nine = ({ top, bottom }: Fraction, unit: bigint): string =>
  decimal(quotient(top, bottom * unit, 'half_even'));

/** `fct_overage`'s usage lines, but for `line_id`. */
export function usageLines(basis: UsageBasis, hours: readonly OverageHour[]): readonly Row[] {
  return overageLines(hours).map((line) => lineRow(line, basis));
}

function lineRow(line: readonly OverageHour[], basis: UsageBasis): Row {
  const [first] = line;
  if (first === undefined) throw new Error('oracle: line: got no hour, want at least one');
  const { policy, subscription, period } = first;
  const cells = cellsOf(line);
  const parts = cells.map(bandsOfCell);
  const band = (place: number) => add(parts.flatMap(({ bands }) => bands[place] ?? []));
  const rated = (place: number) => add(parts.flatMap((each) => each.rated[place] ?? []));
  const measured = add(cells.map((each) => ({ top: levelSum(each.hours), bottom: each.divisor })));
  const isUnlimited = line.some(({ committed }) => committed === null);
  const committed = add(cells.map((each) => ({ top: committedSum(each.hours) ?? 0n, bottom: each.divisor })));
  const [tier = '', region = '', edition = ''] = factorsOf(line, basis);
  const customer = line.flatMap(({ clusters }) => clusters.map((each) => each.customer)).sort()[0] ?? '';
  const ofKind = (kind: string) => line.filter((each) => meteringOf(each) === kind).length;
  const taken = policy.reduce === 'peak_day' || policy.reduce === 'p95_hour' ? cells[0]?.hours[0] : undefined;
  const takenHour = taken && (policy.reduce === 'peak_day' ? dayOfHour(taken.hour) * 24 : taken.hour);
  const is_empty = measuredOf(line).length === 0;
  const known = (text: string) => (is_empty ? null : text);
  return {
    line_type: 'usage',
    account_id: basis.accounts.get(customer) ?? null,
    customer_id: customer,
    subscription_id: subscription.id,
    cloud: subscription.cloud,
    plan: subscription.plan,
    dimension: policy.dimension,
    unit: policy.unit,
    billing_period: dateText(period.from),
    billing_period_end: dateText(period.to),
    policy_id: policy.policy_id,
    policy_version: policy.version,
    committed: isUnlimited ? null : nine(committed, 1n),
    is_unlimited: isUnlimited,
    measured: known(nine(measured, 1n)),
    included: known(nine(band(0), FINE)),
    burst: known(nine(band(1), FINE)),
    above: known(nine(band(2), FINE)),
    rate_burst: decimal(nanos(policy.rates.burst)),
    rate_above: decimal(nanos(policy.rates.above)),
    factor_tier: decimal(nanos(tier)),
    factor_region: decimal(nanos(region)),
    factor_edition: decimal(nanos(edition)),
    multiplier: decimal(quotient(nanos(tier) * nanos(region) * nanos(edition), 10n ** 18n, 'half_even')),
    amount: known(amountOf(policy, rated(0), rated(1), [tier, region, edition])),
    currency: policy.currency,
    service_period: dateText(period.from),
    posting_period: dateText(period.from),
    status: 'accruing',
    corrects_line_id: null,
    taken_from_hour: takenHour === undefined ? null : hourText(takenHour),
    hours_expected: line.length,
    hours_metered: ofKind('metered'),
    hours_estimated: ofKind('estimated'),
    hours_unmetered: ofKind('unmetered'),
    hours_grace: line.filter(({ is_grace }) => is_grace).length,
    first_hour: hourText(Math.min(...line.map(({ hour }) => hour))),
    last_hour: hourText(Math.max(...line.map(({ hour }) => hour))),
  };
}

/** Σ band × rate × Π multiplier of exact values, rounded once. */
function amountOf(
  { rates, rounding }: OverageHour['policy'],
  burst: Fraction,
  above: Fraction,
  factors: readonly string[],
): string {
  const rated = add([
    { top: burst.top * nanos(rates.burst), bottom: burst.bottom },
    { top: above.top * nanos(rates.above), bottom: above.bottom },
  ]);
  const product = factors.reduce((top, factor) => top * nanos(factor), rated.top);
  // 15 digits of a band, 9 of a rate, 9 of each of three factors.
  const unit = rated.bottom * 10n ** 51n;
  const scale = BigInt(rounding.scale);
  return decimal(quotient(product * 10n ** scale, unit, rounding.mode) * 10n ** (9n - scale));
}
