import { toInstant } from './instants.ts';
import type { SalesforceRecord } from './types.ts';

type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** When a Salesforce record came to be, was changed and was deleted; seconds since 1970, in any order. */
export interface RecordHistory {
  readonly created: number;
  readonly changes?: readonly (number | null)[];
  readonly deleted?: number | null;
}

/** The record as it stands at `now`, or nothing before its creation: its SystemModstamp is that of its last change. */
export function datedRecord(
  id: string,
  fields: Fields,
  history: RecordHistory,
  now: number,
): SalesforceRecord[] {
  const { created, changes = [], deleted = null } = history;
  if (created > now) return [];
  const past = [created, ...changes, deleted].filter((at): at is number => at !== null && at <= now);
  return [
    {
      Id: id,
      IsDeleted: deleted !== null && deleted <= now,
      ...fields,
      CreatedDate: toInstant(created),
      SystemModstamp: toInstant(Math.max(...past)),
    },
  ];
}

/** The last time up to `now` at which a record that somebody touches every so often was touched. */
export function lastTouch(created: number, everySeconds: number, now: number): number {
  return created + Math.max(0, Math.floor((now - created) / everySeconds)) * everySeconds;
}

/** The records in the order of SystemModstamp, then Id. */
export function inStampOrder(records: readonly SalesforceRecord[]): readonly SalesforceRecord[] {
  const key = (record: SalesforceRecord) => `${record.SystemModstamp} ${record.Id}`;
  return records
    .map((record) => ({ record, key: key(record) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ record }) => record);
}
