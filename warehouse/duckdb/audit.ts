import type { EntryRange, LoadedPage, LoggedReading, LoggedRow, LogMisfits, Misfit } from '../log_records.ts';
import type { Warehouse } from '../warehouse.ts';
import type { Session } from './database.ts';
import { identifier, list, literal } from './sql.ts';
import { count, text, textOrNull } from './values.ts';

const BATCH_ENTRIES = 16_384;
/** Tables are joined and grouped in ranges of entries: DuckDB holds one side of a join, and not all of it can be spilled. */
const JOINED_ENTRIES = 200_000;
const EVIDENCE = 'marts.fct_metering_evidence';

/** What a verification reads of the log and of the rows that it stands for. */
export function audit(
  session: Session,
  joined_entries = JOINED_ENTRIES,
): Pick<Warehouse, 'loggedRows' | 'loggedReading' | 'logMisfits' | 'landedPages'> {
  return {
    loggedRows: (fields, range) => loggedRows(session, fields, range),
    loggedReading: (given, fields) => loggedReading(session, given, fields),
    logMisfits: (fields) => logMisfits(session, fields, joined_entries),
    landedPages: () => landedPages(session),
  };
}

/** A leaf's fields as the readings table has them: integers as plain digits, everything else as received. */
const fieldsOf = (alias: string, fields: readonly string[]) =>
  fields.map((name) => `${alias}.${identifier(name)}::VARCHAR AS ${identifier(name)}`);

async function* loggedRows(
  session: Session,
  fields: readonly string[],
  { from, to }: EntryRange = { from: 0, to: Number.MAX_SAFE_INTEGER },
): AsyncGenerator<readonly LoggedRow[]> {
  for (let start = from; start < to; start += BATCH_ENTRIES) {
    const end = Math.min(start + BATCH_ENTRIES, to); // exclusive
    const range = (alias: string) =>
      `${alias}.evidence_index >= ${start} AND ${alias}.evidence_index < ${end}`;
    // One text per reading: a value for each of its columns would take several times as long.
    const found = await session.connection.runAndReadAll(
      `SELECT e.evidence_index::DOUBLE, lower(hex(e.leaf_hash)),
         CASE WHEN r.reading_id IS NOT NULL THEN to_json(struct_pack(${list(fields.map((name) => `${identifier(name)} := r.${identifier(name)}::VARCHAR`))}))::VARCHAR END
       FROM (SELECT * FROM evidence.entries AS e WHERE ${range('e')}) AS e
       LEFT JOIN (SELECT * FROM raw.polaris_readings AS r WHERE ${range('r')}) AS r USING (evidence_index)
       ORDER BY 1`,
    );
    const rows = found.getRows();
    if (rows.length === 0) return;
    yield rows.map(([index, hash, reading]) => ({
      evidence_index: Number(index),
      leaf_hash: String(hash),
      reading: typeof reading === 'string' ? reading : null,
    }));
  }
}

async function loggedReading(
  session: Session,
  given: string,
  fields: readonly string[],
): Promise<LoggedReading | null> {
  const [row] = await session.rows(
    'look up an entry',
    `SELECT e.evidence_index, ${list(fieldsOf('r', fields))}
     FROM evidence.entries AS e JOIN raw.polaris_readings AS r USING (evidence_index)
     WHERE r.reading_id = $given OR e.evidence_index = TRY_CAST($given AS BIGINT)
     ORDER BY r.reading_id = $given DESC LIMIT 1`,
    { given },
  );
  if (row === undefined) return null;
  return {
    evidence_index: count(row.evidence_index),
    fields: Object.fromEntries(fields.map((name) => [name, textOrNull(row[name] ?? null)])),
  };
}

async function logMisfits(session: Session, fields: readonly string[], step: number): Promise<LogMisfits> {
  const { n: entries } = await session.row(
    'look for the last entry',
    'SELECT coalesce(max(evidence_index), -1) + 1 AS n FROM evidence.entries',
  );
  const logged: Span = { end: count(entries), step };
  const built = await session.row(
    'look for the evidence table',
    `SELECT count(*) AS n FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = 'fct_metering_evidence'`,
  );
  const known = count(built.n) > 0;
  return {
    unlogged: await firstUnlogged(session, logged),
    mistyped: await firstMistyped(session, logged),
    evidence_rows: known
      ? count((await session.row('count the evidence rows', `SELECT count(*) AS n FROM ${EVIDENCE}`)).n)
      : null,
    different: known ? await firstWrongEvidence(session, fields, step) : null,
  };
}

/** A table's rows of some entries, as SQL. */
type Within = (table: string) => string;

/** The entries before `end`, `step` at a time. */
interface Span {
  readonly end: number;
  readonly step: number;
}

/** What the first range of entries gives in which there is something. */
async function firstWithin<T>(
  { end, step }: Span,
  find: (within: Within) => Promise<T | null>,
): Promise<T | null> {
  for (let start = 0; start < end; start += step) {
    const stop = Math.min(start + step, end);
    const found = await find(
      (table) => `(SELECT * FROM ${table} WHERE evidence_index >= ${start} AND evidence_index < ${stop})`,
    );
    if (found !== null) return found;
  }
  return null;
}

/** The rows of a table that are in none of a span's ranges, as SQL. */
const outside = (table: string, { end }: Span) =>
  `${table} WHERE evidence_index IS NULL OR evidence_index < 0 OR evidence_index >= ${end}`;

async function firstUnlogged(session: Session, span: Span): Promise<string | null> {
  const first = async (readings: string) => {
    const [row] = await session.rows(
      'find readings outside the log',
      `SELECT reading_id FROM ${readings} ORDER BY evidence_index, reading_id LIMIT 1`,
    );
    return row === undefined ? null : text(row.reading_id);
  };
  return (
    (await first(outside('raw.polaris_readings', span))) ??
    (await firstWithin(span, (within) =>
      first(
        `${within('raw.polaris_readings')} AS r ANTI JOIN ${within('evidence.entries')} AS e USING (evidence_index)`,
      ),
    ))
  );
}

/** A column, what it says and what it must say, both as SQL. */
type Compared = readonly [name: string, got: string, want: string];

/** What is joined of a range of entries. */
interface Joined {
  readonly index: string;
  readonly reading: string;
  readonly from: (within: Within) => string;
}

/** The first row in which one of these differs. */
function firstMisfit(
  session: Session,
  what: string,
  span: Span,
  { index, reading, from }: Joined,
  compared: readonly Compared[],
): Promise<Misfit | null> {
  return firstWithin(span, (within) =>
    misfitWithin(session, what, { index, reading, from: from(within) }, compared),
  );
}

async function misfitWithin(
  session: Session,
  what: string,
  { index, reading, from }: { readonly index: string; readonly reading: string; readonly from: string },
  compared: readonly Compared[],
): Promise<Misfit | null> {
  const differs = compared.map(([, got, want]) => `${got} IS DISTINCT FROM ${want}`);
  const cases = (then: (each: Compared) => string) =>
    `CASE ${compared.map((each, place) => `WHEN ${differs[place]} THEN (${then(each)})::VARCHAR`).join(' ')} END`;
  const [row] = await session.rows(
    what,
    `SELECT ${index} AS evidence_index, ${reading} AS reading_id, ${cases(([name]) => literal(name))} AS column_name,
       ${cases(([, got]) => got)} AS got, ${cases(([, , want]) => want)} AS want
     FROM ${from} WHERE ${differs.join(' OR ')} ORDER BY 1 LIMIT 1`,
  );
  if (row === undefined) return null;
  return {
    evidence_index: count(row.evidence_index),
    reading_id: textOrNull(row.reading_id ?? null) ?? 'none',
    column: text(row.column_name),
    got: textOrNull(row.got ?? null),
    want: textOrNull(row.want ?? null),
  };
}

/** Money is made of the typed columns, while leaves are made of the texts. */
function firstMistyped(session: Session, span: Span): Promise<Misfit | null> {
  return firstMisfit(
    session,
    'hold the typed columns against the texts',
    span,
    {
      index: 'r.evidence_index',
      reading: 'r.reading_id',
      from: (within) => `${within('raw.polaris_readings')} AS r
        JOIN ${within('evidence.entries')} AS e USING (evidence_index)
        LEFT JOIN (SELECT DISTINCT sha256 FROM ops.pages) AS p ON p.sha256 = r.page_sha256`,
    },
    [
      ['quantity_decimal', 'r.quantity_decimal', 'TRY_CAST(r.quantity AS DECIMAL(38,9))'],
      ['hour_start', 'r.hour_start', 'TRY_CAST(r.hour AS TIMESTAMP)'],
      ['recorded_at_utc', 'r.recorded_at_utc', 'TRY_CAST(r.recorded_at AS TIMESTAMP)'],
      ['load_id', 'r.load_id', 'e.load_id'],
      ['the page in ops.pages', 'p.sha256', 'r.page_sha256'],
    ],
  );
}

/** Evidence rows are as old as the last build: entries that came since are none of theirs. */
async function firstWrongEvidence(
  session: Session,
  fields: readonly string[],
  step: number,
): Promise<Misfit | null> {
  const { n } = await session.row(
    'look for the last entry that was built',
    `SELECT greatest((SELECT coalesce(max(evidence_index), -1) + 1 FROM ${EVIDENCE}),
       (SELECT coalesce(arg_max(tree_size, build_id), 0) FROM ops.builds)) AS n`,
  );
  const span: Span = { end: count(n), step };
  return (await firstDouble(session, span)) ?? (await firstDifference(session, span, fields));
}

/** The first evidence row of no entry, or that is there twice. */
async function firstDouble(session: Session, span: Span): Promise<Misfit | null> {
  const first = async (rows: string, most: number): Promise<Misfit | null> => {
    const [row] = await session.rows(
      'look for evidence rows that are there twice, or of no entry',
      `SELECT coalesce(evidence_index, -1) AS index, min(reading_id) AS reading_id, count(*) AS n FROM ${rows}
       GROUP BY index HAVING count(*) > ${most} ORDER BY 1 LIMIT 1`,
    );
    if (row === undefined) return null;
    const [evidence_index, reading_id] = [count(row.index), text(row.reading_id)];
    return { evidence_index, reading_id, column: 'rows', got: String(count(row.n)), want: String(most) };
  };
  return (
    (await first(outside(EVIDENCE, span), 0)) ??
    (await firstWithin(span, (within) => first(within(EVIDENCE), 1)))
  );
}

function firstDifference(session: Session, span: Span, fields: readonly string[]): Promise<Misfit | null> {
  const typed = ['quantity_decimal', 'hour_start', 'recorded_at_utc'];
  const alike = (name: string) => [name, `m.${identifier(name)}`, `r.${identifier(name)}`] as const;
  return firstMisfit(
    session,
    'hold the evidence rows against the readings',
    span,
    {
      index: 'coalesce(m.evidence_index, e.evidence_index)',
      reading: 'coalesce(r.reading_id, m.reading_id)',
      from: (within) => `${within(EVIDENCE)} AS m
        FULL JOIN ${within('evidence.entries')} AS e USING (evidence_index)
        LEFT JOIN ${within('raw.polaris_readings')} AS r
          ON r.evidence_index = coalesce(m.evidence_index, e.evidence_index)`,
    },
    [
      ...fields.map((name) => [name, `m.${identifier(name)}`, `r.${identifier(name)}::VARCHAR`] as const),
      ['leaf_hash', 'm.leaf_hash', 'lower(hex(e.leaf_hash))'],
      ...typed.map(alike),
    ],
  );
}

async function landedPages(session: Session): Promise<readonly LoadedPage[]> {
  const rows = await session.rows(
    'list the pages',
    `SELECT p.path, p.sha256, min(p.url) AS url, min(r.first_index) AS first_index
     FROM ops.pages AS p
     LEFT JOIN (SELECT page_sha256, min(evidence_index) AS first_index
       FROM raw.polaris_readings GROUP BY page_sha256) AS r ON r.page_sha256 = p.sha256
     GROUP BY p.path, p.sha256 ORDER BY 1`,
  );
  return rows.map((row) => ({
    path: text(row.path),
    sha256: text(row.sha256),
    url: text(row.url),
    first_index: row.first_index === null ? null : count(row.first_index),
  }));
}
