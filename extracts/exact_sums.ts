import { quoteName } from './hyper_sql.ts';
import { type HyperType, isExactNumber } from './hyper_types.ts';

/** What a table must hold: its row count and, by column, the exact sum as decimal text ('0' when all are null). */
export interface TableTotals {
  readonly rows: bigint;
  readonly sums: Readonly<Record<string, string>>;
}

interface NumberColumn {
  readonly name: string;
  readonly type: HyperType;
}

/**
 * SQL for the totals of a relation, the same text in DuckDB and in Hyper: one row, every value as text,
 * `rows` first and then `sum_<n>` for the n-th integer or decimal column. Sums run in numeric(38,s), so that neither
 * engine falls back to doubles; an overflow is an error of the engine, not a wrong sum.
 */
export function totalsSql(relation: string, columns: readonly NumberColumn[]): string {
  const sums = columns
    .filter((column) => isExactNumber(column.type))
    .map((column, index) => {
      const scale = /,(\d+)\)$/.exec(column.type)?.[1] ?? '0';
      const sum = `SUM(CAST(${quoteName(column.name)} AS NUMERIC(38,${scale})))`;
      return `CAST(COALESCE(${sum}, 0) AS VARCHAR) AS sum_${index}`;
    });
  return `SELECT ${['CAST(COUNT(*) AS VARCHAR) AS "rows"', ...sums].join(', ')} FROM ${relation}`;
}

/**
 * Reads the row that `totalsSql` yields. Sums are in plain decimal notation without trailing zeros.
 * @throws Error when a column is missing from the row.
 */
export function readTotals(
  row: Readonly<Record<string, unknown>>,
  columns: readonly NumberColumn[],
): TableTotals {
  const text = (key: string): string => {
    const value = row[key];
    if (typeof value === 'string') return value;
    throw new Error(`extracts: totals ${key}: got ${String(value)}, want a number as text`);
  };
  const exact = columns.filter((column) => isExactNumber(column.type));
  return {
    rows: BigInt(text('rows')),
    sums: Object.fromEntries(exact.map((column, index) => [column.name, plainDecimal(text(`sum_${index}`))])),
  };
}

/** A decimal text without trailing zeros of the fraction and without '-0', so that equal numbers are equal texts. */
export function plainDecimal(text: string): string {
  const match = /^([+-]?)0*(\d+)(?:\.(\d*?)0*)?$/.exec(text);
  const whole = match?.[2];
  if (match === null || whole === undefined) {
    throw new Error(
      `extracts: decimal ${JSON.stringify(text)}: got no plain decimal, want digits with one point`,
    );
  }
  const fraction = match[3] ?? '';
  const digits = fraction === '' ? whole : `${whole}.${fraction}`;
  return match[1] === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits;
}
