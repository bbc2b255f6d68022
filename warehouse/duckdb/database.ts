import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DuckDBBlobValue, type DuckDBConnection, DuckDBInstance, type Json } from '@duckdb/node-api';
import { LockedError } from '../../schemas/errors.ts';

/** One row of a result: BIGINT, DECIMAL and TIMESTAMP come as texts. */
export type ResultRow = Readonly<Record<string, Json>>;

/** Values of `$name` in a statement; integers beyond 32 bits are cast there (`$bytes::BIGINT`). */
type Parameters = Readonly<Record<string, string | number | bigint | null | DuckDBBlobValue>>;

/** One connection with its own transaction and temporary tables. */
export interface Session {
  readonly connection: DuckDBConnection;
  /** Runs one statement; gives the number of rows changed. @throws Error that names `what` */
  run(what: string, sql: string, parameters?: Parameters): Promise<number>;
  /** All rows of a query. @throws Error that names `what` */
  rows(what: string, sql: string, parameters?: Parameters): Promise<readonly ResultRow[]>;
  /** The first row of a query. @throws Error where there is none */
  row(what: string, sql: string, parameters?: Parameters): Promise<ResultRow>;
  /** All of `body` in one transaction, or nothing of it. */
  transaction<T>(body: () => Promise<T>): Promise<T>;
  close(): void;
}

/** An open DuckDB file. */
export interface Database {
  /** A folder for files that are gone with the process that made them, or removed by the next. */
  readonly tempDir: string;
  /** For short statements; a load has a session of its own. */
  readonly main: Session;
  session(): Promise<Session>;
  /** Runs bodies one after the other: what reads a counter and writes the next must not run beside another. */
  exclusive<T>(body: () => Promise<T>): Promise<T>;
  close(): void;
}

/** Where the database lies and what it may use. */
export interface DatabaseOptions {
  readonly path: string;
  /** Where DuckDB spills what exceeds `memoryLimitMb`; of this database alone. Leftovers of killed runs are removed. */
  readonly tempDir: string;
  readonly memoryLimitMb: number;
  readonly threads?: number;
  /** For looking only: the file must exist, and stays as it is. It keeps out other processes all the same. */
  readonly read_only?: boolean;
}

/** DuckDB's file lock holds between processes only; within this one a second instance would corrupt the file. */
const openPaths = new Set<string>();

/**
 * Opens (or creates) a DuckDB file.
 * @throws LockedError when another process has it open
 * @throws Error when this one has
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const path = resolve(options.path);
  if (openPaths.has(path))
    throw new Error(`warehouse: database ${path}: got a second opening, want one; close the first`);
  openPaths.add(path);
  try {
    const instance = await DuckDBInstance.create(path, settings(options));
    if (options.read_only !== true) await removeLeftovers(options.tempDir);
    return await databaseOf(instance, options.tempDir, () => openPaths.delete(path));
  } catch (cause) {
    openPaths.delete(path);
    throw isHeld(cause) ? heldElsewhere(path, cause) : failure(`open ${path}`, cause);
  }
}

function isHeld(cause: unknown): boolean {
  return cause instanceof Error && /lock on file|being used by another process/i.test(cause.message);
}

function heldElsewhere(path: string, cause: unknown): LockedError {
  // DuckDB names the program and its process id.
  const holder = /held in ([^\n]*?\(PID \d+\))/.exec(String(cause))?.[1] ?? 'another process';
  return new LockedError(
    `warehouse: database ${path}: got it held by ${holder}, want it free; wait for that process, or end it`,
    { cause },
  );
}

/** What a process leaves in the temporary folder when it is killed: what DuckDB spilled, and staged pages. */
const LEFTOVERS = ['duckdb_temp_', 'stage_'];

/** Removes what a killed process left: the database is locked now, so that nobody else writes there. */
async function removeLeftovers(tempDir: string): Promise<void> {
  const names = await readdir(tempDir).catch(() => []);
  for (const name of names.filter((each) => LEFTOVERS.some((prefix) => each.startsWith(prefix))))
    await rm(join(tempDir, name), { recursive: true, force: true });
}

function settings(options: DatabaseOptions): Record<string, string> {
  return {
    temp_directory: options.tempDir,
    memory_limit: `${options.memoryLimitMb}MB`,
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    ...(options.read_only === true ? { access_mode: 'READ_ONLY' } : {}),
    // Nothing may be fetched from the web behind our back.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  };
}

async function databaseOf(instance: DuckDBInstance, tempDir: string, closed: () => void): Promise<Database> {
  const sessions = new Set<Session>();
  const session = async (): Promise<Session> => {
    const opened: Session = sessionOf(await instance.connect(), () => sessions.delete(opened));
    sessions.add(opened);
    return opened;
  };
  const main = await session();
  let last: Promise<unknown> = Promise.resolve();
  return {
    tempDir,
    main,
    session,
    exclusive: (body) => {
      const next = last.then(body);
      // Its caller gets the failure; the next in line begins all the same.
      last = next.catch(() => undefined);
      return next;
    },
    close: () => {
      for (const each of [...sessions]) each.close();
      instance.closeSync();
      closed();
    },
  };
}

function failure(what: string, cause: unknown): Error {
  const observed = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new Error(`warehouse: ${what}: got "${observed}", want it done; the cause says more`, { cause });
}

function sessionOf(connection: DuckDBConnection, closed: () => void): Session {
  const read = async (what: string, sql: string, parameters?: Parameters) => {
    try {
      return await connection.runAndReadAll(sql, parameters === undefined ? undefined : { ...parameters });
    } catch (cause) {
      throw failure(what, cause);
    }
  };
  const rows: Session['rows'] = async (...query) => (await read(...query)).getRowObjectsJson();
  const run: Session['run'] = async (...statement) => (await read(...statement)).rowsChanged;
  return {
    connection,
    run,
    rows,
    row: async (what, ...query) => {
      const [first] = await rows(what, ...query);
      if (first === undefined) throw new Error(`warehouse: ${what}: got no row, want one; report this`);
      return first;
    },
    transaction: (body) => transaction(connection, run, body),
    close: () => {
      connection.closeSync();
      closed();
    },
  };
}

async function transaction<T>(
  connection: DuckDBConnection,
  run: Session['run'],
  body: () => Promise<T>,
): Promise<T> {
  await run('begin a transaction', 'BEGIN TRANSACTION');
  try {
    const result = await body();
    await run('commit a transaction', 'COMMIT');
    return result;
  } catch (error) {
    // A COMMIT that failed has ended the transaction already: then there is nothing left to roll back.
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
