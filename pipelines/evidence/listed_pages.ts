import type { ListedLoad } from '../../evidence/reperform/commercial.ts';
import type { ListedPage } from '../../evidence/reperform/page_file.ts';
import { UsageError } from '../../schemas/errors.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';

type Row = Readonly<Record<string, string | null>>;

/** A month that was closed; its cut-off as the warehouse writes it. */
export interface RecordedClose {
  readonly month: string;
  readonly load_id: number;
  readonly cut_off_at: string;
}

/** The loads of a stream up to one, with the pages that they list, in order; of replays also which rows they took. */
export async function listedLoads(
  warehouse: Warehouse,
  { source, stream }: { readonly source: string; readonly stream: string },
  load_id: number,
): Promise<readonly ListedLoad[]> {
  const rows = await warehouse.query(
    `SELECT pages.load_id::VARCHAR AS load_id, pages.page_no::VARCHAR AS page_no, pages.path, pages.sha256,
       epoch_us(pages.received_at)::VARCHAR AS received_at, coalesce(loads.is_replay, false)::VARCHAR AS is_replay,
       CASE WHEN loads.is_replay THEN (
         SELECT coalesce(string_agg(page_offset::VARCHAR, ' '), '') FROM ops.quarantine
         WHERE replayed_load_id = pages.load_id AND page_sha256 = pages.sha256
       ) END AS taken
     FROM ops.pages AS pages JOIN ops.loads AS loads ON pages.load_id = loads.load_id
     WHERE pages.source = '${source}' AND pages.stream = '${stream}' AND pages.load_id <= ${load_id}
     ORDER BY pages.load_id, pages.page_no`,
  );
  return [...Map.groupBy(rows, (row) => row.load_id)].map(([id, pages]) => ({
    load_id: Number(id),
    is_replay: pages[0]?.is_replay === 'true',
    pages: pages.map(pageOf),
  }));
}

function pageOf({ path, sha256, received_at, taken }: Row): ListedPage {
  const positions = (text: string) => new Set(text.split(' ').filter(Boolean).map(Number));
  return {
    path: path ?? '',
    sha256: sha256 ?? '',
    received_at: Number(received_at),
    taken: taken === null || taken === undefined ? null : positions(taken),
  };
}

/** The newest as-of date of the runs that made the loads up to one. @throws UsageError where there is none */
export async function newestAsOf(warehouse: Warehouse, load_id: number): Promise<string> {
  const [row] = await warehouse.query(
    `SELECT max(as_of_date)::VARCHAR AS as_of_date FROM ops.runs
     WHERE run_id IN (SELECT run_id FROM ops.loads WHERE load_id <= ${load_id})`,
  );
  if (typeof row?.as_of_date === 'string') return row.as_of_date;
  throw new UsageError(
    `evidence: loads up to ${load_id}: got no run with an as-of date, want one; run \`meterline run\` first`,
  );
}

/**
 * The load that ends each source's snapshot of an as-of date. metrics.md, "As of": "the first complete snapshot of the newest
 * date ≤ D, and where none exists the earliest"; 0 where a source was never read whole.
 */
export async function snapshotLoads(warehouse: Warehouse, load_id: number, as_of: string) {
  const rows = await warehouse.query(
    `SELECT source, arg_min(load_id, snapshot_id)::VARCHAR AS load_id, snapshot_date::VARCHAR AS snapshot_date
     FROM ops.snapshots WHERE load_id <= ${load_id} GROUP BY source, snapshot_date ORDER BY source, snapshot_date`,
  );
  const loadOf = (source: string): number => {
    const own = rows.filter((row) => row.source === source);
    const held = own.findLast(({ snapshot_date }) => (snapshot_date ?? '') <= as_of);
    const earliest = own.toSorted((a, b) => Number(a.load_id) - Number(b.load_id))[0];
    return Number((held ?? earliest)?.load_id ?? 0);
  };
  return { polaris: loadOf('polaris'), tackle: loadOf('tackle') };
}

/** Every month that was closed, in order. */
export async function closedMonths(warehouse: Warehouse): Promise<readonly RecordedClose[]> {
  const rows = await warehouse.query(
    `SELECT month::VARCHAR AS month, prepared_load_id::VARCHAR AS load_id, cut_off_at::VARCHAR AS cut_off_at
     FROM evidence.period_closes ORDER BY month`,
  );
  return rows.map(({ month, load_id, cut_off_at }) => ({
    month: month ?? '',
    load_id: Number(load_id),
    cut_off_at: cut_off_at ?? '',
  }));
}
