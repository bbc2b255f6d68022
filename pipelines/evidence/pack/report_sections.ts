import type { Block, ReportColumn } from '../../../evidence/report/report.ts';
import type { FigureRows, Figures } from './figures.ts';
import { kindsDrawing, waterfalls } from './report_drawings.ts';
import { count, decimal } from './report_numbers.ts';
import type { PackSubject } from './subject.ts';

/** Readings and sums beside what Polaris states. */
export function totals({ totals: rows }: Figures): readonly Block[] {
  if (rows === null) return [];
  const columns = [
    left('Dimension', 2.1),
    right('Readings', 1.1),
    right('Quantity', 1.9),
    right('Polaris: readings', 1.2),
    right('Polaris: quantity', 1.9),
    right('Difference', 1.8),
  ];
  const body = rows.map((row) => [
    row.dimension ?? '',
    count(row.readings),
    decimal(row.quantity),
    row.source_readings === null ? 'not asked' : count(row.source_readings),
    row.source_quantity === null ? 'not asked' : decimal(row.source_quantity),
    row.quantity_difference == null ? '-' : decimal(row.quantity_difference),
  ]);
  return [
    { kind: 'heading', text: 'Readings by dimension, beside Polaris’s own control totals' },
    { kind: 'table', columns, rows: body },
    {
      kind: 'text',
      text: 'Polaris counts by its own database, and the newest answer is compared: of a closed month it also has what was recorded after the cut-off (see late adjustments), of an open one not yet what was restated since.',
    },
  ];
}

/** What the month costs, by currency and kind of line. */
export function lines({ amounts, largest, policies, authors }: Figures): readonly Block[] {
  if (amounts === null) return [];
  const heading: Block = { kind: 'heading', text: 'Overage lines by currency' };
  if (amounts.length === 0) return [heading, { kind: 'text', text: 'No line closes with this month.' }];
  const columns = [
    left('Currency', 1),
    left('Kind of line', 1.5),
    right('Lines', 1),
    right('Amount', 2),
    right('Without a metered hour', 1.6),
  ];
  const body = amounts.map((row) => [
    row.currency ?? '',
    row.line_type ?? '',
    count(row.lines),
    decimal(row.amount, 2),
    count(row.unmetered),
  ]);
  return [
    heading,
    { kind: 'table', columns, rows: body },
    ...largestLines(largest),
    ...policyNotes(policies, authors),
  ];
}

function largestLines(rows: FigureRows): readonly Block[] {
  if (rows === null || rows.length === 0) return [];
  const columns = [
    left('Largest lines: subscription', 2.2),
    left('Dimension', 1.7),
    left('Policy', 2.4),
    right('Measured', 1.7),
    right('Amount', 1.5),
  ];
  const body = rows.map((row) => [
    row.subscription_id ?? '',
    row.dimension ?? '',
    row.policy ?? '',
    decimal(row.measured),
    `${decimal(row.amount, 2)} ${row.currency ?? ''}`,
  ]);
  return [{ kind: 'table', columns, rows: body }];
}

function policyNotes(policies: FigureRows, authors: FigureRows): readonly Block[] {
  if (policies === null) return [];
  const said = policies.map(({ policy, lines }) => {
    const known = authors?.find((each) => each.policy === policy);
    const who =
      known === undefined ? '' : `, prepared by ${known.prepared_by}, approved by ${known.approved_by}`;
    return `${policy} (${count(lines)} ${lines === '1' ? 'line' : 'lines'}${who})`;
  });
  return [{ kind: 'text', text: `Rated by ${said.join('; ')}.` }];
}

/** What is open, and why the month was closed all the same. */
export function exceptions(figures: Figures, subject: PackSubject): readonly Block[] {
  const { kinds, exceptions: rows } = figures;
  if (kinds === null || rows === null) return [];
  const heading: Block = { kind: 'heading', text: 'Exceptions' };
  const open = kinds.reduce((sum, row) => sum + Number(row.open), 0);
  const reason = subject.close.accepted_reason;
  const accepted =
    reason === null
      ? []
      : [
          notice(
            `Closed with ${subject.close.exceptions ?? '?'} open exceptions. Accepted because: ${reason}`,
          ),
        ];
  if (open === 0) return [heading, ...accepted, { kind: 'text', text: 'None is open.' }];
  const columns = [
    left('Kind', 1.6),
    left('Concerns', 2),
    left('Dimension', 1.8),
    left('From (UTC)', 1.3),
    right('Hours', 0.8),
    left('What it is', 3.6),
  ];
  const body = rows.map((row) => [
    words(row.kind),
    row.concerns ?? '',
    row.dimension ?? '',
    row.first_hour ?? '',
    row.amount_of_hours === null ? '-' : count(row.amount_of_hours),
    row.sentence ?? '',
  ]);
  const rest =
    open > rows.length ? ` The ${rows.length} largest follow; all are in tables/evidence_exceptions.` : '';
  return [
    heading,
    ...accepted,
    { kind: 'text', text: `${count(open)} ${open === 1 ? 'is' : 'are'} open now.${rest}` },
    ...kindsDrawing(kinds),
    { kind: 'table', columns, rows: body },
  ];
}

/** The grid, counted by decision. */
export function completeness({ completeness: rows }: Figures): readonly Block[] {
  if (rows === null) return [];
  const columns = [
    left('Dimension', 2),
    left('Decision', 1.4),
    right('Subscription-hours', 1.6),
    right('Of these estimated', 1.5),
    right('Readings', 1.3),
    right('Quantity', 2),
  ];
  const body = rows.map((row) => [
    row.dimension ?? '',
    row.decision ?? '',
    count(row.cells),
    count(row.cells_estimated),
    count(row.readings),
    row.quantity === null ? '-' : decimal(row.quantity),
  ]);
  return [
    {
      kind: 'heading',
      text: 'Completeness: each subscription, hour and billable dimension has one decision',
    },
    { kind: 'table', columns, rows: body },
    {
      kind: 'text',
      text: 'inactive: no term or no cluster; held: an open exception names the cell; missing: no reading, not charged; grace: above the commitment, free by policy; bill: charged; included: within the commitment.',
    },
  ];
}

/** From what was first received to what stands now. */
export function rollForward({ roll_forward: rows, billable }: Figures): readonly Block[] {
  if (rows === null) return [];
  const columns = [
    left('Dimension', 2.5),
    right('First received', 1.8),
    right('Restated', 1.3),
    right('At the close', 1.8),
    right('Late', 1.3),
    right('Restated late', 1.3),
    right('Now', 1.8),
  ];
  const body = rows.map((row) => [
    row.dimension ?? '',
    decimal(row.original_quantity),
    change(row.restatement_change),
    decimal(row.quantity_at_close),
    change(row.late_original_quantity),
    change(row.late_restatement_change),
    decimal(row.quantity_now),
  ]);
  const drawn = new Set((billable ?? []).map((row) => row.dimension));
  return [
    {
      kind: 'heading',
      text: 'Roll-forward of quantities, to three digits (exact in tables/evidence_roll_forward)',
    },
    { kind: 'table', columns, rows: body },
    ...waterfalls(rows.filter((row) => drawn.has(row.dimension ?? null))),
  ];
}

/** What was booked in another month than it was used in. */
export function late({ late: rows }: Figures, { month }: PackSubject): readonly Block[] {
  if (rows === null) return [];
  const heading: Block = { kind: 'heading', text: 'Late adjustments' };
  if (rows.length === 0)
    return [
      heading,
      { kind: 'text', text: `No entry of ${month} was booked in another month, nor the reverse.` },
    ];
  const columns = [
    left('Used in', 1),
    left('Booked in', 1),
    left('Dimension', 2.4),
    right('Entries', 1),
    right('Change of quantity', 2),
    right('Adjustment lines', 1.3),
  ];
  const body = rows.map((row) => [
    row.used_in ?? '',
    row.booked_in ?? '',
    row.dimension ?? '',
    count(row.entries),
    change(row.change),
    count(row.lines),
  ]);
  return [heading, { kind: 'table', columns, rows: body }];
}

const words = (kind: string | null | undefined) => (kind ?? '').replaceAll('_', ' ');
/** What must not be overlooked. */
export const notice = (text: string): Block => ({ kind: 'notice', text });
const left = (title: string, weight: number): ReportColumn => ({ title, weight, align: 'left' });
const right = (title: string, weight: number): ReportColumn => ({ title, weight, align: 'right' });

function change(quantity: string | null | undefined): string {
  const text = decimal(quantity);
  return /^[-0]$/.test(text) || text.startsWith('-') ? text : `+${text}`;
}
