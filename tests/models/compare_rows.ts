import type { Columns, TextRows } from './google_sql.ts';

/** Rows with the names and types of their columns, in order. */
export interface TypedRows {
  readonly columns: Columns;
  readonly rows: TextRows;
}

type Row = Readonly<Record<string, string | null>>;

/**
 * What differs between two answers to one question: at most `limit` lines, none where all rows are equal: floats within
 * 1e-9 of each other, anything else exactly. `grain` names the columns that tell rows apart.
 */
export function differences(
  got: TypedRows,
  want: TypedRows,
  grain: readonly string[],
  limit = 5,
): readonly string[] {
  const { columns } = want;
  if (JSON.stringify(sorted(got.columns)) !== JSON.stringify(sorted(columns)))
    return [`got columns ${JSON.stringify(got.columns)}, want ${JSON.stringify(columns)}`];
  const found = byKey(got, grain);
  const lines: string[] = [];
  for (const [key, row] of byKey(want, grain)) {
    const other = found.get(key);
    found.delete(key);
    if (other === undefined) lines.push(`${key}: got no row, want one`);
    else
      for (const [name, type] of Object.entries(columns))
        if (!equal(type, other[name] ?? null, row[name] ?? null))
          lines.push(`${key}: ${name}: got ${other[name]}, want ${row[name]}`);
    if (lines.length >= limit) return lines.slice(0, limit);
  }
  return [...lines, ...[...found.keys()].map((key) => `${key}: got a row, want none`)].slice(0, limit);
}

const sorted = (columns: Columns) => Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1));

/** @throws Error where the grain does not tell two rows apart: then no comparison could */
function byKey({ columns, rows }: TypedRows, grain: readonly string[]): Map<string, Row> {
  const names = Object.keys(columns);
  const result = new Map<string, Row>();
  for (const values of rows) {
    const row: Row = Object.fromEntries(
      names.map((name, i) => [name, canonical(columns[name] ?? '', values[i] ?? null)]),
    );
    const key = grain.map((name) => `${name} ${row[name]}`).join(', ');
    if (result.has(key)) throw new Error(`models: rows: got two with ${key}, want one; see the grain test`);
    result.set(key, row);
  }
  return result;
}

/** Engines write as many zeros as they like. */
function canonical(type: string, value: string | null): string | null {
  if (value === null || !/NUMERIC/.test(type)) return value;
  const short = value.includes('.') ? value.replace(/\.?0+$/, '') : value;
  return short === '-0' ? '0' : short;
}

function equal(type: string, a: string | null, b: string | null): boolean {
  if (a === null || b === null || type !== 'FLOAT64') return a === b;
  const [x, y] = [Number(a), Number(b)];
  return Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y));
}
