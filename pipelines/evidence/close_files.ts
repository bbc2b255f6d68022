import { canonicalJson } from '../../evidence/canonical_json.ts';
import { type CloseNote, signCloseNote } from '../../evidence/close_note.ts';
import type { SignerKey } from '../../evidence/note.ts';
import type { CloseFiles } from '../../evidence/storage/close_files.ts';
import type { LineTexts, PeriodClose, Preparation } from '../../warehouse/close_records.ts';
import { sha256 } from '../policy_versions.ts';

/** The two files of a close: its frozen lines, and the note over them, signed by the log's key. */
export function signedFiles(
  close: PeriodClose,
  prepared: Preparation,
  lines: readonly LineTexts[],
  signer: SignerKey,
): CloseFiles {
  const text = linesText(lines);
  const lines_sha256 = sha256(text);
  const note = signCloseNote({ ...notedClose(close, prepared), lines: lines.length, lines_sha256 }, signer);
  return { lines: text, note };
}

/** Lines as canonical JSON, one a line, every value a text or null. */
function linesText(lines: readonly LineTexts[]): string {
  return lines.map((line) => `${canonicalJson(line)}\n`).join('');
}

/** What a close note says of the warehouse's own record of it. */
export function notedClose(
  close: PeriodClose,
  { totals }: Pick<Preparation, 'totals'>,
): Omit<CloseNote, 'origin' | 'lines' | 'lines_sha256'> {
  return {
    month: close.month.slice(0, 7),
    cut_off_at: shortest(close.cut_off_at),
    load_id: close.prepared_load_id,
    tree_size: close.tree_size,
    root: Buffer.from(close.root_hash, 'hex'),
    prepared_by: close.prepared_by,
    prepared_at: shortest(close.prepared_at),
    approved_by: close.approved_by,
    approved_at: shortest(close.approved_at),
    accepted: close.accepted_reason,
    exceptions: close.exceptions,
    totals,
  };
}

/** An instant without idle digits, as the warehouse gives it back: signed and compared in one form. */
function shortest(instant: string): string {
  return instant.replace(/\.(\d*?)0*Z$/, (_, digits: string) => (digits === '' ? 'Z' : `.${digits}Z`));
}
