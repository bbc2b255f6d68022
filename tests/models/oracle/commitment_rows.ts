import { hourText } from './clock.ts';
import { type Commitment, commitmentAt, statedCommitments } from './commitments.ts';
import { firstNamed, linksAt, subscriptionAccounts } from './links.ts';
import { decimal } from './money.ts';
import type { Row } from './table.ts';
import { termsAt } from './terms.ts';
import type { UsageBasis } from './usage.ts';

/** Terms, commitments and links at the newest as-of date, from all that is held. */
export function commercialBasis(basis: UsageBasis) {
  const { taken, snapshot, newest, world } = basis;
  const named = firstNamed(taken.revisions.filter(({ known }) => known <= newest));
  const terms = termsAt(snapshot, world.rules, meteredSubscriptions(basis));
  const links = linksAt(snapshot, newest, named, terms);
  const stated = statedCommitments(snapshot, terms, world.rules);
  return { terms, links, stated, accounts: subscriptionAccounts(snapshot, terms, links) };
}

/** Subscription → cloud, as the meter has them. */
function meteredSubscriptions({ taken }: Pick<UsageBasis, 'taken'>): ReadonlyMap<string, string> {
  return new Map(
    taken.revisions.flatMap(({ row }) =>
      row.subscription_id === null ? [] : [[row.subscription_id, row.cloud]],
    ),
  );
}

/** `fct_commitments`: stretches of hours in which the same source applies. */
export function commitmentRows(basis: UsageBasis): readonly Row[] {
  const { stated, accounts } = commercialBasis(basis);
  const units = new Map(
    basis.snapshot.list('polaris.dimensions').map(({ dimension, unit }) => [dimension, unit]),
  );
  const pairs = [...new Set(stated.map(({ subscription, dimension }) => `${subscription} ${dimension}`))];
  return pairs.flatMap((pair) => {
    const [subscription = '', dimension = ''] = pair.split(' ');
    return stretches(stated, subscription, dimension).map(({ from, to, applied }) => ({
      subscription_id: subscription,
      account_id: accounts.get(subscription) ?? null,
      dimension,
      unit: String(units.get(dimension)),
      from_hour: Number.isFinite(from) ? hourText(from) : null,
      to_hour: Number.isFinite(to) ? hourText(to) : null,
      quantity: applied.quantity === null ? null : decimal(applied.quantity),
      is_unlimited: applied.quantity === null,
      commitment_source: applied.source,
      source_id: applied.source_id,
    }));
  });
}

function stretches(stated: readonly Commitment[], subscription: string, dimension: string) {
  const own = stated.filter((each) => each.subscription === subscription && each.dimension === dimension);
  const bounds = [...new Set(own.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const found: { from: number; to: number; applied: Commitment }[] = [];
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const applied = commitmentAt(own, subscription, dimension, from);
    const to = bounds[index + 1] ?? from;
    const last = found.at(-1);
    if (applied === undefined) continue;
    if (last?.to === from && last.applied === applied) last.to = to;
    else found.push({ from, to, applied });
  }
  return found;
}

/** Rows of the mart whose neighbours say the same, put together: where the engine cuts a stretch is its own affair. */
export function joinStretches(rows: readonly Row[]): readonly Row[] {
  const joined: Row[] = [];
  const sorted = rows.toSorted((a, b) => orderOf(a).localeCompare(orderOf(b)));
  for (const row of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && last.to_hour === row.from_hour && saidBy(last) === saidBy(row))
      joined[joined.length - 1] = { ...last, to_hour: row.to_hour ?? null };
    else joined.push(row);
  }
  return joined;
}

const orderOf = (row: Row) => [row.subscription_id, row.dimension, row.from_hour ?? ''].join(' ');
const saidBy = ({ from_hour: _, to_hour: __, ...rest }: Row) => JSON.stringify(rest);
