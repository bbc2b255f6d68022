import { type ReadFrom, type Source, SourceError } from '../connectors/source.ts';
import { NightError, type Stage } from '../schemas/errors.ts';
import type { LandedLoad, References } from '../schemas/page.ts';
import type { Stream } from '../schemas/streams.ts';
import { readLanded } from '../warehouse/landing.ts';
import { GateError, type Load, VanishedError, type Warehouse } from '../warehouse/warehouse.ts';
import { addDays, dayOf, defaultAsOf } from './as_of.ts';
import { compareControlTotals, openSince } from './control_totals.ts';
import { asked, type Night, opened } from './night.ts';
import { isReconciliationDue, listKeys, noteReconciliation, readUnheld } from './reconciliation.ts';
import type { SourceReport } from './report.ts';
import { pageTaker } from './take_pages.ts';

/**
 * Reads, lands and loads every source that is asked for, one transaction per stream. A stream that fails stops its
 * own source; the others are still loaded, so that only what failed is late.
 * @throws NightError for the first failure, after the other sources were loaded
 */
export async function load(night: Night): Promise<void> {
  const { complete, failures } = await loadEach(night, night.sources, loadSource);
  await settleAsOf(night, complete);
  throwFirst(night, failures);
}

/** Loads source by source with `work`, those that are asked for; gives which were loaded and what failed. */
export async function loadEach(
  night: Night,
  sources: readonly Source[],
  work: (source: Source, night: Night) => Promise<SourceReport>,
): Promise<{ readonly complete: readonly Source[]; readonly failures: readonly NightError[] }> {
  const complete: Source[] = [];
  const failures: NightError[] = [];
  for (const source of sources.filter((each) => asked(night.options, each.name))) {
    try {
      night.results.sources[source.name] = await work(source, night);
      complete.push(source);
    } catch (error) {
      failures.push(asNightError(error, source.name));
    }
  }
  return { complete, failures };
}

/** @throws NightError the first of the failures, where there is one; the others are told as warnings */
export function throwFirst(night: Night, [first, ...others]: readonly NightError[]): void {
  if (first === undefined) return;
  for (const other of others)
    night.env.onEvent({ kind: 'warning', stage: other.stage, message: other.message });
  throw first;
}

async function loadSource(source: Source, night: Night): Promise<SourceReport> {
  night.env.onEvent({ kind: 'stage', stage: 'load', detail: source.name });
  const loads: LandedLoad[] = [];
  try {
    await source.open(night.env.signal);
    const began = night.env.now();
    const reconcile = await isReconciliationDue(source, night);
    for (const stream of source.streams) loads.push(await loadStream(source, stream, night, reconcile));
    if (reconcile) await noteReconciliation(source, night, began);
    loads.push(...(await compareControlTotals(source, night, (stream) => loadOn(source, stream, night))));
  } finally {
    await source.close();
  }
  return sumUp(loads);
}

/** How a stream is read: on from its bookmark or from its beginning, and whether the source's keys are listed too. */
interface Reading {
  readonly resume: boolean;
  readonly reconcile: boolean;
}

function loadStream(source: Source, stream: Stream, night: Night, reconcile: boolean): Promise<LandedLoad> {
  // A full refresh reads from the beginning again; rows that are held already are recognised and not loaded twice.
  return loadFrom(source, stream, night, { resume: !night.options.full_refresh, reconcile });
}

/** Reads a stream on from where this night left it. */
export function loadOn(source: Source, stream: Stream, night: Night): Promise<LandedLoad> {
  return loadFrom(source, stream, night, { resume: true, reconcile: false });
}

async function loadFrom(source: Source, stream: Stream, night: Night, reading: Reading): Promise<LandedLoad> {
  const staged = await opened(night).startLoad(stream, night.run_id, night.env.now);
  try {
    const listed = await stage(source, stream, staged, night, reading).catch(async (error: unknown) => {
      await staged.abort();
      throw error;
    });
    const landed = await commit(stream, staged, night, listed);
    await source.committed?.(stream);
    return landed;
  } catch (error) {
    throw asNightError(error, `${stream.source}.${stream.name}`);
  }
}

/** Reads page after page and stages it; `reconcile` also lists the source's keys. Gives whether they were listed. */
async function stage(
  source: Source,
  stream: Stream,
  staged: Load,
  night: Night,
  { resume, reconcile }: Reading,
): Promise<boolean> {
  const warehouse = opened(night);
  const from = resume
    ? { bookmark: await warehouse.bookmark(stream), ...(await openSince(night)) }
    : { bookmark: null };
  const references = await referencesOf(source, stream, warehouse);
  const pages = pageTaker(source, stream, staged, night, references);
  const how = { refresh: reconcile, signal: night.env.signal, readLanded: landedReader(night) };
  try {
    for await (const page of source.pages(stream, { ...from, ...how })) await pages.take(page);
    await pages.settle();
    const listed = reconcile && (await listKeys(source, stream, staged, night));
    await readUnheld(source, stream, staged, night, pages.take);
    await pages.settle();
    return listed;
  } finally {
    await pages.close();
  }
}

function landedReader({ data }: Night): NonNullable<ReadFrom['readLanded']> {
  return (path, sha256) => readLanded(data.root, path, sha256);
}

/** The current rows that the parser of a stream needs. */
export function referencesOf(source: Source, stream: Stream, warehouse: Warehouse): Promise<References> {
  return warehouse.references(source.streams.filter((other) => stream.references.includes(other.name)));
}

async function commit(stream: Stream, staged: Load, night: Night, listed: boolean): Promise<LandedLoad> {
  const item = `${stream.source}.${stream.name}`;
  const { max_quarantine_share, min_quarantined_rows } = night.config.gates;
  const accepted = night.options.accept_quarantine.includes(item);
  const gate = { max_share: max_quarantine_share, min_rows: min_quarantined_rows, accepted };
  const landed = await staged.commit({ complete: stream.full || listed, gate });
  const quarantined = landed.rows_quarantined > 0 ? `, ${landed.rows_quarantined} quarantined` : '';
  const vanished = landed.records_vanished > 0 ? `, ${landed.records_vanished} vanished` : '';
  const detail = `${landed.rows_read} rows read, ${landed.rows_loaded} loaded${quarantined}${vanished}`;
  night.env.onEvent({ kind: 'item_done', stage: 'load', item, detail });
  return landed;
}

/**
 * Settles the run's as-of date, now that its readings are in, and dates the snapshots of the sources that were read
 * completely. Without Polaris the machine's clock decides.
 * @throws NightError when a later as-of date is asked for than the readings allow
 */
async function settleAsOf(night: Night, complete: readonly Source[]): Promise<void> {
  const warehouse = opened(night);
  const { as_of: cutOff } = night.config.cut_offs;
  const stated = await warehouse.lastReadingsAsOf();
  if (stated === null && night.config.sources.polaris !== undefined) return;
  const latest = defaultAsOf(stated ?? night.env.now().toISOString(), cutOff);
  const wanted = night.options.as_of ?? latest;
  if (wanted > latest) {
    throw new NightError(
      `pipelines: as-of date: got ${wanted}, want ${latest} or earlier (the readings' as_of is ${stated ?? dayOf(night.env.now())}, the cut-off ${cutOff} UTC on the day after)`,
      {
        stage: 'load',
        source: null,
        next_step: `run again after ${addDays(wanted, 1)} ${cutOff} UTC, or leave --as-of out`,
      },
    );
  }
  await warehouse.setAsOf(night.run_id, wanted);
  night.results.as_of = wanted;
  for (const source of complete) await warehouse.recordSnapshot(source.name, night.run_id, latest);
}

/** The figures of a source's loads together. */
export function sumUp(loads: readonly LandedLoad[]): SourceReport {
  const sum = (figure: (load: LandedLoad) => number) =>
    loads.reduce((total, each) => total + figure(each), 0);
  const marked = loads.filter((each) => each.bookmark !== null);
  const main = marked.find((each) => each.stream.kind === 'revisions') ?? marked.at(-1);
  return {
    rows_read: sum((each) => each.rows_read),
    rows_loaded: sum((each) => each.rows_loaded),
    rows_quarantined: sum((each) => each.rows_quarantined),
    pages: sum((each) => each.pages),
    bytes: sum((each) => each.bytes),
    bookmark: main?.bookmark ?? null,
  };
}

/** Gives a failure its stage, source and next step. */
export function asNightError(error: unknown, item: string): NightError {
  if (error instanceof NightError) return error;
  if (error instanceof SourceError) {
    const source = error.stream === null ? error.source : `${error.source}.${error.stream}`;
    return new NightError(error.message, { stage: 'read', source, next_step: error.next_step, cause: error });
  }
  if (error instanceof GateError) {
    const next_step = `look at \`meterline quarantine list\` and at the page named there; if the rows are to be left out, run again with --accept-quarantine ${item}`;
    return new NightError(error.message, { stage: 'load', source: item, next_step, cause: error });
  }
  if (error instanceof VanishedError) {
    const next_step = `check that the user still sees all records; if they were deleted, run again with --accept-quarantine ${item}`;
    return new NightError(error.message, { stage: 'load', source: item, next_step, cause: error });
  }
  const stage: Stage = 'load';
  const next_step =
    'this is not a foreseen failure: nothing of this stream was committed; run again, and report it with the log if it comes back';
  return new NightError(error instanceof Error ? error.message : String(error), {
    stage,
    source: item,
    next_step,
    cause: error,
  });
}
