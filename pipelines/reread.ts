import type { Source } from '../connectors/source.ts';
import type { HourRange } from '../schemas/control_totals.ts';
import type { LandedLoad } from '../schemas/page.ts';
import type { Stream } from '../schemas/streams.ts';
import type { DayRange } from '../warehouse/warehouse.ts';
import { addDays } from './as_of.ts';
import { compareReread, rangesOf } from './control_totals.ts';
import { dayWalk } from './day_walk.ts';
import { loadEach, loadOn, sumUp, throwFirst } from './load.ts';
import type { Night } from './night.ts';
import type { SourceReport } from './report.ts';

const DAY_MS = 86_400_000;

/**
 * Reads every stream that can be bounded for these days again, one transaction per stream and month at most. Rows
 * that are held are recognised; bookmarks and `as_of` stay where they are. A source that fails leaves the others loaded.
 * @throws NightError for the first failure
 */
export async function rereadDays(night: Night, days: readonly DayRange[]): Promise<void> {
  const ranges = rangesOf(days.flatMap(daysOf));
  if (ranges.length === 0) return;
  const bounded = night.sources.filter((source) => streamsOf(source).length > 0);
  const { failures } = await loadEach(night, bounded, (source) => rereadSource(source, night, ranges));
  throwFirst(night, failures);
}

function daysOf({ from, to }: DayRange): readonly string[] {
  const days: string[] = [];
  for (let day = from; day < to; day = addDays(day, 1)) days.push(day);
  return days;
}

function streamsOf(source: Source): readonly Stream[] {
  return source.streams.filter((stream) => source.bounded?.includes(stream.name));
}

async function rereadSource(
  source: Source,
  night: Night,
  ranges: readonly HourRange[],
): Promise<SourceReport> {
  const detail = `${source.name}, ${dayCount(ranges)} days again`;
  night.env.onEvent({ kind: 'stage', stage: 'load', detail });
  const loads: LandedLoad[] = [];
  try {
    await source.open(night.env.signal);
    for (const stream of streamsOf(source)) {
      const walk = dayWalk(source, night, dayCount(ranges));
      const reread = async () => {
        for (const range of ranges) loads.push(await loadOn(walk.over(range), stream, walk.night));
        return walk.ends;
      };
      if (stream.kind !== 'revisions' || source.controlTotals === undefined) await reread();
      else await compareReread(source, night, ranges, reread);
    }
  } finally {
    await source.close();
  }
  return sumUp(loads);
}

function dayCount(ranges: readonly HourRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + (Date.parse(to) - Date.parse(from)) / DAY_MS, 0);
}
