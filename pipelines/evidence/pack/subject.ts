import { openCheckpoint } from '../../../evidence/checkpoint.ts';
import {
  type KeptCheckpoint,
  readCheckpoint,
  readCheckpoints,
  readTimestamp,
  readVerifierKeys,
} from '../../../evidence/storage/checkpoint_files.ts';
import { DifferenceError, UsageError } from '../../../schemas/errors.ts';
import type { Warehouse } from '../../../warehouse/warehouse.ts';
import { firstDayOf, monthAfter } from '../../months.ts';
import type { DataPaths } from '../../paths.ts';
import { closeTimestampFault } from '../close_timestamp.ts';

/** How far a month is: nothing frozen, figures frozen and replaceable, approved. */
export type MonthStatus = 'open' | 'soft_closed' | 'closed';

/** A checkpoint, with its exact text. */
interface NotedCheckpoint {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
}

/** The month of a pack, and the state of the log that it is about. */
export interface PackSubject {
  /** `yyyy-mm` */
  readonly month: string;
  /** First days of the month and of the next one, `yyyy-mm-dd`. */
  readonly first_day: string;
  readonly next_first_day: string;
  readonly status: MonthStatus;
  /** Of the newest preparation; null while the month is open. */
  readonly preparation_id: number | null;
  /** What the close, or the preparation, says; RFC 3339 in UTC. All null while the month is open. */
  readonly close: Readonly<Record<CloseField, string | null>>;
  /** The log at the close, else the newest that was signed. */
  readonly checkpoint: NotedCheckpoint;
  /** RFC 3161 answer over the checkpoint's bytes; null where none is kept. */
  readonly timestamp: Buffer | null;
  /** The log at the close before; else the oldest smaller one that was signed; null where there is none. */
  readonly previous: (NotedCheckpoint & { readonly what: string }) | null;
}

const CLOSE_FIELDS = [
  'cut_off_at',
  'prepared_by',
  'prepared_at',
  'approved_by',
  'approved_at',
  'accepted_reason',
  'exceptions',
  'load_id',
  'tree_size',
  'lines_reperformed',
  'reperform_differences',
] as const;
type CloseField = (typeof CLOSE_FIELDS)[number];

/**
 * Looks a month up.
 * @throws UsageError for what is no month, one without readings, or a log without a signed checkpoint
 * @throws DifferenceError where checkpoint or time stamp of the close are missing or are not those that the close names
 */
export async function packSubject(
  data: DataPaths,
  warehouse: Warehouse,
  month: string,
): Promise<PackSubject> {
  const days = daysOf(month);
  await checkHasReadings(warehouse, month, days);
  const { close, status, preparation_id, root_hash, timestamped_at } = await closeOf(
    warehouse,
    days.first_day,
  );
  const checkpoint = await checkpointOf(data, month, close.tree_size, root_hash);
  const previous = await previousOf(data, warehouse, days.first_day, checkpoint.size);
  const timestamp = await readTimestamp(data.evidence, checkpoint.size);
  const fault = closeTimestampFault(timestamp, checkpoint.note, timestamped_at);
  if (fault !== null)
    throw new DifferenceError(`evidence: export ${month}: got ${fault.got}, want ${fault.want}`);
  return { month, ...days, status, preparation_id, close, checkpoint, timestamp, previous };
}

type Days = Pick<PackSubject, 'first_day' | 'next_first_day'>;

function daysOf(month: string): Days {
  const first_day = firstDayOf(month, '<period>');
  return { first_day, next_first_day: monthAfter(first_day) };
}

async function checkHasReadings(warehouse: Warehouse, month: string, days: Days): Promise<void> {
  const [built] = await warehouse.query(
    `SELECT count(*)::VARCHAR AS n FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = 'fct_metering_evidence'`,
  );
  if (built?.n === '0')
    throw new UsageError(
      'evidence: export: got a warehouse without marts, want them built; run `meterline run` first',
    );
  const [row] = await warehouse.query(
    `SELECT count(*)::VARCHAR AS n FROM raw.polaris_readings
     WHERE hour_start >= DATE '${days.first_day}' AND hour_start < DATE '${days.next_first_day}'`,
  );
  if (row?.n !== '0') return;
  const [known] = await warehouse.query(
    `SELECT strftime(min(hour_start), '%Y-%m') AS first, strftime(max(hour_start), '%Y-%m') AS last FROM raw.polaris_readings`,
  );
  const range =
    known?.first == null ? 'none was loaded yet' : `there are some of ${known.first} to ${known.last}`;
  throw new UsageError(`evidence: export ${month}: got no reading of that month, want one; ${range}`);
}

const instant = (column: string) => `strftime(${column}, '%Y-%m-%dT%H:%M:%SZ') AS ${column}`;

async function closeOf(warehouse: Warehouse, first_day: string) {
  const [row] = await warehouse.query(
    `SELECT ${['cut_off_at', 'prepared_at', 'approved_at'].map((each) => instant(`${each}`)).join(', ')},
       strftime(timestamped_at, '%Y-%m-%dT%H:%M:%S.%gZ') AS timestamped_at,
       prepared_by, approved_by, accepted_reason, exceptions::VARCHAR AS exceptions, load_id::VARCHAR AS load_id,
       tree_size::VARCHAR AS tree_size, lower(hex(root_hash)) AS root_hash, preparation_id::VARCHAR AS preparation_id,
       lines_reperformed::VARCHAR AS lines_reperformed, reperform_differences::VARCHAR AS reperform_differences
     FROM (
       SELECT p.month, coalesce(c.cut_off_at, p.cut_off_at) AS cut_off_at,
         coalesce(c.prepared_by, p.prepared_by) AS prepared_by, coalesce(c.prepared_at, p.prepared_at) AS prepared_at,
         c.approved_by, c.approved_at, c.accepted_reason, c.timestamped_at, coalesce(c.exceptions, p.exceptions) AS exceptions,
         coalesce(c.prepared_load_id, p.load_id) AS load_id, coalesce(c.tree_size, p.tree_size) AS tree_size,
         coalesce(c.root_hash, p.root_hash) AS root_hash, coalesce(c.preparation_id, p.preparation_id) AS preparation_id,
         p.lines_reperformed, p.reperform_differences
       FROM (SELECT DATE '${first_day}' AS month) AS m
       LEFT JOIN evidence.period_closes AS c ON c.month = m.month
       JOIN evidence.close_preparations AS p ON p.month = m.month
       ORDER BY p.preparation_id = c.preparation_id DESC NULLS LAST, p.preparation_id DESC LIMIT 1)`,
  );
  const close = Object.fromEntries(CLOSE_FIELDS.map((name) => [name, row?.[name] ?? null])) as Readonly<
    Record<CloseField, string | null>
  >;
  const status: MonthStatus =
    row === undefined ? 'open' : close.approved_by === null ? 'soft_closed' : 'closed';
  const preparation_id = row?.preparation_id == null ? null : Number(row.preparation_id);
  return {
    close,
    status,
    preparation_id,
    root_hash: row?.root_hash ?? null,
    timestamped_at: row?.timestamped_at ?? null,
  };
}

async function checkpointOf(
  { evidence }: DataPaths,
  month: string,
  tree_size: string | null,
  root_hash: string | null,
): Promise<NotedCheckpoint> {
  if (tree_size === null || root_hash === null) {
    const newest = (await readCheckpoints(evidence)).at(-1);
    if (newest !== undefined) return opened(evidence, newest);
    throw new UsageError(
      `evidence: export ${month}: got no signed checkpoint, want one; set evidence.signing_key_file and run \`meterline run --only seal\``,
    );
  }
  const size = Number(tree_size);
  const note = await readCheckpoint(evidence, size);
  if (note === null)
    throw new DifferenceError(
      `evidence: export ${month}: got no checkpoint of ${size} entries, want the one that the close names; restore it from where it was given to`,
    );
  const checkpoint = await opened(evidence, { size, note });
  if (checkpoint.size === size && checkpoint.root.toString('hex') === root_hash) return checkpoint;
  throw new DifferenceError(
    `evidence: export ${month}: got ${checkpoint.size} entries with root ${checkpoint.root.toString('hex')} in the checkpoint, want ${size} with ${root_hash} as the close names; find out which of them was changed`,
  );
}

async function previousOf(
  data: DataPaths,
  warehouse: Warehouse,
  first_day: string,
  size: number,
): Promise<PackSubject['previous']> {
  const [row] = await warehouse.query(
    `SELECT strftime(month, '%Y-%m') AS month, tree_size::VARCHAR AS tree_size
     FROM evidence.period_closes WHERE month < DATE '${first_day}' ORDER BY month DESC LIMIT 1`,
  );
  if (row?.tree_size == null) {
    const [oldest] = await readCheckpoints(data.evidence);
    if (oldest === undefined || oldest.size >= size) return null;
    return { ...(await opened(data.evidence, oldest)), what: 'the oldest checkpoint that is kept' };
  }
  const note = await readCheckpoint(data.evidence, Number(row.tree_size));
  if (note === null)
    throw new DifferenceError(
      `evidence: close ${row.month}: got no checkpoint of ${row.tree_size} entries, want the one that it names; restore it from where it was given to`,
    );
  return {
    ...(await opened(data.evidence, { size: Number(row.tree_size), note })),
    what: `the close of ${row.month}`,
  };
}

async function opened(
  folder: string,
  { size: named, note }: Pick<KeptCheckpoint, 'size' | 'note'>,
): Promise<NotedCheckpoint> {
  const keys = await readVerifierKeys(folder);
  try {
    const { size, root } = openCheckpoint(note, keys);
    return { size, root, note };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^evidence: /, '') : String(cause);
    throw new DifferenceError(`evidence: checkpoint of ${named} entries: ${reason}`, { cause });
  }
}
