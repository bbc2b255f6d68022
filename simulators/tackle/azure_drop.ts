import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instant, TackleRecord, TackleSource } from '../fleet/types.ts';
import { numberText } from './raw_number.ts';

/** The columns of the files: those of an invoice, a nested field named with a dot. */
const AZURE_DROP_COLUMNS = [
  'invoice_id',
  'account_receivable_period',
  'product',
  'transaction.id',
  'transaction.seller_revenue',
  'transaction.marketplace_fee',
  'transaction.net_amount',
  'customer.account_number',
] as const;

/**
 * Writes what Microsoft's invoices and disbursements look like as a file drop: `azure-<list>-<yyyy-mm>.csv`, one file
 * for each list and period, one row per transaction, RFC 4180. Each file appears whole (rename). Gives the paths.
 */
export function writeAzureDrop(dir: string, source: TackleSource, now: Instant): readonly string[] {
  mkdirSync(dir, { recursive: true });
  return (['invoices', 'disbursements'] as const).flatMap((list) => {
    const azure = [...source(list, now)].filter((record) => record.cloud === 'azure');
    const periods = Map.groupBy(azure, (record) => cell(record, 'account_receivable_period'));
    return [...periods].map(([period, records]) => {
      const path = join(dir, `azure-${list}-${period}.csv`);
      writeFileSync(`${path}.part`, csv(records));
      renameSync(`${path}.part`, path);
      return path;
    });
  });
}

function csv(records: readonly TackleRecord[]): string {
  const rows = records.map((record) => AZURE_DROP_COLUMNS.map((column) => quoted(cell(record, column))));
  return [AZURE_DROP_COLUMNS, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

/** The text of a field; money keeps its source text, missing is empty. */
function cell(record: TackleRecord, column: string): string {
  let value: unknown = record;
  for (const name of column.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return numberText(value) ?? (value === null || value === undefined ? '' : String(value));
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
