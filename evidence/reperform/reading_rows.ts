import { HOUR_US, instantOf } from './calendar.ts';

/** A row of the readings feed that fulfils its contract. */
export interface ReadingRow {
  readonly reading_id: string;
  readonly cluster_id: string;
  readonly subscription_id: string | null;
  readonly hour: number;
  readonly dimension: string;
  readonly quantity: string;
  readonly revision: number;
  /** Microseconds. */
  readonly recorded_at: number;
  readonly cloud: string;
  readonly region: string;
}

type Raw = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed();
const isId = (value: unknown): value is string => isText(value) && value !== '';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;
const CLOUDS = new Set<unknown>(['azure', 'gcp', 'aws', 'onprem']);
const QUANTITY = /^\d{1,18}(\.\d{1,9})?$/;

/**
 * Reads one row; null for one that the contract refuses. evidence.md: "`seq` and `revision` … above 2^53−1, or a lone
 * surrogate: quarantined"; its dimension is in the catalogue, and its unit is the dimension's.
 */
export function readReading(raw: unknown, units: ReadonlyMap<string, string>): ReadingRow | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { reading_id, seq, customer_id, cluster_id, subscription_id, hour, dimension, quantity } = raw as Raw;
  const { unit, revision, recorded_at, cloud, region, software_version } = raw as Raw;
  if (!isId(reading_id) || !isCount(seq) || !isId(customer_id) || !isId(cluster_id)) return null;
  if (subscription_id !== null && !isId(subscription_id)) return null;
  if (!isId(dimension) || !isText(unit) || units.get(dimension) !== unit) return null;
  if (typeof quantity !== 'string' || !QUANTITY.test(quantity) || !isCount(revision)) return null;
  if (!CLOUDS.has(cloud) || !isText(region) || !isText(software_version)) return null;
  const start = hourOf(hour);
  const recorded = typeof recorded_at === 'string' ? instantOf(recorded_at) : null;
  if (start === null || recorded === null) return null;
  return {
    reading_id,
    cluster_id,
    subscription_id,
    hour: start,
    dimension,
    quantity,
    revision,
    recorded_at: recorded,
    cloud: cloud as string,
    region,
  };
}

const hours = new Map<string, number>();

/** A whole hour by its text: many rows share one. */
function hourOf(text: unknown): number | null {
  if (typeof text !== 'string') return null;
  const known = hours.get(text);
  if (known !== undefined) return known;
  const instant = /:00:00(\.0+)?Z$/.test(text) ? instantOf(text) : null;
  if (instant === null) return null;
  hours.set(text, instant / HOUR_US);
  return instant / HOUR_US;
}
