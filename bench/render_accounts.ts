import { existsSync } from 'node:fs';
import { between, chance, hash32, pick } from '../simulators/fleet/hash.ts';
import { DAY_SECONDS, toDate, toInstant } from '../simulators/fleet/instants.ts';
import { companyName } from '../simulators/fleet/names.ts';
import { salesforceId } from '../simulators/fleet/salesforce_ids.ts';
import type { SalesforceRecord } from '../simulators/fleet/types.ts';
import { type CsvFormat, headerLine, rowWriter } from '../simulators/salesforce/bulk_csv.ts';
import { type FieldSpec, objectSpecs } from '../simulators/salesforce/objects.ts';
import { javaDouble } from '../simulators/salesforce/values.ts';
import { type RowSink, type StoreFacts, writeRowStore } from './row_store.ts';

/** What the server needs of the accounts beside the rows. */
export interface AccountFacts extends StoreFacts {
  /** API names in the order of the columns: the default Account object of `schemas/salesforce.ts`. */
  readonly fields: readonly string[];
  readonly header: string;
}

const FORMAT: CsvFormat = { delimiter: ',', lineEnding: '\n' };
const FIRST_CREATED = Date.UTC(2023, 0, 1) / 1000;
const COUNTRIES = ['DE', 'FR', 'NL', 'SE', 'US', 'GB', 'JP', 'BR'];
const CLOUDS = ['Azure', 'Google Cloud', 'AWS', 'On Premises'];
const TYPES = ['Customer - Direct', 'Former Customer', 'Prospect', 'Partner'];
/** Names that a careless reader spoils: separators, quotes, words that mean null to some, other scripts. */
const ENDINGS = ['', '', '', ' GmbH & Co. KG', ', Inc.', ' "North"', ' – Zürich', ' 東京', ' NA', ' None'];

/** Renders `rows` accounts as Bulk API 2.0 writes them, once: `fields` are the columns, in order. */
export async function renderAccounts(folder: string, rows: number, fields: readonly string[]): Promise<void> {
  if (existsSync(folder)) return;
  await writeRowStore<AccountFacts>(folder, '', (sink) => render(sink, rows, fields));
}

function render(sink: RowSink, rows: number, fields: readonly string[]): AccountFacts {
  const columns = fields.map(column);
  const write = rowWriter(columns, FORMAT);
  let cents = 0n;
  for (let number = 0; number < rows; number += 1) {
    const account = accountRecord(number);
    const arr = account.ARR__c;
    if (typeof arr === 'number') cents += BigInt(Math.round(Number(javaDouble(arr)) * 100));
    sink.add(write(account));
  }
  const total = `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
  return { rows, total, fields, header: headerLine(columns, FORMAT) };
}

function column(name: string): FieldSpec {
  const spec = objectSpecs()
    .get('account')
    ?.fields.find((field) => field.name === name);
  if (spec === undefined)
    throw new Error(`bench: accounts: field ${name}: got none of that name in the simulator`);
  return spec;
}

/** One account of one number: everything in it follows from the number. */
function accountRecord(number: number): SalesforceRecord {
  const h = (part: number) => hash32(1, 191, number, part);
  const company = companyName(number);
  const created = FIRST_CREATED + (number % (3 * 365 * 24 * 60)) * 60;
  const isCustomer = chance(h(0), 700);
  const user = (part: number) => salesforceId('User', between(h(part), 1, 400));
  return {
    Id: salesforceId('Account', number + 1),
    Name: company.name + pick(ENDINGS, h(1)),
    ParentId: chance(h(2), 80) && number > 0 ? salesforceId('Account', number) : null,
    Type: pick(TYPES, h(3)),
    Industry: company.industry,
    BillingCountry: chance(h(4), 30) ? null : pick(COUNTRIES, h(4)),
    Website: chance(h(5), 100) ? null : `https://www.${company.domain}`,
    OwnerId: user(6),
    CreatedDate: toInstant(created),
    SystemModstamp: toInstant(created + between(h(7), 0, 120) * DAY_SECONDS),
    IsDeleted: chance(h(8), 10),
    Polaris_Customer_Id__c: isCustomer ? `cust-${String(number + 1).padStart(7, '0')}` : null,
    Cloud_Provider__c: pick(CLOUDS, h(9)),
    Target_Account__c: chance(h(10), 250),
    CSM__c: isCustomer ? user(11) : null,
    Renewal_Date__c: isCustomer ? toDate(created + between(h(12), 200, 1100) * DAY_SECONDS) : null,
    ARR__c: isCustomer ? between(h(13), 100_000, 9_000_000_00) / 100 : null,
  };
}
