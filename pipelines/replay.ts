import { existsSync } from 'node:fs';
import { type Source, SourceError } from '../connectors/source.ts';
import { leafHashes } from '../evidence/leaf.ts';
import type { Config } from '../schemas/config.ts';
import type { Page, ParsedPage } from '../schemas/page.ts';
import type { SourceName, Stream } from '../schemas/streams.ts';
import { readLanded } from '../warehouse/landing.ts';
import { acquireRunLock } from '../warehouse/lock.ts';
import type { OpenQuarantine, QuarantinedPage, QuarantineGroup } from '../warehouse/quarantine_records.ts';
import type { Load } from '../warehouse/warehouse.ts';
import { asNightError, referencesOf } from './load.ts';
import { type Night, type NightEnv, type NightOptions, opened } from './night.ts';
import { prepare, runRecord, startRun } from './nightly.ts';
import { dataPaths } from './paths.ts';
import { unknownRow } from './quarantine.ts';
import { seal } from './seal.ts';
import { landedPage } from './take_pages.ts';
import { closeWarehouse, openWarehouse } from './warehouse_access.ts';

/** Which open quarantined rows are tried again; null = all. */
export interface ReplayFilter {
  readonly source: SourceName | null;
  readonly stream: string | null;
  readonly quarantine_id: number | null;
}

/** What became of the open quarantined rows of one stream. */
export interface StreamReplay {
  readonly source: SourceName;
  readonly stream: string;
  /** The load that took them; null where none was needed. */
  readonly load_id: number | null;
  /** Rows taken from landed pages = loaded + held already + still refused. */
  readonly rows: number;
  readonly rows_loaded: number;
  readonly rows_held: number;
  readonly rows_still_refused: number;
  /** Rows of full lists that a newer list no longer has: left open, not tried. */
  readonly rows_outdated: number;
  /** Every row of the stream that is open after the replay, by column and reason, the commonest first. */
  readonly still_open: readonly QuarantineGroup[];
}

/** What a replay did; `run_id` is null where there was nothing to try. */
export interface ReplayReport {
  readonly run_id: string | null;
  readonly streams: readonly StreamReplay[];
  readonly evidence: { readonly tree_size: number; readonly root_hash: string } | null;
}

const OPTIONS: NightOptions = {
  command: 'quarantine replay',
  as_of: null,
  accept_quarantine: [],
  only: ['load', 'seal'],
  full_refresh: false,
  publish: false,
};
const NOTHING: ReplayReport = { run_id: null, streams: [], evidence: null };

/**
 * Tries open quarantined rows again with today's contracts, from the landed pages: no source is asked. What passes
 * is loaded as on any night; the rest stays open. `sources` stands in for the configured ones.
 * @throws UsageError for a row that is not there
 * @throws LockedError when another run has the data directory
 * @throws NightError for the first stream that fails; streams before it are committed
 */
export async function replayQuarantine(
  config: Config,
  filter: ReplayFilter,
  env: NightEnv,
  sources: readonly Source[] | null = null,
): Promise<ReplayReport> {
  if (!existsSync(dataPaths(config.data_dir).warehouse)) {
    if (filter.quarantine_id !== null) throw unknownRow(filter.quarantine_id);
    return NOTHING;
  }
  const lock = await acquireRunLock(config.data_dir, env.now);
  try {
    const prepared = await prepare(config, OPTIONS, env);
    const night = { ...prepared, sources: sources ?? prepared.sources };
    try {
      await openWarehouse(night);
      return await replayOpen(night, filter);
    } finally {
      await closeWarehouse(night);
    }
  } finally {
    lock.release();
  }
}

/** The open rows of one stream, and the source whose contract they are held against. */
interface Candidate {
  readonly source: Source;
  readonly stream: Stream;
  readonly open: OpenQuarantine;
}

async function replayOpen(night: Night, filter: ReplayFilter): Promise<ReplayReport> {
  const id = filter.quarantine_id;
  if (id !== null && (await opened(night).quarantinedRow(id)) === null) throw unknownRow(id);
  const candidates = await candidatesOf(night, filter);
  if (candidates.length === 0) return NOTHING;
  const started_at = night.env.now().toISOString();
  await startRun(night, started_at);
  const finish = (failure: string | null) => {
    const status = failure === null ? 'succeeded' : 'failed';
    const finished_at = night.env.now().toISOString();
    return opened(night).finishRun(runRecord(night, status, started_at, finished_at, failure));
  };
  try {
    const streams: StreamReplay[] = [];
    for (const candidate of candidates) streams.push(await replayStream(night, candidate));
    await seal(night);
    await finish(null);
    return { run_id: night.run_id, streams, evidence: night.results.tree };
  } catch (error) {
    await finish(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function candidatesOf(night: Night, filter: ReplayFilter): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = [];
  for (const source of night.sources.filter((each) => filter.source === null || each.name === filter.source))
    for (const stream of source.streams) {
      if (filter.stream !== null && stream.name !== filter.stream) continue;
      const open = await opened(night).openQuarantine(stream, filter.quarantine_id);
      if (open.pages.length > 0 || open.outdated > 0) candidates.push({ source, stream, open });
    }
  return candidates;
}

async function replayStream(night: Night, { source, stream, open }: Candidate): Promise<StreamReplay> {
  const item = `${stream.source}.${stream.name}`;
  const about = { source: stream.source, stream: stream.name, rows_outdated: open.outdated };
  const none = { load_id: null, rows: 0, rows_loaded: 0, rows_held: 0, rows_still_refused: 0 };
  if (open.pages.length === 0) return { ...about, ...none, still_open: await stillOpen(night, stream) };
  night.env.onEvent({ kind: 'stage', stage: 'load', detail: `replay of ${item}` });
  const staged = await opened(night).startLoad(stream, night.run_id, night.env.now);
  try {
    const refusedWithPage = await stagePages(night, { source, stream, open }, staged).catch(
      async (error: unknown) => {
        await staged.abort();
        throw error;
      },
    );
    // Its rows were let through the gate, or kept out, when they came first.
    const gate = { max_share: 1, min_rows: 0, accepted: true };
    const landed = await staged.commit({ complete: false, gate, replay: true });
    const refused = landed.rows_quarantined + refusedWithPage;
    const detail = `${landed.rows_loaded} loaded, ${landed.rows_unchanged} held already, ${refused} still refused`;
    night.env.onEvent({ kind: 'item_done', stage: 'load', item: `replay of ${item}`, detail });
    return {
      ...about,
      load_id: landed.load_id,
      rows: landed.rows_read + refusedWithPage,
      rows_loaded: landed.rows_loaded,
      rows_held: landed.rows_unchanged,
      rows_still_refused: refused,
      still_open: await stillOpen(night, stream),
    };
  } catch (error) {
    throw asNightError(error, item);
  }
}

function stillOpen(night: Night, { source, name }: Stream): Promise<readonly QuarantineGroup[]> {
  return opened(night).quarantineGroups({ source, stream: name, status: 'open' });
}

/** Stages the quarantined rows, page by page; gives the number of those whose page as a whole is refused today. */
async function stagePages(night: Night, { source, stream, open }: Candidate, staged: Load): Promise<number> {
  const references = await referencesOf(source, stream, opened(night));
  let refused = 0;
  for (const held of open.pages) {
    const page = await readPage(night.data.root, stream, held);
    try {
      const parsed = rowsAt(source.parse(stream, page, references), new Set(held.offsets));
      // The API's count is of the whole page.
      const names = stream.columns.map((column) => column.name);
      const hashes = stream.kind === 'revisions' ? leafHashes(names, parsed, page.sha256) : null;
      const part = landedPage({ ...page, stated_rows: null }, held.path, parsed, hashes);
      await staged.add({ ...part, taken: held.offsets });
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      refused += held.offsets.length;
      night.env.onEvent({ kind: 'warning', stage: 'load', message: `${error.message}; its rows stay open` });
    }
  }
  return refused;
}

/** A landed page as it was received; it moves no bookmark and says nothing of how far the feed has come. */
async function readPage(root: string, stream: Stream, held: QuarantinedPage): Promise<Page> {
  const { sha256, url, api_version, received_at, stated_rows } = held;
  return {
    source: stream.source,
    stream: stream.name,
    url,
    format: held.path.endsWith('.csv.zst') ? 'csv' : 'json',
    body: await readLanded(root, held.path, sha256),
    sha256,
    received_at,
    api_version,
    as_of: null,
    bookmark: null,
    stated_rows,
    ...(held.patches === undefined ? {} : { patches: held.patches }),
  };
}

/** The part of a parsed page that lies at these positions. Its drift was counted when the page came first. */
function rowsAt(parsed: ParsedPage, positions: ReadonlySet<number>): ParsedPage {
  const rows = parsed.offsets.flatMap((offset, row) => (positions.has(offset) ? [row] : []));
  return {
    columns: parsed.columns.map((column) => rows.map((row) => column[row] ?? null)),
    offsets: rows.flatMap((row) => parsed.offsets[row] ?? []),
    rejected: parsed.rejected.filter(({ offset }) => positions.has(offset)),
    drift: new Map(),
  };
}
