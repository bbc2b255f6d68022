import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/**
 * Columns of the data quality marts that tell of the nights themselves: how often the sources were read, and when. A
 * night more, or one that was killed, changes them, and should.
 */
export const READING_HISTORY: readonly string[] = [
  'last_loaded_at',
  'last_run_id',
  'hours_behind',
  'loads',
  'pages',
  'bytes',
  'rows_read',
  'rows_loaded',
  'rows_unchanged',
  'rows_quarantined',
  'records_vanished',
  'quarantine_share',
  'last_pages',
  'last_bytes',
  'last_rows_read',
  'last_rows_loaded',
  'last_rows_unchanged',
  'last_rows_quarantined',
  'last_quarantine_share',
  'open_since',
  'drift_fields_last_load',
  'control_totals_at',
];

/** Columns that say when and by which run a row was loaded, not what it says. */
const LOAD_IDENTITY: readonly string[] = [
  'run_id',
  'loaded_at',
  'received_at',
  'evidence_index',
  'page_sha256',
  'leaf_hash',
  'checkpoint_size',
  'supersedes_index',
  'superseded_by_index',
  'first_seen',
  'last_seen',
  'crm_known_as_of',
  ...READING_HISTORY,
];

/** Raw tables also number their loads and name their pages. */
export const RAW_IDENTITY: readonly string[] = [...LOAD_IDENTITY, 'load_id', 'page_offset'];

/** Opens the DuckDB file of a data directory read-only, gives it to `work`, and closes it. */
export async function withWarehouse<T>(dataDir: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(join(dataDir, 'warehouse.duckdb'), {
    access_mode: 'READ_ONLY',
  });
  const connection = await instance.connect();
  try {
    return await work(async (sql) => {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRowObjectsJson() as Row[];
    });
  } finally {
    // An open connection keeps the file from other processes until it is collected.
    connection.closeSync();
    instance.closeSync();
  }
}

/**
 * Changes the DuckDB file of a data directory; gives the rows of the last statement. Its connection is closed, too: a second
 * opening beside one that is only left to be collected damages what both read.
 */
export async function changeWarehouse(
  dataDir: string,
  ...statements: readonly string[]
): Promise<readonly unknown[][]> {
  const instance = await DuckDBInstance.create(join(dataDir, 'warehouse.duckdb'));
  const connection = await instance.connect();
  try {
    let rows: readonly unknown[][] = [];
    for (const statement of statements) rows = (await connection.runAndReadAll(statement)).getRowsJson();
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

type Row = Record<string, string | number | boolean | null>;
export type Sql = (sql: string) => Promise<Row[]>;

/** Fingerprint of one table: its rows, and a hash over them that does not depend on their order. */
export interface TablePrint {
  readonly rows: number;
  readonly hash: string;
}

/** A fingerprint of each table of a schema, by name, leaving out some columns. */
export async function printTables(
  dataDir: string,
  schema: string,
  without: readonly string[] = LOAD_IDENTITY,
): Promise<Readonly<Record<string, TablePrint>>> {
  return withWarehouse(dataDir, async (sql) => {
    const tables = await sql(
      `select table_name from information_schema.tables where table_schema = '${schema}' order by table_name`,
    );
    const prints: Record<string, TablePrint> = {};
    for (const { table_name } of tables) {
      const columns = await sql(
        `select column_name from information_schema.columns where table_schema = '${schema}' and table_name = '${table_name}' order by ordinal_position`,
      );
      const kept = columns.map((row) => String(row.column_name)).filter((name) => !without.includes(name));
      const values = kept.map((name) => `coalesce(cast("${name}" as varchar), '<null>')`).join(`, chr(31), `);
      const [row] = await sql(
        `select count(*)::varchar as n, coalesce(sum(md5_number_lower(concat(${values}))::hugeint), 0)::varchar as h from ${schema}."${table_name}"`,
      );
      prints[String(table_name)] = { rows: Number(row?.n), hash: String(row?.h) };
    }
    return prints;
  });
}
