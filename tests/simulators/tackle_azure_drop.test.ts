import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeAzureDrop } from '../../simulators/tackle/azure_drop.ts';
import { numberText, rawNumber } from '../../simulators/tackle/raw_number.ts';
import { NOW, source } from './tackle_fixture.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tackle-drop-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('one file for each list and period, with the Azure rows only', () => {
  const paths = writeAzureDrop(join(directory, 'drop'), source, NOW);
  const names = [
    'azure-invoices-2026-02.csv',
    'azure-invoices-2026-01.csv',
    'azure-disbursements-2026-02.csv',
  ];
  expect(paths.map((path) => basename(path))).toEqual(names);
  expect(readdirSync(join(directory, 'drop')).toSorted()).toEqual(names.toSorted());
  const rows = parse(readFileSync(paths[0] ?? '', 'utf8'), { columns: true }) as Record<string, string>[];
  expect(rows.map((row) => row.invoice_id)).toEqual(['inv_4', 'inv_6']);
  expect(rows[0]).toEqual({
    invoice_id: 'inv_4',
    account_receivable_period: '2026-02',
    product: 'prod_1',
    'transaction.id': 'txn_4',
    'transaction.seller_revenue': '1234.10',
    'transaction.marketplace_fee': '-37.023',
    'transaction.net_amount': '1197.0770',
    'customer.account_number': '"cus, 4"',
  });
});

test('writing it again gives the same bytes', () => {
  const read = (): readonly string[] =>
    writeAzureDrop(directory, source, NOW).map((path) => readFileSync(path, 'utf8'));
  expect(read()).toEqual(read());
});

test('a raw number keeps its text, and only takes numbers', () => {
  expect(JSON.stringify({ amount: rawNumber('1234.10') })).toBe('{"amount":1234.10}');
  expect(numberText(rawNumber('-1.50E3'))).toBe('-1.50E3');
  expect(numberText(7)).toBe('7');
  expect(numberText('7')).toBeNull();
  for (const text of ['', '01', '1.', '"1"', 'NaN', '1 '])
    expect(() => rawNumber(text)).toThrow('raw number');
});
