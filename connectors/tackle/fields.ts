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

/** Where a column takes its value from in a Tackle record. */
export interface Field {
  readonly path: Path;
  /** Where else the value may be: hosts and versions of the API differ. The first that holds one counts. */
  readonly also: readonly Path[];
  /** A number whose source text is kept. */
  readonly is_money: boolean;
  /** Other records are joined by it: where it is in no record of a page, the page is broken. */
  readonly is_joining: boolean;
}

type Path = readonly [string, ...string[]];

/** The fields of one list. */
export interface RecordShape {
  readonly stream: Stream;
  /** Column → field; a column that is not here has the name of its field. */
  readonly fields: Readonly<Record<string, Field>>;
  /** Column that takes the whole record as JSON text. */
  readonly whole: string | null;
  /** Documented fields that are not stored; a name with a dot is a part of a field that is stored in part. */
  readonly ignored: readonly string[];
}

function field(path: Path, more: Partial<Field> = {}): Field {
  return { path, also: [], is_money: false, is_joining: false, ...more };
}

const of = (...path: Path): Field => field(path);
const joining = (...path: Path): Field => field(path, { is_joining: true });
const money = (...path: Path): Field => field(path, { is_money: true });
/** Money by itself, or in an object beside its currency. */
const amount = (...path: Path): Field => field(path, { is_money: true, also: [[...path, 'amount']] });

const CONTRACT_FIELDS = {
  cloud_marketplace: of('cloudMarketplace'),
  buyer_id: of('buyerId'),
  company_name: of('companyName'),
  product_id: of('productId'),
  listing_name: of('listingName'),
  listing_type: of('listingType'),
  pricing_model: of('pricingModel'),
  offer_id: joining('offerId'),
  offer_type: of('offerType'),
  offer_name: of('offerName'),
  tackle_offer_id: of('tackleOfferId'),
  contract_status: of('contractStatus'),
  cloud_contract_status: of('cloudContractStatus'),
  accepted_date: of('acceptedDate'),
  start_date: of('startDate'),
  end_date: of('endDate'),
  contract_duration: of('contractDuration'),
  auto_renew: of('autoRenew'),
  total_contract_value: money('totalContractValue', 'amount'),
  total_contract_value_currency: of('totalContractValue', 'currencyCode'),
  total_net_value: field(['totalNetValue', 'amount'], {
    is_money: true,
    also: [['totalContractNetValue', 'amount']],
  }),
  total_net_value_currency: field(['totalNetValue', 'currencyCode'], {
    also: [['totalContractNetValue', 'currencyCode']],
  }),
  gross_disbursed: money('grossDisbursed', 'amount'),
  gross_disbursed_currency: of('grossDisbursed', 'currencyCode'),
  net_disbursed: money('netDisbursed', 'amount'),
  net_disbursed_currency: of('netDisbursed', 'currencyCode'),
  marketplace_fee_rate: money('marketplaceFeeRate'),
  last_modified: of('lastModified'),
};

const MONEY_FIELDS = {
  product: field(['product'], { also: [['product', 'id']] }),
  transaction_id: of('transaction', 'id'),
  seller_revenue: amount('transaction', 'seller_revenue'),
  marketplace_fee: amount('transaction', 'marketplace_fee'),
  net_amount: amount('transaction', 'net_amount'),
  account_number: of('customer', 'account_number'),
};

/** How the records of each list become rows. */
export const RECORD_SHAPES: readonly RecordShape[] = [
  {
    stream: CONTRACTS,
    fields: CONTRACT_FIELDS,
    whole: null,
    ignored: ['vendorId', 'cloudData'],
  },
  {
    stream: SUBSCRIPTIONS,
    fields: { product_id: of('productid'), customer_id: of('customerid'), offer_id: joining('offerid') },
    whole: null,
    ignored: ['marketplace_data'],
  },
  {
    stream: PRODUCTS,
    fields: { product_id: field(['product_id'], { also: [['productid'], ['id']] }) },
    whole: 'product',
    ignored: [],
  },
  {
    stream: MICROSOFT_OFFERS,
    fields: {
      opportunity_id: of('salesforce', 'opportunity_id'),
      buyer_company_name: of('buyer_details', 'company_name'),
      buyer_billing_account_id: of('buyer_details', 'billing_account_id'),
      offer_ref: joining('offer_ref'),
    },
    whole: null,
    ignored: [],
  },
  {
    stream: AWS_OFFERS,
    fields: {
      offer_id: joining('offerid'),
      service_start_at: of('pricing', 'service_start_at'),
      service_end_at: of('pricing', 'service_end_at'),
      payment_model: of('pricing', 'payment_model'),
      currency_code: of('pricing', 'currency_code'),
    },
    whole: null,
    ignored: [],
  },
  {
    stream: USAGE_RECORDS,
    fields: {
      subscription_id: joining('subscription_id'),
      dimension_name: of('dimension', 'name'),
      dimension_quantity: money('dimension', 'quantity'),
    },
    whole: null,
    ignored: ['link'],
  },
  { stream: INVOICES, fields: MONEY_FIELDS, whole: null, ignored: [] },
  { stream: DISBURSEMENTS, fields: MONEY_FIELDS, whole: null, ignored: [] },
];

/** The field of a column: its own, or the one of its name. */
export function fieldOf(shape: RecordShape, column: string): Field {
  return shape.fields[column] ?? of(column);
}
