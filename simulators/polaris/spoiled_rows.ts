type Row = Record<string, unknown>;
type Spoiler = (row: Row) => Row;

/** One way each in which a reading can break its contract; all that a reader must put into quarantine. */
const READING_SPOILERS: readonly Spoiler[] = [
  ({ unit: _, ...rest }) => rest,
  (row) => ({ ...row, customer_id: null }),
  (row) => ({ ...row, quantity: 12.5 }),
  (row) => ({ ...row, revision: '1' }),
  (row) => ({ ...row, recorded_at: String(row.recorded_at).replace('Z', '') }),
  (row) => ({ ...row, quantity: '-1.5' }),
  (row) => ({ ...row, quantity: '1e3' }),
  (row) => ({ ...row, quantity: '0.1234567891' }),
  (row) => ({ ...row, unit: 'furlong' }),
  (row) => ({ ...row, dimension: 'no_such_dimension' }),
  (row) => ({ ...row, hour: String(row.hour).replace(':00:00Z', ':30:00Z') }),
  (row) => ({ ...row, revision: 0 }),
  (row) => ({ ...row, cloud: 'fog' }),
  ({ quantity: _, ...rest }) => rest,
  (row) => ({ ...row, cluster_id: 17 }),
  (row) => ({ ...row, seq: true }),
  (row) => ({ ...row, seq: 0 }),
];

const FEATURE_SPOILERS: readonly Spoiler[] = [
  ({ feature: _, ...rest }) => rest,
  (row) => ({ ...row, operations: -1 }),
  (row) => ({ ...row, operations: '12' }),
  (row) => ({ ...row, active_clients: 1.5 }),
  (row) => ({ ...row, hour: 'yesterday' }),
  (row) => ({ ...row, cluster_id: null }),
];

/** One row in this many is spoiled: below the usual quarantine gate of one in a hundred. */
const EVERY = 331;

/** A page after the fault: its row texts, and the rows (as they were) that are spoiled in it. */
export interface SpoiledPage {
  readonly rows: readonly string[];
  readonly spoiled: readonly Row[];
}

/** Spoils rows at fixed places of a page, each in the next way; a row delivered twice in the page is left alone. */
export function spoilRows(feed: 'readings' | 'features', rows: readonly string[]): SpoiledPage {
  const spoilers = feed === 'readings' ? READING_SPOILERS : FEATURE_SPOILERS;
  const first = Math.min(7, rows.length - 1);
  const spoiled: Row[] = [];
  const after = rows.map((text, at) => {
    if (at % EVERY !== first || rows.indexOf(text) !== rows.lastIndexOf(text)) return text;
    const row = JSON.parse(text) as Row;
    const spoiler = spoilers[spoiled.length % spoilers.length];
    spoiled.push(row);
    return JSON.stringify(spoiler === undefined ? row : spoiler(row));
  });
  return { rows: after, spoiled };
}

/** A page in which one field has gone from all rows. */
export function withoutField(rows: readonly string[], field: string): readonly string[] {
  return rows.map((text) => {
    const { [field]: _, ...rest } = JSON.parse(text) as Row;
    return JSON.stringify(rest);
  });
}
