import { hourOf } from '../clock.ts';
import type { FeatureEvent, Night, Reading, World } from '../world.ts';
import { RULES } from './rules.ts';
import { nightsOf, trickyRows } from './tricky_world.ts';

/** Enough of the tricky fleet that each kind of row is there, and few enough that it is built in seconds. */
const CLUSTERS = ['c02', 'c03', 'c05', 'c06'];
const FROM = hourOf('2026-02-03T05:00:00Z');

/** Two runs: one that leaves sixteen days to the second. */
export const SMALL_READ_AT = ['2026-03-10T02:30:00Z', '2026-03-27T02:30:00Z'];

interface Rows {
  readonly readings: readonly Reading[];
  readonly features: readonly FeatureEvent[];
}

/** Four clusters over seven weeks, numbered anew. */
export function smallRows(): Rows {
  const { readings, features } = trickyRows();
  const isIn = ({ cluster_id, hour }: { readonly cluster_id: string; readonly hour: string }) =>
    CLUSTERS.includes(cluster_id) && hourOf(hour) >= FROM;
  const numbers = new Map<string, Map<string, number>>();
  const numbered = readings.filter(isIn).map((row) => {
    // A row that is delivered again keeps its number.
    const given = numbers.get(row.cluster_id) ?? new Map<string, number>();
    const seq = given.get(row.reading_id) ?? given.size + 1;
    numbers.set(row.cluster_id, given.set(row.reading_id, seq));
    return { ...row, seq };
  });
  return { readings: numbered, features: features.filter(isIn) };
}

/** The runs over some rows, with the lists of the tricky world's second run, from the middle on its third, at last its fifth. */
export function smallWorld({ readings, features }: Rows = smallRows(), readAt = SMALL_READ_AT): World {
  const last = readAt.length - 1;
  const listsOf = (index: number) => (index === last ? 5 : 2 * index > last ? 3 : 2);
  return { nights: nightsOf(readings, features, readAt, listsOf).map(ofClusters), rules: RULES };
}

function ofClusters(night: Night): Night {
  const clusters = (night.lists['polaris.clusters'] ?? []).filter(({ cluster_id }) =>
    CLUSTERS.includes(String(cluster_id)),
  );
  return { ...night, lists: { ...night.lists, 'polaris.clusters': clusters } };
}
