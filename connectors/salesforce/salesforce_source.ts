import type { Page } from '../../schemas/page.ts';
import { SALESFORCE_STREAMS, type SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import type { Stream } from '../../schemas/streams.ts';
import { readAhead } from '../read_ahead.ts';
import type { RetryLimits } from '../retry.ts';
import { type ReadFrom, type Source, type SourceEnv, SourceError } from '../source.ts';
import { bulkPages } from './bulk_query.ts';
import { selectedFields } from './fields.ts';
import { mappedObjects } from './objects.ts';
import { parseSalesforce } from './parse_salesforce.ts';
import { countRecords, restPages } from './rest_query.ts';
import { type SalesforceConfig, salesforceSettings } from './salesforce_config.ts';
import { type Session, salesforceSession, serverNow } from './session.ts';
import { readWindow, windowQuery } from './soql.ts';

/** What one source keeps between its calls. */
interface State {
  readonly session: Session;
  /** Stream → API names to select, as describe showed them when the source was opened. */
  readonly selected: Map<string, readonly string[]>;
  /** Query jobs whose last page was given. */
  readonly finished: Set<string>;
}

/**
 * Salesforce: the CRM's records by SystemModstamp, deleted ones included. A first load and wide windows go through
 * Bulk API 2.0, small changes through REST.
 * @throws SourceError for a mapping of an unknown object or column
 */
export function createSalesforceSource(
  config: SalesforceConfig,
  env: SourceEnv,
  limits: Partial<RetryLimits> = {},
): Source {
  const settings = salesforceSettings(config);
  const objects = mappedObjects(config);
  const session = salesforceSession(config, settings, env, limits);
  const state: State = { session, selected: new Map(), finished: new Set() };
  return {
    name: 'salesforce',
    streams: SALESFORCE_STREAMS,
    async open(signal) {
      await session.signIn(signal);
      for (const spec of objects) {
        state.selected.set(spec.stream.name, await selectedFields(session, spec, signal));
      }
    },
    pages: (stream, from) =>
      readAhead((signal) => objectPages(state, specOf(objects, stream), { ...from, signal }), from.signal),
    parse: (stream, page) =>
      parseSalesforce(specOf(objects, stream), page, settings.on_vanished_field === 'alert'),
    close: () => close(state),
  };
}

/** The pages of the records that changed since the bookmark; the last one carries the window's end as the new one. */
async function* objectPages(
  state: State,
  spec: SalesforceObjectSpec,
  from: ReadFrom,
): AsyncGenerator<Page, void> {
  const { session } = state;
  const { stream, object } = spec;
  const fields = state.selected.get(stream.name) ?? (await selectedFields(session, spec, from.signal));
  const window = readWindow(
    checked(stream, from.bookmark),
    session.settings.lookback_minutes,
    serverNow(session, stream.name),
  );
  // A server's clock that has gone back must not take the bookmark with it.
  const bookmark = from.bookmark !== null && from.bookmark > window.to ? from.bookmark : window.to;
  const ask = { stream, query: windowQuery(object, fields, window), fields, signal: from.signal };
  const isSmall =
    window.from !== null &&
    (await countRecords(session, { ...ask, query: windowQuery(object, 'COUNT()', window) })) <=
      session.settings.bulk_threshold;
  if (isSmall) yield* restPages(session, ask, bookmark);
  else yield* bulkPages(session, ask, bookmark, (path) => state.finished.add(path));
}

/** Deletes the finished jobs; a job that cannot be deleted goes by itself after seven days. */
async function close(state: State): Promise<void> {
  const { session } = state;
  for (const path of state.finished) {
    try {
      await session.ask({ method: 'DELETE', path, expect: 'the job deleted', stream: null });
    } catch (error) {
      session.context.env.log('info', `connectors: salesforce: job ${path} not deleted: ${String(error)}`);
    }
  }
  state.finished.clear();
  session.forget();
}

function specOf(objects: readonly SalesforceObjectSpec[], stream: Stream): SalesforceObjectSpec {
  const spec = objects.find((candidate) => candidate.stream.name === stream.name);
  if (spec !== undefined) return spec;
  throw new SourceError(
    `connectors: salesforce: stream ${stream.name}: got an unknown one, want one of ${objects.map((known) => known.stream.name).join(', ')}`,
    {
      failure: 'config',
      source: 'salesforce',
      stream: stream.name,
      next_step: 'name a stream of this source',
    },
  );
}

function checked(stream: Stream, bookmark: string | null): string | null {
  if (bookmark === null || !Number.isNaN(Date.parse(bookmark))) return bookmark;
  throw new SourceError(`connectors: salesforce ${stream.name}: bookmark: got ${bookmark}, want an instant`, {
    failure: 'contract',
    source: 'salesforce',
    stream: stream.name,
    next_step: 'run with --full-refresh',
  });
}
