import { barsChart, columnsChart, type Step, waterfallChart } from '../../../evidence/report/charts.ts';
import type { Block } from '../../../evidence/report/report.ts';
import type { FigureRows } from './figures.ts';
import { count, decimal } from './report_numbers.ts';

type Row = NonNullable<FigureRows>[number];

/** How many readings each day has. */
export function daysDrawing(rows: FigureRows): readonly Block[] {
  if (rows === null || rows.length === 0) return [];
  const bars = rows.map((row) => ({
    label: String(Number(row.usage_date?.slice(8))),
    value: Number(row.readings),
    text: count(row.readings),
  }));
  const smallest = bars.reduce((least, bar) => (bar.value < least.value ? bar : least));
  const summary = `Readings by day; the fewest, ${smallest.text}, on day ${smallest.label}.`;
  return [
    {
      kind: 'drawing',
      title: 'Current readings by day of use (UTC), as in the log at the checkpoint',
      drawing: columnsChart(bars, bars.length > 16 ? 2 : 1, summary),
    },
  ];
}

/** How many exceptions of each kind are open. */
export function kindsDrawing(rows: readonly Row[]): readonly Block[] {
  const bars = rows.map((row) => ({
    label: (row.kind ?? '').replaceAll('_', ' '),
    value: Number(row.open),
    text: `${count(row.open)} open of ${count(row.all_of_them)}`,
  }));
  const summary = bars.map(({ label, text }) => `${label}: ${text}`).join('; ');
  return [{ kind: 'drawing', title: 'Exceptions by kind', drawing: barsChart(bars, summary) }];
}

/** From what was first received to what stands now, one picture for each dimension. */
export function waterfalls(rows: readonly Row[]): readonly Block[] {
  return rows.map((row) => {
    const step = (kind: Step['kind'], label: string, value: string | null | undefined): Step => {
      const text = decimal(value);
      const sign = kind === 'movement' && !text.startsWith('-') && text !== '0' ? '+' : '';
      return { kind, label, value: Number(value), text: `${sign}${text}` };
    };
    const steps = [
      step('state', 'first received', row.original_quantity),
      step('movement', 'restated', row.restatement_change),
      step('state', 'at the close', row.quantity_at_close),
      step('movement', 'late', row.late_original_quantity),
      step('movement', 'restated late', row.late_restatement_change),
      step('state', 'now', row.quantity_now),
    ];
    const summary = steps.map(({ label, text }) => `${label} ${text}`).join(', ');
    return {
      kind: 'drawing',
      title: `Roll-forward of ${row.dimension}`,
      drawing: waterfallChart(steps, summary),
    };
  });
}
