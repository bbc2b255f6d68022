import type { Page } from '../../schemas/page.ts';
import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { csvRecords } from '../csv.ts';
import { parseJson } from '../json_body.ts';
import { type KeyPage, SourceError } from '../source.ts';
import { bulkPages, createJob, jobPath } from './bulk_query.ts';
import { countRecords, restPages } from './rest_query.ts';
import { longId } from './salesforce_values.ts';
import type { Session } from './session.ts';

/**
 * The ids of all records of an object, those in the recycle bin included: what is missing was deleted for good. Many
 * go through Bulk, few through REST; either states its total, and a list that falls short of it is an error.
 * @throws SourceError when the list is not whole
 */
export async function* presentKeys(
  session: Session,
  spec: SalesforceObjectSpec,
  finished: (jobPath: string) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<KeyPage, void> {
  const { stream, object } = spec;
  const ask = { stream, query: `SELECT Id FROM ${object}`, fields: ['Id'], signal };
  const count = await countRecords(session, { ...ask, query: `SELECT COUNT() FROM ${object}` });
  if (count <= session.settings.bulk_threshold) {
    for await (const page of restPages(session, ask, null)) yield keyPage(page);
    return;
  }
  const { id } = await createJob(session, ask);
  for await (const page of bulkPages(session, ask, null, id)) yield keyPage(page);
  finished(jobPath(session, id));
}

function keyPage(page: Page): KeyPage {
  const ids =
    page.format === 'csv'
      ? csvRecords(page.body)
          .slice(1)
          .map(([id]) => id)
      : restIds(page);
  const keys = ids.map((id) => {
    const long = typeof id === 'string' ? longId(id) : '';
    if (/^[A-Za-z0-9]{18}$/.test(long)) return long;
    throw keyError(page, `the id ${JSON.stringify(id)}`, 'ids of 15 or 18 characters');
  });
  if (page.stated_rows !== null && keys.length !== page.stated_rows)
    throw keyError(page, `${keys.length} ids`, `${page.stated_rows}, as stated with the page`);
  return { page, keys };
}

function restIds(page: Page): readonly unknown[] {
  const { records } = parseJson(page.body) as { records: readonly ({ Id?: unknown } | null)[] };
  return records.map((record) => record?.Id);
}

function keyError(page: Page, got: string, want: string): SourceError {
  return new SourceError(
    `connectors: salesforce ${page.stream}: page ${page.url}: got ${got}, want ${want}`,
    {
      failure: 'contract',
      source: 'salesforce',
      stream: page.stream,
      next_step: 'run again; nothing was committed',
    },
  );
}
