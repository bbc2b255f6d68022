import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { PYTHON } from './models_project.ts';

/** Column → GoogleSQL type, in order. */
export type Columns = Readonly<Record<string, string>>;
/** Rows of texts, in the order of the columns; google_sql/values.py says how a value is written. */
export type TextRows = readonly (readonly (string | null)[])[];

const ROWS = z.array(z.array(z.string().nullable()));
const COLUMNS = z.record(z.string(), z.string());
const JOB = z.object({
  /** As a query job's `statementType`, of the last statement. */
  kind: z.string(),
  /** What it makes or changes, `project.dataset.table`. */
  target: z.string().nullable(),
  columns: COLUMNS,
  /** Rows of a query that reads no table; null for any other. */
  rows: ROWS.nullable(),
});
export type Job = z.infer<typeof JOB>;
const EVALUATED = z.object({ columns: COLUMNS, rows: ROWS });

/** Google's analyzer and reference evaluator with the tables that it was told of or has made. */
export interface GoogleSql {
  /** Tables that exist from now on; null for the columns ends one. */
  readonly define: (tables: Readonly<Record<string, Columns | null>>) => Promise<void>;
  readonly describe: (tables: readonly string[]) => Promise<Readonly<Record<string, Columns>>>;
  /** What a query job would do. @throws Error for a statement that the analyzer or BigQuery refuses */
  readonly run: (sql: string) => Promise<Job>;
  /** The rows of a query over rows of tables that exist. @throws Error as `run`, or where a value has no answer */
  readonly evaluate: (
    sql: string,
    inputs: Readonly<Record<string, TextRows>>,
  ) => Promise<z.infer<typeof EVALUATED>>;
  readonly close: () => Promise<void>;
}

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/google_sql');

interface Waiting {
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** Starts it in a process of its own: half a minute the first time, a second later on. */
export async function startGoogleSql(): Promise<GoogleSql> {
  const script = join(import.meta.dirname, 'google_sql/serve.py');
  const child = spawn(PYTHON, [script, CACHE], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: Waiting[] = [];
  const line = () => new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
  createInterface({ input: child.stdout }).on('line', (text) => waiting.shift()?.resolve(text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('close', (code) => {
    const error = new Error(`models: google_sql/serve.py: got exit ${code}, want an answer; see above`);
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  await line();
  const ask = async (request: object): Promise<unknown> => {
    const answer = line();
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const value: unknown = JSON.parse(await answer);
    const failed = z.object({ error: z.string() }).safeParse(value);
    if (failed.success) throw new Error(failed.data.error);
    return value;
  };
  return {
    define: async (tables) => void (await ask({ define: tables })),
    describe: async (tables) => z.record(z.string(), COLUMNS).parse(await ask({ describe: tables })),
    run: async (sql) => JOB.parse(await ask({ run: sql })),
    evaluate: async (sql, inputs) => EVALUATED.parse(await ask({ evaluate: sql, inputs })),
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
