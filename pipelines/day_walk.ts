import type { Source } from '../connectors/source.ts';
import type { HourRange } from '../schemas/control_totals.ts';
import type { Instant } from '../schemas/page.ts';
import type { Night } from './night.ts';

const DAY_MS = 86_400_000;

/** A walk through days of one stream, whatever its feed's bookmark says. */
interface DayWalk {
  /** The source as a load sees it that reads these hours only. */
  over(range: HourRange): Source;
  /** The night with the share of days done in its progress. */
  readonly night: Night;
  /** The source's own clock at the end of each day that was read, where it states one. */
  readonly ends: readonly Instant[];
}

/**
 * Reads days one after the other. Pages have neither bookmark nor `as_of`: they are no step along the feed, and what
 * the warehouse knows of how far that has come must stay. `total`: days of the whole walk, for its progress.
 */
export function dayWalk(source: Source, night: Night, total: number): DayWalk {
  const ends: Instant[] = [];
  let done = 0;
  const onEvent: Night['env']['onEvent'] = (event) =>
    night.env.onEvent(event.kind === 'progress' ? { ...event, share: Math.min(1, done / total) } : event);
  // What the source keeps between runs is about its feed, which does not move here.
  const { committed: _, ...view } = source;
  return {
    ends,
    night: { ...night, env: { ...night.env, onEvent } },
    over: (range) => ({
      ...view,
      async *pages(stream, { signal }) {
        for (const hours of daysIn(range)) {
          let end: Instant | null = null;
          for await (const page of source.pages(stream, { bookmark: null, hours, signal })) {
            end = page.as_of ?? end;
            yield { ...page, as_of: null, bookmark: null };
          }
          if (end !== null) ends.push(end);
          done += 1;
        }
      },
    }),
  };
}

function daysIn({ from, to }: HourRange): readonly HourRange[] {
  const days: HourRange[] = [];
  const end = Date.parse(to); // exclusive
  for (let start = Date.parse(from); start < end; start += DAY_MS)
    days.push({ from: wholeHour(start), to: wholeHour(Math.min(start + DAY_MS, end)) });
  return days;
}

function wholeHour(milliseconds: number): Instant {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
