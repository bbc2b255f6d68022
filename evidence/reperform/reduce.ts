import { dayOfHour } from './calendar.ts';
import { addFractions, type Fraction, roundFraction, roundQuotient, sum, ZERO } from './decimals.ts';
import { type Bands, bandsOf, FINE, type RatedHour } from './hours.ts';
import type { RatingPolicy } from './policy_files.ts';

/** What is averaged (or added up, or chosen) at once; its sums are over one divisor. */
interface Cell {
  readonly hours: readonly RatedHour[];
  readonly divisor: bigint;
}

/** A line's figures; quantities in billionths. */
export interface Reduced {
  readonly measured: bigint | null;
  /** Null where it has no limit. */
  readonly committed: bigint | null;
  readonly included: bigint | null;
  readonly burst: bigint | null;
  readonly above: bigint | null;
  /** Billionths of the currency; null where nothing was metered. */
  readonly amount: bigint | null;
}

/** The factors of a line, in ten-thousandths. */
export interface Factors {
  readonly tier: bigint;
  readonly region: bigint;
  readonly edition: bigint;
}

const isMeasured = ({ measured }: RatedHour) => measured !== null;
const levels = (hours: readonly RatedHour[]) => sum(hours.flatMap(({ measured }) => measured ?? []));

/**
 * The cells that a line takes. metrics.md: "TiB-hours: Σ over hours"; "peak_day and p95_hour choose the day or hour once, by
 * the measured level, and take all bands from it"; nearest rank: sorted[ceil(0.95 n) − 1].
 */
function cellsOf(reduce: RatingPolicy['reduce'], line: readonly RatedHour[]): readonly Cell[] {
  const measured = line.filter(isMeasured);
  if (measured.length === 0) return [];
  const mean = (hours: readonly RatedHour[]): Cell => ({ hours, divisor: BigInt(hours.length) });
  if (reduce === 'sum') return [{ hours: line, divisor: 1n }];
  if (reduce === 'avg_period') return [mean(measured)];
  if (reduce === 'p95_hour') {
    const ranked = measured.toSorted((a, b) => {
      const difference = (a.measured ?? 0n) - (b.measured ?? 0n);
      return difference === 0n ? a.hour - b.hour : difference < 0n ? -1 : 1;
    });
    const rank = Math.floor((ranked.length * 95 + 99) / 100);
    return ranked.slice(rank - 1, rank).map((hour) => mean([hour]));
  }
  const days = [...Map.groupBy(measured, ({ hour }) => dayOfHour(hour)).values()].map(mean);
  if (reduce === 'avg_day') return days;
  return [days.reduce((best, day) => (isHigher(day, best) ? day : best))];
}

const isHigher = (a: Cell, b: Cell) => levels(a.hours) * b.divisor > levels(b.hours) * a.divisor;

/** A cell's bands, whole and as far as they are rated (grace is rated 0), in 10^-15 over its divisor. */
function bandsOfCell({ hours }: Cell, policy: RatingPolicy): { readonly all: Bands; readonly rated: Bands } {
  if (policy.order === 'reduce_then_hinge') {
    // Level and commitment have one divisor, so their sums may be held against each other. No limit in an hour: none at all.
    const hasLimit = hours.every(({ committed }) => committed !== null);
    const all = bandsOf(levels(hours), hasLimit ? (committedOf(hours) ?? 0n) : null, policy.burst_share);
    return { all, rated: all };
  }
  const rated = hours.filter(({ is_grace }) => !is_grace);
  return { all: added(hours), rated: added(rated) };
}

function added(hours: readonly RatedHour[]): Bands {
  const of = (band: keyof Bands) => sum(hours.flatMap(({ bands }) => bands?.[band] ?? []));
  return { included: of('included'), burst: of('burst'), above: of('above') };
}

function committedOf(hours: readonly RatedHour[]): bigint | null {
  const known = hours.flatMap(({ committed }) => committed ?? []);
  return known.length === 0 ? null : sum(known);
}

/** The figures of one line from its hours; metrics.md: "the amount is rounded once, from unrounded hour lines". */
export function reduceLine(policy: RatingPolicy, line: readonly RatedHour[], factors: Factors): Reduced {
  const cells = cellsOf(policy.reduce, line);
  const committed = committedOfLine(policy, line, cells);
  if (cells.length === 0)
    return { measured: null, committed, included: null, burst: null, above: null, amount: null };
  const parts = cells.map((cell) => ({ ...bandsOfCell(cell, policy), divisor: cell.divisor }));
  const whole = (band: keyof Bands) =>
    addFractions(parts.map(({ all, divisor }) => ({ top: all[band], bottom: divisor })));
  const rated = (band: keyof Bands) =>
    addFractions(parts.map((part) => ({ top: part.rated[band], bottom: part.divisor })));
  const level = addFractions(cells.map(({ hours, divisor }) => ({ top: levels(hours), bottom: divisor })));
  const measured = roundFraction(level, 1n, 'half_even');
  const bands = roundBands(measured, whole('included'), whole('burst'), whole('above'));
  return { measured, committed, ...bands, amount: amountOf(policy, rated('burst'), rated('above'), factors) };
}

/** A sum is over all hours of the term, a mean over those that were measured. */
function committedOfLine(
  { reduce }: RatingPolicy,
  line: readonly RatedHour[],
  cells: readonly Cell[],
): bigint | null {
  if (reduce === 'sum') return committedOf(line);
  const known = cells.flatMap(({ hours, divisor }): readonly Fraction[] => {
    const top = committedOf(hours);
    return top === null ? [] : [{ top, bottom: divisor }];
  });
  return known.length === 0 ? null : roundFraction(addFractions(known), 1n, 'half_even');
}

/**
 * Each band is rounded once; what is then left of the whole, a last digit, goes to the largest band that is not exact, so
 * that metrics.md's "always included + burst + above = U" holds of the rounded figures.
 */
function roundBands(measured: bigint, included: Fraction, burst: Fraction, above: Fraction) {
  const [i, b, a] = [included, burst, above].map((band) => roundFraction(band, FINE, 'half_even'));
  const rounded = { included: i ?? 0n, burst: b ?? 0n, above: a ?? 0n };
  const rest = measured - rounded.included - rounded.burst - rounded.above;
  const cut = ({ top, bottom }: Fraction) => top / bottom;
  const isExact = included.top % (included.bottom * FINE) === 0n;
  // Billionths of `included`, as the other two in 10^-15.
  const kept = (included.top / (included.bottom * FINE)) * FINE;
  const largest =
    !isExact && kept >= cut(burst) && kept >= cut(above)
      ? 'included'
      : cut(burst) >= cut(above)
        ? 'burst'
        : 'above';
  return { ...rounded, [largest]: rounded[largest] + rest };
}

/** metrics.md: "Amount = Σ band·rate·Πmultiplier, rounded once." */
function amountOf(
  { rate_burst, rate_above, rounding }: RatingPolicy,
  burst: Fraction,
  above: Fraction,
  { tier, region, edition }: Factors,
): bigint {
  const rated = addFractions([
    { top: burst.top * rate_burst, bottom: burst.bottom },
    { top: above.top * rate_above, bottom: above.bottom },
    ZERO,
  ]);
  const scale = 10n ** BigInt(rounding.scale);
  // 15 digits of a band, 6 of a rate, 4 of each of three factors.
  const top = rated.top * tier * region * edition * scale;
  return roundQuotient(top, rated.bottom * 10n ** 33n, rounding.mode) * (10n ** 9n / scale);
}
