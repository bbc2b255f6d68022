import type { Stream } from '../../schemas/streams.ts';
import type { QuarantineGate } from '../warehouse.ts';
import { type Accepted, type Commit, rawName } from './commit.ts';
import { storedValues } from './ddl.ts';
import { checkVanished, isMissing } from './present_keys.ts';
import { readRefusedKeys } from './refused_keys.ts';
import { equalOn, identifier, list, literal } from './sql.ts';

/** Salesforce's own mark of a version: the greater one is the newer, whatever page brought it, and when. */
export const VERSION_MARK = 'system_modstamp';

/**
 * Adds a version of each record whose content changed. Within one load a key's newest row counts: by
 * `system_modstamp` where the stream has it, else the last delivered. A row older than the current version changes
 * nothing, so that an old page delivered late cannot undo a newer one; in a replay neither does a row whose page was
 * received before that of the current version.
 */
export async function acceptRecords(
  commit: Commit,
  options: { complete: boolean; listed: boolean; gate: QuarantineGate; replay?: boolean },
): Promise<Accepted> {
  await findChanged(commit, options.replay === true);
  const { complete, listed } = options;
  const vanished = complete && (listed || commit.stream.full) ? await canVanish(commit) : false;
  const records_vanished = vanished ? await buryVanished(commit, listed) : 0;
  if (vanished) await checkVanished(commit, records_vanished, options.gate);
  const rows_loaded = await insertVersions(commit);
  return { rows_loaded, records_vanished };
}

function keyOf(stream: Stream): string {
  return list(stream.key.map(identifier));
}

function markOf(stream: Stream): string | null {
  return stream.columns.some(({ name }) => name === VERSION_MARK) ? VERSION_MARK : null;
}

/**
 * Hashes the values that are there, each with its name and length, so that no two contents give one text and a
 * column added later (null until it is delivered) changes no hash. One call of `concat`, in which a null is no text:
 * joining pair by pair takes twice the time.
 */
function recordHash(stream: Stream): string {
  const nullable = new Set(stream.columns.filter((column) => column.nullable).map(({ name }) => name));
  const parts = storedValues(stream).flatMap(({ name, from }) => {
    const text = `${identifier(name)}::VARCHAR`;
    const where = (label: string) =>
      nullable.has(from)
        ? `CASE WHEN ${identifier(name)} IS NOT NULL THEN ${literal(label)} END`
        : literal(label);
    return [where(`;${name}=`), `strlen(${text})`, where(':'), text];
  });
  return `sha256(concat(${list(parts)}))`;
}

/** `changed`: one row per key with a new version: its staged row and its hash. All other good rows are unchanged. */
async function findChanged({ session, stream }: Commit, replay: boolean): Promise<void> {
  const key = keyOf(stream);
  const mark = markOf(stream);
  const marked = mark === null ? '' : `, ${mark}`;
  // The keys alone are sorted: whole rows would be, if the hash were made in the same step.
  await session.run(
    'find the newest row of each record',
    `CREATE TEMP TABLE newest AS
     SELECT _ord FROM stage_rows WHERE _failed_column IS NULL
     QUALIFY row_number() OVER (
       PARTITION BY ${key} ORDER BY ${mark === null ? '' : `${mark} DESC NULLS LAST, `}_ord DESC) = 1`,
  );
  const current = `
    SELECT ${key}, record_hash, is_vanished, received_at${marked} FROM ${rawName(stream)}
    QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY load_id DESC) = 1`;
  await session.run(
    'find the changed records',
    `CREATE TEMP TABLE changed AS
     SELECT n._ord, n.record_hash
     FROM (
       SELECT _ord, _page_no, ${key}, ${recordHash(stream)} AS record_hash${marked}
       FROM stage_rows SEMI JOIN newest USING (_ord)
     ) AS n JOIN stage_pages AS p ON p.page_no = n._page_no
       LEFT JOIN (${current}) AS c ON ${equalOn(stream.key, 'n', 'c')}
     WHERE (c.record_hash IS NULL OR c.is_vanished OR c.record_hash <> n.record_hash)
       ${mark === null ? '' : `AND NOT coalesce(c.${mark} > n.${mark}, false)`}
       ${replay ? 'AND (p.patches IS NOT NULL OR NOT coalesce(c.received_at > p.received_at, false))' : ''}`,
  );
  await session.run(
    'note the unchanged rows',
    `INSERT INTO verdicts
     SELECT _ord, 'unchanged', false, NULL, NULL, NULL
     FROM stage_rows ANTI JOIN changed USING (_ord) WHERE _failed_column IS NULL`,
  );
}

async function insertVersions(commit: Commit): Promise<number> {
  const { session, stream } = commit;
  const columns = storedValues(stream).map(({ name }) => identifier(name));
  return session.run(
    `insert into ${rawName(stream)}`,
    `INSERT INTO ${rawName(stream)}
       (${list(columns)}, record_hash, is_vanished, load_id, run_id, loaded_at, received_at, page_sha256, page_offset)
     SELECT ${list(columns.map((column) => `s.${column}`))}, c.record_hash, false,
       $load_id::BIGINT, $run_id, $committed_at::TIMESTAMP, p.received_at, p.sha256, s._offset
     FROM stage_rows AS s JOIN changed AS c ON c._ord = s._ord JOIN stage_pages AS p ON p.page_no = s._page_no`,
    { load_id: commit.load_id, run_id: commit.run_id, committed_at: commit.committed_at },
  );
}

/**
 * `refused_keys`: the keys of rows that were refused: a record whose row is quarantined has not vanished. Where
 * such a row does not say whose it is, it might be anybody's, and nothing vanishes in this load.
 */
async function canVanish({ session, stream }: Commit): Promise<boolean> {
  await readRefusedKeys(
    session,
    'refused_keys',
    'SELECT rowid AS ref, row_text FROM stage_rejected',
    stream.key,
  );
  const unread = stream.key.map((column) => `${identifier(column)} IS NULL`).join(' OR ');
  const { unreadable, pages } = await session.row(
    'count the refused rows without a key',
    `SELECT (SELECT count(*) FROM refused_keys WHERE ${unread}) AS unreadable,
       (SELECT count(*) FROM stage_pages) AS pages`,
  );
  return Number(unreadable) === 0 && Number(pages) > 0;
}

function inParts({ in_parts }: Stream): string {
  return in_parts === undefined
    ? ''
    : `AND r.${identifier(in_parts.column)} IS DISTINCT FROM ${literal(in_parts.value)}`;
}

/**
 * Adds a tombstone for each live record that did not appear, neither in the rows nor in a list of keys; it repeats
 * the last version.
 */
async function buryVanished(commit: Commit, listed: boolean): Promise<number> {
  const { session, stream } = commit;
  const key = keyOf(stream);
  const columns = list([...storedValues(stream).map(({ name }) => identifier(name)), 'record_hash']);
  return session.run(
    'bury vanished records',
    `INSERT INTO ${rawName(stream)}
       (${columns}, is_vanished, load_id, run_id, loaded_at, received_at, page_sha256, page_offset)
     SELECT ${columns}, true, $load_id::BIGINT, $run_id, $committed_at::TIMESTAMP, received_at, page_sha256, NULL
     FROM (
       SELECT * FROM ${rawName(stream)}
       QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY load_id DESC) = 1
     ) AS r
     WHERE NOT is_vanished
       AND NOT EXISTS (SELECT 1 FROM stage_rows AS s WHERE ${equalOn(stream.key, 's', 'r')})
       AND NOT EXISTS (SELECT 1 FROM refused_keys AS k WHERE ${equalOn(stream.key, 'k', 'r')})
       ${listed ? isMissing(stream) : ''} ${inParts(stream)}
     ORDER BY ${key}`,
    { load_id: commit.load_id, run_id: commit.run_id, committed_at: commit.committed_at },
  );
}
