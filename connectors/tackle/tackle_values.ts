import type { ColumnType } from '../../schemas/columns.ts';
import { isRawNumber, jsonText } from '../json_body.ts';
import type { Field } from './fields.ts';

type Fields = Readonly<Record<string, unknown>>;

/** In the place of a part that should be an object and is not: no column takes it. */
const NO_OBJECT = Object.freeze({});

/** The value at a path; undefined where a key of it is missing or null on the way. */
export function pick(record: Fields, path: readonly string[]): unknown {
  let value: unknown = record;
  for (const key of path) {
    if (value === null || value === undefined) return undefined;
    if (typeof value !== 'object' || Array.isArray(value) || isRawNumber(value)) return NO_OBJECT;
    value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }
  return value;
}

/** The value of a field; undefined where its key is missing. An object in the first place gives way to a value in another. */
export function fieldValue(record: Fields, { path: place, also }: Pick<Field, 'path' | 'also'>): unknown {
  const first = pick(record, place);
  if (also.length === 0 || !isMissingOrObject(first)) return first;
  const other = also.map((path) => pick(record, path)).find((value) => !isMissingOrObject(value));
  return other === undefined ? first : other;
}

function isMissingOrObject(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && !isRawNumber(value));
}

/** A field's value as a value for its column's schema: missing is null, money the number's text, parts JSON text. */
export function tackleValue(type: ColumnType, field: Pick<Field, 'is_money'>, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'json') return jsonText(value);
  if (isRawNumber(value)) return field.is_money ? value.rawJSON : Number(value.rawJSON);
  return type === 'timestamp' && typeof value === 'string' ? instantText(value) : value;
}

/** An RFC 3339 time of any offset as UTC with `Z`, and a bare day as its first instant; anything else as it is. */
export function instantText(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return `${text}T00:00:00Z`;
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?([+-])(\d{2}):?(\d{2})$/.exec(text);
  if (match === null) return text;
  const [, local = '', fraction = '', sign, hours, minutes] = match;
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const utc = new Date(Date.parse(`${local}Z`) - offset);
  return Number.isNaN(utc.getTime()) ? text : `${utc.toISOString().slice(0, 19)}${fraction}Z`;
}
