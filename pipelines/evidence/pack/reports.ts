import type { MonthStatus, PackSubject } from './subject.ts';

/** A table of the pack. A new one is one entry of `PACK_REPORTS`. */
export interface PackReport {
  /** Name of its files. */
  readonly name: string;
  readonly title: string;
  /** Tables that it is made of: one that was not built yet is left out of the pack, and named in it. */
  readonly reads: readonly string[];
  /** DuckDB SQL with `$name` for parameters, in a fixed order of rows. Where a month stands in another way, other tables have it. */
  readonly query: string | Readonly<Record<MonthStatus, string>>;
}

const MONTH = 'CAST($month AS DATE)';
const IN_MONTH = (column: string) => `${column} >= ${MONTH} AND ${column} < CAST($next_month AS DATE)`;

/** The overage lines that close with the month: frozen, prepared, or as they accrue. */
const LINES: Readonly<Record<MonthStatus, string>> = {
  closed: `SELECT * FROM evidence.closed_lines WHERE close_month = ${MONTH}`,
  soft_closed: `SELECT * EXCLUDE (preparation_id) FROM evidence.prepared_lines WHERE preparation_id = $preparation_id`,
  open: `SELECT * FROM marts.fct_overage WHERE close_month = ${MONTH}`,
};

const MARKS: Readonly<Record<MonthStatus, string>> = {
  closed: 'CLOSED',
  soft_closed: 'DRAFT: prepared, not approved',
  open: 'DRAFT: open, accruing',
};

function byStatus(query: (lines: string, mark: string) => string): Readonly<Record<MonthStatus, string>> {
  const of = (status: MonthStatus) => query(LINES[status], MARKS[status]);
  return { open: of('open'), soft_closed: of('soft_closed'), closed: of('closed') };
}

/** A mart with one row per … of a month. */
function ofMonth(name: string, title: string, column: string): PackReport {
  const mart = `marts.fct_${name}`;
  return {
    name,
    title,
    reads: [mart],
    query: `SELECT * FROM ${mart} WHERE ${column} = ${MONTH} ORDER BY ALL`,
  };
}

/** The entries of the log that the pack has rows and leaves of. */
export const PACK_ENTRIES = `evidence_index < $tree_size AND (service_period = ${MONTH} OR posting_period = ${MONTH})`;

/** Every table of the pack, in the order in which people read them. */
export const PACK_REPORTS: readonly PackReport[] = [
  ofMonth('period_close', 'How the close of the month stands', 'month'),
  ofMonth('period_close_totals', 'Readings and sums by dimension beside Polaris’s control totals', 'month'),
  ofMonth('period_close_amounts', 'Amounts by currency', 'month'),
  {
    name: 'overage_lines',
    title: 'Overage lines that close with the month',
    reads: ['marts.fct_overage'],
    query: byStatus((lines, mark) => `SELECT '${mark}' AS pack_status, * FROM (${lines}) ORDER BY line_id`),
  },
  {
    name: 'overage_hours',
    title: 'Hours behind these lines, as the models have them now (after a close, adjustments included)',
    reads: ['marts.fct_overage_hourly'],
    query: byStatus(
      (lines, mark) =>
        `SELECT '${mark}' AS pack_status, * FROM marts.fct_overage_hourly
         WHERE line_id IN (SELECT coalesce(corrects_line_id, line_id) FROM (${lines})) ORDER BY line_id, hour`,
    ),
  },
  {
    name: 'metering_evidence',
    title: 'Every log entry used in the month or booked in it, up to the checkpoint',
    reads: ['marts.fct_metering_evidence'],
    query: `SELECT * FROM marts.fct_metering_evidence WHERE ${PACK_ENTRIES} ORDER BY evidence_index`,
  },
  ofMonth('evidence_exceptions', 'What stands or stood between the readings and a clean close', 'period'),
  ofMonth(
    'completeness',
    'The grid of subscriptions, hours and billable dimensions, counted by decision',
    'month',
  ),
  ofMonth(
    'completeness_grid',
    'The grid itself: one decision per subscription, hour and billable dimension',
    'period',
  ),
  ofMonth(
    'evidence_roll_forward',
    'From the readings the month is closed with to the readings now',
    'service_period',
  ),
  {
    name: 'late_adjustments',
    title: 'Late-adjustment register: used in the month and booked later, or used earlier and booked in it',
    reads: ['marts.fct_late_adjustments'],
    query: `SELECT * FROM marts.fct_late_adjustments
      WHERE service_period = ${MONTH} OR posting_period = ${MONTH} ORDER BY evidence_index`,
  },
  {
    name: 'control_totals',
    title: 'Polaris’s control totals: the newest comparison of each hour and dimension',
    reads: ['ops.control_totals'],
    query: `SELECT * FROM ops.control_totals WHERE ${IN_MONTH('hour')}
      QUALIFY row_number() OVER (PARTITION BY hour, dimension ORDER BY compared_at DESC, run_id) = 1
      ORDER BY hour, dimension`,
  },
  {
    name: 'pages',
    title: 'Landed pages of the loads that brought the entries, each with its hash',
    reads: ['ops.pages', 'marts.fct_metering_evidence'],
    query: `SELECT * FROM ops.pages WHERE load_id IN (
        SELECT load_id FROM evidence.entries
        JOIN marts.fct_metering_evidence USING (evidence_index) WHERE ${PACK_ENTRIES})
      ORDER BY load_id, page_no`,
  },
  {
    name: 'policy_versions',
    title: 'Every policy version that a night ever used, with its content and hash',
    reads: ['evidence.policy_versions'],
    query: 'SELECT * FROM evidence.policy_versions ORDER BY kind, policy_id, version',
  },
];

type Parameters = Readonly<Record<string, string | number | null>>;

/** A query of the pack with the parameters that it names. */
export interface BoundQuery {
  readonly query: string;
  readonly parameters: Parameters;
  /** The query with its parameters in it. */
  readonly sql: string;
}

/** Binds a query to a month. White space is made single, so that it reads well in the manifest. */
export function bindQuery(query: PackReport['query'], subject: PackSubject): BoundQuery {
  const chosen = (typeof query === 'string' ? query : query[subject.status]).replaceAll(/\s+/g, ' ').trim();
  const known: Parameters = {
    month: subject.first_day,
    next_month: subject.next_first_day,
    tree_size: subject.checkpoint.size,
    preparation_id: subject.preparation_id,
  };
  const named = new Set(Array.from(chosen.matchAll(/\$(\w+)/g), ([, name = '']) => name));
  const parameters = Object.fromEntries(Array.from(named, (name) => [name, known[name] ?? null]));
  return { query: chosen, parameters, sql: chosen.replaceAll(/\$(\w+)/g, (_, name) => literal(known[name])) };
}

/** Of values of our own: days and numbers. */
function literal(value: string | number | null | undefined): string {
  return typeof value === 'string' ? `'${value}'` : String(value ?? 'NULL');
}
