import type { FeedPosition } from '../fleet/reading_feed.ts';

/** Days for which a bookmark can be used after it was given out. */
export const BOOKMARK_DAYS = 35;

/** What an opaque bookmark holds. */
export interface Bookmark extends FeedPosition {
  readonly feed: 'readings' | 'features';
  /** Seconds since 1970 at which it was given out. */
  readonly issued: number;
  /** Whether the empty page at this position has been served. */
  readonly rested: boolean;
}

/** The text of a bookmark. */
export function encodeBookmark(bookmark: Bookmark): string {
  const { feed, tick, offset, issued, rested } = bookmark;
  return Buffer.from([feed, tick, offset, issued, rested ? 1 : 0].join(':')).toString('base64url');
}

/** The bookmark of a text; null for anything that was not given out for this feed. */
export function decodeBookmark(text: string, feed: Bookmark['feed']): Bookmark | null {
  const plain = Buffer.from(text, 'base64url').toString('utf8');
  const parts = /^(readings|features):(\d+):(\d+):(\d+):([01])$/.exec(plain);
  if (parts === null || parts[1] !== feed || Buffer.from(plain).toString('base64url') !== text) return null;
  const [tick, offset, issued] = [Number(parts[2]), Number(parts[3]), Number(parts[4])];
  return { feed, tick, offset, issued, rested: parts[5] === '1' };
}
