import type { Connection } from 'jsforce/lib/connection.js';
import { z } from 'zod';
import { type HttpResponse, sourceError } from '../http.ts';
import { jsforceTransport } from './jsforce_transport.ts';
import type { Session } from './session.ts';

/** An object to describe, for a stream. */
export interface Describe {
  readonly object: string;
  readonly stream: string;
  readonly signal: AbortSignal | undefined;
}

/** A field as describe shows it to this user. */
const FIELD = z.object({
  name: z.string(),
  /** `string`, `currency`, `reference`, …; null where describe does not say. */
  type: z.string().nullable().default(null),
  /** A formula or roll-up: its value changes without moving SystemModstamp. */
  calculated: z.boolean().default(false),
  /** May stand in a WHERE; long text areas may not. */
  filterable: z.boolean().default(true),
});
export type DescribedField = z.infer<typeof FIELD>;

const DESCRIPTION = z.object({ fields: z.array(FIELD) });

/**
 * An object's fields that this user may see, by API name (jsforce describe).
 * @throws SourceError when the answer is no description
 */
export async function describedFields(
  session: Session,
  what: Describe,
): Promise<ReadonlyMap<string, DescribedField>> {
  const expect = `the description of ${what.object}, with its fields`;
  let isAnswered = false;
  const connection = await describer(session, async (path) => {
    const response = await session.ask({ path, expect, stream: what.stream, signal: what.signal });
    isAnswered = true;
    return response;
  });
  const described = await connection.describe(what.object).catch((error: unknown) => {
    // What our own request threw goes on as it is; jsforce itself only fails on a body that it cannot read.
    if (!isAnswered) throw error;
    return null;
  });
  const parsed = DESCRIPTION.safeParse(described);
  if (parsed.success) return new Map(parsed.data.fields.map((field) => [field.name, field]));
  const asked = {
    url: session.urlOf(`/services/data/${session.settings.api_version}/sobjects/${what.object}/describe`),
    stream: what.stream,
    expect,
  };
  throw sourceError(session.context, asked, {
    observed: 'an answer without them',
    failure: 'contract',
    next_step: 'run again; if it stays, check what stands between here and Salesforce',
  });
}

/** A jsforce connection whose requests go through ours: token, retries and quota are kept in one place. */
async function describer(
  session: Session,
  send: (path: string) => Promise<HttpResponse>,
): Promise<Connection> {
  const { Connection: JsforceConnection } = await import('jsforce/lib/connection.js');
  const connection = new JsforceConnection({
    version: session.settings.api_version.replace(/^v/, ''),
    instanceUrl: session.urlOf('/').origin,
  });
  connection._transport = await jsforceTransport(({ url }) => {
    const { pathname, search } = new URL(url);
    return send(pathname + search);
  });
  return connection;
}
