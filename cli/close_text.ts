import type { CloseReport } from '../pipelines/evidence/close_report.ts';
import type { CloseAmount, CloseTotal } from '../warehouse/close_records.ts';

const DIFFERS =
  '    ≠ differs: Polaris also has what was recorded after the cut-off; what is left once that is counted is an exception (control_total_difference)';

/** A preparation or approval for people. */
export function renderClose(report: CloseReport): string {
  const { month, status, prepared_by, prepared_at, approved_by, approved_at } = report;
  const closed = status === 'closed';
  return [
    closed ? `✓ ${month} is closed` : `✓ ${month} is prepared (soft-closed), not closed yet`,
    `  prepared by ${prepared_by} at ${prepared_at}`,
    ...(closed ? [`  approved by ${approved_by} at ${approved_at}`] : []),
    ...(report.accepted_reason === null ? [] : [`  accepted: ${report.accepted_reason}`]),
    `  takes what was loaded up to load ${report.load_id} and recorded up to ${report.cut_off_at}`,
    `  log of ${count(report.tree_size)} entries, root ${report.root_hash}`,
    ...(report.timestamped_at === null ? [] : ['  time stamp kept beside its checkpoint']),
    '',
    ...amountLines(report),
    '',
    ...totalLines(report.totals),
    '',
    exceptionLine(report),
    reperformedLine(report),
    ...(report.files === null ? [] : ['', `  note   ${report.files.note}`, `  lines  ${report.files.lines}`]),
    '',
    `next step: ${report.next_step}`,
  ].join('\n');
}

function amountLines({ lines, amounts }: CloseReport): readonly string[] {
  const head = `  ${plural(lines, 'overage line')} frozen`;
  if (lines === 0) return [head];
  const byType = amounts.map((each) => [
    each.line_type,
    plural(each.lines, 'line'),
    `${money(each.amount)} ${each.currency}`,
  ]);
  const sums = [...Map.groupBy(amounts, ({ currency }) => currency)].map(([currency, of]) => [
    'total',
    plural(
      of.reduce((sum, each) => sum + each.lines, 0),
      'line',
    ),
    `${money(sumOf(of))} ${currency}`,
  ]);
  return [head, ...columns([...byType, ...sums], 'left')];
}

/** Exact: decimal texts of nine digits. */
function sumOf(amounts: readonly CloseAmount[]): string {
  const billionths = amounts.reduce((sum, { amount }) => sum + BigInt((amount ?? '0').replace('.', '')), 0n);
  const digits = String(billionths < 0n ? -billionths : billionths).padStart(10, '0');
  return `${billionths < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

function totalLines(totals: readonly CloseTotal[]): readonly string[] {
  if (totals.length === 0) return ['  no readings in the month'];
  const rows = totals.map((each) => [
    each.dimension,
    count(each.readings),
    trimmed(each.quantity),
    each.source_readings === null ? 'not read' : count(each.source_readings),
    each.source_quantity === null ? 'not read' : trimmed(each.source_quantity),
    verdict(each),
  ]);
  const table = columns([['dimension', 'readings', 'sum', 'Polaris', 'its sum', ''], ...rows], 'right');
  const differs = totals.some((total) => verdict(total) === '≠');
  return differs ? [...table, DIFFERS] : table;
}

function verdict({ readings, quantity, source_readings, source_quantity }: CloseTotal): string {
  if (source_readings === null) return '';
  return readings === source_readings && quantity === source_quantity ? '✓' : '≠';
}

function exceptionLine({ exceptions }: CloseReport): string {
  if (exceptions.length === 0) return '  no open exceptions';
  const total = exceptions.reduce((sum, each) => sum + each.exceptions, 0);
  const kinds = exceptions.map((each) => `${count(each.exceptions)} ${each.kind}`).join(', ');
  return `  ${plural(total, 'open exception')}: ${kinds}`;
}

function reperformedLine({ lines_reperformed, reperform_differences }: CloseReport): string {
  if (lines_reperformed === null) return '  not re-performed';
  return `  ${plural(lines_reperformed, 'line')} re-performed from raw pages, ${plural(reperform_differences ?? 0, 'difference')}`;
}

/** Cells padded to their column; the first is always to the left. */
function columns(rows: readonly (readonly string[])[], side: 'left' | 'right'): readonly string[] {
  const width = (place: number) => Math.max(...rows.map((row) => (row[place] ?? '').length));
  return rows.map((row) => {
    const cells = row.map((cell, place) =>
      place === 0 || side === 'left' ? cell.padEnd(width(place)) : cell.padStart(width(place)),
    );
    return `    ${cells.join('  ').trimEnd()}`;
  });
}

/** At least two fraction digits. */
function money(amount: string | null): string {
  if (amount === null) return 'no amount';
  const [whole = '', fraction = ''] = trimmed(amount).split('.');
  return `${whole}.${fraction.padEnd(2, '0')}`;
}

function trimmed(decimal: string): string {
  return decimal.replace(/\.?0+$/, '');
}

function count(number: number): string {
  return number.toLocaleString('en');
}

function plural(number: number, thing: string): string {
  return `${count(number)} ${thing}${number === 1 ? '' : 's'}`;
}
