import type { Stream } from '../../schemas/streams.ts';
import { VERSION_MARK } from './accept_records.ts';
import { type Commit, rawName } from './commit.ts';
import type { Session } from './database.ts';
import { storedValues } from './ddl.ts';
import { keyColumn } from './present_keys.ts';
import { identifier, list, literal } from './sql.ts';
import { text } from './values.ts';

const NO_VERSION = 'want a version of the record with the same system_modstamp to put the columns into';

/** The current version of each record, with the row that it is. */
function held(stream: Stream): string {
  const key = keyColumn(stream);
  return `(SELECT rowid AS held_row, ${key}, ${VERSION_MARK}, received_at, is_vanished FROM ${rawName(stream)}
    QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY load_id DESC) = 1)`;
}

/** The keys of records of which whole rows must be read: see `Load.unheld`. `listed`: keys were listed too. */
export async function unheldKeys(
  session: Session,
  stream: Stream,
  listed: boolean,
): Promise<readonly string[]> {
  if (!listed && (await patchLists(session, stream)).length === 0) return [];
  const key = keyColumn(stream);
  // A list of keys says nothing of versions: any live one is enough.
  const wanted = `
    SELECT s.${key} AS key, s.${VERSION_MARK} AS mark
    FROM stage_rows AS s JOIN stage_pages AS p ON p.page_no = s._page_no
    WHERE p.patches IS NOT NULL AND s._failed_column IS NULL
    UNION ALL SELECT key, NULL FROM present_keys`;
  const rows = await session.rows(
    'find the records that are not held',
    `SELECT DISTINCT w.key FROM (${wanted}) AS w
     WHERE NOT EXISTS (SELECT 1 FROM ${held(stream)} AS h
         WHERE h.${key} = w.key AND NOT h.is_vanished AND (w.mark IS NULL OR h.${VERSION_MARK} >= w.mark))
       AND NOT EXISTS (SELECT 1 FROM stage_rows AS s JOIN stage_pages AS p ON p.page_no = s._page_no
         WHERE s.${key} = w.key AND p.patches IS NULL AND (w.mark IS NULL OR s.${VERSION_MARK} >= w.mark))
     ORDER BY w.key`,
  );
  return rows.map((row) => text(row.key));
}

/**
 * Makes whole rows of the rows that patch, in `stage_rows`. A row takes the columns that it lacks from the version of
 * the same mark, a row of this load before one of the warehouse; where a newer version is there it becomes a copy of
 * that, and changes nothing; where neither is there it is quarantined.
 */
export async function completePatches(commit: Commit, replay: boolean): Promise<void> {
  const { session, stream } = commit;
  const lists = await patchLists(session, stream);
  for (const [index, patches] of lists.entries()) {
    await findBases(commit, patches, lists.slice(0, index), replay);
    await session.run(
      'quarantine patches without a version',
      `INSERT INTO verdicts
       SELECT _ord, 'quarantined', false, NULL, NULL, ${literal(NO_VERSION)} FROM patch_bases WHERE place IS NULL`,
    );
    await makeWhole(commit, patches, index);
    await session.run('drop the bases', 'DROP TABLE patch_bases');
  }
}

/** The lists of columns that pages of this load patch, as they stand in `stage_pages`, in the order of the pages. */
async function patchLists(session: Session, stream: Stream): Promise<readonly string[]> {
  const rows = await session.rows(
    'find the patches',
    'SELECT patches FROM stage_pages WHERE patches IS NOT NULL GROUP BY patches ORDER BY min(page_no)',
  );
  const lists = rows.map((row) => text(row.patches));
  const needed = [...stream.key, VERSION_MARK];
  for (const patches of lists) {
    const columns = JSON.parse(patches) as string[];
    const known = columns.every((column) => stream.columns.some(({ name }) => name === column));
    if (!known || needed.some((column) => !columns.includes(column)))
      throw new Error(
        `warehouse: patch of ${stream.source} ${stream.name}: got columns ${columns.join(', ')}, want columns of ` +
          `the stream with ${needed.join(' and ')} among them; report this`,
      );
  }
  return lists;
}

/**
 * `patch_bases`: one row per row that patches: from where it is made whole (null: from nowhere), and whether what is
 * there is newer.
 */
async function findBases(
  { session, stream }: Commit,
  patches: string,
  before: readonly string[],
  replay: boolean,
): Promise<void> {
  const key = keyColumn(stream);
  const mark = VERSION_MARK;
  // Rows that were made whole before are as good as versions held: an earlier list of the same record.
  const isWhole = `(p.patches IS NULL OR p.patches IN (${list([...before, ''].map(literal))}))`;
  await session.run(
    'find the bases of the patches',
    `CREATE TEMP TABLE patch_bases AS
     WITH patch AS (
       SELECT s._ord, s.${key}, s.${mark}, p.received_at
       FROM stage_rows AS s JOIN stage_pages AS p ON p.page_no = s._page_no
       WHERE p.patches = ${literal(patches)} AND s._failed_column IS NULL
     ), staged AS (
       SELECT s._ord AS base, s.${key}, s.${mark}, p.patches IS NULL AS is_read_whole
       FROM stage_rows AS s JOIN stage_pages AS p ON p.page_no = s._page_no
       WHERE s._failed_column IS NULL AND ${isWhole}
       QUALIFY row_number() OVER (PARTITION BY s.${key}, is_read_whole ORDER BY s.${mark} DESC, s._ord DESC) = 1
     )
     SELECT n._ord, b.* EXCLUDE (_ord) FROM patch AS n LEFT JOIN (
       SELECT n._ord, 'staged' AS place, b.base, true AS supersedes, 1 AS rank
       FROM patch AS n JOIN staged AS b ON b.${key} = n.${key} WHERE b.is_read_whole AND b.${mark} >= n.${mark}
       UNION ALL
       SELECT n._ord, 'staged', b.base, false, 2
       FROM patch AS n JOIN staged AS b ON b.${key} = n.${key} WHERE NOT b.is_read_whole AND b.${mark} = n.${mark}
       UNION ALL
       SELECT n._ord, 'held', h.held_row, h.${mark} > n.${mark} ${replay ? `OR ${readWholeSince(stream)}` : ''}, 3
       FROM patch AS n JOIN ${held(stream)} AS h ON h.${key} = n.${key}
       WHERE NOT h.is_vanished AND h.${mark} >= n.${mark}
     ) AS b ON b._ord = n._ord
     QUALIFY row_number() OVER (PARTITION BY n._ord ORDER BY b.rank) = 1`,
  );
}

/** SQL that holds where a whole row of the record was received after the page of a replayed row. */
function readWholeSince(stream: Stream): string {
  const key = keyColumn(stream);
  return `EXISTS (
    SELECT 1 FROM ${rawName(stream)} AS v JOIN ops.pages AS w ON w.load_id = v.load_id AND w.sha256 = v.page_sha256
    WHERE v.${key} = n.${key} AND v.received_at > n.received_at AND w.patches IS NULL)`;
}

/** Writes the rows anew, as `stage_whole_<nth>`, and shows them as `stage_rows`. */
async function makeWhole({ session, stream }: Commit, patches: string, nth: number): Promise<void> {
  const brought = JSON.parse(patches) as string[];
  const values = storedValues(stream).map(({ name, from }) => {
    const column = identifier(name);
    const kept = brought.includes(from)
      ? `CASE WHEN b.supersedes THEN o.${column} ELSE s.${column} END`
      : `o.${column}`;
    return `${kept} AS ${column}`;
  });
  const text = brought.map((name) => `${literal(name)}, s.${identifier(name)}::VARCHAR`);
  // With a failed column the row is no version of its own.
  const refused = `${literal(VERSION_MARK)} AS _failed_column, json_object(${list(text)})::VARCHAR AS _failed_row`;
  const from = 'FROM stage_rows AS s JOIN patch_bases AS b ON b._ord = s._ord';
  await session.run(
    'make the patched rows whole',
    `CREATE TEMP TABLE stage_whole_${nth} AS
     SELECT s.* FROM stage_rows AS s ANTI JOIN patch_bases AS b ON b._ord = s._ord
     UNION ALL
     SELECT s.* REPLACE (${list(values)}) ${from}
       JOIN ${rawName(stream)} AS o ON o.rowid = b.base WHERE b.place = 'held'
     UNION ALL
     SELECT s.* REPLACE (${list(values)}) ${from} JOIN stage_rows AS o ON o._ord = b.base WHERE b.place = 'staged'
     UNION ALL
     SELECT s.* REPLACE (${refused}) ${from} WHERE b.place IS NULL`,
  );
  await session.run(
    'put the whole rows in their place',
    `CREATE OR REPLACE TEMP VIEW stage_rows AS SELECT * FROM stage_whole_${nth}`,
  );
  if (nth > 0) await session.run('drop the rows before', `DROP TABLE stage_whole_${nth - 1}`);
}
