import { dayOfInstant, hourCeil } from './calendar.ts';
import { type Entitlement, elementsOf, entitlementsOf, textAt } from './entitlements.ts';
import type { RatingRules } from './policy_files.ts';
import type { RecordRow } from './record_rules.ts';
import { compareText, instantIn } from './records.ts';

/** What the marketplace's lists hold at one snapshot, by key. */
export interface Lists {
  readonly contracts: ReadonlyMap<string, RecordRow>;
  readonly subscriptions: ReadonlyMap<string, RecordRow>;
  readonly microsoft_offers: ReadonlyMap<string, RecordRow>;
  readonly aws_offers: ReadonlyMap<string, RecordRow>;
}

/** A subscription and the hours of its term: `from` up to, and not including, `to`. */
export interface Subscription {
  readonly id: string;
  readonly cloud: string | null;
  readonly offer: string | null;
  /** The plan as the marketplace names it. */
  readonly plan: string | null;
  readonly tier: string | null;
  readonly edition: string | null;
  /** The day its periods are counted from; null where nobody says. */
  readonly start_day: number | null;
  readonly from: number;
  readonly to: number;
  /** False for one that only the meter names: then nobody says when it is in force. */
  readonly is_in_tackle: boolean;
}

/** A contract that began, until its own end or until the next one of its subscription begins. Instants. */
export interface ContractTerm {
  readonly id: string;
  readonly tackle_offer: string | null;
  readonly subscription: string | null;
  readonly starts_at: number | null;
  readonly ends_at: number | null;
}

/** The earlier of two instants, where they are known. */
const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** metrics.md: "amended contracts supersede from their start". A contract belongs to one subscription at most. */
export function contractTerms(lists: Lists): readonly ContractTerm[] {
  const begun = [...lists.contracts].filter(([, { status }]) => status !== 'Pending' && status !== 'Unknown');
  const owned = begun.map(([id, row]) => {
    const subscription = ownerOf(row, lists);
    const held = subscription === null ? undefined : lists.subscriptions.get(subscription);
    const cancelled = held === undefined ? null : instantIn(held, 'cancelled_at');
    const stops = row.status === 'Cancelled' ? (cancelled ?? instantIn(row, 'modified_at')) : cancelled;
    const ends_at = earlier(instantIn(row, 'ends_at'), stops);
    const tackle_offer = row.tackle_offer_id ?? null;
    return { id, tackle_offer, subscription, starts_at: instantIn(row, 'starts_at'), ends_at };
  });
  return [...Map.groupBy(owned, ({ subscription }) => subscription)].flatMap(([subscription, own]) =>
    subscription === null ? own : superseded(own),
  );
}

function superseded(own: readonly ContractTerm[]): readonly ContractTerm[] {
  const start = ({ starts_at }: ContractTerm) => starts_at ?? Number.MAX_SAFE_INTEGER;
  const ordered = own.toSorted((a, b) => start(a) - start(b) || compareText(a.id, b.id));
  return ordered.map((each, index) => ({
    ...each,
    ends_at: earlier(each.ends_at, ordered[index + 1]?.starts_at ?? null),
  }));
}

/** Of the subscriptions of the contract's offer and buyer, or named by its Microsoft offer, the one that starts nearest. */
function ownerOf(contract: RecordRow, lists: Lists): string | null {
  const starts = instantIn(contract, 'starts_at');
  const distance = (row: RecordRow) => {
    const start = instantIn(row, 'started_at') ?? instantIn(row, 'created_at');
    return starts === null || start === null ? Number.MAX_SAFE_INTEGER : Math.abs(starts - start);
  };
  const azureIds = new Set(
    [...lists.microsoft_offers.values()].flatMap((offer) =>
      same(contract.tackle_offer_id, offer.po_id) || same(contract.offer_id, offer.offer_ref)
        ? (offer.subscription_ref ?? [])
        : [],
    ),
  );
  const [nearest] = [...lists.subscriptions]
    .filter(([, row]) => buys(contract, row) || namesOne(row, azureIds))
    .sort(([a, first], [b, second]) => distance(first) - distance(second) || compareText(a, b));
  return nearest?.[0] ?? null;
}

const same = (a: string | null | undefined, b: string | null | undefined) => typeof a === 'string' && a === b;

function buys(contract: RecordRow, row: RecordRow): boolean {
  const anyBuyer = contract.buyer_id === null || row.buyer_id === null;
  return (
    same(contract.cloud, row.cloud) &&
    same(contract.offer_id, row.offer_id) &&
    (anyBuyer || contract.buyer_id === row.buyer_id)
  );
}

/** Whether an Azure subscription's entitlement bears one of these ids. */
export const namesOne = (row: RecordRow, azureIds: ReadonlySet<string>): boolean =>
  row.cloud === 'azure' &&
  entitlementsOf(row).some(({ azure_id }) => azure_id !== null && azureIds.has(azure_id));

/** Subscriptions as the marketplace has them, and those that only the meter names (id → cloud). */
export function subscriptionsOf(
  lists: Lists,
  contracts: readonly ContractTerm[],
  rules: RatingRules,
  metered: ReadonlyMap<string, string>,
): ReadonlyMap<string, Subscription> {
  const own = Map.groupBy(contracts, ({ subscription }) => subscription);
  const found = new Map<string, Subscription>();
  for (const [id, row] of lists.subscriptions)
    found.set(id, subscriptionOf(id, row, lists, own.get(id) ?? [], rules));
  for (const [id, cloud] of metered) if (!found.has(id)) found.set(id, onlyMetered(id, cloud));
  return found;
}

function onlyMetered(id: string, cloud: string): Subscription {
  const unknown = {
    offer: null,
    plan: null,
    tier: null,
    edition: null,
    start_day: null,
    is_in_tackle: false,
  };
  return { id, cloud, ...unknown, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
}

function subscriptionOf(
  id: string,
  row: RecordRow,
  lists: Lists,
  contracts: readonly ContractTerm[],
  rules: RatingRules,
): Subscription {
  const plan = planOf(row, lists);
  const ends = contracts.flatMap(({ ends_at }) => ends_at ?? []);
  const lastEnd = ends.length > 0 && ends.length === contracts.length ? Math.max(...ends) : null;
  const stop = earlier(earlier(instantIn(row, 'ended_at'), instantIn(row, 'cancelled_at')), lastEnd);
  const start = instantIn(row, 'started_at') ?? instantIn(row, 'created_at');
  const held = plan === null ? undefined : rules.plans.get(plan);
  return {
    id,
    cloud: row.cloud ?? null,
    offer: row.offer_id ?? null,
    plan,
    tier: held?.tier ?? null,
    edition: held?.edition ?? null,
    start_day: start === null ? null : dayOfInstant(start),
    from: start === null ? Number.NEGATIVE_INFINITY : hourCeil(start),
    to: stop === null ? Number.POSITIVE_INFINITY : hourCeil(stop),
    is_in_tackle: true,
  };
}

/** metrics.md: "by plan (Azure, Google Cloud: the entitlement's plan; AWS: the offer's contract dimension `api_name`)". */
function planOf(row: RecordRow, { aws_offers }: Lists): string | null {
  if (row.cloud !== 'aws') return least(entitlementsOf(row).map(({ plan }: Entitlement) => plan));
  const names = [...aws_offers.values()]
    .filter(({ offer_id }) => same(offer_id, row.offer_id))
    .flatMap(({ pricing }) => elementsOf(pricing ?? null, 'dimensions'))
    .map((dimension) => textAt(dimension, 'api_name'));
  return least(names);
}

const least = (texts: readonly (string | null)[]): string | null =>
  texts.filter((each) => each !== null).sort(compareText)[0] ?? null;
