import { quoteName } from './hyper_sql.ts';
import type { HyperType } from './hyper_types.ts';

/** One row of DuckDB's `DESCRIBE <relation>`: the parts that matter here. */
export interface DescribeRow {
  readonly column_name: string;
  readonly column_type: string;
  /** 'YES' or 'NO'. */
  readonly null: string;
}

/** One column on its way from DuckDB to Hyper. `select` is DuckDB SQL that yields it with a type Hyper reads exactly. */
export interface ExtractColumn {
  readonly name: string;
  readonly type: HyperType;
  readonly nullable: boolean;
  readonly select: string;
}

/**
 * DuckDB types by name: the Hyper type and, where Parquet would lose something, the cast to apply first.
 * HUGEINT reaches Hyper as a double and UBIGINT and UUID not at all; the narrower unsigned types widen by one step.
 */
const TYPES: Readonly<Record<string, { readonly type: HyperType; readonly cast?: string }>> = {
  VARCHAR: { type: 'text' },
  BOOLEAN: { type: 'boolean' },
  DATE: { type: 'date' },
  TIMESTAMP: { type: 'timestamp' },
  TIMESTAMP_S: { type: 'timestamp', cast: 'TIMESTAMP' },
  TIMESTAMP_MS: { type: 'timestamp', cast: 'TIMESTAMP' },
  'TIMESTAMP WITH TIME ZONE': { type: 'timestamptz' },
  TINYINT: { type: 'smallint' },
  SMALLINT: { type: 'smallint' },
  INTEGER: { type: 'integer' },
  BIGINT: { type: 'bigint' },
  UTINYINT: { type: 'smallint', cast: 'SMALLINT' },
  USMALLINT: { type: 'integer', cast: 'INTEGER' },
  UINTEGER: { type: 'bigint', cast: 'BIGINT' },
  UBIGINT: { type: 'numeric(20,0)', cast: 'DECIMAL(20,0)' },
  HUGEINT: { type: 'numeric(38,0)', cast: 'DECIMAL(38,0)' },
  FLOAT: { type: 'double precision', cast: 'DOUBLE' },
  DOUBLE: { type: 'double precision' },
  UUID: { type: 'text', cast: 'VARCHAR' },
};

/**
 * Maps DuckDB columns to extract columns, in order. DECIMAL(p,s) becomes numeric(p,s); enumerations become text.
 * @throws Error for a type that an extract cannot hold (lists, structs, maps, blobs, intervals, times, JSON).
 */
export function extractColumnsFromDuckDb(describeRows: readonly DescribeRow[]): readonly ExtractColumn[] {
  return describeRows.map((row) => {
    const mapped = mapType(row.column_type);
    if (mapped === null) {
      throw new Error(
        `extracts: column ${row.column_name}: got DuckDB type ${row.column_type}, want one a Tableau extract can hold; cast it in the model`,
      );
    }
    const name = quoteName(row.column_name);
    return {
      name: row.column_name,
      type: mapped.type,
      nullable: row.null !== 'NO',
      select: mapped.cast === undefined ? name : `CAST(${name} AS ${mapped.cast}) AS ${name}`,
    };
  });
}

function mapType(duckDbType: string): { readonly type: HyperType; readonly cast?: string } | null {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(duckDbType);
  if (decimal !== null) return { type: `numeric(${Number(decimal[1])},${Number(decimal[2])})` };
  if (/^ENUM\(.*\)$/s.test(duckDbType)) return { type: 'text', cast: 'VARCHAR' };
  return TYPES[duckDbType] ?? null;
}

/**
 * DuckDB SQL that writes a relation as the Parquet file `writeHyper` reads: zstd, in the given order.
 * Sorting belongs here: Hyper takes three times as long to sort while loading, and sorted files answer faster.
 */
export function copyToParquetSql(
  relation: string,
  columns: readonly ExtractColumn[],
  orderBy: readonly string[],
  parquetPath: string,
): string {
  const select = columns.map((column) => column.select).join(', ');
  const order = orderBy.length === 0 ? '' : ` ORDER BY ${orderBy.map(quoteName).join(', ')}`;
  const target = `'${parquetPath.replaceAll("'", "''")}'`;
  return `COPY (SELECT ${select} FROM ${relation}${order}) TO ${target} (FORMAT parquet, COMPRESSION zstd)`;
}
