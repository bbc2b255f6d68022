import { join } from 'node:path';
import type { Warehouse } from '../../../warehouse/warehouse.ts';
import { parquetOf } from './tables.ts';

/** Rows of a figure, values as texts; null where the table is not in the pack. */
export type FigureRows = readonly Readonly<Record<string, string | null>>[] | null;

/** Six figures of a dimension stand on one line of the report: there they are rounded, and the report says so. */
const ROUNDED = [
  'original_quantity',
  'restatement_change',
  'quantity_at_close',
  'late_original_quantity',
  'late_restatement_change',
  'quantity_now',
];

/** What the report shows, each read from the pack's own tables, so that both say the same. `t` stands for the table. */
const FIGURES = {
  totals: {
    table: 'period_close_totals',
    sql: `SELECT dimension, readings, quantity, source_readings, source_quantity, readings_difference, quantity_difference
          FROM t ORDER BY dimension`,
  },
  close: {
    table: 'period_close',
    sql: 'SELECT open_exceptions, exceptions_at_close, readings, lines FROM t',
  },
  amounts: {
    table: 'overage_lines',
    sql: `SELECT coalesce(currency, '-') AS currency, line_type, count(*) AS lines, sum(amount) AS amount,
            count(*) FILTER (amount IS NULL) AS unmetered
          FROM t GROUP BY 1, 2 ORDER BY 1, 2`,
  },
  largest: {
    table: 'overage_lines',
    sql: `SELECT line_id, subscription_id, dimension, policy_id || '@' || policy_version AS policy, measured, amount, currency
          FROM t WHERE amount <> 0 ORDER BY abs(amount) DESC, line_id LIMIT 8`,
  },
  kinds: {
    table: 'evidence_exceptions',
    sql: `SELECT kind, count(*) AS all_of_them, count(*) FILTER (is_open) AS open, sum(amount_of_hours)::BIGINT AS hours
          FROM t GROUP BY kind ORDER BY open DESC, kind`,
  },
  exceptions: {
    table: 'evidence_exceptions',
    sql: `SELECT kind, coalesce(subscription_id, cluster_id, '-') AS concerns, coalesce(dimension, '-') AS dimension,
            coalesce(strftime(first_hour, '%Y-%m-%d %H:%M'), '-') AS first_hour, amount_of_hours, sentence
          FROM t WHERE is_open ORDER BY coalesce(amount_of_hours, 0) DESC, exception_id LIMIT 12`,
  },
  completeness: {
    table: 'completeness',
    sql: 'SELECT dimension, decision, cells, cells_estimated, readings, quantity FROM t ORDER BY dimension, decision',
  },
  roll_forward: {
    table: 'evidence_roll_forward',
    sql: `SELECT dimension, ${ROUNDED.map((name) => `round(${name}, 3) AS ${name}`).join(', ')} FROM t ORDER BY dimension`,
  },
  billable: { table: 'completeness', sql: 'SELECT DISTINCT dimension FROM t ORDER BY dimension' },
  late: {
    table: 'late_adjustments',
    sql: `SELECT strftime(service_period, '%Y-%m') AS used_in, strftime(posting_period, '%Y-%m') AS booked_in, dimension,
            count(*) AS entries, sum(quantity_change) AS change,
            count(DISTINCT adjustment_line_id) AS lines
          FROM t GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  },
  days: {
    table: 'metering_evidence',
    sql: `SELECT usage_date, count(*) FILTER (superseded_by_index IS NULL) AS readings
          FROM t WHERE service_period = CAST($first_day AS DATE) GROUP BY 1 ORDER BY 1`,
  },
  entries: {
    table: 'metering_evidence',
    sql: `SELECT count(*) AS entries, count(*) FILTER (status = 'restatement') AS restatements,
            count(*) FILTER (posting_period > service_period) AS late,
            min(evidence_index) AS first_index, max(evidence_index) AS last_index FROM t`,
  },
  policies: {
    table: 'overage_lines',
    sql: `SELECT policy_id || '@' || policy_version AS policy, count(*) AS lines FROM t GROUP BY 1 ORDER BY 1`,
  },
  authors: {
    table: 'policy_versions',
    sql: `SELECT policy_id || '@' || version AS policy, prepared_by, approved_by, sha256 FROM t WHERE policy_id IS NOT NULL`,
  },
} satisfies Readonly<Record<string, { readonly table: string; readonly sql: string }>>;

type FigureName = keyof typeof FIGURES;

/** Everything that the report shows. */
export type Figures = Readonly<Record<FigureName, FigureRows>>;

/** Reads the figures from the Parquet files of the pack that were written. */
export async function readFigures(
  warehouse: Warehouse,
  folder: string,
  written: readonly string[],
  first_day: string,
): Promise<Figures> {
  const found: [string, FigureRows][] = [];
  for (const [name, { table, sql }] of Object.entries(FIGURES)) {
    const file = join(folder, parquetOf(table)).replaceAll("'", "''");
    const asked = sql.replaceAll('$first_day', `'${first_day}'`);
    const texts = `SELECT COLUMNS(*)::VARCHAR FROM (WITH t AS (FROM read_parquet('${file}')) ${asked})`;
    found.push([name, written.includes(table) ? await warehouse.query(texts) : null]);
  }
  return Object.fromEntries(found) as Figures;
}
