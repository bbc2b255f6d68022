import { hourCeil, looseInstant } from './calendar.ts';
import { nanosOfNumber } from './decimals.ts';
import { type EntitledTerm, elementsOf, textAt } from './entitlements.ts';
import { parseExact } from './page_file.ts';
import type { RatingPolicy, RatingRules } from './policy_files.ts';
import type { RecordRow } from './record_rules.ts';
import { compareText } from './records.ts';
import { type ContractTerm, type Lists, namesOne, type Subscription } from './terms.ts';

/** What one source says of a subscription's dimension, in the hours from `from` up to, and not including, `to`. */
export interface Commitment {
  readonly dimension: string;
  readonly from: number;
  readonly to: number;
  /** 1 policy binding, 2 Microsoft offer, 3 AWS entitlement, 4 Azure entitlement. */
  readonly priority: number;
  readonly source_id: string;
  /** Billionths; null where it has no limit. */
  readonly quantity: bigint | null;
}

/** All that commitments are read from. */
export interface CommercialFacts {
  readonly rules: RatingRules;
  readonly lists: Lists;
  readonly contracts: readonly ContractTerm[];
  readonly entitled: (subscription: string) => readonly EntitledTerm[];
  /** Every dimension that Polaris ever listed. */
  readonly dimensions: readonly string[];
}

/** An offer that is bound or running, whether or not a contract says so. */
const OFFER_STATES = new Set([
  'accepted',
  'subscribed',
  'pending_cancellation',
  'pending_cancellation_withdrawn',
]);

/**
 * Everything that is stated of a subscription. metrics.md: "first that applies: the overage policy's binding; the Microsoft
 * offer's included_quantities …; the AWS entitlement's value …; the Azure entitlement's quantity, for held capacity only".
 */
export function statedCommitments(facts: CommercialFacts, subscription: Subscription): readonly Commitment[] {
  const all = [...microsoft(facts, subscription), ...entitlementsOfClouds(facts, subscription)];
  const { from, to } = subscription;
  return all
    .map((each) => ({ ...each, from: Math.max(each.from, from), to: Math.min(each.to, to) }))
    .filter((each) => each.from < each.to)
    .sort((a, b) => a.priority - b.priority || laterFirst(a, b) || compareText(b.source_id, a.source_id));
}

const laterFirst = (a: Commitment, b: Commitment) => (a.from === b.from ? 0 : b.from > a.from ? 1 : -1);

/** What applies in an hour: the binding of the policy that rates it, else the first that states something; null: nothing. */
export function commitmentAt(
  stated: readonly Commitment[],
  subscription: Subscription,
  policy: RatingPolicy,
  hour: number,
): { readonly quantity: bigint | null } | null {
  const bound = policy.commit.get(subscription.id);
  if (bound !== undefined && subscription.from <= hour && hour < subscription.to) return { quantity: bound };
  const found = stated.find(
    ({ dimension, from, to }) => dimension === policy.dimension && from <= hour && hour < to,
  );
  return found ?? null;
}

/** The Microsoft offers that a subscription bought, or that name its Azure id (an amendment). */
function microsoft(facts: CommercialFacts, subscription: Subscription): readonly Commitment[] {
  const { lists, contracts } = facts;
  const record = lists.subscriptions.get(subscription.id);
  return [...lists.microsoft_offers].flatMap(([po_id, offer]) => {
    if (record === undefined || !isOffered(offer, record)) return [];
    const signed = contracts.filter(
      (each) => each.tackle_offer === po_id && each.subscription === subscription.id,
    );
    const unsigned = OFFER_STATES.has(offer.state ?? '') ? [{ starts_at: null, ends_at: null }] : [];
    return (signed.length > 0 ? signed : unsigned).flatMap((term) => offeredTerm(facts, po_id, offer, term));
  });
}

const isOffered = (offer: RecordRow, record: RecordRow): boolean =>
  (record.cloud === 'azure' && record.offer_id !== null && offer.offer_ref === record.offer_id) ||
  (typeof offer.subscription_ref === 'string' && namesOne(record, new Set([offer.subscription_ref])));

function offeredTerm(
  { rules, dimensions }: CommercialFacts,
  po_id: string,
  offer: RecordRow,
  term: Pick<ContractTerm, 'starts_at' | 'ends_at'>,
): readonly Commitment[] {
  const starts = term.starts_at ?? looseInstant(offer.start_date ?? null);
  const ends = term.ends_at ?? looseInstant(offer.end_date ?? null);
  const within = {
    from: starts === null ? Number.NEGATIVE_INFINITY : hourCeil(starts),
    to: ends === null ? Number.POSITIVE_INFINITY : hourCeil(ends),
    priority: 2,
    source_id: po_id,
  };
  const renamed = rules.marketplace_names.get('azure') ?? new Map<string, string>();
  const names = new Set([...dimensions, ...renamed.values()]);
  return [...names].flatMap((dimension) => {
    const spelt = [...renamed].filter(([, ours]) => ours === dimension).map(([theirs]) => theirs);
    const own = dimensions.includes(dimension) ? [dimension, ...spelt] : spelt;
    const included = includedQuantity(offer.pricing ?? null, own);
    return included === null ? [] : [{ dimension, ...within, quantity: included.quantity }];
  });
}

/** metrics.md: "monthly before annual, read as a level; unlimited_quantity: included = U, no overage". */
function includedQuantity(
  pricing: string | null,
  names: readonly string[],
): { readonly quantity: bigint | null } | null {
  const priced = pricing === null ? null : fieldOf(parseExact(pricing), 'dimensions');
  const entries = names.flatMap((name) =>
    elementsOf(JSON.stringify(fieldOf(priced, name)), 'included_quantities'),
  );
  const isMonthly = (entry: unknown) =>
    (textAt(entry, 'dimension_term') ?? '').toLowerCase().startsWith('month');
  const entry = entries.find(isMonthly) ?? entries[0];
  if (textAt(entry, 'unlimited_quantity')?.toLowerCase() === 'true') return { quantity: null };
  const quantity = nanosOfNumber(textAt(entry, 'quantity'));
  return quantity === null ? null : { quantity };
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.hasOwn(value, key) ? Reflect.get(value, key) : null;
}

function entitlementsOfClouds(
  { rules, entitled }: CommercialFacts,
  { id, cloud }: Subscription,
): readonly Commitment[] {
  const names = rules.marketplace_names.get('aws');
  return entitled(id).flatMap((term) => {
    const { from, to, quantity, position, dimension } = term;
    if (quantity === null) return [];
    const stated = { from, to, quantity, source_id: `${id}/${position}` };
    if (cloud === 'aws' && dimension !== null)
      return [{ ...stated, dimension: names?.get(dimension) ?? dimension, priority: 3 }];
    if (cloud !== 'azure') return [];
    return rules.held_capacity.map((held) => ({ ...stated, dimension: held, priority: 4 }));
  });
}
