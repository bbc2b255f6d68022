/** One entry of the log. */
export interface LoggedRow {
  readonly evidence_index: number;
  /** Lower-case hex. */
  readonly leaf_hash: string;
  /** What the readings table says now: the columns asked for, in their order, as one compact JSON object; null without such a row. */
  readonly reading: string | null;
}

/** One entry of the log with what the readings table says of it now, by column. */
export interface LoggedReading {
  readonly evidence_index: number;
  readonly fields: Readonly<Record<string, string | null>>;
}

/** Entries of the log by index; `to` is exclusive. */
export interface EntryRange {
  readonly from: number;
  readonly to: number;
}

/** A value that is not what it must be, by entry, reading and column. */
export interface Misfit {
  readonly evidence_index: number;
  readonly reading_id: string;
  readonly column: string;
  readonly got: string | null;
  readonly want: string | null;
}

/** Readings, entries and evidence rows against one another; each the first that does not fit, or null. */
export interface LogMisfits {
  /** A reading that no entry of the log stands for. */
  readonly unlogged: string | null;
  /** A typed column of a reading that says another thing than its text, its load than its entry's, or its page than any. */
  readonly mistyped: Misfit | null;
  /** Rows of `fct_metering_evidence`; null before it was ever built. */
  readonly evidence_rows: number | null;
  /** A row of it that says another thing than the reading, is missing, or is there twice. */
  readonly different: Misfit | null;
}

/** A page that rows were loaded from. */
export interface LoadedPage {
  readonly path: string;
  readonly sha256: string;
  readonly url: string;
  /** The first entry that it brought; null where it brought none. */
  readonly first_index: number | null;
}

/** The log's state after a number of entries (RFC 6962): `frontier` are the roots of its full subtrees, left to right. */
export interface TreeHead {
  readonly tree_size: number;
  readonly root_hash: Buffer;
  readonly frontier: readonly Buffer[];
}
