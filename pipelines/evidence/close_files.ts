import { canonicalJson } from '../../evidence/canonical_json.ts';
import { type CloseNote, signCloseNote } from '../../evidence/close_note.ts';
import type { SignerKey } from '../../evidence/note.ts';
import { type CloseFiles, closeFiles, readClose } from '../../evidence/storage/close_files.ts';
import { DifferenceError } from '../../schemas/errors.ts';
import type { LineTexts, PeriodClose, Preparation } from '../../warehouse/close_records.ts';
import { sha256 } from '../policy_versions.ts';

/** The two files of a close: its frozen lines, and the note over them, signed by the log's key. */
export function signedFiles(
  close: PeriodClose,
  prepared: Preparation,
  lines: readonly LineTexts[],
  { previous, signer }: { readonly previous: string | null; readonly signer: SignerKey },
): CloseFiles {
  const text = linesText(lines);
  const frozen = { lines: lines.length, lines_sha256: sha256(text) };
  return {
    lines: text,
    note: signCloseNote({ ...notedClose(close, prepared), ...frozen, previous }, signer),
  };
}

/** SHA-256 of the file that lines would be frozen in. */
export function linesHash(lines: readonly LineTexts[]): string {
  return sha256(linesText(lines));
}

/**
 * SHA-256 of the note of the month that was closed before one (its first day); null for the first.
 * @throws DifferenceError where that note is gone
 */
export async function previousNote(
  folder: string,
  closes: readonly PeriodClose[],
  month: string,
): Promise<string | null> {
  const before = closes.findLast((each) => each.month < month)?.month.slice(0, 7);
  if (before === undefined) return null;
  const { note } = await readClose(folder, before);
  if (note !== null) return sha256(note);
  throw new DifferenceError(
    `evidence: close ${before}: got no signed note, want ${closeFiles(folder, before).note}; it was removed: restore it`,
  );
}

/** Lines as canonical JSON, one a line, every value a text or null. */
function linesText(lines: readonly LineTexts[]): string {
  return lines.map((line) => `${canonicalJson(line)}\n`).join('');
}

/** What a close note says of the warehouse's own record of it. */
export function notedClose(
  close: PeriodClose,
  prepared: Preparation,
): Omit<CloseNote, 'origin' | 'lines' | 'lines_sha256' | 'previous'> {
  return {
    month: close.month.slice(0, 7),
    cut_off_at: shortest(close.cut_off_at),
    load_id: close.prepared_load_id,
    approved_load_id: close.approved_load_id,
    as_of_date: prepared.as_of_date,
    tree_size: close.tree_size,
    root: Buffer.from(close.root_hash, 'hex'),
    prepared_by: close.prepared_by,
    prepared_at: shortest(close.prepared_at),
    approved_by: close.approved_by,
    approved_at: shortest(close.approved_at),
    accepted: close.accepted_reason,
    exceptions: close.exceptions,
    lines_reperformed: prepared.lines_reperformed,
    reperform_differences: prepared.reperform_differences,
    timestamped_at: close.timestamped_at === null ? null : shortest(close.timestamped_at),
    totals: prepared.totals,
  };
}

/** An instant without idle digits, as the warehouse gives it back: signed and compared in one form. */
export function shortest(instant: string): string {
  return instant.replace(/\.(\d*?)0*Z$/, (_, digits: string) => (digits === '' ? 'Z' : `.${digits}Z`));
}
