import { msOf } from '../clock.ts';
import type { FeatureEvent, Night, Reading, World } from '../world.ts';
import { polarisLists } from './polaris_lists.ts';
import { features, readings } from './readings.ts';
import { RULES } from './rules.ts';
import { salesforceLists } from './salesforce_lists.ts';
import { tackleLists } from './tackle_lists.ts';

/** When the runs read the feed: the third and the fourth are dated the same, and of these only the first counts. */
const READ_AT = [
  '2026-02-11T02:30:00Z',
  '2026-03-05T02:30:00Z',
  '2026-03-06T02:30:00Z',
  '2026-03-06T15:00:00Z',
  '2026-03-27T02:30:00Z',
];

/**
 * A small fleet over eighty days with all that makes the arithmetic hard: late and restated readings, restatements that
 * overtake each other, duplicates, conflicts, refused rows, holes in the numbers, hours that one cluster or all of them
 * lack, heartbeats of 0, clusters that end, move, or fall silent, amended contracts, accounts that two claim.
 */
export function trickyWorld(): World {
  const rows = trickyRows();
  return { nights: nightsOf(rows.readings, rows.features, READ_AT, (index) => index + 1), rules: RULES };
}

/** All rows of its feeds, in the order in which Polaris recorded them. */
export function trickyRows() {
  return { readings: withRepeats(readings()), features: features() };
}

/** The feeds cut into runs at the instants of reading, with the lists of a run of the tricky world for each. */
export function nightsOf(
  rows: readonly Reading[],
  events: readonly FeatureEvent[],
  readAt: readonly string[],
  listsOf: (index: number) => number,
): readonly Night[] {
  return readAt.map((as_of, index) => {
    const after = index === 0 ? Number.NEGATIVE_INFINITY : msOf(readAt[index - 1] ?? '');
    const isNew = ({ recorded_at }: { readonly recorded_at: string }) =>
      msOf(recorded_at) > after && msOf(recorded_at) <= msOf(as_of);
    const n = listsOf(index);
    return {
      as_of,
      readings: rows.filter(isNew),
      features: events.filter(isNew),
      lists: { ...polarisLists(n), ...salesforceLists(n), ...tackleLists(n) },
    };
  });
}

/**
 * Now and then, right after a row: the same row again; its revision again under another number, equal or not; the same
 * hour in a unit that is not the dimension's. Each of the latter three takes a number.
 */
function withRepeats(rows: readonly Reading[]): readonly Reading[] {
  const shift = new Map<string, number>();
  return rows.flatMap((row, place) => {
    const moved = shift.get(row.cluster_id) ?? 0;
    const kept = { ...row, seq: row.seq + moved };
    if (place % 997 === 500) return [kept, kept];
    const change = REPEATS[place % 1777];
    if (change === undefined) return [kept];
    shift.set(row.cluster_id, moved + 1);
    return [kept, { ...kept, reading_id: `${row.reading_id}-again`, seq: kept.seq + 1, ...change }];
  });
}

const REPEATS: Readonly<Record<number, Partial<Reading>>> = {
  300: {},
  700: { quantity: '3.5' },
  1100: { unit: 'furlong' },
};
