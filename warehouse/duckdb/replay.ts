import type { Json } from '@duckdb/node-api';
import type { Stream } from '../../schemas/streams.ts';
import type { OpenQuarantine, QuarantinedDetail, QuarantinedPage } from '../quarantine_records.ts';
import { VERSION_MARK } from './accept_records.ts';
import type { Commit } from './commit.ts';
import type { ResultRow, Session } from './database.ts';
import { quarantinedRow } from './quarantine.ts';
import { list, literal } from './sql.ts';
import { count, instantOf, text, textOrNull } from './values.ts';

/** The page that first brought a quarantined row `q`, as it was loaded then. */
const FIRST_PAGE = `(
  SELECT load_id, source, stream, sha256, min(page_no) AS page_no, arg_min(path, page_no) AS path,
    arg_min(url, page_no) AS url, arg_min(api_version, page_no) AS api_version,
    arg_min(received_at, page_no) AS received_at, arg_min(stated_rows, page_no) AS stated_rows,
    arg_min(patches, page_no) AS patches
  FROM ops.pages GROUP BY load_id, source, stream, sha256
) AS p ON p.load_id = q.load_id AND p.source = q.source AND p.stream = q.stream AND p.sha256 = q.page_sha256`;

/** One quarantined row with all that is known of it; null where there is none of that number. */
export async function quarantinedDetail(
  session: Session,
  quarantine_id: number,
): Promise<QuarantinedDetail | null> {
  const [row] = await session.rows(
    'show the quarantined row',
    `SELECT q.*, p.path, p.url, ${instantOf('q.quarantined_at')} AS quarantined,
       ${instantOf('q.last_seen_at')} AS last_seen, ${instantOf('q.replayed_at')} AS replayed,
       ${instantOf('p.received_at')} AS received
     FROM ops.quarantine AS q JOIN ${FIRST_PAGE} WHERE q.quarantine_id = $quarantine_id::BIGINT`,
    { quarantine_id },
  );
  return row === undefined ? null : detailOf(row);
}

function detailOf(row: ResultRow): QuarantinedDetail {
  return {
    ...quarantinedRow(row),
    load_id: count(row.load_id),
    cluster_id: textOrNull(row.cluster_id),
    seq: textOrNull(row.seq),
    path: text(row.path),
    url: text(row.url),
    received_at: text(row.received),
    replayed_at: textOrNull(row.replayed),
    replayed_run_id: textOrNull(row.replayed_run_id),
    replayed_load_id: countOrNull(row.replayed_load_id),
  };
}

function countOrNull(value: Json | undefined): number | null {
  return value === null || value === undefined ? null : count(value);
}

/**
 * Open quarantined rows of a stream by page, oldest first. A row of a full list counts only while the newest list
 * that was read still has it: else the newest list, not the old row, says what is so.
 */
export async function openQuarantine(
  session: Session,
  stream: Stream,
  quarantine_id: number | null,
): Promise<OpenQuarantine> {
  const rows = await session.rows(
    'find the open quarantined rows',
    `SELECT is_outdated OR ${outdatedPatch(stream)} AS is_outdated, p.load_id, p.page_no, p.sha256, p.path, p.url, p.api_version, ${instantOf('p.received_at')} AS received,
       p.stated_rows, p.patches, to_json(list_sort(list(DISTINCT q.page_offset)))::VARCHAR AS offsets, count(*) AS entries
     FROM (SELECT *, ${outdated(stream)} AS is_outdated FROM ops.quarantine AS q
           WHERE source = ${literal(stream.source)} AND stream = ${literal(stream.name)} AND status = 'open'
             AND ($quarantine_id::BIGINT IS NULL OR quarantine_id = $quarantine_id::BIGINT)) AS q
       JOIN ${FIRST_PAGE}
     GROUP BY ALL ORDER BY p.load_id, p.page_no`,
    { quarantine_id },
  );
  const entries = (of: readonly ResultRow[]) => of.reduce((sum, row) => sum + count(row.entries), 0);
  const current = rows.filter((row) => row.is_outdated === false);
  return {
    pages: current.map(pageOf),
    rows: entries(current),
    outdated: entries(rows.filter((row) => row.is_outdated === true)),
  };
}

function outdated(stream: Stream): string {
  if (!stream.full) return 'false';
  return `last_seen_at < (
    SELECT max(committed_at) FROM ops.loads
    WHERE source = ${literal(stream.source)} AND stream = ${literal(stream.name)} AND is_replay IS DISTINCT FROM true)`;
}

/**
 * A row that patches counts only until some of its columns were patched again without it: else the newer patch, not
 * the old row, says what is so.
 */
function outdatedPatch(stream: Stream): string {
  const key = [...stream.key, VERSION_MARK].map(literal);
  return `coalesce(p.patches IS NOT NULL AND q.last_seen_at < (
    SELECT max(l.committed_at) FROM ops.pages AS n JOIN ops.loads AS l ON l.load_id = n.load_id
    WHERE n.source = ${literal(stream.source)} AND n.stream = ${literal(stream.name)}
      AND l.is_replay IS DISTINCT FROM true AND list_has_any(${columnsIn('n.patches')},
        list_filter(${columnsIn('p.patches')}, lambda c: c NOT IN (${list(key)})))), false)`;
}

/** SQL that gives the columns in a text of `patches`. */
function columnsIn(patches: string): string {
  return `json_transform(${patches}, '["VARCHAR"]')`;
}

function pageOf(row: ResultRow): QuarantinedPage {
  return {
    sha256: text(row.sha256),
    path: text(row.path),
    url: text(row.url),
    api_version: textOrNull(row.api_version),
    received_at: text(row.received),
    stated_rows: countOrNull(row.stated_rows),
    offsets: JSON.parse(text(row.offsets)) as number[],
    ...patchesOf(row),
  };
}

function patchesOf(row: ResultRow): Pick<QuarantinedPage, 'patches'> {
  const patches = textOrNull(row.patches ?? null);
  return patches === null ? {} : { patches: JSON.parse(patches) as string[] };
}

/** Settles the entries of rows that pass now; those of rows refused again stay open, with today's reason. */
export async function settleQuarantine(commit: Commit): Promise<void> {
  const { session, stream, load_id, run_id, committed_at } = commit;
  const which = `q.source = ${literal(stream.source)} AND q.stream = ${literal(stream.name)} AND q.status = 'open'
    AND q.page_sha256 = r.sha256 AND q.page_offset = r.page_offset`;
  await session.run(
    'settle the quarantine',
    `UPDATE ops.quarantine AS q SET status = 'replayed', replayed_at = $at::TIMESTAMP, replayed_run_id = $run_id,
       replayed_load_id = $load_id::BIGINT
     FROM (
       SELECT DISTINCT p.sha256, s._offset AS page_offset
       FROM stage_rows AS s JOIN stage_pages AS p ON p.page_no = s._page_no
         ANTI JOIN refusals AS f ON f.page_no = s._page_no AND f.page_offset = s._offset
     ) AS r WHERE ${which}`,
    { at: committed_at, run_id, load_id },
  );
  await session.run(
    'renew the reasons',
    `UPDATE ops.quarantine AS q SET column_name = r.column_name, value = r.value, reason = r.reason
     FROM (
       SELECT p.sha256, f.page_offset, f.column_name, f.value, f.reason
       FROM refusals AS f JOIN stage_pages AS p ON p.page_no = f.page_no
     ) AS r WHERE ${which}`,
  );
}
