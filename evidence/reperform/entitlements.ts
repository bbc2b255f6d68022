import { hourCeil, looseInstant } from './calendar.ts';
import { nanosOfNumber } from './decimals.ts';
import { isNumberText, parseExact } from './page_file.ts';
import type { RecordRow } from './record_rules.ts';
import { instantIn, type RecordVersion } from './records.ts';

/** One thing that a subscription is entitled to, as its record says; the shape differs by cloud. */
export interface Entitlement {
  readonly position: number;
  readonly plan: string | null;
  /** AWS: the marketplace's name of the dimension. */
  readonly dimension: string | null;
  /** Billionths. */
  readonly quantity: bigint | null;
  readonly azure_id: string | null;
  /** The first hour in which it has expired; infinite where nothing is said. */
  readonly to: number;
}

/** The value of an object's field as text: numbers and flags as they stand, parts as JSON. */
export function textAt(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const held = Object.hasOwn(value, key) ? Reflect.get(value, key) : null;
  if (held === null || typeof held === 'string') return held;
  return isNumberText(held) ? held.rawJSON : JSON.stringify(held);
}

/** The elements under a name of a JSON text: a list's, or the one object there. */
export function elementsOf(json: string | null, key: string): readonly unknown[] {
  const value = json === null ? null : parseExact(json);
  const held = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  if (Array.isArray(held)) return held;
  return typeof held === 'object' && held !== null && !isNumberText(held) ? [held] : [];
}

const parsed = new WeakMap<RecordRow, readonly Entitlement[]>();

/** What a subscription's record says under the name of its cloud. */
export function entitlementsOf(row: RecordRow): readonly Entitlement[] {
  const known = parsed.get(row);
  if (known !== undefined) return known;
  const cloud = row.cloud ?? '';
  const found = elementsOf(row.entitlements ?? null, cloud).map((item, position) =>
    entitlementOf(item, position, cloud),
  );
  parsed.set(row, found);
  return found;
}

function entitlementOf(item: unknown, position: number, cloud: string): Entitlement {
  const of = (key: string, ...clouds: string[]) => (clouds.includes(cloud) ? textAt(item, key) : null);
  const expires = looseInstant(of('offerEndTime', 'gcp') ?? of('expiration', 'aws'));
  return {
    position,
    plan: of('plan', 'azure', 'gcp'),
    dimension: of('dimension', 'aws'),
    quantity: nanosOfNumber(of('quantity', 'azure') ?? of('value', 'aws')),
    azure_id: of('subscription_id', 'azure') ?? of('name', 'gcp'),
    to: expires === null ? Number.POSITIVE_INFINITY : hourCeil(expires),
  };
}

/** An entitlement and the hours in which the record said so. */
export interface EntitledTerm extends Entitlement {
  readonly from: number;
}

/**
 * What a subscription is entitled to, when: each state of its record until the next one says otherwise. A state begins with
 * the contract that began since the record last said something else, else when the record changed; the first one known
 * holds from the beginning.
 */
export function entitledTerms(
  history: readonly RecordVersion[],
  contracts: readonly { readonly starts_at: number | null }[],
): readonly EntitledTerm[] {
  const states = history.flatMap((version, index) => {
    const before = history[index - 1];
    if (before === undefined) return [{ row: version.row, from: Number.NEGATIVE_INFINITY }];
    if (before.row.entitlements === version.row.entitlements) return [];
    const [since, stated] = [statedAt(before), statedAt(version)];
    const begun = contracts.flatMap(({ starts_at }) =>
      starts_at !== null && since < starts_at && starts_at <= stated ? starts_at : [],
    );
    return [{ row: version.row, from: hourCeil(begun.length > 0 ? Math.max(...begun) : stated) }];
  });
  return states.flatMap(({ row, from }, index) => {
    const next = states[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    return entitlementsOf(row)
      .map((item) => ({ ...item, from, to: Math.min(item.to, next) }))
      .filter((term) => term.from < term.to);
  });
}

const statedAt = ({ row, received_at }: RecordVersion): number => instantIn(row, 'updated_at') ?? received_at;
