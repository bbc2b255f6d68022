import type { Page } from '../../schemas/page.ts';
import { bulkPages, createJob, jobPath } from './bulk_query.ts';
import { type RestQuery, restPages } from './rest_query.ts';
import { type Session, serverNow } from './session.ts';
import { readWindow } from './soql.ts';

/** Ids in one query: with the fields it stays far below the longest URL that Salesforce takes (16,000 characters). */
const IDS_PER_QUERY = 200;

/** What is read of an object. */
interface WholeRecords extends Omit<RestQuery, 'query' | 'patches'> {
  readonly object: string;
  readonly fields: readonly string[];
}

/**
 * The records of these ids with all their fields, deleted ones included, those younger than the safety lag left out:
 * they are read with the changes. More than `bulk_threshold` of them are found by reading all records.
 * @throws SourceError
 */
export async function* wholeRecords(
  session: Session,
  ask: WholeRecords,
  ids: readonly string[],
  finished: (jobPath: string) => void,
): AsyncGenerator<Page, void> {
  const { stream, object, fields, signal } = ask;
  const { to } = readWindow(null, 0, serverNow(session, stream.name));
  const select = `SELECT ${fields.join(', ')} FROM ${object} WHERE`;
  if (ids.length > session.settings.bulk_threshold) {
    const job = { stream, fields, signal, query: `${select} SystemModstamp < ${to}` };
    const { id } = await createJob(session, job);
    yield* bulkPages(session, job, null, id);
    finished(jobPath(session, id));
    return;
  }
  for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
    const some = ids.slice(start, start + IDS_PER_QUERY).map((id) => `'${id}'`);
    const query = `${select} Id IN (${some.join(', ')}) AND SystemModstamp < ${to}`;
    yield* restPages(session, { stream, query, signal }, null);
  }
}
