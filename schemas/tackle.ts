import { z } from 'zod';
import { as, flag, id, instant, moneyText, text, timeText, word } from './columns.ts';
import { type Stream, stream } from './streams.ts';

const maybeText = () => text().nullable();
const maybeInstant = () => instant().nullable();
const maybeTime = () => timeText().nullable();
/** A part of the record kept as JSON text: its shape differs by cloud, models take what they need. */
const json = () =>
  as(
    'json',
    z.string().refine((value) => !LONE_SURROGATE.test(value), {
      error: 'want well-formed Unicode, got a lone surrogate',
    }),
  );
/** JSON.stringify escapes half a surrogate pair, and nothing else so; the warehouse's JSON functions fail at it. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

function tackle(
  name: string,
  key: readonly [string, ...string[]],
  shape: z.ZodRawShape,
  full = true,
): Stream {
  return stream({ source: 'tackle', name, kind: 'records', key, full, schema: z.object(shape) });
}

const TACKLE_CLOUDS = ['azure', 'gcp', 'aws'] as const;

/** One row per version of a contract. Amounts are source texts beside their currency. */
export const CONTRACTS = tackle('contracts', ['id'], {
  id: id(),
  cloud_marketplace: word(TACKLE_CLOUDS),
  channel: word(['direct', 'partner']).nullable(),
  buyer_id: maybeText(),
  company_name: maybeText(),
  product_id: maybeText(),
  listing_name: maybeText(),
  listing_type: maybeText(),
  pricing_model: word([
    'Contract only',
    'Usage only',
    'Contract + usage',
    'Hourly + annual',
    'BYOL',
  ]).nullable(),
  offer_id: maybeText(),
  offer_type: word(['private', 'public']).nullable(),
  offer_name: maybeText(),
  tackle_offer_id: maybeText(),
  contract_status: word(['Pending', 'Active', 'Amended', 'Cancelled', 'Expired', 'Unknown']),
  cloud_contract_status: maybeText(),
  accepted_date: maybeInstant(),
  start_date: maybeInstant(),
  end_date: maybeInstant(),
  contract_duration: maybeText(),
  auto_renew: flag().nullable(),
  total_contract_value: moneyText().nullable(),
  total_contract_value_currency: maybeText(),
  total_net_value: moneyText().nullable(),
  total_net_value_currency: maybeText(),
  gross_disbursed: moneyText().nullable(),
  gross_disbursed_currency: maybeText(),
  net_disbursed: moneyText().nullable(),
  net_disbursed_currency: maybeText(),
  marketplace_fee_rate: moneyText().nullable(),
  last_modified: maybeInstant(),
});

/** One row per version of a subscription; `entitlements` and the details stay JSON (they differ by cloud). */
export const SUBSCRIPTIONS = tackle('subscriptions', ['tackle_subscription_id'], {
  tackle_subscription_id: id(),
  product_id: maybeText(),
  cloud: word(TACKLE_CLOUDS),
  customer_id: maybeText(),
  offer_id: maybeText(),
  created_at: maybeInstant(),
  registered_at: maybeInstant(),
  started_at: maybeInstant(),
  ended_at: maybeInstant(),
  cancelled_at: maybeInstant(),
  updated_at: maybeInstant(),
  is_free_trial: flag().nullable(),
  entitlements: json().nullable(),
  registration_details: json().nullable(),
});

export const PRODUCTS = tackle('products', ['product_id'], { product_id: id(), product: json() });

const MICROSOFT_OFFER_STATES = [
  'draft',
  'pending',
  'submitted_in_cloud',
  'created_in_cloud',
  'email_sent',
  'instructions_opened',
  'viewed',
  'partner_marked_up',
  'accepted',
  'subscribed',
  'attention_needed',
  'pending_cancellation',
  'pending_cancellation_withdrawn',
  'canceled',
  'deleted_in_cloud',
] as const;

/** One row per version of a Microsoft private offer. */
export const MICROSOFT_OFFERS = tackle('microsoft_offers', ['po_id'], {
  po_id: id(),
  offer_type: maybeText(),
  product_ref: maybeText(),
  opportunity_id: maybeText(),
  buyer_company_name: maybeText(),
  buyer_billing_account_id: maybeText(),
  start_on: maybeText(),
  start_date: maybeTime(),
  end_date: maybeTime(),
  accept_by_date: maybeTime(),
  plan_ref: maybeText(),
  offer_ref: maybeText(),
  subscription_ref: maybeText(),
  state: word(MICROSOFT_OFFER_STATES),
  status: maybeText(),
  pricing: json().nullable(),
});

/** One row per version of an AWS private offer. */
export const AWS_OFFERS = tackle('aws_offers', ['po_id'], {
  po_id: id(),
  offer_id: maybeText(),
  offer_type: maybeText(),
  source_offer_id: maybeText(),
  salesforce_id: maybeText(),
  offer_expiration_at: maybeTime(),
  service_start_at: maybeTime(),
  service_end_at: maybeTime(),
  payment_model: maybeText(),
  currency_code: maybeText(),
  pricing: json().nullable(),
});

const USAGE_STATUSES = ['idle', 'in-progress', 'accepted', 'rejected'] as const;
const USAGE_REASONS = [
  'external-service-error',
  'external-too-many-requests',
  'external-access-denied',
  'invalid-usage-dimension',
  'customer-not-entitled',
  'duplicate-request',
  'invalid-product-code',
  'invalid-usage-allocation',
  'unrecognized-exception',
  'deleted',
] as const;

/** One row per version of a usage record sent on to a marketplace. Re-read over a window, so not a full list. */
export const USAGE_RECORDS = tackle(
  'usage_records',
  ['id'],
  {
    id: id(),
    cloud: word(TACKLE_CLOUDS),
    product_id: maybeText(),
    customer_id: maybeText(),
    subscription_id: maybeText(),
    dimension_name: text(),
    dimension_quantity: moneyText(),
    start_time: instant(),
    end_time: maybeInstant(),
    created_at: maybeInstant(),
    updated_at: maybeInstant(),
    deleted_at: maybeInstant(),
    scheduled_at: maybeInstant(),
    status: word(USAGE_STATUSES),
    reason: word(USAGE_REASONS).nullable(),
  },
  false,
);

const MONEY_ROW = {
  invoice_id: id(),
  cloud: word(TACKLE_CLOUDS),
  account_receivable_period: as('text', z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/)),
  product: maybeText(),
  transaction_id: id(),
  seller_revenue: moneyText().nullable(),
  marketplace_fee: moneyText().nullable(),
  net_amount: moneyText().nullable(),
  account_number: maybeText(),
};

/** Azure's rows come as files, and a file that was cleared away takes nothing back. */
function moneyList(name: string): Stream {
  const key = ['cloud', 'invoice_id', 'transaction_id'] as const;
  return { ...tackle(name, key, MONEY_ROW), in_parts: { column: 'cloud', value: 'azure' } };
}

/** One row per version of an invoice's transaction. */
export const INVOICES = moneyList('invoices');
/** One row per version of a disbursement's transaction. */
export const DISBURSEMENTS = moneyList('disbursements');

export const TACKLE_STREAMS: readonly Stream[] = [
  PRODUCTS,
  CONTRACTS,
  SUBSCRIPTIONS,
  MICROSOFT_OFFERS,
  AWS_OFFERS,
  USAGE_RECORDS,
  INVOICES,
  DISBURSEMENTS,
];
