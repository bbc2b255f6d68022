import { z } from 'zod';
import {
  DAY_CHECK,
  decimalCheck,
  type FastCheck,
  FLAG_CHECK,
  HOUR_CHECK,
  INSTANT_CHECK,
  integerCheck,
  textCheck,
  wordCheck,
} from './byte_checks.ts';

/** How a column is stored: DuckDB and BigQuery types follow from it (warehouse room). */
export type ColumnType = 'text' | 'integer' | 'decimal' | 'timestamp' | 'date' | 'boolean' | 'json';

/** One column of a landed row, taken from the zod schema of its stream. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Recognises values that zod is sure to take; null: every value is put to zod. */
  readonly fast: FastCheck | null;
}

interface ColumnMeta {
  readonly column: ColumnType;
}

const column = z.registry<ColumnMeta>();
const fastChecks = new WeakMap<z.ZodType, FastCheck>();

/** Marks a zod field as a stored column of a type, with a check on bytes that never takes what the field refuses. */
export function as<T extends z.ZodType>(type: ColumnType, field: T, fast: FastCheck | null = null): T {
  column.add(field, { column: type });
  if (fast !== null) fastChecks.set(field, fast);
  return field;
}

/** A string kept as it is. A lone surrogate cannot be written as UTF-8, so it is refused. */
export const text = () =>
  as(
    'text',
    z.string().refine((value) => value.isWellFormed(), {
      error: 'want well-formed Unicode, got a lone surrogate',
    }),
    textCheck(0),
  );

/** A non-empty key. */
export const id = () =>
  as(
    'text',
    z.string().refine((value) => value !== '' && value.isWellFormed(), {
      error: 'want a non-empty text of well-formed Unicode',
    }),
    textCheck(1),
  );

/** An integer from `min` to 2^53−1: larger JSON numbers are not exact. */
export const integer = (min: number) => as('integer', z.int().min(min), integerCheck(min));

/** A decimal text of at most 18 integer and 9 fraction digits, never negative (Polaris quantities). */
export const quantity = () =>
  as('decimal', z.string().regex(/^\d{1,18}(\.\d{1,9})?$/), decimalCheck(18, false));

const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?)?$/;
const RFC3339_UTC_HOUR = /^\d{4}-\d{2}-\d{2}T\d{2}:00:00(\.0+)?Z$/;

/** RFC 3339 with `Z`; the day must exist. Kept as text, stored as a UTC timestamp. */
export const instant = () =>
  as(
    'timestamp',
    z.string().refine((value) => RFC3339_UTC.test(value) && isRealInstant(value), {
      error: 'want RFC 3339 with Z, a time that exists',
    }),
    INSTANT_CHECK,
  );

/** RFC 3339 with `Z`, on a whole hour. */
export const hour = () =>
  as(
    'timestamp',
    z.string().refine((value) => RFC3339_UTC_HOUR.test(value) && isRealInstant(value), {
      error: 'want RFC 3339 with Z, the start of an hour that exists',
    }),
    HOUR_CHECK,
  );

/** A calendar day `yyyy-mm-dd` that exists. */
export const day = () =>
  as(
    'date',
    z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/)
      .refine((value) => isRealInstant(`${value}T00:00:00Z`), { error: 'want a day that exists' }),
    DAY_CHECK,
  );

/** A signed decimal text that fits numeric(38,9) exactly. */
export const signedDecimal = () =>
  as('decimal', z.string().regex(/^-?\d{1,29}(\.\d{1,9})?$/), decimalCheck(29, true));

/** Digits before the point that numeric(38,9) holds, less one for the carry of a rounded tenth fraction digit. */
const MONEY_DIGITS = 28;

/**
 * A JSON number's source text, kept as text: money of systems that send doubles. A number that numeric(38,9) cannot
 * hold is refused here, since the models would have nothing in its place.
 */
export const moneyText = () =>
  as(
    'text',
    z.string().refine(fitsMoney, {
      error: `want the text of a number with at most ${MONEY_DIGITS} digits before the point`,
    }),
  );

/** Whether a text is a number with at most so many digits before the point. */
function fitsMoney(value: string): boolean {
  const match = /^-?0*(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/.exec(value);
  if (match === null || !/^-?\d/.test(value)) return false;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const zeros = fraction.length - fraction.replace(/^0+/, '').length;
  const leading = whole === '' ? -zeros : whole.length;
  const isZero = whole === '' && /^0*$/.test(fraction);
  return isZero || leading + Number(exponent) <= MONEY_DIGITS;
}

/** A time as text: a day, or a date and time with or without an offset, that exists. Kept as received. */
export const timeText = () =>
  as(
    'text',
    z
      .string()
      .refine(
        (value) =>
          ISO_TIME.test(value) && isRealInstant(`${value.slice(0, 10)}T${value.slice(11, 19) || '00:00:00'}`),
        {
          error: 'want an ISO 8601 day or time that exists',
        },
      ),
  );

export const flag = () => as('boolean', z.boolean(), FLAG_CHECK);

/** One of a closed set of words. */
export const word = <const T extends readonly [string, ...string[]]>(words: T) =>
  as('text', z.enum(words), wordCheck(words));

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** The number that two digits write. */
function twoDigits(value: string, at: number): number {
  return (value.charCodeAt(at) - 48) * 10 + value.charCodeAt(at + 1) - 48;
}

/**
 * Whether a text of the form `yyyy-mm-ddThh:mm:ss…` names a time that exists; leap seconds and years before 1000
 * are not ours. Reckoned from the digits: it runs twice for each of millions of rows, where Date is slow.
 */
function isRealInstant(value: string): boolean {
  const year = twoDigits(value, 0) * 100 + twoDigits(value, 2);
  const month = twoDigits(value, 5);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
  const date = twoDigits(value, 8);
  return (
    year >= 1000 &&
    date >= 1 &&
    date <= days &&
    twoDigits(value, 11) <= 23 &&
    twoDigits(value, 14) <= 59 &&
    twoDigits(value, 17) <= 59
  );
}

/**
 * The stored columns of an object schema, in its own order.
 * @throws Error when a field carries no column type.
 */
export function columnsOf(schema: z.ZodObject): readonly Column[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    let inner = field as z.ZodType;
    let nullable = false;
    while (!column.has(inner) && (inner instanceof z.ZodNullable || inner instanceof z.ZodOptional)) {
      nullable = true;
      inner = inner.unwrap() as z.ZodType;
    }
    const meta = column.get(inner);
    if (meta === undefined)
      throw new Error(`schemas: column ${name}: got no column type, want one of columns.ts`);
    return { name, type: meta.column, nullable, fast: fastChecks.get(inner) ?? null };
  });
}
