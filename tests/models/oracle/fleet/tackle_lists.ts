import type { ApiRecord, Json } from '../world.ts';
import { usageRecords } from './usage_records.ts';

function subscription(
  name: string,
  cloud: string,
  started_at: string,
  entitlement: Json,
  more: ApiRecord = {},
): ApiRecord {
  return {
    tackle_subscription_id: `sub-${name}`,
    productid: 'product-1',
    cloud,
    customerid: `buyer-${name}`,
    offerid: `o-${name}`,
    created_at: '2025-05-20T00:00:00Z',
    registered_at: null,
    started_at,
    ended_at: null,
    cancelled_at: null,
    updated_at: null,
    is_free_trial: false,
    entitlements: { [cloud]: entitlement },
    registration_details: null,
    ...more,
  };
}

const azure = (name: string, plan: string, quantity: number | null) => ({
  plan,
  quantity,
  subscription_id: `az-${name}`,
  subscription_name: name,
  offer_id: 'offer',
});
const gcp = (name: string, plan: string) => ({ name: `g-${name}`, plan, offerEndTime: null });

function contract(
  name: string,
  cloud: string,
  startDate: string,
  endDate: string | null,
  more: ApiRecord = {},
) {
  return {
    id: `k-${name}`,
    cloudMarketplace: cloud,
    channel: 'direct',
    buyerId: `buyer-${name}`,
    companyName: name,
    productId: 'product-1',
    listingName: 'Storage',
    listingType: 'Private',
    pricingModel: 'Contract + usage',
    offerId: `o-${name}`,
    offerType: 'private',
    offerName: name,
    tackleOfferId: `po-${name}`,
    contractStatus: 'Active',
    cloudContractStatus: null,
    acceptedDate: startDate,
    startDate,
    endDate,
    contractDuration: 'P1Y',
    autoRenew: false,
    totalContractValue: { amount: 1000.25, currencyCode: 'USD' },
    marketplaceFeeRate: 0.03,
    lastModified: startDate,
    ...more,
  };
}

const included = (...quantities: readonly Json[]) => ({
  plan_ref: 'plan',
  dimensions: { capacity_used_tib: { enabled: true, included_quantities: quantities } },
});
const monthly = (quantity: number) => ({ dimension_term: 'monthly', unlimited_quantity: false, quantity });
const annual = (quantity: number) => ({ dimension_term: 'annual', unlimited_quantity: false, quantity });

function microsoftOffer(name: string, subscription_ref: string, start: string, pricing: Json): ApiRecord {
  return {
    po_id: `po-${name}`,
    offer_type: 'customer',
    product_ref: 'product-1',
    salesforce: { opportunity_id: null },
    buyer_details: { company_name: name, billing_account_id: 'b' },
    start_on: 'date',
    start_date: start,
    end_date: '2027-01-01',
    accept_by_date: '2026-01-01',
    plan_ref: 'private-capacity',
    offer_ref: `o-${name}`,
    subscription_ref,
    state: 'subscribed',
    status: 'ok',
    pricing,
  };
}

const AMENDED_AT = '2026-02-20T10:30:00Z';

/** Tackle's lists as run `n` (from 1) finds them; from the second run on, the contract of sub-a is amended. */
export function tackleLists(n: number): Readonly<Record<string, readonly ApiRecord[]>> {
  const isAmended = n > 1;
  return {
    'tackle.products': [],
    'tackle.contracts': [
      contract('a', 'azure', '2025-06-01T00:00:00Z', '2026-12-01T00:00:00Z', {
        contractStatus: isAmended ? 'Amended' : 'Active',
      }),
      ...(isAmended
        ? [contract('a2', 'azure', AMENDED_AT, '2026-12-01T00:00:00Z', { buyerId: 'buyer-a' })]
        : []),
      contract('b', 'aws', '2025-06-01T00:00:00Z', '2026-03-10T00:00:00Z'),
      contract('c', 'azure', '2025-07-01T00:00:00Z', null, { offerType: 'public', tackleOfferId: null }),
      contract('d', 'gcp', '2026-01-15T00:00:00Z', '2026-07-15T00:00:00Z'),
      contract('e', 'azure', '2025-08-01T00:00:00Z', '2026-08-01T00:00:00Z'),
      contract('i', 'azure', '2026-02-24T12:00:00Z', '2027-02-24T12:00:00Z', { contractStatus: 'Pending' }),
      contract('n', 'azure', '2026-01-20T00:00:00Z', '2026-04-20T00:00:00Z'),
    ],
    'tackle.subscriptions': subscriptions(isAmended),
    'tackle.microsoft_offers': [
      microsoftOffer('a', 'az-a', '2025-06-01', included(annual(240), monthly(20))),
      ...(isAmended ? [microsoftOffer('a2', 'az-a', '2026-02-20', included(monthly(21.5)))] : []),
      microsoftOffer(
        'e',
        'az-e',
        '2025-08-01',
        included({ dimension_term: 'monthly', unlimited_quantity: true }),
      ),
      microsoftOffer('l', 'az-l', '2026-02-18', included(annual(12.25))),
    ],
    'tackle.aws_offers': ['b', 'h', 'k'].map((name) => ({
      po_id: `po-${name}`,
      offerid: `o-${name}`,
      offer_type: 'direct',
      source_offer_id: null,
      salesforce_id: null,
      offer_expiration_at: '2026-01-01T00:00:00Z',
      pricing: {
        dimensions: [
          {
            name: 'Plan',
            api_name: name === 'h' ? 'unknown-plan' : 'private-capacity',
            quantity: 1,
            price: 1,
          },
        ],
        service_start_at: '2025-06-01T00:00:00Z',
        service_end_at: '2026-06-01T00:00:00Z',
        currency_code: 'USD',
      },
    })),
    'tackle.usage_records': n === 5 ? usageRecords() : [],
    'tackle.invoices': [],
    'tackle.disbursements': [],
  };
}

function subscriptions(isAmended: boolean): readonly ApiRecord[] {
  return [
    subscription('a', 'azure', '2025-06-01T00:00:00Z', azure('a', 'private-capacity', 3), {
      offerid: isAmended ? 'o-a2' : 'o-a',
    }),
    subscription('b', 'aws', '2025-06-01T00:00:00Z', [
      { dimension: 'capacity_used_tib', value: 10, expiration: '2026-03-10T00:00:00Z' },
      { dimension: 'egress_gib', value: 50.5 },
    ]),
    subscription('c', 'azure', '2025-07-01T00:00:00Z', azure('c', 'public-standard', 8)),
    subscription('d', 'gcp', '2026-01-15T00:00:00Z', gcp('d', 'public-premium')),
    subscription('e', 'azure', '2025-08-01T00:00:00Z', azure('e', 'private-capacity', 1)),
    subscription('g', 'gcp', '2025-06-01T00:00:00Z', gcp('g', 'no-such-plan')),
    subscription('h', 'aws', '2026-01-31T00:00:00Z', [{ dimension: 'capacity_used_tib', value: 5.25 }]),
    subscription('i', 'azure', '2026-02-24T12:00:00Z', azure('i', 'public-standard', 9)),
    subscription('j', 'gcp', '2026-02-19T13:00:00Z', gcp('j', 'saas-units'), {
      ended_at: '2026-03-20T06:30:00Z',
    }),
    subscription('k', 'aws', '2026-02-20T00:00:00Z', [{ dimension: 'StorageTiB', value: 3 }]),
    subscription('l', 'azure', '2026-02-20T00:00:00Z', azure('l', 'public-premium', 99)),
    // Begins after a gap, and nothing is billed to it yet.
    subscription('m', 'aws', '2026-03-15T00:00:00Z', []),
    subscription('o', 'azure', '2026-02-01T00:00:00Z', azure('o', 'public-standard', 100)),
    subscription('n', 'azure', '2026-01-20T00:00:00Z', azure('n', 'public-standard', 500)),
  ];
}
