import { instantOf } from './calendar.ts';
import { isNumberText } from './page_file.ts';
import type { FieldRule, ListRule, RecordRow } from './record_rules.ts';

/** A row of a list's page: read, or refused though it may say whose it is. */
export type ReadRecord =
  | { readonly row: RecordRow; readonly key: string }
  | { readonly row: null; readonly key: string | null };

/** A value in the place of an object that is none: nothing takes it. */
const NO_OBJECT = Symbol('no object');

/** Reads one row of a list by its rules; a row that breaks one is refused as a whole. */
export function readRecord(rule: ListRule, raw: unknown): ReadRecord {
  const row: Record<string, string | null> = {};
  for (const each of rule.fields) {
    const text = readField(each, raw, rule.is_complete || each.column === rule.key);
    if (text === undefined) return { row: null, key: keyOf(rule, raw) };
    row[each.column] = text;
  }
  return { row, key: row[rule.key] ?? '' };
}

function readField({ paths, nullable, read }: FieldRule, raw: unknown, isDue: boolean) {
  const value = valueAt(raw, paths);
  if (value === undefined && isDue) return undefined;
  if (value === undefined || value === null) return nullable ? null : undefined;
  return value === NO_OBJECT ? undefined : read(value);
}

/** An object in the first place gives way to a plain value in another. */
function valueAt(raw: unknown, paths: FieldRule['paths']): unknown {
  const [first, ...others] = paths.map((path) => step(raw, path));
  if (others.length === 0 || !isBare(first)) return first;
  return others.find((value) => !isBare(value)) ?? first;
}

const isBare = (value: unknown) =>
  value === undefined ||
  value === NO_OBJECT ||
  (typeof value === 'object' && value !== null && !isNumberText(value));

function step(raw: unknown, path: readonly string[]): unknown {
  let value = raw;
  for (const key of path) {
    if (value === null || value === undefined) return undefined;
    if (typeof value !== 'object' || Array.isArray(value) || isNumberText(value)) return NO_OBJECT;
    value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }
  return value;
}

function keyOf({ key }: ListRule, raw: unknown): string | null {
  const value = step(raw, [key]);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** One version of a record: its content from a load on. */
export interface RecordVersion {
  readonly load_id: number;
  /** Of the page that brought it, in microseconds. */
  readonly received_at: number;
  readonly row: RecordRow;
  /** All it says, as one text. */
  readonly content: string;
  /** It was missing in a list that came whole. */
  readonly is_gone: boolean;
}

/** A record as it was delivered, and when its page came. */
export interface Delivered {
  readonly read: ReadRecord;
  readonly received_at: number;
}

/**
 * A list over its loads. docs/architecture.md: "one row per version of a record, added only when its content changed; a
 * tombstone when it left a full list".
 */
export class RecordList {
  readonly #versions = new Map<string, RecordVersion[]>();

  /** Takes a load. `is_whole`: what is not in it is gone, if each row says whose it is. */
  take(load_id: number, rows: readonly Delivered[], is_whole: boolean): void {
    const named = new Set(rows.map(({ read }) => read.key));
    const newest = new Map(rows.filter(({ read }) => read.row !== null).map((each) => [each.read.key, each]));
    for (const [key, { read, received_at }] of newest) {
      if (read.row === null || key === null) continue;
      const last = this.#versions.get(key)?.at(-1);
      const content = JSON.stringify(Object.values(read.row));
      if (last !== undefined && !last.is_gone && last.content === content) continue;
      // A row that is replayed from an old page undoes nothing that came after it.
      if (!is_whole && last !== undefined && last.received_at > received_at) continue;
      this.#add(key, { load_id, received_at, row: read.row, content, is_gone: false });
    }
    if (!is_whole || named.has(null)) return;
    for (const [key, versions] of this.#versions) {
      const last = versions.at(-1);
      if (last !== undefined && !last.is_gone && !named.has(key))
        this.#add(key, { ...last, load_id, is_gone: true });
    }
  }

  #add(key: string, version: RecordVersion): void {
    this.#versions.set(key, [...(this.#versions.get(key) ?? []), version]);
  }

  /** The records that a snapshot holds, by key: those of the loads up to one. */
  at(load_id: number): ReadonlyMap<string, RecordRow> {
    const held = new Map<string, RecordRow>();
    for (const [key, versions] of this.#versions) {
      const last = versions.findLast((each) => each.load_id <= load_id);
      if (last !== undefined && !last.is_gone) held.set(key, last.row);
    }
    return held;
  }

  /** What a record said, version by version, in the loads up to one; without the times when it was gone. */
  history(key: string, load_id: number): readonly RecordVersion[] {
    return (this.#versions.get(key) ?? []).filter((each) => !each.is_gone && each.load_id <= load_id);
  }

  /** Every key that ever had a record. */
  keys(): Iterable<string> {
    return this.#versions.keys();
  }
}

/** The instant in a column; null where the record says none. */
export const instantIn = (row: RecordRow, column: string): number | null =>
  row[column] === null || row[column] === undefined ? null : instantOf(row[column]);

/** Texts in the order of their bytes. */
export const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
