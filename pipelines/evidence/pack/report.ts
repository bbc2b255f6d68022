import type { Block, Report } from '../../../evidence/report/report.ts';
import type { ManifestSource } from '../../file_manifest.ts';
import { programVersion } from '../../version.ts';
import { timestampedAt } from '../timestamp.ts';
import type { Figures } from './figures.ts';
import type { PackLog } from './log_files.ts';
import { daysDrawing } from './report_drawings.ts';
import { count } from './report_numbers.ts';
import { completeness, exceptions, late, lines, notice, rollForward, totals } from './report_sections.ts';
import type { PackSubject } from './subject.ts';

/** What the report is made of. */
export interface ReportGround {
  readonly subject: PackSubject;
  readonly figures: Figures;
  readonly log: PackLog;
  readonly source: ManifestSource;
  readonly created_at: string;
  readonly origin: string;
  /** Titles of tables that are not in the pack. */
  readonly absent: readonly string[];
}

/** What stands over each page of a pack that is not final; null where the month is closed. */
export function draftMark({ status, month }: PackSubject): string | null {
  if (status === 'closed') return null;
  const why = status === 'open' ? 'is not closed, figures accrue' : 'is prepared and not approved';
  return `DRAFT: ${month} ${why}. Not for booking.`;
}

/** The readable part of a pack: what a person looks at first. */
export function packReport(ground: ReportGround): Report {
  const { subject, created_at, origin } = ground;
  return {
    title: `Metering evidence, ${subject.month}`,
    subtitle: `${origin}, written ${time(created_at)} by meterline ${programVersion()}`,
    mark: draftMark(subject),
    created_at,
    footer: `${subject.month}, log of ${count(subject.checkpoint.size)} entries, root ${subject.checkpoint.root.toString('base64')}`,
    blocks: [
      ...whatThisIs(ground),
      ...totals(ground.figures),
      ...lines(ground.figures),
      ...exceptions(ground.figures, ground.subject),
      ...completeness(ground.figures),
      ...rollForward(ground.figures),
      ...late(ground.figures, subject),
      ...integrity(ground),
    ],
  };
}

function whatThisIs({ subject, source, absent, figures }: ReportGround): readonly Block[] {
  const { close, status } = subject;
  const facts: [string, string][] = [
    ['Status', { open: 'open', soft_closed: 'prepared, not approved', closed: 'closed' }[status]],
    ['Cut-off', time(close.cut_off_at)],
    ['Prepared by', signed(close.prepared_by, close.prepared_at)],
    ['Approved by', signed(close.approved_by, close.approved_at)],
    ['Accepted because', close.accepted_reason ?? 'nothing had to be accepted'],
    ['Second computation', reperformed(close.lines_reperformed, close.reperform_differences)],
    [
      'Figures are of',
      `loads up to ${source.built_load_id ?? '-'}, built ${time(source.built_at)} (as of ${source.as_of_date ?? '-'})`,
    ],
  ];
  const shown =
    status === 'open' ? facts.filter(([name]) => name === 'Status' || name === 'Figures are of') : facts;
  return [
    {
      kind: 'text',
      text: 'The usage that Polaris metered in this month, what was charged for it, and what proves that none of it was changed since. Each figure is in tables/, each table in manifest.json with its query, rows, sums and hash. VERIFY.md says how to check all of it with OpenSSL, Python or Go, without meterline.',
    },
    { kind: 'facts', rows: shown },
    ...(absent.length === 0
      ? []
      : [notice(`Not in this pack, since the models were not built: ${absent.join('; ')}.`)]),
    ...daysDrawing(figures.days),
  ];
}

function integrity({ subject, figures, log }: ReportGround): readonly Block[] {
  const { checkpoint, previous, timestamp } = subject;
  const [entries] = figures.entries ?? [];
  const goesOn =
    previous === null
      ? 'this is the first checkpoint'
      : `from ${count(previous.size)} entries (${previous.what}), by the proof in the file consistency`;
  const stamped = timestamp === null ? 'none' : `${time(timestampedAt(timestamp))} by an RFC 3161 authority`;
  return [
    { kind: 'heading', text: 'Integrity' },
    {
      kind: 'facts',
      rows: [
        ['Log', `${count(checkpoint.size)} entries`],
        ['Root (base64)', checkpoint.root.toString('base64')],
        ['Root (hex)', checkpoint.root.toString('hex')],
        ['Goes on', goesOn],
        ['Time stamp', stamped],
        [
          'Entries in this pack',
          `${count(log.leaves)} with their exact leaves, index ${count(entries?.first_index)} to ${count(entries?.last_index)}; ${count(entries?.restatements)} restatements, ${count(entries?.late)} booked in a later month`,
        ],
        [
          'Proved one by one',
          `${log.proved.length}: the first, the last, others evenly between, and restatements`,
        ],
      ],
    },
    {
      kind: 'text',
      text: 'The log proves that what was received was not changed or removed later. It does not prove that Polaris delivered everything: that is what the grid, the sequence numbers and Polaris’s control totals above are for. Nor can it show a second log kept for somebody else: compare the checkpoint with one that you were given earlier or by another way.',
    },
  ];
}

function reperformed(lines: string | null, differences: string | null): string {
  if (lines === null) return 'none recorded';
  return `${count(lines)} lines computed a second time from the raw pages, ${differences === '0' ? 'none differs' : `${count(differences)} differ`}`;
}

const time = (instant: string | null) =>
  instant === null ? '-' : `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
const signed = (who: string | null, at: string | null) => (who === null ? '-' : `${who}, ${time(at)}`);
