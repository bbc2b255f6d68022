import type { Page } from '../../schemas/page.ts';
import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import type { Stream } from '../../schemas/streams.ts';
import { readAhead } from '../read_ahead.ts';
import type { RetryLimits } from '../retry.ts';
import { refuseHours, type Source, type SourceEnv, SourceError } from '../source.ts';
import { columnarSalesforce } from './columnar_salesforce.ts';
import { rememberFields } from './field_memory.ts';
import { selectedFields } from './fields.ts';
import { noteLanded } from './job_pages.ts';
import { objectPages, type SalesforceState as State } from './object_pages.ts';
import { mappedObjects } from './objects.ts';
import { forgetJobs } from './open_job.ts';
import { parsePage } from './partial_pages.ts';
import { presentKeys } from './present_keys.ts';
import { type SalesforceConfig, salesforceSettings } from './salesforce_config.ts';
import { salesforceSession } from './session.ts';
import { stateFolder } from './state_folder.ts';
import { wholeRecords } from './whole_records.ts';

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
  const state: State = {
    session,
    folder: stateFolder(config.state_dir, env),
    selected: new Map(),
    findings: new Map(),
    read: new Map(),
    ended: new Set(),
    marks: new WeakMap(),
    finished: new Set(),
  };
  return {
    name: 'salesforce',
    streams: objects.map((spec) => spec.stream),
    async open(signal) {
      await session.signIn(signal);
      for (const spec of objects) {
        state.selected.set(spec.stream.name, await selectedFields(session, spec, signal));
      }
    },
    pages(stream, from) {
      refuseHours({ name: 'salesforce' }, stream, from);
      return readAhead(
        (signal) => objectPages(state, specOf(objects, stream), { ...from, signal }),
        from.signal,
      );
    },
    parse: (stream, page) => parsePage(specOf(objects, stream), page, settings.on_vanished_field === 'alert'),
    columnar: (stream, page) =>
      columnarSalesforce(specOf(objects, stream), page, settings.on_vanished_field === 'alert'),
    presentKeys: (stream, signal) =>
      presentKeys(session, specOf(objects, stream), (path) => state.finished.add(path), signal),
    records: (stream, keys, signal) => records(state, specOf(objects, stream), keys, signal),
    landed: (page, path) => noteLanded(state.folder, state.marks.get(page), path),
    committed: (stream) => committed(state, stream),
    close: () => close(state),
  };
}

/** What was read is committed: its fields are remembered, its job is of no use any more. */
async function committed(state: State, { name }: Stream): Promise<void> {
  const { folder } = state;
  if (folder === null) return;
  const findings = state.findings.get(name);
  if (findings !== undefined) await rememberFields(folder, name, findings.memory);
  await giveUpJobs(state, name);
}

async function giveUpJobs(state: State, stream: string): Promise<void> {
  await forgetJobs(state.folder, stream);
  for (const path of state.read.get(stream) ?? []) state.finished.add(path);
  state.read.delete(stream);
  state.ended.delete(stream);
}

async function* records(
  state: State,
  spec: SalesforceObjectSpec,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Page, void> {
  const { stream, object } = spec;
  const { session } = state;
  const selected = state.selected.get(stream.name) ?? (await selectedFields(session, spec, signal));
  const ask = { stream, object, fields: selected.map(({ name }) => name), signal };
  yield* wholeRecords(session, ask, keys, (path) => state.finished.add(path));
}

/**
 * Deletes the finished jobs; a job that cannot be deleted goes by itself after seven days. The jobs of a stream that
 * was read to its end and not committed are given up too: its load was refused, and would be again.
 */
async function close(state: State): Promise<void> {
  const { session } = state;
  for (const stream of [...state.ended]) await giveUpJobs(state, stream);
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
