import { textAt } from '../connectors/columnar_rows.ts';
import type { Source } from '../connectors/source.ts';
import { leafHashes } from '../evidence/leaf.ts';
import { leafThread } from '../evidence/leaf_thread.ts';
import { NightError } from '../schemas/errors.ts';
import {
  type ColumnarPage,
  isColumnar,
  type Page,
  type ParsedPage,
  type References,
} from '../schemas/page.ts';
import type { Stream } from '../schemas/streams.ts';
import { landPage } from '../warehouse/landing.ts';
import type { LandedPage, Load } from '../warehouse/warehouse.ts';
import type { Night } from './night.ts';

/** Takes the pages of one stream, in their order, from the source to the stage. */
export interface PageTaker {
  /**
   * Lands a page as it came, judges its rows, and hands them on. Its leaves are hashed and its rows staged while the
   * caller reads the next page; what fails then is thrown by the next `take` or by `settle`.
   */
  take(page: Page): Promise<void>;
  /** Waits until every page is staged. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A taker of the pages of a stream. */
export function pageTaker(
  source: Source,
  stream: Stream,
  staged: Load,
  night: Night,
  references: References,
): PageTaker {
  const leaves = leafThread();
  const names = stream.columns.map((column) => column.name);
  const progress = startProgress(stream, night);
  let last: Promise<void> = Promise.resolve();

  const hand = async (
    page: Page,
    landing: Promise<string>,
    rows: ParsedPage | ColumnarPage,
  ): Promise<void> => {
    const hashes = () =>
      isColumnar(rows) ? leaves.hash(names, rows, page.sha256) : leafHashes(names, rows, page.sha256);
    const leaf_hashes = stream.kind === 'revisions' ? await hashes() : null;
    const path = await landing;
    await staged.add(landedPage(page, path, rows, leaf_hashes));
    await source.landed?.(page, path);
    progress(page, rows);
  };
  return {
    async take(page) {
      const { landing, rows } = await landAndJudge(source, stream, page, night, references);
      await last.catch(async (error: unknown) => {
        // Nothing may still be written when the failure is told.
        await landing.catch(() => undefined);
        throw error;
      });
      last = hand(page, landing, rows);
      // Its failure is thrown by the next take or settle; until then nobody awaits it.
      last.catch(() => undefined);
    },
    settle: () => last,
    async close() {
      // A page on its way must not find its thread gone under it; its failure was thrown, or another one was.
      await last.catch(() => undefined);
      await leaves.close();
    },
  };
}

/** A page is landed also where its rows cannot be judged: people will want to look at it. */
async function landAndJudge(
  source: Source,
  stream: Stream,
  page: Page,
  night: Night,
  references: References,
): Promise<{ readonly landing: Promise<string>; readonly rows: ParsedPage | ColumnarPage }> {
  const landing = landPage(night.data.root, page).catch((cause: unknown) => {
    throw notLanded(stream, cause);
  });
  // Its failure is thrown where it is awaited: here, or when the page is handed on.
  landing.catch(() => undefined);
  try {
    const rows = source.columnar?.(stream, page, references) ?? source.parse(stream, page, references);
    return { landing, rows };
  } catch (error) {
    await landing;
    throw error;
  }
}

/** A page's rows with all that the warehouse wants to know of it. */
export function landedPage(
  page: Page,
  path: string,
  parsed: ParsedPage | ColumnarPage,
  leaf_hashes: LandedPage['leaf_hashes'],
): LandedPage {
  const { body, ...about } = page;
  return { page: { ...about, bytes: body.length }, path, parsed, leaf_hashes };
}

/** Tells of each page; the share done follows from how far a feed's `recorded_at` has come towards its `as_of`. */
function startProgress(
  stream: Stream,
  night: Night,
): (page: Page, parsed: ParsedPage | ColumnarPage) => void {
  const item = `${stream.source}.${stream.name}`;
  const recordedAt = stream.columns.findIndex((column) => column.name === 'recorded_at');
  let rows = 0;
  let first: number | null = null;
  return (page, parsed) => {
    const good = isColumnar(parsed) ? parsed.rows : parsed.offsets.length;
    rows += good + (isColumnar(parsed) ? 0 : parsed.rejected.length);
    const at = (row: number) => (recordedAt < 0 || good === 0 ? null : textOf(parsed, row, recordedAt));
    const [from, last] = [at(0), at(good - 1)];
    first ??= from === null ? null : Date.parse(from);
    const end = page.as_of === null ? Number.NaN : Date.parse(page.as_of);
    const share = last && first !== null && end > first ? (Date.parse(last) - first) / (end - first) : null;
    night.env.onEvent({
      kind: 'progress',
      stage: 'load',
      item,
      done: rows,
      total: null,
      unit: 'rows',
      share,
    });
  };
}

function textOf(parsed: ParsedPage | ColumnarPage, row: number, column: number): string | null {
  return isColumnar(parsed) ? textAt(parsed, row, column) : (parsed.columns[column]?.[row] ?? null);
}

function notLanded(stream: Stream, cause: unknown): NightError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const next_step = 'free space in the data directory or make it writable, then run again';
  return new NightError(message, {
    stage: 'land',
    source: `${stream.source}.${stream.name}`,
    next_step,
    cause,
  });
}
