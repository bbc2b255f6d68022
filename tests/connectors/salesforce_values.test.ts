import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvRecords, headerLine } from '../../connectors/csv.ts';
import {
  csvValue,
  longId,
  plainDecimal,
  restValue,
  utcInstant,
} from '../../connectors/salesforce/salesforce_values.ts';

test.each([
  ['001D000000Jsm8y', '001D000000Jsm8yIAB'],
  ['00D300000000bNa', '00D300000000bNaEAI'],
  ['001D000000Jsm8yIAB', '001D000000Jsm8yIAB'],
  ['no id at all', 'no id at all'],
  ['', ''],
])('the long form of id %s is %s', (short, long) => {
  expect(longId(short)).toBe(long);
});

describe('plainDecimal', () => {
  test.each([
    ['25000.0', '25000'],
    ['1.25E7', '12500000'],
    ['-1.5e-3', '-0.0015'],
    ['0.0', '0'],
    ['-0.0', '0'],
    ['1E+2', '100'],
    ['007.50', '7.5'],
    ['12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['many', 'many'],
  ])('%s is %s', (text, want) => {
    expect(plainDecimal(text)).toBe(want);
  });

  test('is exactly the number written, whatever the exponent', () => {
    const scaled = (text: string) => {
      const [whole = '', fraction = ''] = text.split('.');
      return BigInt(whole + fraction.padEnd(80, '0'));
    };
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.integer({ min: -40, max: 40 }),
        (digits, exponent) => {
          const plain = plainDecimal(`${digits}E${exponent}`);
          const sign = plain.startsWith('-') ? -1n : 1n;
          expect(plain).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
          expect(sign * scaled(plain.replace('-', ''))).toBe(digits * 10n ** BigInt(80 + exponent));
        },
      ),
    );
  });
});

test('both APIs give the same instant', () => {
  expect(utcInstant('2026-01-01T00:00:00.000+0000')).toBe('2026-01-01T00:00:00.000Z');
  expect(utcInstant('2026-01-01T00:00:00.000Z')).toBe('2026-01-01T00:00:00.000Z');
  expect(utcInstant('2026-01-01T00:00:00.000+0100')).toBe('2026-01-01T00:00:00.000+0100');
});

test('CSV fields become values of their column', () => {
  expect(csvValue('text', '')).toBeNull();
  expect(csvValue('text', 'NA')).toBe('NA');
  expect(csvValue('boolean', 'true')).toBe(true);
  expect(csvValue('boolean', 'yes')).toBe('yes');
  expect(csvValue('integer', '36')).toBe(36);
  expect(csvValue('integer', '36.5')).toBe('36.5');
  expect(csvValue('decimal', '1.25E7')).toBe('12500000');
});

test('a JSON number keeps its digits in a decimal column', () => {
  const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('12345678901234567.89');
  expect(restValue('decimal', raw)).toBe('12345678901234567.89');
});

describe('csvRecords', () => {
  test('gives back any texts, exactly', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', 'NA', 'None', '"', ',', '\n', '\r\n', '\u0000'),
    );
    const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), (rows, ending) => {
        fc.pre(rows.flat().every((text) => text.isWellFormed()));
        const text = rows
          .map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',') + ending)
          .join('');
        expect(csvRecords(Buffer.from(text))).toEqual(rows);
      }),
    );
  });

  test('takes a field of ten megabytes', () => {
    const big = 'x'.repeat(10 * 1024 * 1024);
    expect(csvRecords(Buffer.from(`"a"\n"${big}"\n`))[1]?.[0]?.length).toBe(big.length);
  });

  test('a quote that is not closed is an error', () => {
    expect(() => csvRecords(Buffer.from('"a","b"\n"1","2'))).toThrow(/cannot be read/);
  });

  test('the header line is the first line alone', () => {
    expect(headerLine(Buffer.from('"Id","Name"\n"1","two\nlines"'))).toEqual(['Id', 'Name']);
    expect(headerLine(Buffer.from(''))).toEqual([]);
  });
});
