import { closeFiles } from '../../evidence/storage/close_files.ts';
import type { CloseAmount, CloseTotal, PeriodClose, Preparation } from '../../warehouse/close_records.ts';
import { monthAfter } from '../months.ts';
import type { DataPaths } from '../paths.ts';
import type { Exceptions } from './close_checks.ts';

/** What a preparation or an approval came to. */
export interface CloseReport {
  /** `yyyy-mm` */
  readonly month: string;
  readonly status: 'soft_closed' | 'closed';
  readonly cut_off_at: string;
  readonly load_id: number;
  readonly as_of: string;
  readonly tree_size: number;
  readonly root_hash: string;
  readonly prepared_by: string;
  readonly prepared_at: string;
  readonly approved_by: string | null;
  readonly approved_at: string | null;
  readonly accepted_reason: string | null;
  readonly timestamped_at: string | null;
  readonly lines: number;
  readonly amounts: readonly CloseAmount[];
  readonly totals: readonly CloseTotal[];
  readonly exceptions: Exceptions;
  readonly lines_reperformed: number | null;
  readonly reperform_differences: number | null;
  /** The note and the frozen lines; null until the month is closed. */
  readonly files: { readonly note: string; readonly lines: string } | null;
  readonly next_step: string;
}

/** The report of a preparation. */
export function preparedReport(prepared: Preparation, exceptions: Exceptions): CloseReport {
  const month = prepared.month.slice(0, 7);
  const open = exceptions.length > 0 || (prepared.reperform_differences ?? 0) > 0;
  const accept = open ? ' --accept <reason>' : '';
  return {
    ...figures(prepared, exceptions),
    status: 'soft_closed',
    approved_by: null,
    approved_at: null,
    accepted_reason: null,
    timestamped_at: null,
    files: null,
    next_step: `another person than ${prepared.prepared_by}: \`meterline evidence close ${month} --approve --by <id>${accept}\``,
  };
}

/** The report of an approval. */
export function closedReport(
  close: PeriodClose,
  prepared: Preparation,
  exceptions: Exceptions,
  data: DataPaths,
): CloseReport {
  const { approved_by, approved_at, accepted_reason, timestamped_at } = close;
  const next = monthAfter(close.month).slice(0, 7);
  return {
    ...figures(prepared, exceptions),
    status: 'closed',
    ...{ approved_by, approved_at, accepted_reason, timestamped_at },
    files: closeFiles(data.evidence, close.month.slice(0, 7)),
    next_step: `keep the note and the checkpoint elsewhere, too; \`meterline extract\` brings the workbook up to the close; what comes late posts in ${next} or later`,
  };
}

function figures(prepared: Preparation, exceptions: Exceptions) {
  const { month, as_of_date, preparation_id, checkpoint, program_version, lines_sha256, ...rest } = prepared;
  return { ...rest, month: month.slice(0, 7), as_of: as_of_date, exceptions };
}
