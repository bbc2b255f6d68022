import type { Source } from '../connectors/source.ts';
import type { SourceName } from '../schemas/streams.ts';
import type { DayRange, ReadingDays } from '../warehouse/warehouse.ts';
import { addDays } from './as_of.ts';

/** Which days of a range are read again: those nobody loaded; those where something is wrong, too; every one. */
export const REPROCESS = ['none', 'failed', 'all'] as const;
export type Reprocess = (typeof REPROCESS)[number];

/** What is asked of a backfill: UTC days, `to` exclusive. */
export interface BackfillRequest extends DayRange {
  readonly reprocess: Reprocess;
}

/** Why a day is read again. */
export type Why =
  | 'no_readings'
  | 'control_totals_differ'
  | 'open_quarantine'
  | 'seq_holes'
  | 'backfill_failed'
  | 'asked_for';

/** Days in a row that are read again for the same reasons. */
export interface PlannedRange extends DayRange {
  readonly days: number;
  readonly why: readonly Why[];
}

/** What a backfill reads again, and what it does not. */
export interface BackfillPlan extends BackfillRequest {
  /** `as_of` that the readings have come to; null where none was ever loaded, so that there is nothing to fill. */
  readonly feed_as_of: string | null;
  readonly ranges: readonly PlannedRange[];
  /** Days in `ranges`. */
  readonly days: number;
  /** Days of the range that are not read, by the reason. */
  readonly left_out: { readonly held: number; readonly before_feed: number; readonly no_clusters: number };
  /** Streams that are read for these days. */
  readonly reads: readonly StreamNames[];
  /** Streams that cannot be asked for by days: every `run` reads them as it always does. */
  readonly not_bounded: readonly StreamNames[];
  /** Open quarantined readings that do not say of which day they are; `--reprocess all` alone would read them again. */
  readonly quarantined_unplaced: number;
}

interface StreamNames {
  readonly source: SourceName;
  readonly streams: readonly string[];
}

const NOTHING_KNOWN: ReadingDays = {
  feed_began: null,
  expected: [],
  held: [],
  different: [],
  quarantined: [],
  quarantined_unplaced: 0,
  seq_holes: [],
  backfill_failed: [],
};

/** Chooses the days of a backfill. Pure; `known` is null where no reading was ever loaded. */
export function planBackfill(
  request: BackfillRequest,
  sources: readonly Pick<Source, 'name' | 'streams' | 'bounded'>[],
  known: { readonly feed_as_of: string; readonly days: ReadingDays } | null,
): BackfillPlan {
  const days = known?.days ?? NOTHING_KNOWN;
  const chosen = known === null ? [] : chooseDays(request, days);
  const ranges = rangesByReason(chosen.filter(({ why }) => why.length > 0));
  const without = (reason: LeftOut) => chosen.filter(({ left_out }) => left_out === reason).length;
  return {
    ...request,
    feed_as_of: known?.feed_as_of ?? null,
    ranges,
    days: ranges.reduce((sum, range) => sum + range.days, 0),
    left_out: {
      held: without('held'),
      before_feed: without('before_feed'),
      no_clusters: without('no_clusters'),
    },
    reads: streamsOf(sources, true),
    not_bounded: streamsOf(sources, false),
    quarantined_unplaced: days.quarantined_unplaced,
  };
}

type LeftOut = 'held' | 'before_feed' | 'no_clusters';

interface Chosen {
  readonly day: string;
  readonly why: readonly Why[];
  /** Null for a day that is read. */
  readonly left_out: LeftOut | null;
}

function chooseDays({ from, to, reprocess }: BackfillRequest, known: ReadingDays): readonly Chosen[] {
  const [held, expected] = [new Set(known.held), new Set(known.expected)];
  const begun = (day: string) => known.feed_began !== null && day >= known.feed_began;
  const reasons: readonly (readonly [Why, ReadonlySet<string>])[] = [
    ['control_totals_differ', new Set(known.different)],
    ['open_quarantine', new Set(known.quarantined)],
    ['seq_holes', new Set(known.seq_holes)],
    ['backfill_failed', new Set(known.backfill_failed)],
  ];
  const chosen: Chosen[] = [];
  for (let day = from; day < to; day = addDays(day, 1)) {
    const why: Why[] = !held.has(day) && begun(day) && expected.has(day) ? ['no_readings'] : [];
    if (reprocess !== 'none')
      why.push(...reasons.flatMap(([reason, days]) => (days.has(day) ? [reason] : [])));
    if (reprocess === 'all' && why.length === 0) why.push('asked_for');
    const unread = held.has(day) ? 'held' : begun(day) ? 'no_clusters' : 'before_feed';
    chosen.push({ day, why, left_out: why.length > 0 ? null : unread });
  }
  return chosen;
}

/** Days in a row with the same reasons as one range. */
function rangesByReason(days: readonly Chosen[]): readonly PlannedRange[] {
  const ranges: PlannedRange[] = [];
  for (const { day, why } of days) {
    const last = ranges.at(-1);
    const joins = last !== undefined && last.to === day && last.why.join() === why.join();
    const range = { from: day, days: 0, why, ...(joins && last) };
    ranges.splice(joins ? -1 : ranges.length, joins ? 1 : 0, {
      ...range,
      to: addDays(day, 1),
      days: range.days + 1,
    });
  }
  return ranges;
}

function streamsOf(
  sources: readonly Pick<Source, 'name' | 'streams' | 'bounded'>[],
  isBounded: boolean,
): readonly StreamNames[] {
  return sources.flatMap(({ name, streams, bounded = [] }) => {
    const names = streams.map((stream) => stream.name).filter((each) => bounded.includes(each) === isBounded);
    return names.length === 0 ? [] : [{ source: name, streams: names }];
  });
}
