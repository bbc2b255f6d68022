import type { Fleet } from '../../simulators/fleet/fleet.ts';
import { toSeconds } from '../../simulators/fleet/instants.ts';
import type { Feed, FeedPosition } from '../../simulators/fleet/reading_feed.ts';
import type { Instant } from '../../simulators/fleet/types.ts';

/** One reading as the feed shows it. */
export interface ReadingRow {
  readonly reading_id: string;
  readonly seq: number;
  readonly customer_id: string;
  readonly cluster_id: string;
  readonly subscription_id: string | null;
  readonly hour: string;
  readonly dimension: string;
  readonly quantity: string;
  readonly unit: string;
  readonly revision: number;
  readonly recorded_at: string;
  readonly cloud: string;
  readonly region: string;
  readonly software_version: string;
}

/** All row texts of a feed from a position on, read in pages of these sizes in turn; and where it ended. */
export function readAll(
  feed: Feed,
  now: Instant,
  sizes: readonly number[] = [10_000],
  from: FeedPosition = { tick: 0, offset: 0 },
): { readonly texts: readonly string[]; readonly end: FeedPosition } {
  const texts: string[] = [];
  let position = from;
  for (let page = 0; ; page += 1) {
    const slice = feed.read(position, sizes[page % sizes.length] ?? 1, toSeconds(now));
    for (const row of slice.rows) texts.push(row);
    position = slice.next;
    if (!slice.more) return { texts, end: position };
  }
}

/** The readings of a fleet at an instant. */
export function readingsOf(fleet: Fleet, now: Instant): readonly ReadingRow[] {
  return readAll(fleet.readings, now).texts.map((text) => JSON.parse(text) as ReadingRow);
}

/** The instant some hours after another. */
export function later(instant: Instant, hours: number): Instant {
  return new Date(Date.parse(instant) + hours * 3_600_000).toISOString().replace('.000Z', 'Z');
}
