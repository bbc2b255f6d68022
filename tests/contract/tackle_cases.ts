import type { SourceEnv } from '../../connectors/source.ts';
import { createTackleSource } from '../../connectors/tackle/tackle_source.ts';
import {
  AWS_OFFERS,
  CONTRACTS,
  INVOICES,
  MICROSOFT_OFFERS,
  SUBSCRIPTIONS,
  USAGE_RECORDS,
} from '../../schemas/tackle.ts';
import type { Call, Reply } from '../connectors/scripted_api.ts';
import { type Pages, SECRET, SERVED_AT, type SourceCase, TOKEN } from './source_case.ts';

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
  drift: 'new_field',
  nextBookmark: null,
} as const;

const tokenLoop = (_call: Call, pages: Pages): Reply => ({
  body: { data: pages[0] ?? [], metadata: { nextPageToken: '1' } },
});

export const TACKLE_CASES: readonly SourceCase[] = [
  {
    ...common,
    title: 'tackle contracts (cursor)',
    stream: CONTRACTS,
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
  {
    ...common,
    title: 'tackle invoices (by cloud)',
    stream: INVOICES,
    record: (n) => ({
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
    key: { column: 'invoice_id', value: (n) => `i-${n}` },
    api: (pages) => tokenPages(pages, (call) => call.url.searchParams.get('cloud') === 'gcp'),
    loop: tokenLoop,
  },
];
