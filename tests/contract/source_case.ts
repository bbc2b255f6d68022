import type { Source, SourceEnv } from '../../connectors/source.ts';
import type { Column, ColumnType } from '../../schemas/columns.ts';
import type { References } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import type { Call, Reply } from '../connectors/scripted_api.ts';

/** Pages of records, as the API has them; a bad one may be no object at all. */
export type Pages = readonly (readonly unknown[])[];

/**
 * What an API sends for a column: a value of the column's type; `number`: a JSON number where a decimal is stored;
 * `money`: a JSON number whose text is kept.
 */
export type Sent = ColumnType | 'number' | 'money';

/** The field of a record behind a column. */
export interface SentField {
  readonly path: readonly [string, ...string[]];
  readonly sent: Sent;
}

/** One way in which a source delivers rows: what the conformance suite needs to know of it. */
export interface SourceCase {
  readonly title: string;
  readonly stream: Stream;
  readonly references: References;
  /** What an earlier read left. */
  readonly bookmark: string | null;
  create(url: string, env: SourceEnv): Source;
  /** The n-th good record, as the API sends it. */
  record(n: number): Readonly<Record<string, unknown>>;
  /** A change that makes a record bad, and the column at fault. */
  readonly bad: {
    readonly change: Readonly<Record<string, unknown>>;
    readonly column: string;
    readonly reason: RegExp;
  };
  /** The column that tells records apart, and its value in the n-th record. */
  readonly key: { readonly column: string; value(n: number): string };
  /** JSON values, or texts of a CSV, whose header stands for the keys of every record. */
  readonly transport: 'json' | 'csv';
  /** The field behind a column; null where the value comes from elsewhere: the request, or the whole record. */
  field(column: Column): SentField | null;
  /** A field that is not in a JSON record: the row is refused, or the value is null. Keys must be there in any case. */
  readonly absent: 'refused' | 'null';
  /** Answers as the API does when it has these pages; each call makes a new one. */
  api(pages: Pages): (call: Call) => Reply;
  /** Whether a call asks for a token. */
  isToken(call: Call): boolean;
  /** Whether a call asks for a page of records. */
  isPage(call: Call): boolean;
  /** An answer that says that there is more, at the place where the reader just was; absent where there is no paging. */
  readonly loop?: (call: Call, pages: Pages) => Reply;
  /** A page's answer that states so many rows more than it has; absent where the API states no count. */
  readonly miscount?: (reply: Reply, more: number) => Reply;
  /** Null where an API has no unknown fields, since it sends only what was asked for. */
  readonly drift: string | null;
  /** The bookmark after the last page; null for full lists. */
  readonly nextBookmark: RegExp | null;
}

/** What no message may hold. */
export const SECRET = 'very-secret-indeed';
export const TOKEN = 'token-of-the-night';
/** The server's clock in the answers of the cases. */
export const SERVED_AT = 'Sun, 22 Nov 2026 03:00:10 GMT';
