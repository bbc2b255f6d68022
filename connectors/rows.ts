import type { z } from 'zod';
import type { ParsedPage, Rejected } from '../schemas/page.ts';
import type { Stream } from '../schemas/streams.ts';
import { jsonText } from './json_body.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Why a row is refused. */
export interface Fault {
  readonly column: string | null;
  readonly value: unknown;
  readonly reason: string;
}

/** How the rows of a source become rows of a stream. */
export interface RowRules {
  /** A fault of the row as received, before anything else. */
  readonly precheck?: (raw: unknown) => Fault | null;
  /** A received row as values by column; absent where rows already are that. */
  readonly shape?: (raw: Fields) => Fields;
  /** Rules beyond the schema, for rows that fulfil it. */
  readonly check?: (row: Fields) => Fault | null;
  /** Calls `found` for each unknown field of a received row; `accepted` says whether it fulfils the schema. */
  readonly unknownFields: (raw: Fields, accepted: boolean, found: (field: string) => void) => void;
  /** The received row as JSON text, numbers as they stood; called for refused rows only. */
  readonly text: (offset: number) => string;
  /** Readings: how a refused row fills its number. */
  readonly identify?: (raw: Fields) => Pick<Rejected, 'cluster_id' | 'seq'>;
}

const VALUE_LENGTH = 200;
const NOBODY = { cluster_id: null, seq: null };
const NOTHING: Fields = {};

/** Judges each row of a page by the stream's schema and rules: every row ends up good or rejected. */
export function parseRows(stream: Stream, rows: readonly unknown[], rules: RowRules): ParsedPage {
  const names = stream.columns.map((column) => column.name);
  const columns = names.map((): (string | null)[] => []);
  const offsets: number[] = [];
  const rejected: Rejected[] = [];
  const drift = new Map<string, number>();
  const count = (field: string) => drift.set(field, (drift.get(field) ?? 0) + 1);
  for (const [offset, raw] of rows.entries()) {
    const isRow = typeof raw === 'object' && raw !== null && !Array.isArray(raw);
    const fields = isRow ? (raw as Fields) : NOTHING;
    const shaped = isRow && rules.shape !== undefined ? rules.shape(fields) : raw;
    const early = rules.precheck?.(raw) ?? null;
    const result = stream.schema.safeParse(shaped);
    rules.unknownFields(fields, result.success, count);
    const fault =
      early ?? (result.success ? (rules.check?.(result.data) ?? null) : schemaFault(result.error, shaped));
    if (!result.success || fault !== null) {
      rejected.push(rejection(offset, fault, fields, rules));
      continue;
    }
    offsets.push(offset);
    for (const [index, column] of columns.entries()) column.push(valueText(result.data[names[index] ?? '']));
  }
  return { columns, offsets, rejected, drift };
}

/** The text under which a validated value is stored. */
function valueText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? null : String(value);
}

function schemaFault(error: z.ZodError, shaped: unknown): Fault {
  const [issue] = error.issues;
  const key = issue?.path[0];
  if (issue === undefined || key === undefined) {
    return { column: null, value: shaped, reason: issue?.message ?? 'want a row that fulfils its schema' };
  }
  const column = String(key);
  const value = (shaped as Fields)[column];
  return { column, value, reason: value === undefined ? 'missing key' : issue.message };
}

function rejection(offset: number, fault: Fault | null, raw: Fields, rules: RowRules): Rejected {
  const value = fault?.value === undefined ? null : jsonText(fault.value).slice(0, VALUE_LENGTH);
  return {
    offset,
    column: fault?.column ?? null,
    value,
    reason: fault?.reason ?? 'want a row that fulfils its schema',
    row: rules.text(offset),
    ...(rules.identify?.(raw) ?? NOBODY),
  };
}

/**
 * The column whose key is missing in every one of several rows: then the field has vanished from the API, and the
 * page is broken rather than its rows. Null where that is not so.
 */
export function vanishedColumn({ offsets, rejected }: ParsedPage): string | null {
  const [first] = rejected;
  if (offsets.length > 0 || rejected.length < 2 || first === undefined) return null;
  const isSame = rejected.every(({ reason, column }) => reason === 'missing key' && column === first.column);
  return isSame ? first.column : null;
}
