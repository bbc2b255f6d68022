/** Exact decimals as whole numbers of 10^-9, to hold the macros against: an oracle of its own, in BigInt. */

const NANO = 1_000_000_000n;

export type Mode = 'half_even' | 'half_up' | 'floor' | 'ceil';

/** '-1.5' → -1500000000n. */
export function nanos(text: string): bigint {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const digits = BigInt(whole) * NANO + BigInt(fraction.padEnd(9, '0'));
  return text.startsWith('-') ? -digits : digits;
}

/** -1500000000n → '-1.500000000'. */
export function decimalText(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(10, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** n / d rounded to a whole number; ties by the mode (half_up: away from zero). */
function divide(n: bigint, d: bigint, mode: Mode): bigint {
  const negative = n < 0n !== d < 0n;
  const [top, bottom] = [n < 0n ? -n : n, d < 0n ? -d : d];
  const quotient = top / bottom;
  const twice = (top % bottom) * 2n;
  const exact = twice === 0n;
  const up = {
    half_even: twice > bottom || (twice === bottom && quotient % 2n === 1n),
    half_up: twice >= bottom,
    floor: !exact && negative,
    ceil: !exact && !negative,
  }[mode];
  const magnitude = quotient + (up ? 1n : 0n);
  return negative ? -magnitude : magnitude;
}

/** A quotient of whole numbers at `scale` fraction digits, in 10^-9. */
function atScale(n: bigint, d: bigint, scale: number, mode: Mode): bigint {
  return divide(n * 10n ** BigInt(scale), d, mode) * 10n ** BigInt(9 - scale);
}

export const exactDiv = (a: bigint, b: bigint, scale: number, mode: Mode): bigint | null =>
  b === 0n ? null : atScale(a, b, scale, mode);

export const exactMul = (a: bigint, b: bigint, scale: number, mode: Mode): bigint =>
  atScale(a * b, NANO * NANO, scale, mode);

export const exactRound = (a: bigint, scale: number, mode: Mode): bigint => atScale(a, NANO, scale, mode);
