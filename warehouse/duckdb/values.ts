import type { Json } from '@duckdb/node-api';
import { literal } from './sql.ts';

/** SQL that gives a naive UTC timestamp as RFC 3339 with `Z`, with as many fraction digits as it needs. */
export function instantOf(timestamp: string): string {
  const withMicroseconds = `strftime(${timestamp}, ${literal('%Y-%m-%dT%H:%M:%S.%fZ')})`;
  return `regexp_replace(${withMicroseconds}, ${literal('\\.?0+Z$')}, 'Z')`;
}

/** A count or size that DuckDB gave; exact up to 2^53−1. @throws Error for anything else */
export function count(value: Json | undefined): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number))
    throw new Error(`warehouse: count: got ${JSON.stringify(value)}, want an integer; report this`);
  return number;
}

/** A text. @throws Error for anything else */
export function text(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  throw new Error(`warehouse: text: got ${JSON.stringify(value)}, want a text; report this`);
}

/** A text or nothing. @throws Error for anything else */
export function textOrNull(value: Json | undefined): string | null {
  if (value === null || typeof value === 'string') return value;
  throw new Error(`warehouse: text: got ${JSON.stringify(value)}, want a text or null; report this`);
}
