import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isColumnar } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { goodRows, pageFile } from '../parquet/page_file.ts';
import type { LandedPage } from '../warehouse.ts';
import { checkPage } from './check_page.ts';
import type { Database, Session } from './database.ts';
import { refuseIllFormed } from './ill_formed.ts';
import { stageRejected } from './stage_rejected.ts';
import { failedRows, noRows, typedRows } from './stage_rows.ts';

/** Folders of staged pages are named so, in the database's temporary folder. */
const STAGE_FOLDER = 'stage_';

/**
 * What one load has staged, in its session:
 * `stage_pages`: one row per page; `stage_rejected`: one row per row refused by its parser;
 * `stage_rows`: one row per good row, typed, read from the files in which they are kept until the commit, so that
 * they do not wait in memory. `_ord` numbers the good rows of the load in the order page, offset.
 * `present_keys`: one row per key that a list of keys gave.
 * `_failed_column` is set where a validated text could not become the column's type: such a row is quarantined too.
 */
export interface Stage {
  add(page: LandedPage): Promise<void>;
  /** Waits until all pages given are staged. */
  flush(): Promise<void>;
  /** Shows the rows staged so far as `stage_rows`, once they are flushed. */
  show(): Promise<void>;
  /** Removes the files; the session is closed by then. */
  discard(): Promise<void>;
}

/** A staged page's file. `checked`: its texts were taken by checks that no type refuses. */
interface StagedFile {
  readonly path: string;
  readonly checked: boolean;
}

/** Creates the temporary tables of a load, and the folder of its files. */
export async function openStage(
  database: Pick<Database, 'tempDir'>,
  session: Session,
  stream: Stream,
): Promise<Stage> {
  for (const [name, columns] of STAGE_TABLES)
    await session.run(`create ${name}`, `CREATE TEMP TABLE ${name} (${columns})`);
  const folder = join(database.tempDir, `${STAGE_FOLDER}${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  const files: StagedFile[] = [];
  let pages = 0;
  let rows = 0;
  // Written while the caller reads the next page; at most one page is on its way.
  let staging: Promise<unknown> = Promise.resolve();

  const add = async (given: LandedPage): Promise<void> => {
    const page = refuseIllFormed(given, stream.columns);
    checkPage(stream, page);
    const good = goodRows(page.parsed);
    const parts = good === 0 ? null : pageFile(page, { page_no: pages, first_ord: rows });
    await staging;
    const path = join(folder, `${pages}.parquet`);
    if (parts !== null) files.push({ path, checked: isColumnar(page.parsed) });
    staging = Promise.all([stagePage(session, page, pages), parts === null ? null : writeParts(path, parts)]);
    // Its failure is thrown by the next add or flush; until then nobody awaits it.
    staging.catch(() => undefined);
    pages += 1;
    rows += good;
  };
  return {
    add,
    flush: async () => {
      await staging;
    },
    show: () => showRows(session, stream, files),
    discard: () => rm(folder, { recursive: true, force: true }),
  };
}

const STAGE_TABLES: readonly (readonly [string, string])[] = [
  [
    'stage_pages',
    `page_no BIGINT, url VARCHAR, bookmark VARCHAR, api_version VARCHAR, as_of TIMESTAMP, received_at TIMESTAMP,
     bytes BIGINT, rows_in_body BIGINT, stated_rows BIGINT, sha256 VARCHAR, path VARCHAR, patches VARCHAR`,
  ],
  [
    'stage_rejected',
    `page_no BIGINT, page_offset BIGINT, column_name VARCHAR, value VARCHAR, reason VARCHAR, row_text VARCHAR,
     cluster_id VARCHAR, seq VARCHAR`,
  ],
  ['present_keys', 'key VARCHAR'],
];

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    const { bytesWritten } = await file.writev(parts);
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    // A disk that fills up on the way ends the writing without an error.
    if (bytesWritten !== bytes)
      throw new Error(
        `warehouse: staged page: got ${bytesWritten} bytes written, want ${bytes}; free space in the data directory`,
      );
  } finally {
    await file.close();
  }
}

async function stagePage(
  session: Session,
  { page, path, parsed }: LandedPage,
  page_no: number,
): Promise<void> {
  const rejected = isColumnar(parsed) ? [] : parsed.rejected;
  await session.run(
    'stage a page',
    `INSERT INTO stage_pages VALUES ($page_no::BIGINT, $url, $bookmark, $api_version, $as_of::TIMESTAMP,
       $received_at::TIMESTAMP, $bytes::BIGINT, $rows_in_body::BIGINT, $stated_rows::BIGINT, $sha256, $path, $patches)`,
    {
      page_no,
      url: page.url,
      bookmark: page.bookmark,
      api_version: page.api_version,
      as_of: page.as_of,
      received_at: page.received_at,
      bytes: BigInt(page.bytes),
      rows_in_body: goodRows(parsed) + rejected.length,
      stated_rows: page.stated_rows,
      sha256: page.sha256,
      path,
      patches: page.patches === undefined ? null : JSON.stringify(page.patches),
    },
  );
  if (rejected.length > 0) await stageRejected(session, page_no, rejected);
}

/** `failed_rows` first: the rows that a type refuses, which `stage_rows` must show as such. */
async function showRows(session: Session, stream: Stream, files: readonly StagedFile[]): Promise<void> {
  const doubtful = files.filter(({ checked }) => !checked).map(({ path }) => path);
  if (doubtful.length > 0)
    await session.run(
      'find rows that a type refuses',
      `CREATE OR REPLACE TEMP TABLE failed_rows AS ${failedRows(stream, doubtful)}`,
    );
  const failed =
    doubtful.length > 0 &&
    Number((await session.row('count them', 'SELECT count(*) AS n FROM failed_rows')).n) > 0;
  const paths = files.map(({ path }) => path);
  const shown = paths.length === 0 ? noRows(stream) : typedRows(stream, paths, failed);
  await session.run('show the staged rows', `CREATE OR REPLACE TEMP VIEW stage_rows AS ${shown}`);
}
