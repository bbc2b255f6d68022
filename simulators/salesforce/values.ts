import { type RawNumber, rawNumber } from '../tackle/raw_number.ts';
import type { FieldType } from './objects.ts';

type Stored = string | number | boolean | null | undefined;
export type RestValue = string | number | boolean | null | RawNumber;

/**
 * A number as Java writes a double, since that is what Salesforce sends in JSON and CSV alike:
 * `25000.0`, and from ten million on `1.25E7`.
 * @throws Error when the value is no finite number
 */
export function javaDouble(value: string | number): string {
  const number = Number(value);
  if (value === '' || !Number.isFinite(number)) {
    throw new Error(`simulators: Salesforce number: got ${JSON.stringify(value)}, want a finite number`);
  }
  const size = Math.abs(number);
  if (size === 0) return '0.0';
  if (size >= 1e-3 && size < 1e7) {
    const plain = String(number);
    return plain.includes('.') ? plain : `${plain}.0`;
  }
  const [mantissa = '', exponent = ''] = number.toExponential().split('e');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** A stored instant with milliseconds and without its zone, which differs between REST and Bulk. */
function milliseconds(text: string): string {
  if (text.length === 20 && text.endsWith('Z')) return `${text.slice(0, 19)}.000`;
  return new Date(text).toISOString().slice(0, 23);
}

/** A stored value as REST sends it: instants with `+0000`, numbers as Java doubles, never an empty text. */
export function restValue(type: FieldType, value: Stored): RestValue {
  if (value === null || value === undefined || value === '') return null;
  switch (type) {
    case 'double':
    case 'currency':
      return rawNumber(javaDouble(value as string | number));
    case 'int':
      return Number(value);
    case 'datetime':
      return `${milliseconds(String(value))}+0000`;
    case 'date':
      return String(value).slice(0, 10);
    default:
      return value;
  }
}

/** A stored value as Bulk API 2.0 writes it into a CSV field, before quoting: null is empty, instants end in `Z`. */
export function bulkValue(type: FieldType, value: Stored): string {
  if (value === null || value === undefined) return '';
  switch (type) {
    case 'double':
    case 'currency':
      return value === '' ? '' : javaDouble(value as string | number);
    case 'datetime':
      return value === '' ? '' : `${milliseconds(String(value))}Z`;
    case 'date':
      return String(value).slice(0, 10);
    default:
      return typeof value === 'string' ? value : String(value);
  }
}
