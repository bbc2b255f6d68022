import type { Source } from '../../connectors/source.ts';
import type { Page } from '../../schemas/page.ts';
import { DISBURSEMENTS, INVOICES } from '../../schemas/tackle.ts';
import { testEnv } from '../connectors/scripted_api.ts';
import type { SourceCase } from '../contract/source_case.ts';
import { CASES } from '../contract/source_cases.ts';

/** What is read of a page, before it is landed. */
export type Body = Pick<Page, 'body' | 'url' | 'format' | 'stated_rows'>;

/** One way in which pages of one stream come: what a group of pages is made of. */
export interface PageKind {
  readonly title: string;
  readonly which: SourceCase;
  readonly source: Source;
  /** A good page with the records of these numbers. */
  page(numbers: readonly number[]): Body;
}

// A request that every script answers with its first page: Bulk looks at the path, money lists at the cloud.
const URL_OF_ALL = 'http://127.0.0.1:9/services/data/v67.0/jobs/query/1/results?cloud=gcp&offset=0';
const CALL = { method: 'GET', url: new URL(URL_OF_ALL), headers: {}, body: '' };

/** Every stream of every source, in each form in which it is delivered. */
export const PAGE_KINDS: readonly PageKind[] = [
  ...CASES.map((which) => ({ ...about(which), title: which.title, page: answered(which) })),
  ...[INVOICES, DISBURSEMENTS].map((stream) => {
    const which = CASES.find((each) => each.stream === stream) as SourceCase;
    return { ...about(which), title: `tackle ${stream.name} (Azure file drop)`, page: dropped };
  }),
];

function about(which: SourceCase) {
  return { which, source: which.create('http://127.0.0.1:9', testEnv()) };
}

/** The page as the script of the contract suite sends it. */
function answered(which: SourceCase): PageKind['page'] {
  return (numbers) => {
    const { body, headers } = which.api([numbers.map((n) => which.record(n))])(CALL);
    const stated = headers?.['sforce-numberofrecords'];
    return {
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      url: URL_OF_ALL,
      format: which.transport,
      stated_rows: stated === undefined ? null : Number(stated),
    };
  };
}

function dropped(numbers: readonly number[]): Body {
  const header =
    'invoice_id,account_receivable_period,product,transaction_id,transaction.seller_revenue,marketplace_fee,net_amount,customer.account_number';
  const lines = numbers.map((n) => `i-${n},2026-10,"Storage, ""large""",t-${n},10.250,0.31,9.94,NA`);
  const body = Buffer.from([header, ...lines].map((line) => `${line}\n`).join(''));
  return { body, url: 'azure-drop:invoices-2026-10.csv', format: 'csv', stated_rows: null };
}
