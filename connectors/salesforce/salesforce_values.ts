import type { ColumnType } from '../../schemas/columns.ts';
import { isRawNumber } from '../json_body.ts';

const CHECK_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/**
 * The 18-character form of a record id: a 15-character one gets its three letters that tell upper from lower case.
 * Anything else is given back as it is.
 */
export function longId(id: string): string {
  if (!/^[A-Za-z0-9]{15}$/.test(id)) return id;
  let suffix = '';
  for (let start = 0; start < 15; start += 5) {
    let bits = 0;
    for (let at = 0; at < 5; at += 1) if (/[A-Z]/.test(id.charAt(start + at))) bits |= 1 << at;
    suffix += CHECK_LETTERS.charAt(bits);
  }
  return id + suffix;
}

/** A date-time of either API as RFC 3339 with `Z`: REST writes `+0000`. */
export function utcInstant(text: string): string {
  return text.replace(/(?:\+00:?00)$/, 'Z');
}

/**
 * The decimal text of a number as Salesforce writes it (`25000.0`, `1.25E7`), exactly, without exponent and without
 * trailing zeros: REST and Bulk then agree. Anything else is given back as it is.
 */
export function plainDecimal(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const padded = point <= 0 ? digits.padStart(digits.length + 1 - point, '0') : digits.padEnd(point, '0');
  const at = Math.max(1, point);
  const before = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const after = padded.slice(at).replace(/0+$/, '');
  const plain = after === '' ? before : `${before}.${after}`;
  return plain === '0' ? '0' : sign + plain;
}

/** A value of a REST record, read with its number texts, as a value for its column's schema. */
export function restValue(type: ColumnType, value: unknown): unknown {
  if (isRawNumber(value)) return type === 'decimal' ? plainDecimal(value.rawJSON) : Number(value.rawJSON);
  return typeof value === 'string' && type === 'timestamp' ? utcInstant(value) : value;
}

/** A CSV field as a value for its column's schema; an empty one is null. */
export function csvValue(type: ColumnType, text: string): unknown {
  if (text === '') return null;
  switch (type) {
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'integer':
      return /^-?\d+(\.0+)?$/.test(text) ? Number(text) : text;
    case 'decimal':
      return plainDecimal(text);
    case 'timestamp':
      return utcInstant(text);
    default:
      return text;
  }
}
