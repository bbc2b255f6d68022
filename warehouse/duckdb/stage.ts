import { BIGINT, DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import type { Stream } from '../../schemas/streams.ts';
import type { LandedPage } from '../warehouse.ts';
import { type Batch, batchesOf, goodColumns, refuseIllFormed, rejectedColumns } from './batches.ts';
import { checkPage } from './check_page.ts';
import type { Session } from './database.ts';
import { type StoredValue, storedValues } from './ddl.ts';
import { identifier, list, literal } from './sql.ts';

/**
 * Temporary tables of one load, in its session:
 * `stage_pages`: one row per page; `stage_rejected`: one row per row refused by its parser;
 * `stage_rows`: one row per good row, typed. `_ord` numbers the good rows of the load in the order page, offset.
 * `present_keys`: one row per key that a list of keys gave.
 * `_failed_column` is set where a validated text could not become the column's type: such a row is quarantined too.
 */
export interface Stage {
  add(page: LandedPage): Promise<void>;
  /** Waits until all pages given are staged. */
  flush(): Promise<void>;
}

/** Creates the temporary tables of a load. */
export async function openStage(session: Session, stream: Stream): Promise<Stage> {
  for (const [name, columns] of stageTables(stream))
    await session.run(`create ${name}`, `CREATE TEMP TABLE ${name} (${columns})`);
  let pages = 0;
  let rows = 0;
  // Staged by DuckDB's threads while the caller parses the next page; at most one page is on its way.
  let staging: Promise<unknown> = Promise.resolve();

  const add = async (given: LandedPage): Promise<void> => {
    const good = batchesOf(goodColumns(given.parsed, given.leaf_hashes), given.parsed.offsets.length);
    if (good.some(({ body }) => body.includes('\\ud'))) {
      const refused = refuseIllFormed(given, stream.columns);
      if (refused !== given) return add(refused);
    }
    checkPage(stream, given);
    await staging;
    const at = { page_no: pages, first_ord: rows };
    pages += 1;
    rows += given.parsed.offsets.length;
    staging = stagePage(session, stream, given, good, at);
    // Its failure is thrown by the next add or flush; until then nobody awaits it.
    staging.catch(() => undefined);
  };
  return {
    add,
    flush: async () => {
      await staging;
    },
  };
}

interface Place {
  readonly page_no: number;
  readonly first_ord: number;
}

function stageTables(stream: Stream): readonly (readonly [string, string])[] {
  const stored = storedValues(stream).map(({ name, type }) => `${identifier(name)} ${type}`);
  return [
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
    [
      'stage_rows',
      list([
        '_page_no BIGINT, _ord BIGINT, _offset BIGINT',
        ...stored,
        '_failed_column VARCHAR, _failed_value VARCHAR, _failed_row VARCHAR',
        ...(stream.kind === 'revisions' ? ['_leaf_hash BLOB'] : []),
      ]),
    ],
  ];
}

async function stagePage(
  session: Session,
  stream: Stream,
  { page, path, parsed }: LandedPage,
  good: readonly Batch[],
  at: Place,
): Promise<void> {
  await session.run(
    'stage a page',
    `INSERT INTO stage_pages VALUES ($page_no::BIGINT, $url, $bookmark, $api_version, $as_of::TIMESTAMP,
       $received_at::TIMESTAMP, $bytes::BIGINT, $rows_in_body::BIGINT, $stated_rows::BIGINT, $sha256, $path, $patches)`,
    {
      page_no: at.page_no,
      url: page.url,
      bookmark: page.bookmark,
      api_version: page.api_version,
      as_of: page.as_of,
      received_at: page.received_at,
      bytes: BigInt(page.bytes),
      rows_in_body: parsed.offsets.length + parsed.rejected.length,
      stated_rows: page.stated_rows,
      sha256: page.sha256,
      path,
      patches: page.patches === undefined ? null : JSON.stringify(page.patches),
    },
  );
  await unnest(session, good, at, insertRows(stream));
  if (parsed.rejected.length === 0) return;
  const rejected = batchesOf(rejectedColumns(parsed.rejected), parsed.rejected.length);
  await unnest(session, rejected, at, INSERT_REJECTED);
}

/** Puts batches into `incoming` and runs the statement that takes them apart. */
async function unnest(session: Session, batches: readonly Batch[], at: Place, insert: string): Promise<void> {
  if (batches.length === 0) return;
  await session.run(
    'create the batches',
    'CREATE TEMP TABLE incoming (page_no BIGINT, first_ord BIGINT, rows BIGINT, body VARCHAR)',
  );
  const appender = await session.connection.createAppender('incoming', 'main', 'temp');
  let first = at.first_ord;
  for (const { rows, body } of batches) {
    const chunk = DuckDBDataChunk.create([BIGINT, BIGINT, BIGINT, VARCHAR]);
    chunk.setRows([[BigInt(at.page_no), BigInt(first), BigInt(rows), body]]);
    appender.appendDataChunk(chunk);
    first += rows;
  }
  appender.closeSync();
  await session.run('stage rows', insert);
  // Emptied, a temporary table keeps its memory; dropped, it gives it back.
  await session.run('drop the batches', 'DROP TABLE incoming');
}

const JSON_COLUMNS = `SELECT page_no, first_ord, rows, json_transform(body, '[["VARCHAR"]]') AS c FROM incoming`;

const INSERT_REJECTED = `
  INSERT INTO stage_rejected
  SELECT page_no, unnest(c[1])::BIGINT, unnest(c[2]), unnest(c[3]), unnest(c[4]), unnest(c[5]), unnest(c[6]),
    unnest(c[7])
  FROM (${JSON_COLUMNS})`;

/** Takes batches of good rows apart and types them; what a type refuses is kept as text beside the row. */
function insertRows(stream: Stream): string {
  const width = stream.columns.length;
  const texts = stream.columns.map((_, index) => `unnest(c[${index + 1}]) AS t${index}`);
  const textOf = new Map(stream.columns.map(({ name }, index) => [name, `t${index}`]));
  const values = storedValues(stream).map((stored) => ({ ...stored, text: textOf.get(stored.from) ?? '' }));
  const typed = values.map(({ name, type, text }) => `${typedValue(text, type)} AS ${identifier(name)}`);
  const leaf = stream.kind === 'revisions';
  const columns = values.map(({ name }) => identifier(name));
  return `
    INSERT INTO stage_rows
    SELECT page_no, ord, page_offset, ${list(columns)}, ${failure(values, stream)}${leaf ? ', unhex(leaf)' : ''}
    FROM (
      SELECT *, ${list(typed)}
      FROM (
        SELECT page_no, unnest(range(first_ord, first_ord + rows)) AS ord,
          unnest(c[${width + 1}])::BIGINT AS page_offset, ${list(texts)}
          ${leaf ? `, unnest(c[${width + 2}]) AS leaf` : ''}
        FROM (${JSON_COLUMNS})
      )
    )`;
}

/**
 * SQL that gives a text's value, or null where the type refuses it. DuckDB reads a decimal of 38 digits twenty times
 * slower than one of 18, and nearly all fit in 18: the wide cast is for those that do not.
 */
function typedValue(text: string, type: string): string {
  if (type === 'VARCHAR') return text;
  if (type !== 'DECIMAL(38,9)') return `TRY_CAST(${text} AS ${type})`;
  return `coalesce(TRY_CAST(${text} AS DECIMAL(18,9))::DECIMAL(38,9), TRY_CAST(${text} AS DECIMAL(38,9)))`;
}

/** The first column that its type refused, its text, and the whole row as JSON; all null for nearly every row. */
function failure(values: readonly (StoredValue & { readonly text: string })[], stream: Stream): string {
  const failed = values
    .filter(({ type }) => type !== 'VARCHAR')
    .map(({ name, text, from }) => ({
      when: `${identifier(name)} IS NULL AND ${text} IS NOT NULL`,
      text,
      from,
    }));
  if (failed.length === 0) return 'NULL, NULL, NULL';
  const row = stream.columns.map(({ name }, index) => `${literal(name)}, t${index}`);
  const cases = (then: (each: (typeof failed)[number]) => string) =>
    `CASE ${failed.map((each) => `WHEN ${each.when} THEN ${then(each)}`).join(' ')} END`;
  return list([
    cases(({ from }) => literal(from)),
    cases(({ text }) => `left(to_json(${text})::VARCHAR, 200)`),
    `CASE WHEN ${failed.map(({ when }) => `(${when})`).join(' OR ')} THEN json_object(${list(row)})::VARCHAR END`,
  ]);
}
