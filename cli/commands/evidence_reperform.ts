import { type ReperformedMonth, reperformMonth } from '../../pipelines/evidence/reperform.ts';
import { firstDayOf } from '../../pipelines/months.ts';
import { lookInto } from '../../pipelines/warehouse_access.ts';
import { type Context, configure } from '../context.ts';
import { EXIT } from '../exit.ts';
import { dataIn } from './evidence.ts';

/** How many differences are shown; `--json` has all of them. */
const SHOWN_DIFFERENCES = 20;

/** Recomputes a month's overage lines from the landed pages. Ends with 3 if the warehouse says anything else. */
export async function evidenceReperform(context: Context, month: string): Promise<number> {
  firstDayOf(month);
  const { config } = await configure(context, { start: false, now: null });
  const data = dataIn(config);
  const settings = { policies: config.policies, as_of_cut_off: config.cut_offs.as_of };
  const done = await lookInto(data, (warehouse) =>
    reperformMonth(data, warehouse, month, settings, (item, read, total) =>
      context.output.onEvent({
        kind: 'progress',
        stage: 'seal',
        item: `evidence ${item}`,
        done: read,
        total,
        unit: 'files',
        share: null,
      }),
    ),
  );
  context.output.print(context.json ? JSON.stringify(done) : renderReperformed(done));
  return done.differences.length === 0 ? EXIT.done : EXIT.difference;
}

function renderReperformed(done: ReperformedMonth): string {
  const { month, is_closed, load_id, pages, readings, lines, totals, differences } = done;
  const n = (number: number) => number.toLocaleString('en');
  const shown = differences
    .slice(0, SHOWN_DIFFERENCES)
    .map(
      ({ line_id, subscription_id, dimension, billing_period, column, warehouse, reperformed }) =>
        `  ${subscription_id} ${dimension} ${billing_period}, line ${line_id}: ${column} is ${warehouse ?? 'nothing'} in the warehouse, ${reperformed ?? 'nothing'} by the pages`,
    );
  const more = differences.length - shown.length;
  return [
    differences.length === 0
      ? `✓ overage of ${month} re-performed: ${n(lines)} lines, each what the landed pages say`
      : `✗ overage of ${month} re-performed: ${n(lines)} lines, ${n(differences.length)} differences`,
    `  ${is_closed ? 'closed: its frozen lines' : 'not closed: fct_overage as last built'}, from what loads up to ${load_id} brought`,
    `  ${n(pages)} pages read, each with the hash that its name says; ${n(readings)} readings in them`,
    ...totals.map(
      ({ currency, warehouse, reperformed }) =>
        `  ${currency}: ${warehouse} in the warehouse, ${reperformed} by the pages`,
    ),
    ...shown,
    ...(more > 0 ? [`  and ${n(more)} more (--json has all of them)`] : []),
  ].join('\n');
}
