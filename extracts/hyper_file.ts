import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { plainDecimal, readTotals, type TableTotals, totalsSql } from './exact_sums.ts';
import { quoteName, quoteText } from './hyper_sql.ts';
import type { HyperType } from './hyper_types.ts';
import type { HyperConnection, Hyperd } from './hyperd.ts';

/** The schema Tableau expects inside an extract. */
export const EXTRACT_SCHEMA = 'Extract';

/** One table of an extract, its rows in a Parquet file whose columns have these names. */
export interface HyperTable {
  readonly name: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: HyperType;
    readonly nullable: boolean;
  }[];
  /** Written by DuckDB (`copyToParquetSql`). Hyper reads zstd, snappy, gzip and lz4, not brotli. */
  readonly parquetPath: string;
  /** What the source says the table holds: compared before the file appears under its name. */
  readonly expected: TableTotals;
  /** Columns whose values identify a row: kept as an assumed (unchecked) primary key. */
  readonly assumedPrimaryKey?: readonly string[];
  readonly assumedForeignKeys?: readonly {
    readonly columns: readonly string[];
    readonly table: string;
    readonly references: readonly string[];
  }[];
}

/** A finished extract file. */
export interface ExtractFile {
  readonly path: string;
  readonly bytes: number;
  readonly tables: readonly {
    readonly name: string;
    readonly rows: bigint;
    readonly sums: TableTotals['sums'];
  }[];
}

/**
 * Writes one .hyper file (version 3) with one or more tables in the schema `Extract` and gives it its name only
 * when, reopened from disk, each table's row count and exact sums equal the expected ones. A file already there
 * stays untouched until then. COMMIT alone is not durable in Hyper: DETACH is the flush, and a killed writer leaves
 * a file that opens but is empty, hence `<path>.partial` and the rename.
 * @throws Error naming table, column and both values when the file does not hold what it should.
 */
export async function writeHyper(options: {
  readonly hyperd: Hyperd;
  readonly path: string;
  readonly tables: readonly HyperTable[];
}): Promise<ExtractFile> {
  const path = resolve(options.path);
  const partial = `${path}.partial`;
  await mkdir(dirname(path), { recursive: true });
  await rm(partial, { force: true });
  const connection = await options.hyperd.connect();
  try {
    await fill(connection, partial, options.tables);
    const tables = await verify(connection, partial, options.tables);
    await rename(partial, path);
    return { path, bytes: (await stat(path)).size, tables };
  } catch (error) {
    throw new Error(`extracts: hyper file ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    await connection.close();
    await rm(partial, { force: true });
  }
}

async function fill(connection: HyperConnection, file: string, tables: readonly HyperTable[]): Promise<void> {
  await connection.query(`CREATE DATABASE ${quoteName(file)}`);
  await attached(connection, file, async () => {
    await connection.query(`CREATE SCHEMA "out".${quoteName(EXTRACT_SCHEMA)}`);
    for (const table of tables) {
      await connection.query(`CREATE TABLE ${qualified(table.name)} (${definitions(table)})`);
      const names = table.columns.map((column) => quoteName(column.name)).join(', ');
      const source = `external(${quoteText(resolve(table.parquetPath))}, FORMAT => 'parquet')`;
      await connection.query(
        `INSERT INTO ${qualified(table.name)} (${names}) SELECT ${names} FROM ${source}`,
      );
    }
  });
}

function definitions(table: HyperTable): string {
  const names = (columns: readonly string[]) => columns.map(quoteName).join(', ');
  return [
    ...table.columns.map((c) => `${quoteName(c.name)} ${c.type}${c.nullable ? '' : ' NOT NULL'}`),
    ...(table.assumedPrimaryKey === undefined
      ? []
      : [`ASSUMED PRIMARY KEY (${names(table.assumedPrimaryKey)})`]),
    ...(table.assumedForeignKeys ?? []).map(
      (key) =>
        `ASSUMED FOREIGN KEY (${names(key.columns)}) REFERENCES ${qualified(key.table)} (${names(key.references)})`,
    ),
  ].join(', ');
}

async function verify(
  connection: HyperConnection,
  file: string,
  tables: readonly HyperTable[],
): Promise<ExtractFile['tables']> {
  return attached(connection, file, async () => {
    const measured: { name: string; rows: bigint; sums: TableTotals['sums'] }[] = [];
    for (const table of tables) {
      const [row] = await connection.query(totalsSql(qualified(table.name), table.columns));
      const totals = readTotals(row ?? {}, table.columns);
      compare(table, totals);
      measured.push({ name: table.name, ...totals });
    }
    return measured;
  });
}

function compare(table: HyperTable, got: TableTotals): void {
  const fail = (what: string, observed: string, wanted: string): never => {
    throw new Error(
      `table ${table.name} ${what}: got ${observed}, want ${wanted}; the old file stays, run the extract again`,
    );
  };
  if (got.rows !== table.expected.rows) fail('rows', String(got.rows), String(table.expected.rows));
  for (const [column, sum] of Object.entries(table.expected.sums)) {
    const observed = got.sums[column] ?? 'no exact number column of that name';
    if (observed !== plainDecimal(sum)) fail(`sum of ${column}`, observed, plainDecimal(sum));
  }
}

async function attached<T>(connection: HyperConnection, file: string, work: () => Promise<T>): Promise<T> {
  await connection.query(`ATTACH DATABASE ${quoteName(file)} AS "out"`);
  try {
    return await work();
  } finally {
    await connection.query('DETACH DATABASE "out"');
  }
}

function qualified(table: string): string {
  return `"out".${quoteName(EXTRACT_SCHEMA)}.${quoteName(table)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
