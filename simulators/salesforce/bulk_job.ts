import { setImmediate } from 'node:timers/promises';
import type { FaultKind } from '../faults.ts';
import type { Instant, SalesforceSource } from '../fleet/types.ts';
import { rawNumber } from '../tackle/raw_number.ts';
import { brokenCells } from './broken_cells.ts';
import { breakLine, type CsvFormat, headerLine, rowWriter } from './bulk_csv.ts';
import { CsvSpool } from './csv_spool.ts';
import { SalesforceError } from './salesforce_error.ts';
import { type QueryPlan, selectRecords } from './soql_plan.ts';
import { restValue } from './values.ts';

export type BulkState = 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Aborted' | 'Failed';

/** What a job is made of; the words are those of the Bulk API 2.0. */
export interface BulkJobRequest {
  readonly id: string;
  readonly operation: 'query' | 'queryAll';
  readonly version: string;
  readonly columnDelimiter: string;
  readonly lineEnding: string;
  readonly createdAt: Instant;
  readonly plan: QueryPlan;
  readonly format: CsvFormat;
  /** Polls that still find the job queued or at work, however quick it was. */
  readonly pollsUntilComplete: number;
}

/** One page of results: rows `first` up to `first + rows`; `next` is null after the last. */
export interface ResultPage {
  readonly body: Buffer;
  readonly rows: number;
  readonly next: number | null;
}

const ROWS_PER_TURN = 2000;

/** One query job: it selects its records when it is made, a few thousand at a time, into a spool on disk. */
export class BulkJob {
  readonly request: BulkJobRequest;
  readonly #spool = new CsvSpool();
  readonly #work: Promise<void>;
  #state: BulkState = 'UploadComplete';
  #isSpooled = false;
  #isStopped = false;
  #polls = 0;
  #error: string | null = null;

  constructor(request: BulkJobRequest, source: SalesforceSource) {
    this.request = request;
    this.#work = this.#spoolAll(source).catch((error: unknown) => {
      this.#state = 'Failed';
      this.#error = `InternalServerError: ${String(error)}`;
    });
  }

  /** Lets the job move on, as time does between two polls. */
  poll(): void {
    this.#polls += 1;
    if (this.#state !== 'UploadComplete' && this.#state !== 'InProgress') return;
    const isDue = this.#polls > this.request.pollsUntilComplete;
    if (isDue && this.#isSpooled) this.#state = 'JobComplete';
    else if (isDue || this.#polls >= this.request.pollsUntilComplete) this.#state = 'InProgress';
  }

  /** The job's description as the API shows it. */
  info(strike: FaultKind | null = null): object {
    const { id, operation, version, columnDelimiter, lineEnding, createdAt, plan } = this.request;
    return {
      id,
      operation,
      object: plan.object.name,
      createdById: '0050000000000001AA',
      createdDate: restValue('datetime', createdAt),
      systemModstamp: restValue('datetime', createdAt),
      state: this.#state,
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: rawNumber(version),
      jobType: 'V2Query',
      lineEnding,
      columnDelimiter,
      numberRecordsProcessed: this.#spool.rows + (strike === 'count_mismatch' ? 1 : 0),
      retries: 0,
      totalProcessingTime: this.#polls,
      isPkChunkingSupported: true,
      ...(this.#error === null ? {} : { errorMessage: this.#error }),
    };
  }

  /** @throws SalesforceError INVALIDJOBSTATE when there is nothing left to abort */
  abort(): void {
    this.#require(['UploadComplete', 'InProgress'], 'abort');
    this.#state = 'Aborted';
    this.#isStopped = true;
  }

  /** @throws SalesforceError INVALIDJOBSTATE while the job is at work */
  requireFinished(): void {
    this.#require(['JobComplete', 'Aborted', 'Failed'], 'delete');
  }

  /** @throws SalesforceError INVALIDJOBSTATE before the job is complete; 400 for a row it does not have */
  results(first: number, maxRecords: number, strike: FaultKind | null): ResultPage {
    this.#require(['JobComplete'], 'get results of');
    const total = this.#spool.rows;
    if (first > 0 && first >= total) {
      throw new SalesforceError(
        400,
        'INVALID_QUERY_LOCATOR',
        `The locator is past the last of ${total} records`,
      );
    }
    const end = Math.min(first + maxRecords, total); // exclusive
    const body = strike === 'bad_rows' ? this.#brokenPage(first, end) : this.#page(first, end, strike);
    const next = strike === 'repeated_bookmark' ? first : end;
    return { body, rows: end - first, next: next < total ? next : null };
  }

  /** Stops the work and gives the file back. */
  async close(): Promise<void> {
    this.#isStopped = true;
    await this.#work;
    this.#spool.close();
  }

  async #spoolAll(source: SalesforceSource): Promise<void> {
    const { plan, format, createdAt } = this.request;
    const write = rowWriter(plan.columns, format);
    let left = ROWS_PER_TURN;
    await setImmediate();
    for (const record of selectRecords(plan, source, createdAt)) {
      if (this.#isStopped) return;
      this.#spool.append(write(record));
      left -= 1;
      if (left > 0) continue;
      left = ROWS_PER_TURN;
      await setImmediate();
    }
    this.#isSpooled = true;
  }

  #page(first: number, end: number, strike: FaultKind | null): Buffer {
    const { plan, format } = this.request;
    const columns = strike === 'wrong_envelope' ? plan.columns.toReversed() : plan.columns;
    return this.#spool.page(headerLine(columns, format), first, end - first);
  }

  #brokenPage(first: number, end: number): Buffer {
    const { plan, format } = this.request;
    const cells = brokenCells(plan.columns);
    let head = headerLine(plan.columns, format);
    const broken = Math.min(2, end - first);
    for (let row = 0; row < broken; row += 1) {
      const text = this.#spool.page('', first + row, 1).toString('utf8');
      const own = cells.filter((cell) => cell.row === row);
      head += breakLine(text, own, format);
    }
    return this.#spool.page(head, first + broken, end - first - broken);
  }

  #require(states: readonly BulkState[], action: string): void {
    if (states.includes(this.#state)) return;
    throw new SalesforceError(
      400,
      'INVALIDJOBSTATE',
      `Can't ${action} job ${this.request.id}: its state is ${this.#state}`,
    );
  }
}
