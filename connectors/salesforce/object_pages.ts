import type { Page } from '../../schemas/page.ts';
import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { type ReadFrom, SourceError } from '../source.ts';
import { compareFields, type FieldFindings } from './field_memory.ts';
import { type SelectedField, selectedFields } from './fields.ts';
import type { PageMark } from './job_pages.ts';
import { keptJobPages, type OpenJob, type Purpose, resumable } from './open_job.ts';
import { countRecords, restPages } from './rest_query.ts';
import { type Session, serverNow } from './session.ts';
import { readWindow, type Window, windowQuery } from './soql.ts';
import type { StateFolder } from './state_folder.ts';

/** What one source keeps between its calls. */
export interface SalesforceState {
  readonly session: Session;
  readonly folder: StateFolder | null;
  /** Stream → fields to select, as describe showed them when the source was opened. */
  readonly selected: Map<string, readonly SelectedField[]>;
  /** Stream → what is to be remembered of its fields once its load is committed. */
  readonly findings: Map<string, FieldFindings>;
  /** Stream → its query jobs whose last pages were given. */
  readonly read: Map<string, Set<string>>;
  /** Streams that were read to their end. */
  readonly ended: Set<string>;
  /** Page given → what to note of it once it is landed. */
  readonly marks: WeakMap<Page, PageMark>;
  /** Query jobs that nobody needs any more. */
  readonly finished: Set<string>;
}

/** One stream's read: what is selected, and how. */
interface Read {
  readonly state: SalesforceState;
  readonly spec: SalesforceObjectSpec;
  readonly fields: readonly SelectedField[];
  readonly from: ReadFrom;
}

/** What is read of a window. */
interface Part {
  readonly purpose: Purpose;
  readonly fields: readonly SelectedField[];
  readonly window: Window;
  readonly bookmark: string | null;
}

/** The mark of a record's version. */
const VERSION_MARK = 'system_modstamp';

/**
 * The pages of the records that changed since the bookmark, the last of them with the window's end as the new one;
 * then, of all records before, the fields whose values no change shows, each for itself. A job that an earlier night
 * left open is read to its end first, and what changed since then after it.
 * @throws SourceError
 */
export async function* objectPages(
  state: SalesforceState,
  spec: SalesforceObjectSpec,
  from: ReadFrom,
): AsyncGenerator<Page, void> {
  const { session } = state;
  const { stream } = spec;
  const fields = state.selected.get(stream.name) ?? (await selectedFields(session, spec, from.signal));
  const read: Read = { state, spec, fields, from };
  const bookmark = checked(stream.name, from.bookmark);
  const everywhere = await fieldsEverywhere(read);
  const now = serverNow(session, stream.name);
  const window = readWindow(bookmark, session.settings.lookback_minutes, now);
  yield* changedPages(read, window, bookmark, now);
  if (window.from !== null && everywhere.length > 0) {
    const before = { from: null, to: window.from };
    const part = { purpose: 'patches', fields: everywhere, window: before, bookmark: null } as const;
    yield* partPages(read, part, await openJob(read, part));
  }
  state.ended.add(stream.name);
}

async function* changedPages(
  read: Read,
  window: Window,
  held: string | null,
  now: Date,
): AsyncGenerator<Page, void> {
  const { state, fields } = read;
  const changes = { purpose: 'changes', fields } as const;
  const job = await openJob(read, { ...changes, window });
  const bookmark = noEarlier(held, window.to);
  if (job === null) return yield* partPages(read, { ...changes, window, bookmark }, null);
  yield* pagesOfJob(read, { ...changes, window: { ...window, to: job.to }, bookmark: job.to }, job);
  const rest = readWindow(job.to, state.session.settings.lookback_minutes, now);
  // Only one job is kept: were the rest a job too, the first would be forgotten with its rows not committed.
  const unkept = { ...read, state: { ...state, folder: null } };
  yield* partPages(unkept, { ...changes, window: rest, bookmark: noEarlier(job.to, rest.to) }, null);
}

/** A server's clock that has gone back must not take the bookmark with it. */
function noEarlier(held: string | null, to: string): string {
  return held !== null && held > to ? held : to;
}

/** By REST where the records are few, else by Bulk. */
async function* partPages(read: Read, part: Part, job: OpenJob | null): AsyncGenerator<Page, void> {
  const isFirst = part.purpose === 'changes' && part.window.from === null;
  if (job !== null || isFirst || !(await isSmall(read, part))) yield* pagesOfJob(read, part, job);
  else yield* restPages(read.state.session, asked(read, part), part.bookmark);
}

async function isSmall({ state, spec, from }: Read, { window }: Part): Promise<boolean> {
  const query = windowQuery(spec.object, 'COUNT()', window);
  const count = await countRecords(state.session, { stream: spec.stream, query, signal: from.signal });
  return count <= state.session.settings.bulk_threshold;
}

/** The job that an earlier night left of this part. */
function openJob(read: Read, part: Omit<Part, 'bookmark'>) {
  const { session, folder } = read.state;
  const { query, ...ask } = asked(read, part);
  // The end of a window of changes is the clock's; that of the records before it is given.
  return resumable(session, folder, part.purpose, ask, (to) =>
    part.purpose === 'patches'
      ? query
      : windowQuery(read.spec.object, ask.fields, { from: part.window.from, to }),
  );
}

/** A job that is on file is needed until its load is committed; another one until its last page was given. */
function pagesOfJob(read: Read, part: Part, resumed: OpenJob | null) {
  const { state, spec, from } = read;
  const { session, folder, marks } = state;
  return keptJobPages({
    session,
    folder,
    purpose: part.purpose,
    ask: asked(read, part),
    to: part.window.to,
    bookmark: part.bookmark,
    resumed,
    landing: { readLanded: from.readLanded, marks },
    finished: (path) => {
      if (folder === null) state.finished.add(path);
      else state.read.set(spec.stream.name, (state.read.get(spec.stream.name) ?? new Set()).add(path));
    },
  });
}

function asked({ spec, from }: Read, { purpose, fields, window }: Omit<Part, 'bookmark'>) {
  const names = fields.map(({ name }) => name);
  return {
    stream: spec.stream,
    query: windowQuery(spec.object, names, window),
    fields: names,
    ...(purpose === 'patches' ? { patches: fields.map(({ column }) => column) } : {}),
    signal: from.signal,
  };
}

/** The fields to be read of every record, with its id and version mark; none where the changes are enough. */
async function fieldsEverywhere({ state, spec, fields, from }: Read): Promise<readonly SelectedField[]> {
  const { session, folder } = state;
  if (folder === null) return [];
  const { refresh = false, signal } = from;
  const findings = await compareFields({ session, folder, spec, fields, refresh, signal });
  state.findings.set(spec.stream.name, findings);
  const { everywhere, why } = findings;
  if (everywhere.length === 0 || from.bookmark === null) return [];
  session.context.env.log(
    'info',
    `connectors: salesforce ${spec.stream.name}: ${why}: read of every record, for itself alone`,
  );
  const needed = [...spec.stream.key, VERSION_MARK];
  return fields.filter((field) => needed.includes(field.column) || everywhere.includes(field));
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
