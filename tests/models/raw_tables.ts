import { allStreams } from '../../pipelines/sources.ts';
import { FIXED_TABLES, rawTableOf, type Table } from '../../warehouse/duckdb/ddl.ts';

/** Every table that the models read and do not build, as the loader makes them. */
export const LOADED_TABLES: readonly Table[] = [...FIXED_TABLES, ...allStreams().map(rawTableOf)];

const GOOGLE_TYPES: Readonly<Record<string, string>> = {
  VARCHAR: 'STRING',
  BIGINT: 'INT64',
  'DECIMAL(38,9)': 'NUMERIC',
  TIMESTAMP: 'TIMESTAMP',
  DATE: 'DATE',
  BOOLEAN: 'BOOL',
  BLOB: 'BYTES',
};

/** The same tables for BigQuery: full name → column → type. @throws Error for a type without a counterpart */
export function bigQueryTables(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(
    LOADED_TABLES.map(({ schema, name, columns }) => [
      `meterline.meterline_${schema}.${name}`,
      Object.fromEntries(columns.map((column) => [column.name, googleType(column.type)])),
    ]),
  );
}

function googleType(type: string): string {
  const found = GOOGLE_TYPES[type];
  if (found === undefined)
    throw new Error(`models: type ${type}: got no BigQuery type, want one; add it here`);
  return found;
}
