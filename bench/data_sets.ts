import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ACCOUNT } from '../schemas/salesforce.ts';
import { writePageFiles } from './page_files.ts';
import { type AccountFacts, renderAccounts } from './render_accounts.ts';
import { type ReadingFacts, renderReadings } from './render_readings.ts';
import { RowStore, type StoreFacts } from './row_store.ts';

export const DATA_SETS = ['readings', 'accounts'] as const;
export type DataSet = (typeof DATA_SETS)[number];

/** Rows that the peers ask for at once: what meterline asks for, too. */
export const PAGE_ROWS: Readonly<Record<DataSet, number>> = { readings: 20_000, accounts: 25_000 };

/** API names of the default Account object, in the order of its columns. */
export const ACCOUNT_FIELDS = ACCOUNT.stream.columns.map(({ name }) => ACCOUNT.fields[name] ?? name);

/** Rendered rows of both data sets. */
export interface Rendered {
  /** Folder of each data set's rows. */
  readonly stores: Readonly<Record<DataSet, string>>;
  /** Folder of the same rows as files of one page, for the floors. */
  readonly pages: Readonly<Record<DataSet, string>>;
  readonly facts: Readonly<Record<DataSet, StoreFacts>>;
}

/** Renders so many readings and accounts below `folder`, once; later calls find them. */
export async function renderDataSets(
  folder: string,
  rows: Readonly<Record<DataSet, number>>,
): Promise<Rendered> {
  mkdirSync(folder, { recursive: true });
  const maker = makerFingerprint();
  const stores = {
    readings: join(folder, `readings-${rows.readings}-${maker}`),
    accounts: join(folder, `accounts-${rows.accounts}-${maker}`),
  };
  const pages = { readings: `${stores.readings}-pages`, accounts: `${stores.accounts}-pages` };
  await renderReadings(stores.readings, rows.readings);
  await renderAccounts(stores.accounts, rows.accounts, ACCOUNT_FIELDS);
  const readings = new RowStore<ReadingFacts>(stores.readings);
  const accounts = new RowStore<AccountFacts>(stores.accounts);
  const facts = { readings: readings.facts, accounts: accounts.facts };
  readings.close();
  accounts.close();
  return { stores, pages, facts };
}

/** Changes with the code that makes rows, so that rows of older code are never taken for today's. */
function makerFingerprint(): string {
  const hash = createHash('sha256').update(ACCOUNT_FIELDS.join());
  const fleet = join(dirname(import.meta.dirname), 'simulators', 'fleet');
  const own = ['render_readings.ts', 'render_accounts.ts', 'row_store.ts', 'page_files.ts', 'data_sets.ts'];
  const files = [
    ...own.map((name) => join(import.meta.dirname, name)),
    ...readdirSync(fleet)
      .toSorted()
      .map((name) => join(fleet, name)),
  ];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 8);
}

/** Writes the same rows as files of one page each, which only the floors read. */
export function renderPageFiles({ stores, pages }: Rendered): void {
  const readings = new RowStore<ReadingFacts>(stores.readings);
  const json = { head: '{"data":[', tail: '],"next":"0","has_more":true}', extension: 'json' };
  writePageFiles(pages.readings, readings, PAGE_ROWS.readings, json);
  readings.close();
  const accounts = new RowStore<AccountFacts>(stores.accounts);
  const csv = { head: accounts.facts.header, tail: '', extension: 'csv' };
  writePageFiles(pages.accounts, accounts, PAGE_ROWS.accounts, csv);
  accounts.close();
}
