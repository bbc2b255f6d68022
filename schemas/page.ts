import type { SourceName, Stream } from './streams.ts';

/** An RFC 3339 text in UTC with `Z`. */
export type Instant = string;

/** One response body, as received, after its Content-Encoding is undone. */
export interface Page {
  readonly source: SourceName;
  readonly stream: string;
  /** The request, without secrets. */
  readonly url: string;
  readonly format: 'json' | 'csv';
  readonly body: Buffer;
  /** SHA-256 of `body`, lower-case hex. */
  readonly sha256: string;
  readonly received_at: Instant;
  /** The API's version where it has several (Salesforce), else null. */
  readonly api_version: string | null;
  /** The source's own clock as stated in the page, where it states one (Polaris `as_of`). */
  readonly as_of: Instant | null;
  /** Where the next read goes on once this page is loaded; null keeps the bookmark as it is. */
  readonly bookmark: string | null;
  /** Rows that the API says the page has; null where it says nothing. */
  readonly stated_rows: number | null;
  /**
   * Absent: each row is a whole record. Else the columns that the rows bring, the key and the version mark among
   * them: each patches the record that is held, and its other columns are null in `ParsedPage`.
   */
  readonly patches?: readonly string[];
}

/** One refused row: what was wrong, where, and the row itself as JSON text. */
export interface Rejected {
  /** Position of the row in the page, from 0. */
  readonly offset: number;
  /** The column at fault; null where the row as a whole is. */
  readonly column: string | null;
  /** The value at fault as JSON text, cut to 200 characters; null where the key is missing. */
  readonly value: string | null;
  readonly reason: string;
  readonly row: string;
  /** Readings only: what the row says of itself, so that it fills its number; null where unreadable. */
  readonly cluster_id: string | null;
  readonly seq: string | null;
}

/** A page's rows, column by column: `columns[c][r]` is the text of stream.columns[c] in the r-th good row, or null. */
export interface ParsedPage {
  readonly columns: readonly (readonly (string | null)[])[];
  /** Position in the page of each good row, from 0, ascending. */
  readonly offsets: readonly number[];
  readonly rejected: readonly Rejected[];
  /** Unknown field → how many rows had it. Counted as drift, kept in the raw page only. */
  readonly drift: ReadonlyMap<string, number>;
}

/**
 * The rows of a page that are all good, as places in bytes: the text of column `c` in row `r` is
 * `bytes[spans[2 * (r * width + c)]]` up to `bytes[spans[2 * (r * width + c) + 1]]` (exclusive); null where the start
 * lies behind the end. The texts are UTF-8, just those that `ParsedPage` would have.
 */
export interface ColumnarPage {
  readonly bytes: Buffer;
  readonly rows: number;
  readonly width: number;
  readonly spans: Uint32Array;
}

/** Whether a page's rows are places in bytes rather than texts. */
export function isColumnar(rows: ParsedPage | ColumnarPage): rows is ColumnarPage {
  return 'spans' in rows;
}

/** Current rows of a referenced stream: one object per row, column → text or null. */
export type References = ReadonlyMap<string, readonly Readonly<Record<string, string | null>>[]>;

/** What one committed load did. `rows_read` = loaded + unchanged + quarantined, on every page. */
export interface LandedLoad {
  readonly stream: Stream;
  readonly load_id: number;
  readonly pages: number;
  readonly bytes: number;
  readonly rows_read: number;
  /** Rows that changed the warehouse (tombstones of vanished records not included). */
  readonly rows_loaded: number;
  /** Rows held already, or duplicates. */
  readonly rows_unchanged: number;
  readonly rows_quarantined: number;
  readonly records_vanished: number;
  readonly bookmark: string | null;
  readonly as_of: Instant | null;
}
