import { isDeepStrictEqual } from 'node:util';
import { type CloseNote, openCloseNote } from '../../evidence/close_note.ts';
import { rangeHash } from '../../evidence/proof.ts';
import { readCheckpoint, readTimestamp, readVerifierKeys } from '../../evidence/storage/checkpoint_files.ts';
import { closeFiles, notedMonths, readClose } from '../../evidence/storage/close_files.ts';
import { tileReader } from '../../evidence/storage/tile_files.ts';
import { DifferenceError } from '../../schemas/errors.ts';
import type { Policies } from '../../schemas/policies.ts';
import type { LineTexts, PeriodClose, Preparation } from '../../warehouse/close_records.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import { monthAfter } from '../months.ts';
import type { DataPaths } from '../paths.ts';
import { sha256 } from '../policy_versions.ts';
import { notedClose, previousNote } from './close_files.ts';
import { closeTimestampFault } from './close_timestamp.ts';
import { differs } from './differs.ts';
import { verifyPolicies } from './verify_policies.ts';

/** What a verification of closes and policies held against what, in numbers. */
export interface VerifiedCloses {
  /** Closed months whose note is signed and says what log and warehouse say. */
  readonly closes: number;
  /** Frozen lines that are the same in file, warehouse and mart. */
  readonly closed_lines: number;
  /** Policy versions that say what they said when they were first used. */
  readonly policy_versions: number;
}

/**
 * Holds every close against its signed note, the log, its file of frozen lines and the tables that show them, and every policy
 * version against what it said when it was first used. The log itself must have been verified.
 * @throws DifferenceError naming the first difference: month, line_id, column and both values
 */
export async function verifyCloses(
  data: DataPaths,
  warehouse: Warehouse,
  policies: Policies,
): Promise<VerifiedCloses> {
  const closes = await warehouse.periodCloses();
  await compareMonths(data, closes);
  await compareOrphans(warehouse);
  let closed_lines = 0;
  for (const close of closes) {
    const { note, lines } = await openedClose(data, close.month.slice(0, 7));
    await compareChain(data, closes, note);
    await compareNote(data, warehouse, close, note);
    closed_lines += await compareLines(warehouse, close, lines);
  }
  const policy_versions = await verifyPolicies(warehouse, policies, closes);
  return { closes: closes.length, closed_lines, policy_versions };
}

/** Notes and records are of the same months, one after the other. */
async function compareMonths({ evidence }: DataPaths, closes: readonly PeriodClose[]): Promise<void> {
  const noted = await notedMonths(evidence, 'kept');
  const recorded = closes.map(({ month }) => month.slice(0, 7));
  const [staged] = await notedMonths(evidence, 'staged');
  const unnoted = recorded.find((month) => !noted.includes(month));
  if (unnoted !== undefined)
    throw difference(
      unnoted,
      'no signed note',
      `${closeFiles(evidence, unnoted).note}, since evidence.period_closes has the month; ${
        staged === unnoted ? 'the next run finishes the close that was killed' : 'it was removed: restore it'
      }`,
    );
  const unrecorded = noted.find((month) => !recorded.includes(month));
  if (unrecorded !== undefined)
    throw difference(
      unrecorded,
      'a signed note without a row in evidence.period_closes',
      'its row; the close was removed from the warehouse',
    );
  const gap = closes.find(
    ({ month }, place) => place > 0 && month !== monthAfter(closes[place - 1]?.month ?? ''),
  );
  if (gap !== undefined)
    throw difference(gap.month.slice(0, 7), 'the month before it open', 'it closed; its close was removed');
}

/** Lines that say they are frozen have a close. */
async function compareOrphans(warehouse: Warehouse): Promise<void> {
  const [mart] = await warehouse.query(
    `SELECT table_name FROM information_schema.tables
     WHERE table_catalog = current_database() AND table_schema = 'marts' AND table_name = 'fct_overage'`,
  );
  for (const table of ['evidence.closed_lines', ...(mart === undefined ? [] : ['marts.fct_overage'])]) {
    const [line] = await warehouse.query(
      `SELECT line_id, strftime(close_month, '%Y-%m') AS month FROM ${table} AS lines
       ANTI JOIN evidence.period_closes AS closes ON lines.close_month = closes.month
       WHERE status = 'closed' ORDER BY close_month, line_id LIMIT 1`,
    );
    if (line !== undefined)
      throw difference(
        String(line.month),
        `line ${line.line_id} in ${table} as closed, without a close`,
        'a row in evidence.period_closes; the close was removed',
      );
  }
}

async function openedClose(
  { evidence }: DataPaths,
  month: string,
): Promise<{ readonly note: CloseNote; readonly lines: readonly LineTexts[] }> {
  const files = await readClose(evidence, month);
  const keys = await readVerifierKeys(evidence);
  const note = differs(`close ${month}`, () => openCloseNote(files.note ?? '', keys));
  const hash = files.lines === null ? 'no file' : sha256(files.lines);
  if (hash !== note.lines_sha256)
    throw difference(
      month,
      `SHA-256 ${hash} of ${closeFiles(evidence, month).lines}`,
      `${note.lines_sha256} as signed; the frozen lines were changed`,
    );
  const lines = (files.lines ?? '').split('\n').slice(0, -1);
  return { note, lines: lines.map((line) => JSON.parse(line) as LineTexts) };
}

async function compareNote(
  data: DataPaths,
  warehouse: Warehouse,
  close: PeriodClose,
  note: CloseNote,
): Promise<void> {
  const month = close.month.slice(0, 7);
  const prepared = await warehouse.preparation({ id: close.preparation_id });
  if (prepared === null)
    throw difference(month, `no preparation ${close.preparation_id}`, 'the one that it was closed with');
  compareFields(close, prepared, note);
  await compareRoot(data, warehouse, note);
  if ((await readCheckpoint(data.evidence, close.tree_size)) !== close.checkpoint)
    throw difference(
      month,
      `another checkpoint of ${close.tree_size} entries in evidence.period_closes`,
      'the one that is kept',
    );
  await compareTimestamp(data, close);
}

/** What the note says against the records of close and preparation. */
function compareFields(close: PeriodClose, prepared: Preparation, note: CloseNote): void {
  const { lines, lines_sha256 } = prepared;
  const recorded = { ...notedClose(close, prepared), lines, lines_sha256 };
  for (const [key, want] of Object.entries(note)) {
    if (!(key in recorded)) continue; // Origin, and the note before.
    const got = recorded[key as keyof typeof recorded];
    if (isDeepStrictEqual(got, want)) continue;
    throw difference(note.month, `${key} ${shown(got)} in the warehouse`, `${shown(want)} as signed`);
  }
}

/** A note names the one before it: none can be taken out or signed anew alone. */
async function compareChain(
  { evidence }: DataPaths,
  closes: readonly PeriodClose[],
  { month, previous }: CloseNote,
): Promise<void> {
  const got = await previousNote(evidence, closes, `${month}-01`);
  if (got === previous) return;
  const [found, signed] = [got, previous].map((hash) => (hash === null ? 'no close' : `SHA-256 ${hash}`));
  throw difference(month, `${found} before it`, `${signed} as signed; the note before was replaced`);
}

/** The time stamp that a close names is beside its checkpoint. */
async function compareTimestamp(
  { evidence }: DataPaths,
  { month, tree_size, checkpoint, timestamped_at }: PeriodClose,
): Promise<void> {
  const fault = closeTimestampFault(await readTimestamp(evidence, tree_size), checkpoint, timestamped_at);
  if (fault !== null) throw difference(month.slice(0, 7), fault.got, fault.want);
}

async function compareRoot({ evidence }: DataPaths, warehouse: Warehouse, note: CloseNote): Promise<void> {
  const { tree_size } = await warehouse.treeHead();
  const made =
    note.tree_size > tree_size
      ? null
      : await rangeHash({ from: 0, to: note.tree_size }, tileReader(evidence, tree_size));
  if (made?.equals(note.root)) return;
  throw difference(
    note.month,
    made === null
      ? `a log of ${tree_size} entries`
      : `root ${made.toString('hex')} over the first ${note.tree_size} entries`,
    `${made === null ? `at least ${note.tree_size}, with ` : ''}root ${note.root.toString('hex')} as signed`,
  );
}

/** The signed lines against those of the warehouse, frozen and shown. Gives their number. */
async function compareLines(
  warehouse: Warehouse,
  { month }: PeriodClose,
  signed: readonly LineTexts[],
): Promise<number> {
  firstDifference('evidence.closed_lines', signed, await warehouse.closedLines(month));
  const shownLines = await warehouse.shownLines(month);
  if (shownLines !== null) firstDifference('marts.fct_overage', signed, shownLines);
  return signed.length;
}

function firstDifference(table: string, signed: readonly LineTexts[], found: readonly LineTexts[]): void {
  const ids = [...new Set([...signed, ...found].map((line) => line.line_id ?? ''))].toSorted();
  const byId = (lines: readonly LineTexts[]) => new Map(lines.map((line) => [line.line_id ?? '', line]));
  const [want, got] = [byId(signed), byId(found)];
  for (const id of ids) {
    const [a, b] = [want.get(id), got.get(id)];
    if (a === undefined || b === undefined)
      throw lineDifference(
        id,
        b === undefined ? `no such line in ${table}` : `it in ${table}`,
        a === undefined ? 'no such line' : 'it',
      );
    for (const column of Object.keys(a))
      if (a[column] !== b[column])
        throw lineDifference(id, `${column} ${b[column] ?? 'null'} in ${table}`, String(a[column]));
  }
  if (found.length !== signed.length)
    throw new DifferenceError(
      `evidence: ${table}: got ${found.length} lines, want ${signed.length}; a line is there twice`,
    );
}

function lineDifference(id: string, got: string, want: string): DifferenceError {
  return new DifferenceError(
    `evidence: closed line ${id}: got ${got}, want ${want} as signed; find out who changed it (where only the mart differs, \`meterline run --only transform\` makes it anew)`,
  );
}

function difference(month: string, got: string, want: string): DifferenceError {
  return new DifferenceError(`evidence: close ${month}: got ${got}, want ${want}`);
}

function shown(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('hex') : JSON.stringify(value);
}
