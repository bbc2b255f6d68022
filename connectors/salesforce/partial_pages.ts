import { z } from 'zod';
import type { Page, ParsedPage } from '../../schemas/page.ts';
import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { parseSalesforce } from './parse_salesforce.ts';

/**
 * The rows of a page, whole records or patches of them. They are held against the contract of the columns that are
 * read; the other columns are null.
 * @throws SourceError as `parseSalesforce`
 */
export function parsePage(
  spec: SalesforceObjectSpec,
  page: Pick<Page, 'body' | 'url' | 'format' | 'stated_rows' | 'patches'>,
  lenient: boolean,
): ParsedPage {
  const read = page.patches ?? Object.keys(spec.fields);
  if (spec.stream.columns.every(({ name }) => read.includes(name)))
    return parseSalesforce(spec, page, lenient);
  const part = narrowed(spec, read);
  // Where a patch lacks a field, that must not empty its column.
  const parsed = parseSalesforce(part, page, lenient && page.patches === undefined);
  const columns = spec.stream.columns.map(({ name }) => {
    const index = part.stream.columns.findIndex((column) => column.name === name);
    return parsed.columns[index] ?? parsed.offsets.map(() => null);
  });
  return { ...parsed, columns };
}

/** An object of which only some columns are read. */
function narrowed(spec: SalesforceObjectSpec, columns: readonly string[]): SalesforceObjectSpec {
  const { stream, fields } = spec;
  const schema = z.object(
    Object.fromEntries(Object.entries(stream.schema.shape).filter(([name]) => columns.includes(name))),
  );
  const kept = Object.entries(fields).filter(([name]) => columns.includes(name));
  return {
    ...spec,
    fields: Object.fromEntries(kept),
    stream: { ...stream, schema, columns: stream.columns.filter(({ name }) => columns.includes(name)) },
  };
}
