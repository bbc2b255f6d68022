import { createHash } from 'node:crypto';
import { leafHashes } from '../../../evidence/leaf.ts';
import type { LandedLoad, Rejected } from '../../../schemas/page.ts';
import { READINGS } from '../../../schemas/polaris.ts';
import type { Stream } from '../../../schemas/streams.ts';
import type { LandedPage, QuarantineGate, Warehouse } from '../../../warehouse/warehouse.ts';

export type Row = Readonly<Record<string, string | null>>;

/** A gate that lets everything through. */
export const OPEN_GATE: QuarantineGate = { max_share: 1, min_rows: 0, accepted: true };

export const AT = '2026-11-23T02:30:00Z';

/** A reading as its connector gives it; what is not named is the same for all. */
export function reading(values: Partial<Record<string, string | null>>): Row {
  return {
    reading_id: 'r1',
    seq: '1',
    customer_id: 'cust-1',
    cluster_id: 'clu-1',
    subscription_id: 'sub-1',
    hour: '2026-11-22T00:00:00Z',
    dimension: 'capacity_used_tib',
    quantity: '12.5',
    unit: 'TiB',
    revision: '1',
    recorded_at: '2026-11-22T01:05:00Z',
    cloud: 'azure',
    region: 'westeurope',
    software_version: '7.2.1',
    ...values,
  };
}

export function feature(values: Partial<Record<string, string | null>>): Row {
  return {
    feature_event_id: 'f1',
    customer_id: 'cust-1',
    cluster_id: 'clu-1',
    hour: '2026-11-22T00:00:00Z',
    feature: 'snapshots',
    operations: '3',
    active_clients: '1',
    recorded_at: '2026-11-22T01:05:00Z',
    ...values,
  };
}

export function customer(values: Partial<Record<string, string | null>>): Row {
  return {
    customer_id: 'cust-1',
    name: 'Northwind',
    salesforce_account_id: null,
    created_at: '2026-01-01T00:00:00Z',
    status: 'active',
    ...values,
  };
}

export interface PageOptions {
  readonly bookmark?: string | null;
  readonly as_of?: string | null;
  readonly stated_rows?: number | null;
  /** Refused rows; they follow the good ones in the page. */
  readonly rejected?: readonly Partial<Rejected>[];
  readonly drift?: ReadonlyMap<string, number>;
}

/** A landed page with these good rows, then the refused ones. */
export function landed(stream: Stream, rows: readonly Row[], options: PageOptions = {}): LandedPage {
  const rejected = (options.rejected ?? []).map((row, index) => ({
    column: null,
    value: null,
    reason: 'want a row',
    row: '{}',
    cluster_id: null,
    seq: null,
    ...row,
    offset: rows.length + index,
  }));
  const names = stream.columns.map(({ name }) => name);
  const parsed = {
    columns: names.map((name) => rows.map((row) => row[name] ?? null)),
    offsets: rows.map((_, index) => index),
    rejected,
    drift: options.drift ?? new Map<string, number>(),
  };
  const sha256 = createHash('sha256')
    .update(JSON.stringify([rows, rejected]))
    .digest('hex');
  return {
    page: {
      source: stream.source,
      stream: stream.name,
      url: `https://polaris.example/v1/${stream.name}`,
      format: 'json',
      sha256,
      received_at: AT,
      api_version: null,
      as_of: options.as_of ?? null,
      bookmark: options.bookmark ?? null,
      stated_rows: options.stated_rows ?? null,
      bytes: 100,
    },
    path: `landing/${stream.source}/${stream.name}/2026-11-23/${sha256}.json.zst`,
    parsed,
    leaf_hashes: stream.name === READINGS.name ? leafHashes(names, parsed, sha256) : null,
  };
}

/** Loads pages in one load and commits it. */
export async function load(
  warehouse: Warehouse,
  stream: Stream,
  pages: readonly LandedPage[],
  options: { complete?: boolean; gate?: QuarantineGate } = {},
): Promise<LandedLoad> {
  const loading = await warehouse.startLoad(stream, 'run-1', () => new Date(AT));
  for (const page of pages) await loading.add(page);
  return loading.commit({ complete: options.complete ?? false, gate: options.gate ?? OPEN_GATE });
}

/** A batch of the log's leaf hashes, one text of hex digits each. */
export function hexHashes(batch: Buffer): readonly string[] {
  return batch.toString('hex').match(/.{64}/g) ?? [];
}
