import { dayOfText, instantOf, utcText } from './calendar.ts';
import { isNumberText } from './page_file.ts';

/** A record of a list, column by column, as texts; null where it says nothing. */
export type RecordRow = Readonly<Record<string, string | null>>;

/** How one column of a list comes out of a record, and what a record must say there to be believed. */
export interface FieldRule {
  readonly column: string;
  /** Where the value is; of several the first that holds one. */
  readonly paths: readonly (readonly string[])[];
  readonly nullable: boolean;
  /** The value as text; undefined where it may not be that. Never given null. */
  readonly read: (value: unknown) => string | undefined;
}

/** One list: its rows' place in a page, its rules, and which column names a record. */
export interface ListRule {
  readonly source: string;
  readonly stream: string;
  readonly key: string;
  /** Of a page's body: the rows; null where it is not such a page. */
  readonly rows: (body: unknown) => readonly unknown[] | null;
  readonly fields: readonly FieldRule[];
  /** Whether each field must be there, if only as null. */
  readonly is_complete: boolean;
}

const wellFormed = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed();
const anyText = (value: unknown) => (wellFormed(value) ? value : undefined);
const nonEmpty = (value: unknown) => (wellFormed(value) && value !== '' ? value : undefined);
const flagText = (value: unknown) => (typeof value === 'boolean' ? String(value) : undefined);
const wordOf = (words: string) => {
  const known = new Set(words.split('|'));
  return (value: unknown) => (typeof value === 'string' && known.has(value) ? value : undefined);
};
const instantText = (value: unknown) => {
  const text = typeof value === 'string' ? utcText(value) : '';
  return instantOf(text) === null ? undefined : text;
};
const timeText = (value: unknown) => {
  const match = /^(.{10})(?:T(.{8})(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})?)?$/.exec(String(value));
  if (typeof value !== 'string' || match === null) return undefined;
  const [, date = '', time = '00:00:00'] = match;
  return instantOf(`${date}T${time}Z`) === null || dayOfText(date) === null ? undefined : value;
};
const quantityText = (value: unknown) =>
  typeof value === 'string' && /^\d{1,18}(\.\d{1,9})?$/.test(value) ? value : undefined;

/** Money that numeric(38,9) holds: at most 28 digits before the point. */
function moneyText(value: unknown): string | undefined {
  const text = isNumberText(value) ? value.rawJSON : value;
  const match = /^-?0*(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/.exec(typeof text === 'string' ? text : '');
  if (match === null || typeof text !== 'string' || !/^-?\d/.test(text)) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && /^0*$/.test(fraction)) return text;
  const leading = whole === '' ? -(/^0*/.exec(fraction)?.[0].length ?? 0) : whole.length;
  return leading + Number(exponent) <= 28 ? text : undefined;
}

/** A part of a record that is kept as JSON text; half a surrogate pair in it is refused. */
function jsonText(value: unknown): string | undefined {
  const text = JSON.stringify(value);
  return /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(text) ? undefined : text;
}

type Read = FieldRule['read'];

const field = (
  column: string,
  read: Read,
  nullable: boolean,
  path: string,
  ...also: string[]
): FieldRule => ({
  column,
  read,
  nullable,
  paths: [path, ...also].map((each) => each.split('.')),
});
const must = (column: string, read: Read, path = column) => field(column, read, false, path);
const may = (column: string, read: Read, path = column, ...also: string[]) =>
  field(column, read, true, path, ...also);

const CLOUDS = 'azure|gcp|aws';
const listIn =
  (key: string) =>
  (body: unknown): readonly unknown[] | null => {
    const rows = typeof body === 'object' && body !== null ? Reflect.get(body, key) : undefined;
    return Array.isArray(rows) ? rows : null;
  };
const bareList = (body: unknown) => (Array.isArray(body) ? body : null);
const catalogue = { source: 'polaris', rows: listIn('data'), is_complete: true };

export const DIMENSIONS: ListRule = {
  ...catalogue,
  stream: 'dimensions',
  key: 'dimension',
  fields: [
    must('dimension', nonEmpty),
    must('unit', anyText),
    must('measure', wordOf('level|count')),
    must('billable', flagText),
    must('description', anyText),
  ],
};

export const CLUSTERS: ListRule = {
  ...catalogue,
  stream: 'clusters',
  key: 'cluster_id',
  fields: [
    must('cluster_id', nonEmpty),
    must('customer_id', nonEmpty),
    may('subscription_id', nonEmpty),
    must('cloud', wordOf(`${CLOUDS}|onprem`)),
    must('region', anyText),
    must('provisioned_tib', quantityText),
    must('created_at', instantText),
    may('terminated_at', instantText),
  ],
};

export const CONTRACTS: ListRule = {
  source: 'tackle',
  stream: 'contracts',
  key: 'id',
  rows: listIn('contracts'),
  is_complete: false,
  fields: [
    must('id', nonEmpty),
    must('cloud', wordOf(CLOUDS), 'cloudMarketplace'),
    may('channel', wordOf('direct|partner')),
    may('buyer_id', anyText, 'buyerId'),
    may('company_name', anyText, 'companyName'),
    may('product_id', anyText, 'productId'),
    may('listing_name', anyText, 'listingName'),
    may('listing_type', anyText, 'listingType'),
    may(
      'pricing_model',
      wordOf('Contract only|Usage only|Contract + usage|Hourly + annual|BYOL'),
      'pricingModel',
    ),
    may('offer_id', anyText, 'offerId'),
    may('offer_type', wordOf('private|public'), 'offerType'),
    may('offer_name', anyText, 'offerName'),
    may('tackle_offer_id', anyText, 'tackleOfferId'),
    must('status', wordOf('Pending|Active|Amended|Cancelled|Expired|Unknown'), 'contractStatus'),
    may('cloud_status', anyText, 'cloudContractStatus'),
    may('accepted_at', instantText, 'acceptedDate'),
    may('starts_at', instantText, 'startDate'),
    may('ends_at', instantText, 'endDate'),
    may('duration', anyText, 'contractDuration'),
    may('auto_renew', flagText, 'autoRenew'),
    may('value', moneyText, 'totalContractValue.amount'),
    may('value_currency', anyText, 'totalContractValue.currencyCode'),
    may('net', moneyText, 'totalNetValue.amount', 'totalContractNetValue.amount'),
    may('net_currency', anyText, 'totalNetValue.currencyCode', 'totalContractNetValue.currencyCode'),
    may('gross_disbursed', moneyText, 'grossDisbursed.amount'),
    may('gross_disbursed_currency', anyText, 'grossDisbursed.currencyCode'),
    may('net_disbursed', moneyText, 'netDisbursed.amount'),
    may('net_disbursed_currency', anyText, 'netDisbursed.currencyCode'),
    may('fee_rate', moneyText, 'marketplaceFeeRate'),
    may('modified_at', instantText, 'lastModified'),
  ],
};

export const SUBSCRIPTIONS: ListRule = {
  source: 'tackle',
  stream: 'subscriptions',
  key: 'tackle_subscription_id',
  rows: listIn('data'),
  is_complete: false,
  fields: [
    must('tackle_subscription_id', nonEmpty),
    may('product_id', anyText, 'productid'),
    must('cloud', wordOf(CLOUDS)),
    may('buyer_id', anyText, 'customerid'),
    may('offer_id', anyText, 'offerid'),
    ...['created_at', 'registered_at', 'started_at', 'ended_at', 'cancelled_at', 'updated_at'].map((name) =>
      may(name, instantText),
    ),
    may('is_free_trial', flagText),
    may('entitlements', jsonText),
    may('registration_details', jsonText),
  ],
};

export const MICROSOFT_OFFERS: ListRule = {
  source: 'tackle',
  stream: 'microsoft_offers',
  key: 'po_id',
  rows: bareList,
  is_complete: false,
  fields: [
    must('po_id', nonEmpty),
    ...['offer_type', 'product_ref', 'start_on', 'plan_ref', 'offer_ref', 'subscription_ref', 'status'].map(
      (name) => may(name, anyText),
    ),
    may('opportunity_id', anyText, 'salesforce.opportunity_id'),
    may('company_name', anyText, 'buyer_details.company_name'),
    may('billing_account_id', anyText, 'buyer_details.billing_account_id'),
    ...['start_date', 'end_date', 'accept_by_date'].map((name) => may(name, timeText)),
    must(
      'state',
      wordOf(
        'draft|pending|submitted_in_cloud|created_in_cloud|email_sent|instructions_opened|viewed|partner_marked_up|accepted|subscribed|attention_needed|pending_cancellation|pending_cancellation_withdrawn|canceled|deleted_in_cloud',
      ),
    ),
    may('pricing', jsonText),
  ],
};

export const AWS_OFFERS: ListRule = {
  source: 'tackle',
  stream: 'aws_offers',
  key: 'po_id',
  rows: bareList,
  is_complete: false,
  fields: [
    must('po_id', nonEmpty),
    may('offer_id', anyText, 'offerid'),
    ...['offer_type', 'source_offer_id', 'salesforce_id'].map((name) => may(name, anyText)),
    may('offer_expiration_at', timeText),
    may('service_start_at', timeText, 'pricing.service_start_at'),
    may('service_end_at', timeText, 'pricing.service_end_at'),
    may('payment_model', anyText, 'pricing.payment_model'),
    may('currency_code', anyText, 'pricing.currency_code'),
    may('pricing', jsonText),
  ],
};
