import type { Fleet } from '../fleet/fleet.ts';
import { hash32 } from '../fleet/hash.ts';
import { DAY_SECONDS, HOUR_SECONDS, toInstant, toSeconds } from '../fleet/instants.ts';
import type { FeedPosition, FeedSlice, HourRange } from '../fleet/reading_feed.ts';
import type { Instant } from '../fleet/types.ts';
import { problem, type SimReply } from '../server.ts';
import { BOOKMARK_DAYS, type Bookmark, decodeBookmark, encodeBookmark } from './bookmark.ts';
import { allowOnly, BadRequest, hourOf, limitOf } from './page_request.ts';

/** One page before faults. `since`: the bookmark or page token that was asked for, null at the beginning. */
export interface FeedPage {
  readonly rows: readonly string[];
  readonly next: string;
  readonly has_more: boolean;
  readonly as_of: Instant;
  readonly since: string | null;
}

const BEGINNING: FeedPosition = { tick: 0, offset: 0 };
/** One position in this many begins with an empty page. */
const EMPTY_EVERY = 23;

/** Cuts the feeds of a fleet into pages. */
export class FeedPages {
  readonly #fleet: Fleet;
  readonly #emptyPages: boolean;

  constructor(fleet: Fleet, emptyPages: boolean) {
    this.#fleet = fleet;
    this.#emptyPages = emptyPages;
  }

  /** The page that a query asks for. @throws BadRequest for parameters that break the contract. */
  page(feed: Bookmark['feed'], query: URLSearchParams, now: Instant): FeedPage | SimReply {
    if (feed === 'readings' && !query.has('since') && (query.has('from') || query.has('to'))) {
      return this.#reread(query, now);
    }
    allowOnly(query, ['since', 'limit']);
    const limit = limitOf(query);
    const since = query.get('since');
    const bookmark = since === null ? null : decodeBookmark(since, feed);
    if (since !== null && bookmark === null) throw new BadRequest('since is not a bookmark of this feed.');
    if (bookmark !== null && toSeconds(now) - bookmark.issued > BOOKMARK_DAYS * DAY_SECONDS) {
      return this.expired(feed, now);
    }
    const from = bookmark ?? BEGINNING;
    const read = this.#fleet[feed].read(from, limit, toSeconds(now));
    return this.#answer(feed, from, bookmark?.rested ?? false, read, since, now);
  }

  /** 410: what is still there, and where to go on after a re-read. */
  expired(feed: Bookmark['feed'], now: Instant): SimReply {
    const seconds = toSeconds(now);
    const oldest = seconds - BOOKMARK_DAYS * DAY_SECONDS;
    return problem(410, 'bookmark_expired', `Bookmarks live ${BOOKMARK_DAYS} days.`, {
      oldest: toInstant(oldest - (oldest % HOUR_SECONDS)),
      latest: encodeBookmark({ feed, ...this.#fleet[feed].end(seconds), issued: seconds, rested: false }),
    });
  }

  /** The bounded re-read: readings of the hours from..to (exclusive), in the order of recording. */
  #reread(query: URLSearchParams, now: Instant): FeedPage {
    allowOnly(query, ['from', 'to', 'page', 'limit']);
    const limit = limitOf(query);
    const [first, end] = [hourOf(query, 'from'), hourOf(query, 'to')];
    if (end < first) throw new BadRequest('to must not lie before from.');
    const token = query.get('page');
    const position = token === null ? null : decodeBookmark(token, 'readings');
    if (token !== null && position === null)
      throw new BadRequest('page is not a page token of this re-read.');
    const hours: HourRange = { from: Math.max(0, this.#hour(first)), to: Math.max(0, this.#hour(end)) };
    const from = position ?? BEGINNING;
    const read = this.#fleet.readings.read(from, limit, toSeconds(now), hours);
    return this.#answer('readings', from, position?.rested ?? false, read, token, now);
  }

  #hour(seconds: number): number {
    return Math.floor((seconds - this.#fleet.plan.start) / HOUR_SECONDS);
  }

  #answer(
    feed: Bookmark['feed'],
    from: FeedPosition,
    rested: boolean,
    read: FeedSlice,
    since: string | null,
    now: Instant,
  ): FeedPage {
    const issued = toSeconds(now);
    const empty = this.#emptyPages && !rested && read.rows.length > 0 && this.#restsAt(from);
    const next = empty ? { ...from, rested: true } : { ...read.next, rested: false };
    return {
      rows: empty ? [] : read.rows,
      next: encodeBookmark({ feed, tick: next.tick, offset: next.offset, issued, rested: next.rested }),
      has_more: empty || read.more,
      as_of: now,
      since,
    };
  }

  #restsAt({ tick, offset }: FeedPosition): boolean {
    return hash32(this.#fleet.plan.seed, 91, tick, offset) % EMPTY_EVERY === 0;
  }
}
