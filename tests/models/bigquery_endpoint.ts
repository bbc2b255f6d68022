import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Columns, GoogleSql, Job, TextRows } from './google_sql.ts';

/** A statement that was sent as a query job, and what is wrong with it; null where nothing is. */
interface SentStatement {
  readonly sql: string;
  readonly kind: string | null;
  readonly target: string | null;
  readonly error: string | null;
}

/** BigQuery's REST API on loopback, as far as dbt speaks it. */
export interface BigQueryEndpoint {
  readonly url: string;
  /** Every query job so far. */
  readonly sent: readonly SentStatement[];
  readonly close: () => Promise<void>;
}

interface Table {
  readonly type: 'TABLE' | 'VIEW';
  readonly columns: Columns;
  readonly description?: string | undefined;
}

/** The names that the REST API gives to types. */
const REST_TYPES: Readonly<Record<string, string>> = { INT64: 'INTEGER', FLOAT64: 'FLOAT', BOOL: 'BOOLEAN' };
const GOOGLE_TYPES = Object.fromEntries(Object.entries(REST_TYPES).map(([google, rest]) => [rest, google]));
const googleType = (rest: string) => GOOGLE_TYPES[rest] ?? rest;

const REFERENCE = z.object({ projectId: z.string(), datasetId: z.string(), tableId: z.string() });
const FIELDS = z.object({ fields: z.array(z.object({ name: z.string(), type: z.string() })) });
const QUERY_JOB = z.object({
  jobReference: z.object({ jobId: z.string() }),
  configuration: z.object({ query: z.object({ query: z.string() }) }),
});
const LOAD_JOB = z.object({
  configuration: z.object({ load: z.object({ destinationTable: REFERENCE, schema: FIELDS }) }),
});
const DATASET = z.object({ datasetReference: z.object({ datasetId: z.string() }) });
const PATCH = z.object({ description: z.string().nullish() });

interface Answer {
  readonly status: number;
  readonly body?: object;
  readonly location?: string;
}

const ok = (body: object): Answer => ({ status: 200, body });
const failed = (status: number, reason: string, message: string): Answer => ({
  status,
  body: { error: { code: status, message, errors: [{ reason, message, domain: 'global' }], status: reason } },
});

/**
 * Starts an endpoint whose query jobs are analysed by Google's analyzer, tables and all, as BigQuery does before it runs
 * one: a statement that is refused fails its job. A query that reads no table is evaluated; of any other a data test gets
 * "no failures" and the rest no rows.
 */
export async function startBigQuery(google: GoogleSql): Promise<BigQueryEndpoint> {
  const state = new State(google);
  const server = createServer((request, response) => {
    void answer(state, request).then(({ status, body, location }) => {
      const headers = { 'content-type': 'application/json', ...(location === undefined ? {} : { location }) };
      response.writeHead(status, headers).end(body === undefined ? '' : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: urlOf(server), sent: state.sent, close: () => close(server) };
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function answer(state: State, request: IncomingMessage): Promise<Answer> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '', `http://${request.headers.host}`);
    return await state.route(request.method ?? '', url, Buffer.concat(chunks).toString());
  } catch (error) {
    return failed(501, 'notImplemented', error instanceof Error ? error.message : String(error));
  }
}

class State {
  readonly sent: SentStatement[] = [];
  readonly #google: GoogleSql;
  readonly #datasets = new Set<string>();
  readonly #tables = new Map<string, Table>();
  readonly #jobs = new Map<string, object>();
  readonly #results = new Map<string, object>();
  readonly #uploads = new Map<string, string>();

  constructor(google: GoogleSql) {
    this.#google = google;
  }

  async route(method: string, url: URL, body: string): Promise<Answer> {
    const found = /^(\/upload)?\/bigquery\/v2\/projects\/([^/]+)\/(.*)$/.exec(url.pathname);
    const [, upload, project = '', rest = ''] = found ?? [];
    const parts = rest.split('/').map(decodeURIComponent);
    if (upload !== undefined) return this.#upload(method, url, project, body);
    if (method === 'POST' && rest === 'jobs') return this.#query(project, QUERY_JOB.parse(JSON.parse(body)));
    if (method === 'GET' && (parts[0] === 'jobs' || parts[0] === 'queries'))
      return this.#held(parts[0] === 'jobs' ? this.#jobs : this.#results, parts[1] ?? '');
    if (rest === 'datasets') return this.#listDatasets(method, project, body);
    if (parts[0] === 'datasets' && parts[2] === 'tables') {
      const dataset = `${project}.${parts[1]}`;
      return parts[3] === undefined
        ? this.#listTables(dataset)
        : this.#table(method, `${dataset}.${parts[3]}`, body);
    }
    throw new Error(`models: BigQuery endpoint: got ${method} ${url.pathname}, want a request it knows`);
  }

  #held(kept: ReadonlyMap<string, object>, id: string): Answer {
    const found = kept.get(id);
    return found === undefined ? failed(404, 'notFound', `Not found: Job ${id}`) : ok(found);
  }

  async #query(project: string, job: z.infer<typeof QUERY_JOB>): Promise<Answer> {
    const { query: sql } = job.configuration.query;
    let done: Job;
    try {
      done = await this.#google.run(sql);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.sent.push({ sql, kind: null, target: null, error: message });
      return failed(400, 'invalidQuery', message);
    }
    const { kind, target } = done;
    this.sent.push({ sql, kind, target, error: null });
    this.#apply(done);
    return ok(this.#keepJob(project, job.jobReference.jobId, sql, done));
  }

  #apply({ kind, target, columns }: Job): void {
    if (target === null) return;
    if (kind === 'CREATE_SCHEMA') this.#datasets.add(target);
    if (kind.startsWith('CREATE_TABLE')) this.#tables.set(target, { type: 'TABLE', columns });
    if (kind === 'CREATE_VIEW') this.#tables.set(target, { type: 'VIEW', columns });
    if (kind === 'DROP_TABLE') this.#tables.delete(target);
  }

  #keepJob(project: string, jobId: string, sql: string, { kind, target, columns, rows }: Job): object {
    const jobReference = { projectId: project, jobId, location: 'EU' };
    // Rows of a query go to a table without a name.
    const destinationTable = referenceOf(target ?? `${project}._anonymous.${jobId}`);
    const job = {
      kind: 'bigquery#job',
      id: `${project}:EU.${jobId}`,
      jobReference,
      configuration: { jobType: 'QUERY', query: { query: sql, useLegacySql: false, destinationTable } },
      status: { state: 'DONE' },
      statistics: {
        query: {
          statementType: kind,
          totalBytesProcessed: '0',
          totalBytesBilled: '0',
          numDmlAffectedRows: '0',
        },
      },
    };
    this.#jobs.set(jobId, job);
    const result = rows ?? plausibleRows(columns);
    const selected =
      kind === 'SELECT'
        ? { schema: schemaOf(columns), totalRows: String(result.length), rows: result.map(restRow) }
        : {};
    this.#results.set(jobId, {
      kind: 'bigquery#getQueryResultsResponse',
      jobReference,
      jobComplete: true,
      ...selected,
    });
    return job;
  }

  #listDatasets(method: string, project: string, body: string): Answer {
    if (method === 'POST')
      this.#datasets.add(`${project}.${DATASET.parse(JSON.parse(body)).datasetReference.datasetId}`);
    const datasets = [...this.#datasets].map((name) => ({
      datasetReference: { projectId: project, datasetId: name.split('.')[1] },
    }));
    return ok({ kind: 'bigquery#datasetList', datasets });
  }

  #listTables(dataset: string): Answer {
    if (!this.#datasets.has(dataset)) return failed(404, 'notFound', `Not found: Dataset ${dataset}`);
    const names = [...this.#tables].filter(([name]) => name.startsWith(`${dataset}.`));
    const tables = names.map(([name, { type }]) => ({ tableReference: referenceOf(name), type }));
    return ok({ kind: 'bigquery#tableList', tables, totalItems: tables.length });
  }

  async #table(method: string, name: string, body: string): Promise<Answer> {
    if (name.includes('._anonymous.')) return ok(tableResource(name, { type: 'TABLE', columns: {} }));
    const table = this.#tables.get(name);
    if (table === undefined) return failed(404, 'notFound', `Not found: Table ${name}`);
    if (method === 'DELETE') {
      this.#tables.delete(name);
      await this.#google.define({ [name]: null });
      return { status: 204 };
    }
    const { description } = method === 'PATCH' ? PATCH.parse(JSON.parse(body)) : table;
    const changed = { ...table, ...(description == null ? {} : { description }) };
    this.#tables.set(name, changed);
    return ok(tableResource(name, changed));
  }

  /** A resumable upload: the job first, then the file to the address that was answered. */
  async #upload(method: string, url: URL, project: string, body: string): Promise<Answer> {
    if (method === 'POST') {
      const id = randomUUID();
      this.#uploads.set(id, body);
      url.searchParams.set('upload_id', id);
      return { status: 200, body: {}, location: url.href };
    }
    const job = this.#uploads.get(url.searchParams.get('upload_id') ?? '');
    const { destinationTable, schema } = LOAD_JOB.parse(JSON.parse(job ?? 'null')).configuration.load;
    const columns = Object.fromEntries(
      schema.fields.map(({ name, type }) => [name, googleType(type.toUpperCase())]),
    );
    const name = `${destinationTable.projectId}.${destinationTable.datasetId}.${destinationTable.tableId}`;
    this.#tables.set(name, { type: 'TABLE', columns });
    await this.#google.define({ [name]: columns });
    const jobReference = { projectId: project, jobId: randomUUID(), location: 'EU' };
    const resource = {
      jobReference,
      configuration: { jobType: 'LOAD', load: { destinationTable, schema } },
      status: { state: 'DONE' },
      statistics: { load: { outputRows: String(body.split('\n').length - 2) } },
    };
    this.#jobs.set(jobReference.jobId, resource);
    return ok(resource);
  }
}

function referenceOf(name: string): z.infer<typeof REFERENCE> {
  const [projectId = '', datasetId = '', tableId = ''] = name.split('.');
  return { projectId, datasetId, tableId };
}

const schemaOf = (columns: Columns) => ({
  fields: Object.entries(columns).map(([name, type]) => ({
    name,
    type: REST_TYPES[type] ?? type,
    mode: 'NULLABLE',
  })),
});

const tableResource = (name: string, { type, columns, description }: Table) => ({
  kind: 'bigquery#table',
  tableReference: referenceOf(name),
  type,
  schema: schemaOf(columns),
  numRows: '0',
  numBytes: '0',
  location: 'EU',
  ...(description === undefined ? {} : { description }),
});

const restRow = (row: readonly (string | null)[]) => ({ f: row.map((value) => ({ v: value })) });

/** A data test asks how many rows fail. */
function plausibleRows(columns: Columns): TextRows {
  return Object.keys(columns).join() === 'failures,should_warn,should_error' ? [['0', 'false', 'false']] : [];
}
