import { expect } from 'vitest';
import type { Sql } from '../../support/tables.ts';

/** One row of a mart: decimals as text with nine fraction digits, instants and dates as text, ratios as numbers. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

type Value = Row[string];

/** How the columns of a mart are read: the types that do not come out of DuckDB in the form of the oracle. */
const READ_AS: Readonly<Record<string, (name: string) => string>> = {
  TIMESTAMP: (name) => `strftime(${name}, '%Y-%m-%dT%H:%M:%SZ')`,
  DATE: (name) => `strftime(${name}, '%Y-%m-%d')`,
  BIGINT: (name) => `${name}::DOUBLE`,
};

/** Every row of a mart with the columns that are named. */
export async function readMart(sql: Sql, mart: string, columns: readonly string[]): Promise<readonly Row[]> {
  const found = await sql(
    `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'marts' AND table_name = '${mart}'`,
  );
  const types = new Map(found.map((each) => [String(each.column_name), String(each.data_type)]));
  const list = columns.map((name) => {
    const type = types.get(name);
    if (type === undefined)
      throw new Error(`oracle: ${mart}.${name}: got no such column, want it; see metrics.md`);
    return `${READ_AS[type]?.(`"${name}"`) ?? `"${name}"`} AS "${name}"`;
  });
  return sql(`SELECT ${list.join(', ')} FROM marts.${mart}`);
}

/** Names of the columns of a mart, in order. */
export async function columnsOf(sql: Sql, mart: string): Promise<readonly string[]> {
  const rows = await sql(
    `SELECT column_name FROM information_schema.columns WHERE table_schema = 'marts' AND table_name = '${mart}' ORDER BY ordinal_position`,
  );
  return rows.map((row) => String(row.column_name));
}

function isEqual(got: Value | undefined, want: Value | undefined, tolerance: number): boolean {
  if (typeof got === 'number' && typeof want === 'number')
    return Math.abs(got - want) <= tolerance * Math.max(Math.abs(got), Math.abs(want)) + 1e-12;
  return got === want;
}

/** What differs between two tables of the same key: rows that one of them lacks, and values. Floats may differ by a share. */
export function differences(
  got: readonly Row[],
  want: readonly Row[],
  key: readonly string[],
  tolerance = 1e-9,
): readonly string[] {
  const keyed = (rows: readonly Row[]) =>
    new Map(rows.map((row) => [key.map((name) => row[name]).join(' '), row]));
  const [left, right] = [keyed(got), keyed(want)];
  const found: string[] = [];
  if (left.size !== got.length || right.size !== want.length)
    found.push(`key ${key.join(', ')} is not unique`);
  for (const [at, wanted] of right) {
    const row = left.get(at);
    if (row === undefined) found.push(`${at}: got no row, want one`);
    else
      for (const [column, value] of Object.entries(wanted))
        if (!isEqual(row[column], value, tolerance))
          found.push(`${at} ${column}: got ${row[column]}, want ${value}`);
  }
  for (const at of left.keys()) if (!right.has(at)) found.push(`${at}: got a row, want none`);
  return found;
}

/**
 * Holds a mart against the oracle's rows: every row, and every column but those that are left out with a reason.
 * Decimals must be equal to the last digit, floats to 1e-9.
 */
export async function expectMart(
  sql: Sql,
  mart: string,
  want: readonly Row[],
  key: readonly string[],
  without: readonly string[] = [],
): Promise<void> {
  const columns = Object.keys(want[0] ?? {});
  const all = await columnsOf(sql, mart);
  expect([...columns, ...without].sort(), `columns of ${mart}`).toEqual([...all].sort());
  const found = differences(await readMart(sql, mart, columns), want, key);
  expect(found.slice(0, 20), `${mart}: ${found.length} differences`).toEqual([]);
}
