import { dayOfHour, hourFloor } from './calendar.ts';
import type { RecordRow } from './record_rules.ts';
import { compareText, instantIn } from './records.ts';
import type { Subscription } from './terms.ts';

/** The hours in which a cluster is billed to a subscription: `from` up to, and not including, `to`. */
export interface Link {
  readonly cluster: string;
  readonly subscription: string;
  readonly from: number;
  readonly to: number;
}

/** From which hour on the meter names a subscription for a cluster; null where it names none. */
export interface FirstNamed {
  readonly subscription: string | null;
  readonly hour: number;
}

const END = Number.POSITIVE_INFINITY;

/**
 * Which subscription a cluster is billed to. The meter's word counts, from the first hour that names a subscription to the
 * first that names the next one, and back to the cluster's creation; a subscription that only the catalogue names takes
 * over where its term begins.
 * @param cutOff what was to end after it (the newest as-of date's cut-off, an instant) has not ended
 */
export function clusterLinks(
  cluster: string,
  record: RecordRow,
  named: readonly FirstNamed[],
  subscriptions: ReadonlyMap<string, Subscription>,
  cutOff: number,
): readonly Link[] {
  const created = hourFloor(instantIn(record, 'created_at') ?? 0);
  const terminated = instantIn(record, 'terminated_at');
  const ended = terminated === null || terminated > cutOff ? END : hourFloor(terminated);
  const ordered = named.toSorted((a, b) => a.hour - b.hour || byName(a.subscription, b.subscription));
  const takeover = takeoverOf(record.subscription_id ?? null, created, ordered, subscriptions);
  const links = ordered.flatMap(({ subscription, hour }, index): readonly Link[] => {
    const next = ordered[index + 1]?.hour ?? END;
    const until = takeover !== null && takeover.from > hour ? takeover.from : END;
    const from = index === 0 ? Math.min(created, hour) : hour;
    return subscription === null ? [] : [{ cluster, subscription, from, to: Math.min(next, until, ended) }];
  });
  const last = takeover === null ? [] : [{ cluster, ...takeover, to: ended }];
  return [...links, ...last].filter(({ from, to }) => from < to);
}

function takeoverOf(
  stated: string | null,
  created: number,
  named: readonly FirstNamed[],
  subscriptions: ReadonlyMap<string, Subscription>,
): { readonly subscription: string; readonly from: number } | null {
  if (stated === null || named.some(({ subscription }) => subscription === stated)) return null;
  const term = subscriptions.get(stated);
  return { subscription: stated, from: term?.is_in_tackle ? Math.max(created, term.from) : created };
}

/** A cluster that the meter names no subscription for comes last. */
function byName(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return compareText(a, b);
}

/**
 * The hours in which a cluster is expected. metrics.md: "each UTC hour from the one that contains a cluster's created_at (or
 * the feed's first hour, if later) up to, and not including, the one that contains terminated_at"; none after the newest
 * as-of date.
 */
export function expectedHours(record: RecordRow, feedFirst: number, newest: number) {
  const created = hourFloor(instantIn(record, 'created_at') ?? 0);
  const terminated = instantIn(record, 'terminated_at');
  const end = (newest + 1) * 24;
  return {
    from: Math.max(created, feedFirst),
    to: terminated === null ? end : Math.min(end, hourFloor(terminated)),
  };
}

/** metrics.md, "As of": the first day whose cut-off (so long after the day's end) is at or after an instant. */
export const firstDayThatSees = (instant: number, hour: number, cutOffUs: number): number =>
  Math.max(dayOfHour(hour), Math.floor((instant - cutOffUs - 1) / 86_400_000_000));
