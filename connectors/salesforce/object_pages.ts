import type { Page } from '../../schemas/page.ts';
import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { type ReadFrom, SourceError } from '../source.ts';
import { compareFields, type FieldFindings } from './field_memory.ts';
import { type SelectedField, selectedFields } from './fields.ts';
import { keptJobPages, resumable } from './open_job.ts';
import { countRecords, restPages } from './rest_query.ts';
import { type Session, serverNow } from './session.ts';
import { readWindow, windowQuery } from './soql.ts';
import type { StateFolder } from './state_folder.ts';

/** What one source keeps between its calls. */
export interface SalesforceState {
  readonly session: Session;
  readonly folder: StateFolder | null;
  /** Stream → fields to select, as describe showed them when the source was opened. */
  readonly selected: Map<string, readonly SelectedField[]>;
  /** Stream → what is to be remembered of its fields once its load is committed. */
  readonly findings: Map<string, FieldFindings>;
  /** Stream → its query job whose last page was given. */
  readonly read: Map<string, string>;
  /** Query jobs that nobody needs any more. */
  readonly finished: Set<string>;
}

/** One stream's read: what is selected, and how. */
interface Read {
  readonly state: SalesforceState;
  readonly spec: SalesforceObjectSpec;
  readonly fields: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/**
 * The pages of the records that changed since the bookmark, or of all where a field asks for it; the last one carries
 * the window's end as the new bookmark. A job that an earlier night left open is read to its end first, and what
 * changed since then after it.
 * @throws SourceError
 */
export async function* objectPages(
  state: SalesforceState,
  spec: SalesforceObjectSpec,
  from: ReadFrom,
): AsyncGenerator<Page, void> {
  const { session, folder } = state;
  const { stream, object } = spec;
  const { signal } = from;
  const selected = state.selected.get(stream.name) ?? (await selectedFields(session, spec, signal));
  const fields = selected.map(({ name }) => name);
  const read: Read = { state, spec, fields, signal };
  const bookmark = checked(stream.name, from.bookmark);
  const start = (await rereads(state, spec, selected, from)) ? null : bookmark;
  const now = serverNow(session, stream.name);
  const { lookback_minutes } = session.settings;
  const window = readWindow(start, lookback_minutes, now);
  const job = await resumable(session, folder, { stream, fields, signal }, (to) =>
    windowQuery(object, fields, { from: window.from, to }),
  );
  if (job === null) return yield* windowPages(read, window, bookmark);
  yield* keptJobPages({ ...kept(read, job.query), to: job.to, bookmark: job.to, resumed: job });
  const rest = readWindow(job.to, lookback_minutes, now);
  // Only one job is kept: were the rest a job too, the first would be forgotten with its rows not committed.
  yield* windowPages({ ...read, state: { ...state, folder: null } }, rest, job.to);
}

async function* windowPages(
  read: Read,
  window: ReturnType<typeof readWindow>,
  held: string | null,
): AsyncGenerator<Page, void> {
  const { spec, fields, signal } = read;
  const { session } = read.state;
  // A server's clock that has gone back must not take the bookmark with it.
  const bookmark = held !== null && held > window.to ? held : window.to;
  const query = windowQuery(spec.object, fields, window);
  const ask = { stream: spec.stream, query, signal };
  const isSmall =
    window.from !== null &&
    (await countRecords(session, { ...ask, query: windowQuery(spec.object, 'COUNT()', window) })) <=
      session.settings.bulk_threshold;
  if (isSmall) yield* restPages(session, ask, bookmark);
  else yield* keptJobPages({ ...kept(read, query), to: window.to, bookmark, resumed: null });
}

/** A job that is on file is needed until its load is committed; another one until its last page was given. */
function kept({ state, spec, fields, signal }: Read, query: string) {
  const { session, folder } = state;
  const finished = (path: string) => {
    if (folder === null) state.finished.add(path);
    else state.read.set(spec.stream.name, path);
  };
  return { session, folder, ask: { stream: spec.stream, query, fields, signal }, finished };
}

/** True where all records are to be read, not only those that changed. */
async function rereads(
  state: SalesforceState,
  spec: SalesforceObjectSpec,
  fields: readonly SelectedField[],
  from: ReadFrom,
): Promise<boolean> {
  const { session, folder } = state;
  if (folder === null) return false;
  const { refresh = false, signal } = from;
  const findings = await compareFields({ session, folder, spec, fields, refresh, signal });
  state.findings.set(spec.stream.name, findings);
  if (findings.reread === null || from.bookmark === null) return false;
  session.context.env.log(
    'info',
    `connectors: salesforce ${spec.stream.name}: ${findings.reread}: all records are read, not only those that changed`,
  );
  return true;
}

function checked(stream: string, bookmark: string | null): string | null {
  if (bookmark === null || !Number.isNaN(Date.parse(bookmark))) return bookmark;
  throw new SourceError(`connectors: salesforce ${stream}: bookmark: got ${bookmark}, want an instant`, {
    failure: 'contract',
    source: 'salesforce',
    stream,
    next_step: 'run with --full-refresh',
  });
}
