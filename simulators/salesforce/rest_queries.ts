import type { FaultKind } from '../faults.ts';
import type { Instant, SalesforceRecord, SalesforceSource } from '../fleet/types.ts';
import type { SimReply } from '../server.ts';
import { brokenCells } from './broken_cells.ts';
import { SalesforceError } from './salesforce_error.ts';
import { type QueryPlan, selectRecords } from './soql_plan.ts';
import { type RestValue, restValue } from './values.ts';

/** Salesforce keeps ten query cursors per user. */
const MAX_CURSORS = 10;
const MIN_BATCH = 200;
const MAX_BATCH = 2000;

/** Faults of a page of REST query results. */
export const REST_PAGE_FAULTS = [
  'bad_rows',
  'wrong_envelope',
  'repeated_bookmark',
  'expired_bookmark',
  'count_mismatch',
] as const satisfies readonly FaultKind[];

interface Cursor {
  readonly id: string;
  readonly plan: QueryPlan;
  readonly records: readonly SalesforceRecord[];
  readonly batchSize: number;
}

/** How a page is asked for: the API version of the URLs in it, and the fault that strikes it. */
export interface PageCall {
  readonly version: string;
  readonly strike: FaultKind | null;
}

/** The open REST queries: a first page, and more pages by `nextRecordsUrl`. */
export class RestQueries {
  readonly #source: SalesforceSource;
  readonly #now: () => Instant;
  readonly #maxRecordsPerPage: number;
  readonly #cursors = new Map<string, Cursor>();
  #created = 0;

  constructor(source: SalesforceSource, now: () => Instant, maxRecordsPerPage: number) {
    this.#source = source;
    this.#now = now;
    this.#maxRecordsPerPage = maxRecordsPerPage;
  }

  /** The first page. `batchSize` is a wish (`Sforce-Query-Options`): kept within 200 and 2000. */
  first(plan: QueryPlan, batchSize: number, call: PageCall): SimReply {
    const records = [...selectRecords(plan, this.#source, this.#now())];
    if (plan.count !== 'none') return countReply(plan, records, call);
    const size = Math.min(Math.max(batchSize, MIN_BATCH), MAX_BATCH, this.#maxRecordsPerPage);
    this.#created += 1;
    const id = `01g${String(this.#created).padStart(12, '0')}AAA`;
    const cursor = { id, plan, records, batchSize: size };
    this.#cursors.set(id, cursor);
    for (const oldest of this.#cursors.keys()) {
      if (this.#cursors.size <= MAX_CURSORS) break;
      this.#cursors.delete(oldest);
    }
    return page(cursor, 0, call);
  }

  /**
   * A further page.
   * @throws SalesforceError INVALID_QUERY_LOCATOR when the cursor is gone
   */
  more(locator: string, call: PageCall): SimReply {
    const [id = '', from = ''] = locator.split('-');
    const cursor = this.#cursors.get(id);
    const isInside = cursor !== undefined && /^\d+$/.test(from) && Number(from) < cursor.records.length;
    if (!isInside || call.strike === 'expired_bookmark') {
      throw new SalesforceError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
    }
    return page(cursor, Number(from), call);
  }
}

/** One record as REST shows it: `attributes`, then the selected fields. */
export function restRecord(
  plan: Pick<QueryPlan, 'object' | 'columns'>,
  record: SalesforceRecord,
  version: string,
): Record<string, object | RestValue> {
  const url = `/services/data/v${version}/sobjects/${plan.object.name}/${String(record.Id)}`;
  const shown: Record<string, object | RestValue> = { attributes: { type: plan.object.name, url } };
  for (const column of plan.columns) shown[column.name] = restValue(column.type, record[column.name]);
  return shown;
}

function page(cursor: Cursor, from: number, call: PageCall): SimReply {
  const { plan, records, batchSize } = cursor;
  const end = Math.min(from + batchSize, records.length); // exclusive
  const rows = records.slice(from, end).map((record) => restRecord(plan, record, call.version));
  if (call.strike === 'wrong_envelope') return { status: 200, body: { rows, finished: true } };
  if (call.strike === 'bad_rows') breakRows(plan, rows);
  const next = call.strike === 'repeated_bookmark' ? from : end;
  const isLast = next >= records.length;
  const totalSize = records.length + (call.strike === 'count_mismatch' ? 1 : 0);
  const nextRecordsUrl = `/services/data/v${call.version}/query/${cursor.id}-${next}`;
  const bookmark = isLast ? {} : { nextRecordsUrl };
  return { status: 200, body: { totalSize, done: isLast, ...bookmark, records: rows } };
}

function countReply(plan: QueryPlan, records: readonly SalesforceRecord[], call: PageCall): SimReply {
  const extra = call.strike === 'count_mismatch' ? 1 : 0;
  const [column] = plan.columns;
  if (column === undefined) {
    return { status: 200, body: { totalSize: records.length + extra, done: true, records: [] } };
  }
  const filled = records.filter((record) => restValue(column.type, record[column.name]) !== null);
  const row = { attributes: { type: 'AggregateResult' }, expr0: filled.length + extra };
  return { status: 200, body: { totalSize: 1, done: true, records: [row] } };
}

function breakRows(plan: QueryPlan, rows: readonly Record<string, object | RestValue>[]): void {
  for (const cell of brokenCells(plan.columns)) {
    const row = rows[cell.row];
    const column = plan.columns[cell.column];
    if (row !== undefined && column !== undefined) row[column.name] = cell.value;
  }
}
