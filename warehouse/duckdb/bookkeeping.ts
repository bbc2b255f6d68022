import type { LandedLoad } from '../../schemas/page.ts';
import { type Accepted, type Commit, rawName } from './commit.ts';
import { literal } from './sql.ts';
import { count, instantOf, textOrNull } from './values.ts';

/** The figures of a load before it is committed. */
export type Figures = Omit<LandedLoad, 'stream' | 'load_id' | 'bookmark' | 'as_of'>;

/**
 * Counts what became of each row of each page, and proves it against what the tables hold.
 * @throws Error where a page's rows are not loaded + unchanged + quarantined
 */
export async function proveFigures(commit: Commit, accepted: Accepted): Promise<Figures> {
  const { session, stream, load_id } = commit;
  await session.run('count by page', BY_PAGE);
  const vanished = stream.kind === 'records' ? 'AND NOT is_vanished' : '';
  const [wrong] = await session.rows(
    'prove the rows of each page',
    `SELECT p.sha256, sum(rows_in_body) AS body, coalesce(any_value(r.rows), 0) AS loaded,
       sum(unchanged) AS unchanged, sum(quarantined) AS quarantined
     FROM by_page AS p LEFT JOIN (
       SELECT page_sha256, count(*) AS rows FROM ${rawName(stream)}
       WHERE load_id = ${load_id} ${vanished} GROUP BY page_sha256
     ) AS r ON r.page_sha256 = p.sha256
     GROUP BY p.sha256 HAVING body <> loaded + unchanged + quarantined ORDER BY p.sha256 LIMIT 1`,
  );
  if (wrong !== undefined)
    throw new Error(
      `warehouse: page ${String(wrong.sha256)} of ${stream.source} ${stream.name}: got ${String(wrong.loaded)} rows ` +
        `loaded, ${String(wrong.unchanged)} unchanged and ${String(wrong.quarantined)} quarantined, want ` +
        `${String(wrong.body)} in all; nothing of this load was kept: report this`,
    );
  return figuresOf(commit, accepted);
}

/** One row per page: rows in its body, unchanged ones, quarantined ones (by parser or by conflict). */
const BY_PAGE = `
  CREATE TEMP TABLE by_page AS
  SELECT p.page_no, p.sha256, p.rows_in_body, coalesce(u.rows, 0) AS unchanged, coalesce(q.rows, 0) AS quarantined
  FROM stage_pages AS p
  LEFT JOIN (
    SELECT s._page_no AS page_no, count(*) AS rows FROM verdicts AS v JOIN stage_rows AS s ON s._ord = v._ord
    WHERE v.verdict = 'unchanged' GROUP BY ALL
  ) AS u ON u.page_no = p.page_no
  LEFT JOIN (SELECT page_no, count(*) AS rows FROM refusals GROUP BY ALL) AS q ON q.page_no = p.page_no`;

async function figuresOf({ session, stream }: Commit, accepted: Accepted): Promise<Figures> {
  const sums = await session.row(
    'sum up the load',
    `SELECT count(*) AS pages, coalesce(sum(s.bytes), 0)::BIGINT AS bytes,
       coalesce(sum(p.rows_in_body), 0)::BIGINT AS rows_read, coalesce(sum(p.unchanged), 0)::BIGINT AS rows_unchanged,
       coalesce(sum(p.quarantined), 0)::BIGINT AS rows_quarantined
     FROM by_page AS p JOIN stage_pages AS s ON s.page_no = p.page_no`,
  );
  const figures = {
    pages: count(sums.pages),
    bytes: count(sums.bytes),
    rows_read: count(sums.rows_read),
    rows_loaded: accepted.rows_loaded,
    rows_unchanged: count(sums.rows_unchanged),
    rows_quarantined: count(sums.rows_quarantined),
    records_vanished: accepted.records_vanished,
  };
  const accounted = figures.rows_loaded + figures.rows_unchanged + figures.rows_quarantined;
  if (accounted !== figures.rows_read)
    throw new Error(
      `warehouse: load of ${stream.source} ${stream.name}: got ${accounted} rows accounted for, ` +
        `want the ${figures.rows_read} read; nothing was kept: report this`,
    );
  return figures;
}

/** Writes the page manifest. */
export async function writePages({ session, stream, load_id, run_id }: Commit): Promise<void> {
  await session.run(
    'write the page manifest',
    `INSERT INTO ops.pages
       (load_id, run_id, source, stream, page_no, url, bookmark, api_version, as_of, received_at, bytes,
        rows_in_body, rows_good, rows_quarantined, stated_rows, sha256, path, patches, program_version)
     SELECT $load_id::BIGINT, $run_id, ${literal(stream.source)}, ${literal(stream.name)}, s.page_no, s.url,
       s.bookmark, s.api_version, s.as_of, s.received_at, s.bytes, s.rows_in_body,
       s.rows_in_body - p.quarantined, p.quarantined, s.stated_rows, s.sha256, s.path, s.patches,
       (SELECT any_value(program_version) FROM ops.runs WHERE run_id = $run_id)
     FROM stage_pages AS s JOIN by_page AS p ON p.page_no = s.page_no ORDER BY s.page_no`,
    { load_id, run_id },
  );
}

/** Moves the bookmark on where a page brought a new one; gives the bookmark and `as_of` after the load. */
export async function moveBookmark(
  commit: Commit,
): Promise<{ bookmark: string | null; as_of: string | null }> {
  const { session, stream, load_id, run_id, committed_at } = commit;
  const which = `source = ${literal(stream.source)} AND stream = ${literal(stream.name)}`;
  const state = await session.row(
    'read the bookmarks',
    `SELECT (SELECT bookmark FROM ops.bookmarks WHERE ${which}) AS old,
       (SELECT last(bookmark ORDER BY page_no) FROM stage_pages WHERE bookmark IS NOT NULL) AS new,
       (SELECT ${instantOf('last(as_of ORDER BY page_no)')} FROM stage_pages WHERE as_of IS NOT NULL) AS as_of`,
  );
  const old = textOrNull(state.old);
  const bookmark = textOrNull(state.new) ?? old;
  if (bookmark !== null && bookmark !== old) {
    await session.run('drop the old bookmark', `DELETE FROM ops.bookmarks WHERE ${which}`);
    await session.run(
      'write the bookmark',
      `INSERT INTO ops.bookmarks (source, stream, bookmark, load_id, run_id, updated_at)
       VALUES (${literal(stream.source)}, ${literal(stream.name)}, $bookmark, $load_id::BIGINT, $run_id,
         $at::TIMESTAMP)`,
      { bookmark, load_id, run_id, at: committed_at },
    );
  }
  return { bookmark, as_of: textOrNull(state.as_of) };
}

/** Writes the load's own row. */
export async function writeLoad(
  { session, run_id, committed_at }: Commit,
  load: LandedLoad,
  extra: { readonly drift: string; readonly started_at: string; readonly replay?: boolean },
): Promise<void> {
  const { stream, ...figures } = load;
  await session.run(
    'write the load',
    `INSERT INTO ops.loads
       (load_id, run_id, source, stream, pages, bytes, rows_read, rows_loaded, rows_unchanged, rows_quarantined,
        records_vanished, bookmark, as_of, drift, started_at, committed_at, is_replay)
     VALUES ($load_id::BIGINT, $run_id, ${literal(stream.source)}, ${literal(stream.name)}, $pages::BIGINT,
       $bytes::BIGINT, $rows_read::BIGINT, $rows_loaded::BIGINT, $rows_unchanged::BIGINT, $rows_quarantined::BIGINT,
       $records_vanished::BIGINT, $bookmark, $as_of::TIMESTAMP, $drift, $started_at::TIMESTAMP,
       $committed_at::TIMESTAMP, ${extra.replay === true})`,
    { ...figures, drift: extra.drift, started_at: extra.started_at, run_id, committed_at },
  );
}
