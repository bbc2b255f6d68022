import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extractColumnsFromDuckDb } from '../../extracts/duckdb_columns.ts';
import { plainDecimal } from '../../extracts/exact_sums.ts';

test.each([
  ['0', '0'],
  ['-0.000', '0'],
  ['000123.4500', '123.45'],
  ['-99999999999999999999999999999.999999999', '-99999999999999999999999999999.999999999'],
  ['5.', '5'],
])('%s is written plainly as %s', (text, plain) => {
  expect(plainDecimal(text)).toBe(plain);
});

test.each(['1e5', '', 'NaN', '1.2.3', ' 1'])('%j is no plain decimal', (text) => {
  expect(() => plainDecimal(text)).toThrow(/got no plain decimal/);
});

test('the scale a number is written with does not matter, its value does', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.nat(9), fc.nat(6), (units, scale, padding) => {
      const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
      const whole = digits.slice(0, digits.length - scale);
      const text = `${units < 0n ? '-' : ''}${whole}.${digits.slice(digits.length - scale)}`;
      expect(plainDecimal(text + '0'.repeat(padding))).toBe(plainDecimal(text));
      expect(plainDecimal(`${text}1`)).not.toBe(plainDecimal(text));
    }),
  );
});

test('DuckDB types map to Hyper types, with the casts that keep them exact', () => {
  const describe = (column_type: string) => ({ column_name: 'a"b', column_type, null: 'NO' });
  const columns = extractColumnsFromDuckDb(
    ['DECIMAL(38,9)', 'HUGEINT', 'UUID', 'FLOAT', "ENUM('a', 'b')", 'TIMESTAMP WITH TIME ZONE'].map(describe),
  );
  expect(columns.map(({ type, select }) => [type, select])).toEqual([
    ['numeric(38,9)', '"a""b"'],
    ['numeric(38,0)', 'CAST("a""b" AS DECIMAL(38,0)) AS "a""b"'],
    ['text', 'CAST("a""b" AS VARCHAR) AS "a""b"'],
    ['double precision', 'CAST("a""b" AS DOUBLE) AS "a""b"'],
    ['text', 'CAST("a""b" AS VARCHAR) AS "a""b"'],
    ['timestamptz', '"a""b"'],
  ]);
  expect(columns.every((column) => !column.nullable)).toBe(true);
});

test.each(['INTEGER[]', 'STRUCT(a INTEGER)', 'MAP(VARCHAR, INTEGER)', 'JSON', 'BLOB', 'INTERVAL', 'TIME'])(
  'a column of type %s is refused by name',
  (column_type) => {
    expect(() => extractColumnsFromDuckDb([{ column_name: 'odd', column_type, null: 'YES' }])).toThrow(
      /column odd: got DuckDB type/,
    );
  },
);
