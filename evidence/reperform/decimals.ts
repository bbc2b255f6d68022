/**
 * Exact arithmetic in whole numbers. metrics.md: "Money and quantities are exact decimals, never floats", "decimal
 * quotients are numeric(38,9), half-even, once".
 */

export type RoundingMode = 'half_even' | 'half_up' | 'floor' | 'ceil';

/** top ÷ bottom, not rounded; bottom is above 0. */
export interface Fraction {
  readonly top: bigint;
  readonly bottom: bigint;
}

export const ZERO: Fraction = { top: 0n, bottom: 1n };

/** '-1.5' at 9 digits → -1500000000n. The text must have at most `digits` fraction digits. */
export function digitsOf(text: string, digits: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const fraction = match?.[3] ?? '';
  if (match === null || fraction.length > digits)
    throw new Error(
      `evidence: decimal ${text}: got it, want a decimal with at most ${digits} fraction digits`,
    );
  const whole = BigInt(`${match[2]}${fraction.padEnd(digits, '0')}`);
  return match[1] === '-' ? -whole : whole;
}

/** Billionths of a quantity's text. */
export const nanosOf = (text: string): bigint => digitsOf(text, 9);

/** Billionths of a JSON number's source text, exponents included, half-even; null where it is no number. */
export function nanosOfNumber(text: string | null): bigint | null {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?\s*$/.exec(text ?? '');
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const shift = 9 - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  const value =
    shift >= 0 ? digits * 10n ** BigInt(shift) : roundQuotient(digits, 10n ** BigInt(-shift), 'half_even');
  return sign === '-' ? -value : value;
}

/** Billionths as text with nine fraction digits. */
export function nanosText(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(10, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** top ÷ bottom, neither negative, as a whole number. */
export function roundQuotient(top: bigint, bottom: bigint, mode: RoundingMode): bigint {
  const whole = top / bottom;
  const twice = (top % bottom) * 2n;
  if (twice === 0n || mode === 'floor') return whole;
  if (mode === 'ceil') return whole + 1n;
  const isUp = twice > bottom || (twice === bottom && (mode === 'half_up' || whole % 2n === 1n));
  return isUp ? whole + 1n : whole;
}

/** A fraction, not negative, as a whole number of units. */
export const roundFraction = ({ top, bottom }: Fraction, unit: bigint, mode: RoundingMode): bigint =>
  roundQuotient(top, bottom * unit, mode);

/** The sum, over the least common denominator. */
export function addFractions(all: readonly Fraction[]): Fraction {
  let [top, bottom] = [0n, 1n];
  for (const each of all) {
    const shared = gcd(bottom, each.bottom);
    top = top * (each.bottom / shared) + each.top * (bottom / shared);
    bottom = (bottom / shared) * each.bottom;
  }
  return { top, bottom };
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

export const sum = (values: Iterable<bigint>): bigint => {
  let total = 0n;
  for (const value of values) total += value;
  return total;
};
export const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const atLeastZero = (value: bigint): bigint => (value > 0n ? value : 0n);
