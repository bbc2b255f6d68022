import type { QuarantineList } from '../pipelines/quarantine.ts';
import type { ReplayReport, StreamReplay } from '../pipelines/replay.ts';
import type { QuarantinedDetail, QuarantinedRow, QuarantineGroup } from '../warehouse/quarantine_records.ts';
import { whole } from './progress.ts';

const times = (n: number) => (n === 1 ? 'once' : `${whole(n)} times`);
const rowsOf = (n: number) => (n === 1 ? '1 row' : `${whole(n)} rows`);

/** The list for people: how many by stream and reason, then each row with where it came from. */
export function renderQuarantineList({ groups, rows }: QuarantineList, status: string): string {
  const total = groups.reduce((sum, group) => sum + group.rows, 0);
  const kind = status === 'all' ? '' : `${status} `;
  if (total === 0) return `no ${kind}quarantined rows`;
  const lines = [
    `${whole(total)} ${kind}quarantined ${total === 1 ? 'row' : 'rows'}`,
    '',
    ...groupTable(groups),
  ];
  if (rows.length === 0) return lines.join('\n');
  const shown =
    rows.length < total
      ? `the newest ${whole(rows.length)} of ${whole(total)} (--limit for more)`
      : 'newest first';
  const next = 'everything about one: meterline quarantine show <id>';
  return [...lines, '', `${shown}; ${next}`, ...rows.flatMap(rowLines)].join('\n');
}

function groupTable(groups: readonly QuarantineGroup[]): readonly string[] {
  const cells = groups.map((group) => [
    `${group.source}.${group.stream}`,
    group.column_name ?? '(row)',
    group.status,
  ]);
  const header = ['stream', 'column', 'status'];
  const widths = header.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (rows: string, row: readonly string[], reason: string) =>
    `  ${rows.padStart(8)}  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}  ${reason}`;
  return [
    line('rows', header, 'reason'),
    ...groups.map((group, at) => line(whole(group.rows), cells[at] ?? [], group.reason)),
  ];
}

function rowLines(row: QuarantinedRow): readonly string[] {
  const what =
    row.column_name === null ? row.reason : `${row.column_name} = ${row.value ?? 'absent'}: ${row.reason}`;
  const place = `page ${row.page_sha256.slice(0, 12)}… offset ${row.page_offset}, run ${row.run_id}`;
  return [
    '',
    `#${row.quarantine_id}  ${row.source}.${row.stream}  ${row.status}`,
    `    ${what}`,
    `    ${place}, seen ${times(row.times_seen)}, last ${row.last_seen_at}`,
  ];
}

/** Everything about one row for people; `page` is where its landed page lies. */
export function renderQuarantined(row: QuarantinedDetail, page: string): string {
  const fields: readonly (readonly [string, string])[] = [
    ['column', row.column_name ?? '(the row as a whole)'],
    ['value', row.value ?? 'absent'],
    ['reason', row.reason],
    ['refused', `${times(row.times_seen)}, first ${row.quarantined_at}, last ${row.last_seen_at}`],
    ['first in', `run ${row.run_id}, load ${row.load_id}`],
    ['offset', `${row.page_offset} (from 0) in the page`],
    ['page', `${page} (zstd)`],
    ['sha256', row.page_sha256],
    ['received', `${row.received_at} from ${row.url}`],
    ...(row.cluster_id === null
      ? []
      : ([['cluster', `${row.cluster_id}, seq ${row.seq ?? 'unreadable'}`]] as const)),
    ['settled', settled(row)],
  ];
  const lines = fields.map(([name, value]) => `  ${name.padEnd(9)} ${value}`);
  return [
    `quarantined row ${row.quarantine_id} of ${row.source}.${row.stream}: ${row.status}`,
    ...lines,
    '',
    indented(row.row_text),
  ].join('\n');
}

function settled(row: QuarantinedDetail): string {
  if (row.status === 'outdated') return 'a newer row of the record passed, or a newer list came without it';
  if (row.replayed_at !== null)
    return `${row.replayed_at} by run ${row.replayed_run_id}, load ${row.replayed_load_id}`;
  return `no; once the contract, catalogue or mapping is mended: meterline quarantine replay --id ${row.quarantine_id}`;
}

/** JSON over several lines; text that is none as it is. Numbers are not parsed: money must be seen as it was sent. */
function indented(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|,/g, (match, quoted) =>
    quoted === undefined ? `${match}\n  ` : match,
  );
}

/** What became of the rows that were replayed, and what is still open of their streams. */
export function renderReplay({ streams, run_id }: ReplayReport): string {
  if (run_id === null) return 'no open quarantined rows to replay';
  const loaded = streams.reduce((sum, each) => sum + each.rows_loaded, 0);
  const settledRows = streams.reduce((sum, each) => sum + each.rows_held, loaded);
  const next = [
    ...(settledRows === 0 ? [] : ['those that passed: meterline quarantine list --status replayed']),
    ...(loaded === 0 ? [] : ['the marts have them after the next `meterline run`']),
  ];
  return [`replay (run ${run_id})`, ...streams.flatMap(replayLines), ...next].join('\n');
}

function replayLines(each: StreamReplay): readonly string[] {
  const outdated = each.rows_outdated === 0 ? '' : `, ${each.rows_outdated} outdated by a newer list`;
  const held = `${each.rows_held} held already, ${each.rows_still_refused} still refused`;
  return [
    `  ${each.source}.${each.stream}: ${rowsOf(each.rows)} tried, ${each.rows_loaded} loaded, ${held}${outdated}`,
    ...each.still_open.map(
      (group) => `    still open: ${rowsOf(group.rows)}, ${group.column_name ?? 'row'}: ${group.reason}`,
    ),
  ];
}
