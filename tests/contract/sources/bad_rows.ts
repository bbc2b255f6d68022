import { z } from 'zod';
import type { Column } from '../../../schemas/columns.ts';
import type { Sent, SourceCase } from '../source_case.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A row that must be refused, and what must be said of it. */
export interface BadRow {
  readonly row: unknown;
  /** The column at fault; null where the row as a whole is. */
  readonly column: string | null;
  /** The value at fault as JSON text; null where the key is missing, undefined where a text was converted first. */
  readonly value: string | null | undefined;
}

const ILL_FORMED = 'half a pair \ud800';

/** Values that JSON can send and a column must refuse, by what its API sends when all is well. */
const BAD_JSON: Readonly<Record<Sent, readonly unknown[]>> = {
  text: [12, true, ['x'], { x: 1 }, ILL_FORMED],
  integer: ['7', 'seven', 1.5, -1, true, 9_007_199_254_740_994, {}],
  decimal: [12.5, 'many', '-1', '', '1e3', `${'9'.repeat(19)}`, '0.0000000001', true, [], ILL_FORMED],
  number: ['12', 'many', true, {}, [1]],
  money: ['many', true, {}, [1], ILL_FORMED],
  timestamp: ['yesterday', '2026-02-30T00:00:00Z', '2026-11-21 05:00:00', '', 5, true, {}, ILL_FORMED],
  date: ['2026-02-30', '21.11.2026', '', 5, true, {}, ILL_FORMED],
  boolean: ['true', 'yes', 1, {}],
  // Any JSON value may be kept as JSON.
  json: [],
};

/** Texts that a CSV can hold and a column must refuse. */
const BAD_CSV: Readonly<Record<Sent, readonly string[]>> = {
  text: [],
  integer: ['seven', '1.5', '-1', '9007199254740994'],
  decimal: ['many', '1,5', '1e400'],
  number: ['many', '1,5', '1e400', '0.0000000001'],
  money: ['many'],
  timestamp: ['yesterday', '2026-02-30T00:00:00.000Z', '2026-11-21 05:00:00'],
  date: ['2026-02-30', '21.11.2026'],
  boolean: ['yes', '1', 'TRUE'],
  json: [],
};

/** Numbers have bounds of their own: of the values above a column need not refuse what its schema takes. */
function isBad({ stream }: SourceCase, { name }: Column, sent: Sent, value: unknown): boolean {
  if (sent !== 'decimal' && sent !== 'integer') return true;
  const schema = stream.schema.shape[name];
  return schema instanceof z.ZodType && !schema.safeParse(value).success;
}

/** Values that a text column of a closed set, or of a form of its own, must refuse; found by asking the schema. */
function badTexts({ stream }: SourceCase, { name, type }: Column): readonly string[] {
  const schema = stream.schema.shape[name];
  if (type !== 'text' || !(schema instanceof z.ZodType)) return [];
  return ['no such word', '!'].filter((text) => !schema.safeParse(text).success);
}

/** Every way of the list above in which a row of a case can be bad, one for each row. */
export function badRows(which: SourceCase): readonly BadRow[] {
  const rows = which.stream.columns.flatMap((column) => {
    const field = which.field(column);
    if (field === null) return [];
    const bad = which.transport === 'csv' ? BAD_CSV : BAD_JSON;
    const values = [
      ...bad[field.sent].filter((value) => isBad(which, column, field.sent, value)),
      ...(field.sent === 'text' ? badTexts(which, column) : []),
      ...(column.nullable ? [] : [null]),
    ];
    return [
      ...values.map((value) => ({
        row: changed(which.record(1), field.path, value),
        column: column.name,
        value: which.transport === 'csv' && value !== null ? undefined : JSON.stringify(value).slice(0, 200),
      })),
      ...withoutKey(which, column, field.path),
    ];
  });
  return which.transport === 'csv' ? rows : [...rows, ...NO_ROWS];
}

/** Values where a row should be. */
const NO_ROWS: readonly BadRow[] = [null, 'text', [1]].map((row) => ({
  row,
  column: null,
  value: JSON.stringify(row),
}));

/** In a CSV the header stands for the keys: there a missing one spoils the page. */
function withoutKey(which: SourceCase, column: Column, path: readonly string[]): readonly BadRow[] {
  if (which.transport === 'csv') return [];
  const row = changed(which.record(1), path, undefined);
  const isKey = which.stream.key.includes(column.name);
  if (which.absent === 'refused' || isKey) return [{ row, column: column.name, value: null }];
  return column.nullable ? [] : [{ row, column: column.name, value: 'null' }];
}

/** Rows that lack what may be null: they must be good. */
export function sparseRows(which: SourceCase): readonly Fields[] {
  return which.stream.columns
    .filter(({ nullable }) => nullable)
    .flatMap((column) => {
      const field = which.field(column);
      if (field === null) return [];
      const sparse = [changed(which.record(1), field.path, null)];
      const isNull = which.transport === 'json' && which.absent === 'null';
      return isNull ? [...sparse, changed(which.record(1), field.path, undefined)] : sparse;
    });
}

/** A record with another value at a path; undefined takes the key away. */
function changed(record: Fields, [key = '', ...rest]: readonly string[], value: unknown): Fields {
  if (rest.length > 0) {
    const part = Object(record[key] ?? {}) as Fields;
    return { ...record, [key]: changed(part, rest, value) };
  }
  if (value !== undefined) return { ...record, [key]: value };
  const { [key]: _, ...others } = record;
  return others;
}
