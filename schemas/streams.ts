import type { z } from 'zod';
import { type Column, columnsOf } from './columns.ts';

/** Every source there is. What else a name needs (configuration, registration) the type check asks for. */
export const SOURCE_NAMES = ['polaris', 'salesforce', 'tackle'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/**
 * How the rows of a stream are kept.
 * `revisions`: an append-only log of reading revisions with evidence (Polaris readings).
 * `events`: an append-only log, one row per key, ever.
 * `records`: one row per *version* of a record; a row is added only when its content changed.
 */
type StreamKind = 'revisions' | 'events' | 'records';

/** What a stream delivers and how it is stored. The zod schema is the only definition of its columns. */
export interface Stream {
  readonly source: SourceName;
  /** Name within the source; the raw table is `raw.<source>_<name>`. */
  readonly name: string;
  readonly kind: StreamKind;
  readonly key: readonly [string, ...string[]];
  /** One landed row: column name → validated value. Its keys, in order, are the stored columns. */
  readonly schema: z.ZodObject;
  readonly columns: readonly Column[];
  /**
   * True where each read gives the whole list: a record that is no longer in it has vanished and gets a
   * tombstone version. False where a read gives changes only.
   */
  readonly full: boolean;
  /** Of a full list: records with this value come in parts, from elsewhere, so their absence says nothing. */
  readonly in_parts?: { readonly column: string; readonly value: string };
  /** Streams of the same source whose current rows the parser needs (they are loaded before). */
  readonly references: readonly string[];
}

/** Builds a stream, with its columns taken from the schema. */
export function stream(
  definition: Omit<Stream, 'columns' | 'references'> & { references?: readonly string[] },
): Stream {
  return { references: [], ...definition, columns: columnsOf(definition.schema) };
}

/** The name of the raw table of a stream, without its schema. */
export function rawTable(of: Pick<Stream, 'source' | 'name'>): string {
  return `${of.source}_${of.name}`;
}
