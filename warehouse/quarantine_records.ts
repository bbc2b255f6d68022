import type { Instant } from '../schemas/page.ts';
import type { SourceName } from '../schemas/streams.ts';

/** What the list shows of a quarantined row. */
export interface QuarantinedRow {
  readonly quarantine_id: number;
  readonly run_id: string;
  readonly source: SourceName;
  readonly stream: string;
  readonly page_sha256: string;
  readonly page_offset: number;
  readonly column_name: string | null;
  readonly value: string | null;
  readonly reason: string;
  readonly status: string;
  readonly quarantined_at: Instant;
  /** How many times the row was delivered and refused for this reason, and when last. */
  readonly times_seen: number;
  readonly last_seen_at: Instant;
  readonly row_text: string;
}

/** Which quarantined rows: all that a key is absent for. */
export interface QuarantineFilter {
  readonly source?: SourceName;
  readonly stream?: string;
  readonly status?: QuarantineStatus;
}

/**
 * `open`: refused, and nobody has settled it. `replayed`: it passed later, or is held by now. `outdated`: a newer
 * row of the same record passed, or a newer full list came without it.
 */
export const QUARANTINE_STATUSES = ['open', 'replayed', 'outdated'] as const;
export type QuarantineStatus = (typeof QUARANTINE_STATUSES)[number];

/** Quarantined rows of one stream that stand alike and were refused for one reason. */
export interface QuarantineGroup {
  readonly source: SourceName;
  readonly stream: string;
  readonly status: string;
  /** Null where the row as a whole was refused. */
  readonly column_name: string | null;
  readonly reason: string;
  readonly rows: number;
  readonly first_seen_at: Instant;
  readonly last_seen_at: Instant;
}

/** Everything that is kept about a quarantined row. */
export interface QuarantinedDetail extends QuarantinedRow {
  readonly load_id: number;
  readonly cluster_id: string | null;
  /** The reading's number in its cluster as plain digits; null for other streams and where unreadable. */
  readonly seq: string | null;
  /** Where the page lies below the data directory, and the request that brought it. */
  readonly path: string;
  readonly url: string;
  readonly received_at: Instant;
  /** The replay that settled it; null while it is open. */
  readonly replayed_at: Instant | null;
  readonly replayed_run_id: string | null;
  readonly replayed_load_id: number | null;
}

/** A landed page that holds open quarantined rows. */
export interface QuarantinedPage {
  readonly sha256: string;
  readonly path: string;
  readonly url: string;
  readonly api_version: string | null;
  readonly received_at: Instant;
  readonly stated_rows: number | null;
  /** Positions of the rows in the page, ascending. */
  readonly offsets: readonly number[];
  /** As `Page.patches`. */
  readonly patches?: readonly string[];
}

/** The open quarantined rows of a stream: by page, in the order in which they were first delivered. */
export interface OpenQuarantine {
  readonly pages: readonly QuarantinedPage[];
  /** Entries behind `pages`. */
  readonly rows: number;
  /** Rows of full lists of which a newer one was read since, without them: these cannot be replayed. */
  readonly outdated: number;
}
