import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLanded } from '../../../warehouse/landing.ts';
import { printTables, type Sql, type TablePrint, withWarehouse } from '../../support/tables.ts';

/** Which run loaded a row, and when: the only things in which a night that follows a killed one may differ. */
const WHICH_RUN = [
  'run_id',
  'load_id',
  'loaded_at',
  'received_at',
  'updated_at',
  'sealed_at',
  'first_seen_at',
];
const WHEN = ['quarantined_at', 'last_seen_at', 'replayed_at', 'replayed_run_id', 'replayed_load_id'];
/** These grow with each run or each reading of a list; they are looked at one by one. */
const GROWING = [
  'loads',
  'pages',
  'runs',
  'run_steps',
  'snapshots',
  'control_totals',
  'builds',
  'tree_heads',
];
/** Written as the models are built, after load and seal. */
const OF_A_BUILD = ['policy_versions'];

type Rows = Awaited<ReturnType<Sql>>;

/** What a data directory holds after a load and a seal, without what says which run did it and when. */
export interface LoadedState {
  readonly tables: Readonly<Record<string, TablePrint>>;
  /** The load that brought each stream's rows, its pages, and what later ones added to it (nothing). */
  readonly loads: Rows;
  readonly pages: Rows;
  readonly later: Rows;
  readonly control_totals: Rows;
  readonly snapshots: Rows;
  readonly newest_run: Rows;
  /** The log's newest head; a run after a killed one seals what that had loaded first, at its size. */
  readonly head: Rows;
  /** Loads whose rows do not add up, or are not what the tables hold; runs that never ended. */
  readonly wrong: Rows;
  readonly files: Readonly<Record<string, string>>;
}

/** Looks at a data directory whose newest load before the night in question was `before` (0: there was none). */
export async function loadedState(dataDir: string, before: number): Promise<LoadedState> {
  const tables: Record<string, TablePrint> = {};
  for (const schema of ['raw', 'ops', 'evidence']) {
    const prints = await printTables(dataDir, schema, [...WHICH_RUN, ...WHEN, 'times_seen']);
    for (const [name, print] of Object.entries(prints))
      if (!GROWING.includes(name) && !OF_A_BUILD.includes(name)) tables[`${schema}.${name}`] = print;
  }
  return withWarehouse(dataDir, async (sql) => {
    await landedAsRecorded(dataDir, sql);
    return {
      tables,
      loads: await sql(loadsOf(before)),
      pages: await sql(pagesOf(before)),
      later: await sql(
        `SELECT source, stream, sum(rows_loaded + records_vanished)::INTEGER AS changed FROM (${firstLoads(before)})
         WHERE nth > 1 GROUP BY ALL HAVING changed <> 0`,
      ),
      control_totals: await sql(CONTROL_TOTALS),
      snapshots: await sql('SELECT DISTINCT source, snapshot_date FROM ops.snapshots ORDER BY ALL'),
      newest_run: await sql(NEWEST_RUN),
      head: await sql(HEAD),
      wrong: [...(await sql(WRONG_LOADS)), ...(await notInTables(sql)), ...(await seenTooOften(sql))],
      files: await smallFiles(dataDir),
    };
  });
}

function firstLoads(before: number): string {
  return `SELECT *, row_number() OVER (PARTITION BY source, stream ORDER BY load_id) AS nth FROM ops.loads WHERE load_id > ${before}`;
}

/** A job that is resumed is followed by what changed since then: Salesforce's pages and unchanged rows may be more. */
function loadsOf(before: number): string {
  const exact = (column: string) => `CASE WHEN source <> 'salesforce' THEN ${column} END AS ${column}`;
  return `SELECT source, stream, rows_read - rows_unchanged AS rows_new, rows_loaded, rows_quarantined, records_vanished,
      bookmark, as_of, drift, is_replay, ${['pages', 'bytes', 'rows_read', 'rows_unchanged'].map(exact).join(', ')}
    FROM (${firstLoads(before)}) WHERE nth = 1 ORDER BY source, stream`;
}

function pagesOf(before: number): string {
  return `SELECT p.source, p.stream, p.page_no, p.bookmark, p.api_version, p.as_of, p.bytes, p.rows_in_body, p.rows_good,
      p.rows_quarantined, p.stated_rows, p.sha256, regexp_replace(p.path, '\\d{4}-\\d\\d-\\d\\d', '') AS path
    FROM ops.pages AS p JOIN (${firstLoads(before)}) AS l ON l.load_id = p.load_id AND l.nth = 1
    WHERE p.source <> 'salesforce' OR p.path LIKE '%.csv.zst' ORDER BY ALL`;
}

const CONTROL_TOTALS = `
  SELECT * EXCLUDE (run_id, load_id, compared_at) FROM (
    SELECT * FROM ops.control_totals
    QUALIFY row_number() OVER (PARTITION BY hour, dimension ORDER BY compared_at DESC) = 1)
  ORDER BY hour, dimension`;

const NEWEST_RUN = `
  SELECT r.command, r.status, r.as_of_date, r.error, s.stage, s.status AS step
  FROM (SELECT * FROM ops.runs ORDER BY started_at DESC, status DESC LIMIT 1) AS r
    LEFT JOIN ops.run_steps AS s USING (run_id) ORDER BY s.started_at`;

const HEAD = `
  SELECT tree_size, hex(root_hash) AS root, hex(frontier) AS frontier
  FROM evidence.tree_heads ORDER BY tree_size DESC LIMIT 1`;

const WRONG_LOADS = `
  SELECT 'load ' || load_id AS what FROM ops.loads
  WHERE rows_read <> rows_loaded + rows_unchanged + rows_quarantined
  UNION ALL SELECT 'unended run ' || run_id FROM ops.runs WHERE status = 'running'`;

/** Each load says how many rows it put into its table; the table says so, too. */
async function notInTables(sql: Sql): Promise<Rows> {
  const tables = await sql(
    `SELECT DISTINCT table_name AS name FROM duckdb_columns() WHERE schema_name = 'raw' AND column_name = 'page_sha256'`,
  );
  const held = tables.map(
    ({ name }) => `SELECT '${name}' AS name, load_id, count(*) AS rows FROM raw."${name}" GROUP BY load_id`,
  );
  return sql(
    `SELECT 'rows of load ' || load_id || ' in ' || name AS what
     FROM (${held.join(' UNION ALL ')}) FULL JOIN (
       SELECT source || '_' || stream AS name, load_id, rows_loaded + records_vanished AS stated FROM ops.loads
       WHERE stated > 0) USING (name, load_id)
     WHERE rows IS DISTINCT FROM stated`,
  );
}

/** A quarantined row is counted once for each time that it was read. */
function seenTooOften(sql: Sql): Promise<Rows> {
  return sql(
    `SELECT 'times seen of quarantined row ' || quarantine_id AS what
     FROM ops.quarantine AS q WHERE times_seen > (
       SELECT count(*) FROM ops.pages AS p WHERE p.source = q.source AND p.stream = q.stream AND p.rows_quarantined > 0)`,
  );
}

/** @throws Error where a recorded page is not there, or not what its hash says */
async function landedAsRecorded(dataDir: string, sql: Sql): Promise<void> {
  for (const { path, sha256 } of await sql('SELECT DISTINCT path, sha256 FROM ops.pages'))
    await readLanded(dataDir, String(path), String(sha256));
}

/** State files with their text, and whatever an interrupted write left lying about. */
async function smallFiles(dataDir: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(dataDir.length + 1);
    if (!entry.isFile()) continue;
    if (/\.(?:partial|tmp)$/.test(name)) files[name] = 'left over';
    if (!name.startsWith('state/')) continue;
    const text = await readFile(path, 'utf8');
    files[name] = name.endsWith('reconciled.json') ? 'present' : text;
  }
  return files;
}
