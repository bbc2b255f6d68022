import { dayOfText, instantOf, utcText } from '../../evidence/reperform/calendar.ts';
import { LISTS, type ListedLoad, type ListName } from '../../evidence/reperform/commercial.ts';
import {
  type AmountTotal,
  compareLines,
  type LineDifference,
  totalAmounts,
  type WarehouseLine,
} from '../../evidence/reperform/compare.ts';
import { type ClosedMonth, linesFromPages, type PageScope } from '../../evidence/reperform/from_pages.ts';
import { PageRefused, PolicyRefused } from '../../evidence/reperform/refusals.ts';
import { DifferenceError, UsageError } from '../../schemas/errors.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import type { DataPaths } from '../paths.ts';
import { closedMonths, listedLoads, newestAsOf, snapshotLoads } from './listed_pages.ts';

/** What a re-performance takes into account. */
export interface ReperformScope {
  /** First day of the month, `2026-01-01`. */
  readonly month: string;
  /** Loads up to this one, as its close was prepared. */
  readonly load_id: number;
  /** Of the lines that close with the month only what was recorded by then (RFC 3339, UTC); null: everything. */
  readonly cut_off_at: string | null;
  /** The newest as-of date then; null: the newest of the runs of these loads. */
  readonly as_of_date: string | null;
  /** The folder of the policies, and `cut_offs.as_of` of the configuration. */
  readonly policies: string;
  readonly as_of_cut_off: string;
}

/** What was read and compared, and everything that differs. */
interface Reperformed {
  readonly pages: number;
  readonly readings: number;
  /** The warehouse's lines that were held against the pages. */
  readonly lines: number;
  readonly totals: readonly AmountTotal[];
  readonly differences: readonly LineDifference[];
}

/** Told after each page. */
export type TellReperform = (item: string, done: number, total: number | null) => void;

/** The columns of a line that are compared, and those that say which it is. */
const COLUMNS = [
  'line_id',
  'line_type',
  'subscription_id',
  'dimension',
  'billing_period',
  'billing_period_end',
  'close_month',
  'corrects_line_id',
  'policy_id',
  'policy_version',
  'measured',
  'committed',
  'included',
  'burst',
  'above',
  'rate_burst',
  'rate_above',
  'factor_tier',
  'factor_region',
  'factor_edition',
  'multiplier',
  'amount',
  'currency',
  'hours_expected',
  'hours_metered',
  'hours_estimated',
  'hours_unmetered',
  'hours_grace',
] as const;

/** `FROM`-clause and condition → lines as texts, in order. */
const linesWhere = (from: string, condition: string) =>
  `SELECT ${COLUMNS.map((column) => `${column}::VARCHAR AS ${column}`).join(', ')}
   FROM ${from} WHERE ${condition} ORDER BY line_id`;

/**
 * Recomputes every overage line that closes with a month from the landed pages alone, by an implementation that shares no
 * code with the models or the loader, and holds the warehouse's lines against them: evidence.md, `evidence reperform`.
 * @param lines the lines to compare, as `evidence.prepared_lines` and `marts.fct_overage` have them, as texts
 * @throws DifferenceError for a page that is not what its name says
 * @throws UsageError for a policy that cannot be read
 */
export async function reperform(
  data: DataPaths,
  warehouse: Warehouse,
  scope: ReperformScope,
  lines: readonly WarehouseLine[],
  tell: TellReperform,
): Promise<Reperformed> {
  const frozen = await frozenBefore(warehouse, scope);
  const pageScope = await pageScopeOf(data, warehouse, scope, monthsOf(scope, lines, frozen));
  const read = await refused(() => linesFromPages(pageScope, (done, total) => tell('pages', done, total)));
  const { month } = pageScope;
  const comparison = { lines, frozen, reperformed: read.lines, month, months: read.months };
  return {
    pages: read.pages,
    readings: read.readings,
    lines: lines.length,
    totals: totalAmounts(comparison),
    differences: compareLines(comparison),
  };
}

/** What closes before the month froze; of a month that is open also what is about to be posted before it. */
function frozenBefore(warehouse: Warehouse, { month, cut_off_at }: ReperformScope) {
  const condition = `close_month < DATE '${month}'`;
  return warehouse.query(
    cut_off_at === null
      ? linesWhere('marts.fct_overage', `${condition} AND status <> 'accruing'`)
      : linesWhere('evidence.closed_lines', condition),
  );
}

/** The month, and those that closed the lines which its adjustments correct. */
function monthsOf(
  { month }: ReperformScope,
  lines: readonly WarehouseLine[],
  frozen: readonly WarehouseLine[],
): ReadonlySet<number> {
  const corrected = new Set(lines.flatMap(({ corrects_line_id }) => corrects_line_id ?? []));
  const origins = frozen.filter(({ line_id }) => corrected.has(line_id ?? ''));
  return new Set([month, ...origins.map(({ close_month }) => close_month ?? '')].map(dayOf));
}

async function pageScopeOf(
  data: DataPaths,
  warehouse: Warehouse,
  scope: ReperformScope,
  months: ReadonlySet<number>,
): Promise<PageScope> {
  const { load_id, policies, cut_off_at } = scope;
  const month = dayOf(scope.month);
  const as_of = scope.as_of_date ?? (await newestAsOf(warehouse, load_id));
  const names = Object.keys(LISTS) as readonly ListName[];
  const loads = await Promise.all(names.map((name) => listedLoads(warehouse, LISTS[name], load_id)));
  const lists = Object.fromEntries(names.map((name, index) => [name, loads[index] ?? []]));
  const closed = await closedMonths(warehouse);
  return {
    data_dir: data.root,
    policies,
    lists: lists as Record<ListName, readonly ListedLoad[]>,
    readings: await listedLoads(warehouse, { source: 'polaris', stream: 'readings' }, load_id),
    snapshots: await snapshotLoads(warehouse, load_id, as_of),
    newest: dayOf(as_of),
    cut_off_us: minutesOf(scope.as_of_cut_off) * 60_000_000,
    month,
    months,
    close: cut_off_at === null ? null : { month, cut_off: microseconds(cut_off_at) },
    closed: closed.map(
      (each): ClosedMonth => ({
        month: dayOf(each.month),
        load_id: each.load_id,
        cut_off: microseconds(each.cut_off_at),
      }),
    ),
  };
}

function dayOf(text: string): number {
  const day = dayOfText(text);
  if (day === null) throw new UsageError(`evidence: day: got ${text}, want one like 2026-01-01 that exists`);
  return day;
}

function microseconds(text: string): number {
  const instant = instantOf(utcText(text.replace(' ', 'T').replace(/(:\d\d(\.\d+)?)$/, '$1Z')));
  if (instant === null) throw new UsageError(`evidence: instant: got ${text}, want RFC 3339 with Z`);
  return instant;
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

/** A page that was changed is a difference; a policy that cannot be read is the caller's to mend. */
async function refused<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof PageRefused) throw new DifferenceError(cause.message, { cause });
    if (cause instanceof PolicyRefused) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

/** A month that was re-performed as it stands. */
export interface ReperformedMonth extends Reperformed {
  /** `2026-01` */
  readonly month: string;
  readonly is_closed: boolean;
  readonly load_id: number;
}

/**
 * Re-performs a month: a closed one against its frozen lines, by what its close took; any other against `fct_overage` as it
 * was last built, by everything that was loaded until then.
 * @param month `2026-01`
 * @throws UsageError before the first night, and for a month that has not begun
 */
export async function reperformMonth(
  data: DataPaths,
  warehouse: Warehouse,
  month: string,
  settings: Pick<ReperformScope, 'policies' | 'as_of_cut_off'>,
  tell: TellReperform,
): Promise<ReperformedMonth> {
  const first = `${month}-01`;
  dayOf(first);
  const [close] = await warehouse.query(
    `SELECT closes.prepared_load_id::VARCHAR AS load_id, closes.cut_off_at::VARCHAR AS cut_off_at,
       preparations.as_of_date::VARCHAR AS as_of_date
     FROM evidence.period_closes AS closes LEFT JOIN evidence.close_preparations AS preparations
       ON closes.preparation_id = preparations.preparation_id
     WHERE closes.month = DATE '${first}'`,
  );
  const taken = close ?? (await asBuilt(warehouse, first));
  const scope: ReperformScope = {
    ...settings,
    month: first,
    load_id: Number(taken.load_id),
    cut_off_at: taken.cut_off_at ?? null,
    as_of_date: taken.as_of_date ?? null,
  };
  const table = close === undefined ? 'marts.fct_overage' : 'evidence.closed_lines';
  const lines = await warehouse.query(linesWhere(table, `close_month = DATE '${first}'`));
  const done = await reperform(data, warehouse, scope, lines, tell);
  return { month, is_closed: close !== undefined, load_id: scope.load_id, ...done };
}

/** The load and date that the marts were last built with. */
async function asBuilt(
  warehouse: Warehouse,
  month: string,
): Promise<Readonly<Record<string, string | null>>> {
  const tables = await warehouse.query(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = 'marts' AND table_name = 'fct_overage'",
  );
  const [build] = await warehouse.query(
    'SELECT load_id::VARCHAR AS load_id, as_of_date::VARCHAR AS as_of_date FROM ops.builds ORDER BY build_id DESC LIMIT 1',
  );
  if (tables.length === 0 || build === undefined)
    throw new UsageError(
      'evidence: overage lines: got none built, want those of a night; run `meterline run` first',
    );
  if ((build.as_of_date ?? '') < month)
    throw new UsageError(
      `evidence: month ${month.slice(0, 7)}: got one that has not begun on ${build.as_of_date}, the newest as-of date, want an earlier one`,
    );
  return build;
}
