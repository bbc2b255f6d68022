import { SOURCE_NAMES, type SourceName, type Stream } from '../../schemas/streams.ts';
import type { QuarantinedRow, QuarantineFilter, QuarantineGroup } from '../quarantine_records.ts';
import type { Commit } from './commit.ts';
import type { ResultRow, Session } from './database.ts';
import { storedValues } from './ddl.ts';
import { readRefusedKeys } from './refused_keys.ts';
import { equalOn, identifier, list, literal } from './sql.ts';
import { count, instantOf, text, textOrNull } from './values.ts';

/**
 * Gathers what a load refused, as `refusals`: rows refused by the parser and good rows that conflict. One row per
 * refused row, in the order page, offset.
 */
export async function gatherRefusals({ session, stream }: Commit): Promise<void> {
  await session.run(
    'gather the refused rows',
    `CREATE TEMP TABLE refusals AS
     SELECT page_no, page_offset, column_name, value, reason, row_text, cluster_id, TRY_CAST(seq AS BIGINT) AS seq
     FROM stage_rejected
     UNION ALL
     SELECT s._page_no, s._offset, v.column_name, v.value, v.reason, coalesce(s._failed_row, ${rowText(stream)}),
       ${stream.kind === 'revisions' ? 's.cluster_id, s.seq' : 'NULL, NULL'}
     FROM verdicts AS v JOIN stage_rows AS s ON s._ord = v._ord WHERE v.verdict = 'quarantined'`,
  );
}

/** A staged row as JSON text, under its column names; times as RFC 3339, decimals as strings. */
function rowText(stream: Stream): string {
  const names = new Set(stream.columns.map(({ name }) => name));
  const parts = storedValues(stream)
    .filter(({ name }) => names.has(name))
    .map(({ name, type }) => `${literal(name)}, ${jsonValue(`s.${identifier(name)}`, type)}`);
  return `json_object(${list(parts)})::VARCHAR`;
}

function jsonValue(value: string, type: string): string {
  if (type === 'TIMESTAMP') return instantOf(value);
  return type === 'VARCHAR' || type === 'BIGINT' || type === 'BOOLEAN' ? value : `${value}::VARCHAR`;
}

/**
 * Writes the refusals to the quarantine. A row that is still open for the same reason is not entered again: its
 * `last_seen_at` moves on. `complete`: the load ended a read of all that there is.
 */
export async function writeQuarantine(commit: Commit, complete: boolean): Promise<void> {
  const { session, stream, load_id, run_id, committed_at } = commit;
  const which = `q.source = ${literal(stream.source)} AND q.stream = ${literal(stream.name)} AND q.status = 'open'
    AND q.row_sha256 = sha256(f.row_text) AND q.reason = f.reason`;
  await session.run(
    'renew open quarantine',
    `UPDATE ops.quarantine AS q
     SET last_seen_at = $at::TIMESTAMP, times_seen = coalesce(q.times_seen, 1) + f.times
     FROM (SELECT row_text, reason, count(*) AS times FROM refusals GROUP BY ALL) AS f WHERE ${which}`,
    { at: committed_at },
  );
  await session.run(
    'write the quarantine',
    `INSERT INTO ops.quarantine
       (quarantine_id, run_id, load_id, source, stream, page_sha256, page_offset, column_name, value, reason,
        row_text, row_sha256, cluster_id, seq, status, quarantined_at, last_seen_at, times_seen)
     SELECT (SELECT coalesce(max(quarantine_id), 0) FROM ops.quarantine)
         + row_number() OVER (ORDER BY f.page_no, f.page_offset),
       $run_id, $load_id::BIGINT, ${literal(stream.source)}, ${literal(stream.name)}, p.sha256, f.page_offset,
       f.column_name, f.value, f.reason, f.row_text, sha256(f.row_text), f.cluster_id, f.seq, 'open',
       $at::TIMESTAMP, $at::TIMESTAMP, f.times
     FROM (
       SELECT *, count(*) OVER (PARTITION BY row_text, reason) AS times FROM refusals
       QUALIFY row_number() OVER (PARTITION BY row_text, reason ORDER BY page_no, page_offset) = 1
     ) AS f JOIN stage_pages AS p ON p.page_no = f.page_no
     WHERE NOT EXISTS (SELECT 1 FROM ops.quarantine AS q WHERE ${which})`,
    { run_id, load_id, at: committed_at },
  );
  if (stream.kind === 'records') await outdate(commit, complete);
}

/**
 * Settles open rows of records that this load says something newer of: it has a good row of the same key, or it is
 * a full list without the row. A replay could load nothing from the old one. Append-only streams have no newer
 * delivery of a row: what is refused there stays open.
 */
async function outdate({ session, stream }: Commit, complete: boolean): Promise<void> {
  const ofStream = `source = ${literal(stream.source)} AND stream = ${literal(stream.name)} AND status = 'open'`;
  const open = `SELECT quarantine_id AS ref, row_text FROM ops.quarantine WHERE ${ofStream}`;
  await readRefusedKeys(session, 'open_keys', open, stream.key);
  const listed = complete && stream.full ? 'EXISTS (SELECT 1 FROM stage_pages)' : 'false';
  await session.run(
    'settle outdated quarantine',
    `UPDATE ops.quarantine SET status = 'outdated' WHERE quarantine_id IN (
       SELECT quarantine_id FROM ops.quarantine AS q JOIN open_keys AS k ON k.ref = q.quarantine_id
       WHERE NOT EXISTS (
           SELECT 1 FROM refusals AS f WHERE q.row_sha256 = sha256(f.row_text) AND q.reason = f.reason)
         AND (${listed} OR EXISTS (
           SELECT 1 FROM stage_rows AS s WHERE s._failed_column IS NULL AND ${equalOn(stream.key, 's', 'k')})))`,
  );
}

/** Enters the numbers of reading rows that were received but not kept, once each. */
export async function fillSeq({ session, load_id }: Commit): Promise<void> {
  await session.run(
    'fill the sequence numbers',
    `INSERT INTO raw.polaris_seq_fillers (cluster_id, seq, load_id)
     SELECT DISTINCT cluster_id, seq, $load_id::BIGINT FROM (
       SELECT cluster_id, TRY_CAST(seq AS BIGINT) AS seq FROM stage_rejected
       UNION ALL
       SELECT s.cluster_id, s.seq FROM verdicts AS v JOIN stage_rows AS s ON s._ord = v._ord WHERE v.fills_seq
     ) AS f
     WHERE cluster_id IS NOT NULL AND seq IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM raw.polaris_seq_fillers AS k WHERE k.cluster_id = f.cluster_id AND k.seq = f.seq)
     ORDER BY cluster_id, seq`,
    { load_id },
  );
}

/** Rows of the quarantine, the newest first. */
export async function quarantinedRows(
  session: Session,
  filter: QuarantineFilter & { readonly limit: number },
): Promise<readonly QuarantinedRow[]> {
  const { where, values } = condition(filter);
  const rows = await session.rows(
    'list the quarantine',
    `SELECT *, ${instantOf('quarantined_at')} AS quarantined, ${instantOf('last_seen_at')} AS last_seen
     FROM ops.quarantine WHERE ${where} ORDER BY quarantine_id DESC LIMIT $limit`,
    { limit: filter.limit, ...values },
  );
  return rows.map(quarantinedRow);
}

/** The rows of the quarantine by stream, status, column and reason. */
export async function quarantineGroups(
  session: Session,
  filter: QuarantineFilter,
): Promise<readonly QuarantineGroup[]> {
  const { where, values } = condition(filter);
  const rows = await session.rows(
    'count the quarantine',
    `SELECT source, stream, status, column_name, reason, count(*) AS entries,
       ${instantOf('min(quarantined_at)')} AS first_seen, ${instantOf('max(last_seen_at)')} AS last_seen
     FROM ops.quarantine WHERE ${where} GROUP BY source, stream, status, column_name, reason
     ORDER BY source, stream, status, entries DESC, column_name NULLS FIRST, reason`,
    values,
  );
  return rows.map((row) => ({
    source: sourceName(text(row.source)),
    stream: text(row.stream),
    status: text(row.status),
    column_name: textOrNull(row.column_name),
    reason: text(row.reason),
    rows: count(row.entries),
    first_seen_at: text(row.first_seen),
    last_seen_at: text(row.last_seen),
  }));
}

function condition(filter: QuarantineFilter) {
  const named = (['source', 'stream', 'status'] as const).flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ column, value }];
  });
  return {
    where: ['true', ...named.map(({ column }) => `${column} = $${column}`)].join(' AND '),
    values: Object.fromEntries(named.map(({ column, value }) => [column, value])),
  };
}

/** A row of `ops.quarantine`, with instants in `quarantined` and `last_seen`. */
export function quarantinedRow(row: ResultRow): QuarantinedRow {
  return {
    quarantine_id: count(row.quarantine_id),
    run_id: text(row.run_id),
    source: sourceName(text(row.source)),
    stream: text(row.stream),
    page_sha256: text(row.page_sha256),
    page_offset: count(row.page_offset),
    column_name: textOrNull(row.column_name),
    value: textOrNull(row.value),
    reason: text(row.reason),
    status: text(row.status),
    quarantined_at: text(row.quarantined),
    // Entries of an earlier version of this program do not say how often they were seen.
    times_seen: count(row.times_seen ?? 1),
    last_seen_at: text(row.last_seen),
    row_text: text(row.row_text),
  };
}

function sourceName(name: string): SourceName {
  const found = SOURCE_NAMES.find((known) => known === name);
  if (found === undefined)
    throw new Error(
      `warehouse: quarantine: got source ${name}, want ${SOURCE_NAMES.join(', ')}; report this`,
    );
  return found;
}
