/** Exact quantities: whole billionths, and quotients of whole numbers that are rounded once. */

export const NANO = 1_000_000_000n;
export type Mode = 'half_even' | 'half_up' | 'floor' | 'ceil';

/** '12.5' → 12500000000n; at most nine fraction digits. */
export function nanos(text: string | number): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(String(text)) ?? [];
  if (whole === '') throw new Error(`oracle: decimal: got ${text}, want one with at most 9 fraction digits`);
  const value = BigInt(whole) * NANO + BigInt(fraction.padEnd(9, '0'));
  return sign === '-' ? -value : value;
}

/** Billionths as text with nine fraction digits. */
export function decimal(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(10, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** top ÷ bottom (both not negative) as a whole number. */
export function quotient(top: bigint, bottom: bigint, mode: Mode): bigint {
  const whole = top / bottom;
  const rest = top % bottom;
  if (mode === 'floor' || rest === 0n) return whole;
  if (mode === 'ceil') return whole + 1n;
  const isUp = 2n * rest > bottom || (2n * rest === bottom && (mode === 'half_up' || whole % 2n === 1n));
  return isUp ? whole + 1n : whole;
}

/** The mean of billionths, half-even, in billionths. */
export const mean = (sum: bigint, count: number): bigint => quotient(sum, BigInt(count), 'half_even');

/** A ratio of exact values as a float, true to about 1e-15 whatever their size. */
export function ratio(top: bigint, bottom: bigint): number {
  if (top < 0n !== bottom < 0n && top !== 0n)
    return -ratio(top < 0n ? -top : top, bottom < 0n ? -bottom : bottom);
  const scaled = (top * 10n ** 30n) / bottom;
  return Number(scaled) / 1e30;
}

export const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);
export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const atLeastZero = (value: bigint): bigint => (value > 0n ? value : 0n);
