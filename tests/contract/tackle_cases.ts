import type { SourceEnv } from '../../connectors/source.ts';
import { fieldOf, RECORD_SHAPES } from '../../connectors/tackle/fields.ts';
import { createTackleSource } from '../../connectors/tackle/tackle_source.ts';
import type { Column } from '../../schemas/columns.ts';
import type { Stream } from '../../schemas/streams.ts';
import {
  AWS_OFFERS,
  CONTRACTS,
  DISBURSEMENTS,
  INVOICES,
  MICROSOFT_OFFERS,
  PRODUCTS,
  SUBSCRIPTIONS,
  USAGE_RECORDS,
} from '../../schemas/tackle.ts';
import type { Call, Reply } from '../connectors/scripted_api.ts';
import { type Pages, SECRET, SERVED_AT, type SentField, type SourceCase, TOKEN } from './source_case.ts';

function isToken(call: Call): boolean {
  return call.url.pathname === '/v1/authenticate';
}

function withToken(answer: (call: Call) => Reply) {
  const headers = { date: SERVED_AT };
  return (call: Call): Reply => {
    if (isToken(call))
      return { headers, body: { access_token: TOKEN, expires_in: 5400, token_type: 'bearer' } };
    const reply = answer(call);
    return { ...reply, headers: { ...headers, ...reply.headers } };
  };
}

/** `{"data","metadata"}` pages; `matches` picks the requests that have rows at all. */
function tokenPages(pages: Pages, matches: (call: Call) => boolean = () => true) {
  return withToken((call) => {
    if (!matches(call)) return { body: { data: [], metadata: { nextPageToken: null } } };
    const index = Number(call.url.searchParams.get('page') ?? '0');
    const nextPageToken = index + 1 < pages.length ? String(index + 1) : null;
    return { body: { data: pages[index] ?? [], metadata: { nextPageToken } } };
  });
}

function contractPages(pages: Pages) {
  return withToken((call) => {
    const index = Number(call.url.searchParams.get('cursor') ?? '0');
    return {
      body: { contracts: pages[index] ?? [], next: index + 1 < pages.length ? String(index + 1) : null },
    };
  });
}

/** Bare lists by offset: pages that begin at the offset; empty ones cannot be. */
function offsetPages(pages: Pages) {
  return withToken((call) => {
    const offset = Number(call.url.searchParams.get('offset'));
    let start = 0;
    for (const page of pages) {
      if (start === offset && page.length > 0) return { body: page };
      start += page.length;
    }
    return { body: [] };
  });
}

const tokenLoop = (_call: Call, pages: Pages): Reply => ({
  body: { data: pages[0] ?? [], metadata: { nextPageToken: '1' } },
});

const common = {
  references: new Map(),
  bookmark: null,
  create: (url: string, env: SourceEnv) =>
    createTackleSource(
      {
        url,
        contracts_url: `${url}/contracts-host`,
        microsoft_offers_url: `${url}/microsoft/`,
        aws_offers_url: `${url}/aws`,
        client_id: 'meterline',
        client_secret: SECRET,
      },
      env,
    ),
  isToken,
  isPage: (call: Call) => !isToken(call),
  transport: 'json',
  absent: 'null',
  drift: 'new_field',
  nextBookmark: null,
} as const;

/** Where the connector's own table says that a column is; golden cases hold that table against records as sent. */
const fieldIn =
  (stream: Stream) =>
  ({ name, type }: Column): SentField | null => {
    const shape = RECORD_SHAPES.find((candidate) => candidate.stream === stream);
    const isFromRequest = name === 'cloud' && (stream === INVOICES || stream === DISBURSEMENTS);
    if (shape === undefined || shape.whole === name || isFromRequest) return null;
    const { path, is_money } = fieldOf(shape, name);
    return { path, sent: is_money ? 'money' : type };
  };

const moneyCase = (stream: Stream) => ({
  ...common,
  stream,
  field: fieldIn(stream),
  record: (n: number) => ({
    invoice_id: `i-${n}`,
    account_receivable_period: '2026-10',
    product: 'p',
    transaction: { id: `t-${n}`, seller_revenue: 10.25, marketplace_fee: 0.31, net_amount: 9.94 },
    customer: { account_number: 'c' },
  }),
  bad: {
    change: { account_receivable_period: '2026-13' },
    column: 'account_receivable_period',
    reason: /pattern/,
  },
  key: { column: 'invoice_id', value: (n: number) => `i-${n}` },
  api: (pages: Pages) => tokenPages(pages, (call) => call.url.searchParams.get('cloud') === 'gcp'),
  loop: tokenLoop,
});

export const TACKLE_CASES: readonly SourceCase[] = [
  {
    ...common,
    title: 'tackle contracts (cursor)',
    stream: CONTRACTS,
    field: fieldIn(CONTRACTS),
    record: (n) => ({
      id: `con-${n}`,
      vendorId: 'v',
      cloudMarketplace: 'azure',
      buyerId: 'buyer-1',
      offerId: `offer-${n}`,
      contractStatus: 'Active',
      acceptedDate: '2026-01-01T01:00:00+01:00',
      totalContractValue: { amount: 1234.5, currencyCode: 'EUR' },
    }),
    bad: { change: { contractStatus: 'Paused' }, column: 'contract_status', reason: /expected one of/ },
    key: { column: 'id', value: (n) => `con-${n}` },
    api: contractPages,
    loop: (_call, pages) => ({ body: { contracts: pages[0] ?? [], next: '1' } }),
  },
  {
    ...common,
    title: 'tackle subscriptions (page tokens)',
    stream: SUBSCRIPTIONS,
    field: fieldIn(SUBSCRIPTIONS),
    record: (n) => ({
      tackle_subscription_id: `sub-${n}`,
      productid: 'p',
      cloud: 'gcp',
      customerid: 'c',
      offerid: null,
      entitlements: { quantity: 1.5 },
    }),
    bad: { change: { cloud: 'ibm' }, column: 'cloud', reason: /expected one of/ },
    key: { column: 'tackle_subscription_id', value: (n) => `sub-${n}` },
    api: tokenPages,
    loop: tokenLoop,
  },
  {
    ...common,
    title: 'tackle Microsoft offers (one list)',
    stream: MICROSOFT_OFFERS,
    field: fieldIn(MICROSOFT_OFFERS),
    record: (n) => ({
      po_id: `po-${n}`,
      offer_ref: `o-${n}`,
      state: 'draft',
      salesforce: { opportunity_id: '006' },
    }),
    bad: { change: { state: 'lost' }, column: 'state', reason: /expected one of/ },
    key: { column: 'po_id', value: (n) => `po-${n}` },
    api: (pages) => withToken(() => ({ body: pages.flat() })),
  },
  {
    ...common,
    title: 'tackle AWS offers (offset)',
    stream: AWS_OFFERS,
    field: fieldIn(AWS_OFFERS),
    record: (n) => ({
      po_id: `po-${n}`,
      offerid: `o-${n}`,
      pricing: { currency_code: 'USD', dimensions: [] },
    }),
    bad: { change: { offerid: 7 }, column: 'offer_id', reason: /expected string/ },
    key: { column: 'po_id', value: (n) => `po-${n}` },
    api: offsetPages,
    loop: (_call, pages) => ({ body: pages.flat().slice(0, 1) }),
  },
  {
    ...common,
    title: 'tackle usage records (look-back)',
    stream: USAGE_RECORDS,
    field: fieldIn(USAGE_RECORDS),
    bookmark: '2026-11-21T03:00:00Z',
    record: (n) => ({
      id: `u-${n}`,
      cloud: 'aws',
      product_id: 'p',
      customer_id: 'c',
      subscription_id: 'sub-1',
      dimension: { name: 'stored_tib', quantity: 1.25 },
      start_time: '2026-11-20T00:00:00Z',
      end_time: null,
      status: 'accepted',
      reason: null,
    }),
    bad: { change: { status: 'lost' }, column: 'status', reason: /expected one of/ },
    key: { column: 'id', value: (n) => `u-${n}` },
    api: tokenPages,
    loop: tokenLoop,
    nextBookmark: /^2026-11-21T03:00:00Z$/,
  },
  { ...moneyCase(INVOICES), title: 'tackle invoices (by cloud)' },
  { ...moneyCase(DISBURSEMENTS), title: 'tackle disbursements (by cloud)' },
  {
    ...common,
    title: 'tackle products (page tokens)',
    stream: PRODUCTS,
    field: fieldIn(PRODUCTS),
    record: (n) => ({ product_id: `p-${n}`, name: 'Storage', price: 1.1 }),
    bad: { change: { product_id: 7 }, column: 'product_id', reason: /expected string/ },
    key: { column: 'product_id', value: (n) => `p-${n}` },
    api: tokenPages,
    loop: tokenLoop,
    // The whole record is kept: no field of it is unknown.
    drift: null,
  },
];
