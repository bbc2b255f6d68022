/**
 * Whether the bytes `start` to `end` (exclusive) are a value of a column.
 *
 * A check may be stricter than the column's zod schema, never more lenient: what it refuses is put to zod, which
 * decides and gives the reason. The bytes are well-formed UTF-8 without JSON escapes.
 */
type ByteCheck = (bytes: Uint8Array, start: number, end: number) => boolean;

/** How a column's values are recognised without making a text of each. */
export interface FastCheck {
  /** What the value is in JSON: a string, without its quotes, a number or `true` and `false`. */
  readonly token: 'string' | 'number' | 'boolean';
  readonly accepts: ByteCheck;
}

const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;
const DASH = 0x2d;

/** Digits from `start` on, up to `end`; gives the position of the first byte that is none. */
function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > NINE) break;
    at += 1;
  }
  return at;
}

/** A text of at least `min` bytes. */
export function textCheck(min: number): FastCheck {
  return { token: 'string', accepts: (_bytes, start, end) => end - start >= min };
}

/** A text of exactly `length` letters and digits. */
export function alphanumericCheck(length: number): FastCheck {
  return {
    token: 'string',
    accepts: (bytes, start, end) => {
      if (end - start !== length) return false;
      for (let at = start; at < end; at += 1) {
        const byte = bytes[at] as number;
        const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
        if (!isLetter && (byte < ZERO || byte > NINE)) return false;
      }
      return true;
    },
  };
}

/** A number in plain digits, at most 15 of them: always below 2^53. */
export function integerCheck(min: number): FastCheck {
  return {
    token: 'number',
    accepts: (bytes, start, end) => {
      if (end <= start || end - start > 15) return false;
      if (bytes[start] === ZERO && end - start > 1) return false;
      let value = 0;
      for (let at = start; at < end; at += 1) {
        const byte = bytes[at] as number;
        if (byte < ZERO || byte > NINE) return false;
        value = value * 10 + byte - ZERO;
      }
      return value >= min;
    },
  };
}

/** A decimal text: at most `whole` digits, then none or at most 9 fraction digits; a minus where `signed`. */
export function decimalCheck(whole: number, signed: boolean): FastCheck {
  return {
    token: 'string',
    accepts: (bytes, start, end) => {
      const first = signed && bytes[start] === DASH && start < end ? start + 1 : start;
      const point = digitsEnd(bytes, first, end);
      if (point === first || point - first > whole) return false;
      if (point === end) return true;
      if (bytes[point] !== DOT) return false;
      const fraction = end - point - 1;
      return fraction >= 1 && fraction <= 9 && digitsEnd(bytes, point + 1, end) === end;
    },
  };
}

/** `true` or `false`. */
export const FLAG_CHECK: FastCheck = { token: 'boolean', accepts: () => true };

/** One of some ASCII words. */
export function wordCheck(words: readonly string[]): FastCheck {
  const known = words.map((word) => Buffer.from(word, 'utf8'));
  return {
    token: 'string',
    accepts: (bytes, start, end) => known.some((word) => equalBytes(bytes, start, end, word)),
  };
}

function equalBytes(bytes: Uint8Array, start: number, end: number, want: Uint8Array): boolean {
  if (end - start !== want.length) return false;
  for (let at = 0; at < want.length; at += 1) if (bytes[start + at] !== want[at]) return false;
  return true;
}

const DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The number that two digits write; NaN-free: the caller has checked that they are digits. */
function two(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) - ZERO) * 10 + (bytes[at + 1] as number) - ZERO;
}

/** `yyyy-mm-dd`, a day that exists, in the years 1000 to 9999. */
function isDay(bytes: Uint8Array, start: number): boolean {
  if (digitsEnd(bytes, start, start + 4) !== start + 4 || bytes[start] === ZERO) return false;
  if (bytes[start + 4] !== DASH || digitsEnd(bytes, start + 5, start + 7) !== start + 7) return false;
  if (bytes[start + 7] !== DASH || digitsEnd(bytes, start + 8, start + 10) !== start + 10) return false;
  const month = two(bytes, start + 5);
  const day = two(bytes, start + 8);
  if (month === 2 && day === 29) {
    const year = two(bytes, start) * 100 + two(bytes, start + 2);
    return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  }
  return day >= 1 && day <= (DAYS[month] ?? 0);
}

/** `hh:mm:ss`, a time of day that exists. */
function isTime(bytes: Uint8Array, start: number): boolean {
  for (const at of [start, start + 3, start + 6]) if (digitsEnd(bytes, at, at + 2) !== at + 2) return false;
  return (
    bytes[start + 2] === 0x3a &&
    bytes[start + 5] === 0x3a &&
    two(bytes, start) <= 23 &&
    two(bytes, start + 3) <= 59 &&
    two(bytes, start + 6) <= 59
  );
}

/** A calendar day that exists. */
export const DAY_CHECK: FastCheck = {
  token: 'string',
  accepts: (bytes, start, end) => end - start === 10 && isDay(bytes, start),
};

/** RFC 3339 with `Z`, a time that exists, with at most nine fraction digits. */
export const INSTANT_CHECK: FastCheck = { token: 'string', accepts: isInstant };

/** RFC 3339 with `Z`, on a whole hour, without fraction. */
export const HOUR_CHECK: FastCheck = {
  token: 'string',
  accepts: (bytes, start, end) =>
    end - start === 20 &&
    bytes[start + 14] === ZERO &&
    bytes[start + 15] === ZERO &&
    bytes[start + 17] === ZERO &&
    bytes[start + 18] === ZERO &&
    isInstant(bytes, start, end),
};

function isInstant(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 20 || bytes[start + 10] !== 0x54 || bytes[end - 1] !== 0x5a) return false;
  if (!isDay(bytes, start) || !isTime(bytes, start + 11)) return false;
  if (end - start === 20) return true;
  return (
    bytes[start + 19] === DOT &&
    end - start > 21 &&
    end - start <= 30 &&
    digitsEnd(bytes, start + 20, end - 1) === end - 1
  );
}
