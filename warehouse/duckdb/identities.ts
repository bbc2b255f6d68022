import type { Stream } from '../../schemas/streams.ts';
import { storedValues } from './ddl.ts';

/** Columns by which two rows of an append-only stream are the same thing, and how their contents are compared. */
export interface Identity {
  /** Stored columns, never null. */
  readonly columns: readonly string[];
  /** A timestamp among them that the raw table is roughly ordered by; null where there is none. */
  readonly pruned_by: string | null;
  /** What must be equal: the delivered column, and the stored column whose values are compared. */
  readonly compared: readonly { readonly column: string; readonly stored: string }[];
  /** Whether a row that is met again with equal content fills a number of its own. */
  readonly unchanged_fills_seq: boolean;
  /** The reason of quarantine where contents differ. */
  readonly conflict: string;
}

/** Fields in which a duplicate of a reading revision may differ from the first. */
const OF_THE_DELIVERY = new Set(['reading_id', 'seq', 'recorded_at']);

/**
 * The identities of a stream's rows, strongest first: its key, and for readings also cluster, dimension, hour and
 * revision. Values are compared, not texts: "12.5" and "12.50" are one quantity, and an hour with ".000" is the
 * same hour; calling that a conflict would withhold a reading that nobody disputes.
 */
export function identitiesOf(stream: Stream): readonly Identity[] {
  const compared = comparedColumns(stream);
  const byKey: Identity = {
    columns: stream.key,
    pruned_by: null,
    compared,
    unchanged_fills_seq: false,
    conflict: `${stream.key.join(', ')} delivered before with different content`,
  };
  if (stream.kind !== 'revisions') return [byKey];
  const byRevision: Identity = {
    columns: ['cluster_id', 'dimension', 'hour_start', 'revision'],
    pruned_by: 'hour_start',
    compared: compared.filter(({ column }) => !OF_THE_DELIVERY.has(column)),
    unchanged_fills_seq: true,
    conflict: 'revision of this cluster, dimension and hour delivered before with different content',
  };
  return [byKey, byRevision];
}

/** Each delivered column with the column that holds its typed value (the last that is stored of it). */
function comparedColumns(stream: Stream): Identity['compared'] {
  const storedOf = new Map(storedValues(stream).map(({ from, name }) => [from, name]));
  return [...storedOf].map(([column, stored]) => ({ column, stored }));
}
