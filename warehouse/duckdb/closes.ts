import type { CloseRecords, LineTexts, NewPreparation, PeriodClose, Preparation } from '../close_records.ts';
import { lateRevisions, openExceptions } from './close_checks.ts';
import { closedLines, exportClosingLines, lineColumns, preparedLines, shownLines } from './close_lines.ts';
import type { ResultRow, Session } from './database.ts';
import { closedPolicies, policyVersions, recordPolicyVersions } from './policy_versions.ts';
import { identifier, list, literal } from './sql.ts';
import { count, instantOf, text, textOrNull } from './values.ts';

/** The records of period closes and policy versions: schema `evidence`. */
export function closes(session: Session): CloseRecords {
  return {
    buildState: () => buildState(session),
    firstUsedMonth: () => firstUsedMonth(session),
    periodCloses: () => periodCloses(session),
    preparation: (which) => preparation(session, which),
    openExceptions: (month) => openExceptions(session, month),
    exportClosingLines: (month, file) => exportClosingLines(session, month, file),
    prepareClose: (prepared, lines_file, hashOf) => prepareClose(session, prepared, lines_file, hashOf),
    lateRevisions: (prepared) => lateRevisions(session, prepared),
    closePeriod: (close) => closePeriod(session, close),
    preparedLines: (preparation_id) => preparedLines(session, preparation_id),
    closedLines: (month) => closedLines(session, month),
    shownLines: (month) => shownLines(session, month),
    closedPolicies: () => closedPolicies(session),
    policyVersions: () => policyVersions(session),
    recordPolicyVersions: (versions, run_id, at) => recordPolicyVersions(session, versions, run_id, at),
  };
}

async function buildState(session: Session) {
  const row = await session.row(
    'look at the last build',
    `SELECT (SELECT coalesce(max(load_id), 0) FROM ops.loads) AS newest, max(load_id) AS built,
       any_value(fingerprint) AS fingerprint
     FROM ops.builds WHERE build_id = (SELECT max(build_id) FROM ops.builds)`,
  );
  return {
    newest_load_id: count(row.newest),
    built_load_id: row.built === null ? null : count(row.built),
    fingerprint: textOrNull(row.fingerprint ?? null),
  };
}

async function firstUsedMonth(session: Session): Promise<string | null> {
  const lines = await session.rows(
    'look for the overage lines',
    `SELECT 1 FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = 'fct_overage'`,
  );
  const shown = lines.length === 0 ? '' : 'UNION ALL SELECT min(close_month) FROM marts.fct_overage';
  const row = await session.row(
    'find the first month in use',
    `SELECT strftime(min(month), '%Y-%m-01') AS month
     FROM (SELECT min(hour_start)::DATE AS month FROM raw.polaris_readings ${shown})`,
  );
  return textOrNull(row.month ?? null);
}

const INSTANTS = ['cut_off_at', 'prepared_at', 'approved_at', 'timestamped_at'];

/** Columns of a record as texts; instants as RFC 3339, hashes as hex. */
function recordColumns(names: readonly string[]): string {
  return list(
    names.map((name) => {
      if (INSTANTS.includes(name)) return `${instantOf(name)} AS ${name}`;
      if (name === 'root_hash') return `lower(hex(root_hash)) AS root_hash`;
      return `${identifier(name)}::VARCHAR AS ${identifier(name)}`;
    }),
  );
}

const CLOSE_COLUMNS =
  'month preparation_id cut_off_at prepared_load_id approved_load_id prepared_by prepared_at approved_by approved_at accepted_reason exceptions tree_size root_hash checkpoint timestamped_at'.split(
    ' ',
  );

async function periodCloses(session: Session): Promise<readonly PeriodClose[]> {
  const rows = await session.rows(
    'list the closed months',
    `SELECT ${recordColumns(CLOSE_COLUMNS)} FROM evidence.period_closes ORDER BY 1`,
  );
  return rows.map((row) => ({
    month: text(row.month),
    preparation_id: count(row.preparation_id),
    cut_off_at: text(row.cut_off_at),
    prepared_load_id: count(row.prepared_load_id),
    approved_load_id: count(row.approved_load_id),
    prepared_by: text(row.prepared_by),
    prepared_at: text(row.prepared_at),
    approved_by: text(row.approved_by),
    approved_at: text(row.approved_at),
    accepted_reason: textOrNull(row.accepted_reason ?? null),
    exceptions: count(row.exceptions),
    tree_size: count(row.tree_size),
    root_hash: text(row.root_hash),
    checkpoint: text(row.checkpoint),
    timestamped_at: textOrNull(row.timestamped_at ?? null),
  }));
}

const PREPARATION_COLUMNS =
  'preparation_id month cut_off_at load_id as_of_date prepared_by prepared_at tree_size root_hash checkpoint lines exceptions lines_reperformed reperform_differences program_version lines_sha256'.split(
    ' ',
  );

async function preparation(
  session: Session,
  which: { readonly month: string } | { readonly id: number },
): Promise<Preparation | null> {
  const [row] = await session.rows(
    'look up the preparation',
    `SELECT ${recordColumns(PREPARATION_COLUMNS)} FROM evidence.close_preparations
     WHERE ${'id' in which ? 'preparation_id = $wanted::BIGINT' : 'month = $wanted::DATE'}
     ORDER BY close_preparations.preparation_id DESC LIMIT 1`,
    { wanted: 'id' in which ? String(which.id) : which.month },
  );
  if (row === undefined) return null;
  const preparation_id = count(row.preparation_id);
  return {
    preparation_id,
    month: text(row.month),
    cut_off_at: text(row.cut_off_at),
    load_id: count(row.load_id),
    as_of_date: text(row.as_of_date),
    prepared_by: text(row.prepared_by),
    prepared_at: text(row.prepared_at),
    tree_size: count(row.tree_size),
    root_hash: text(row.root_hash),
    checkpoint: text(row.checkpoint),
    lines: count(row.lines),
    lines_sha256: textOrNull(row.lines_sha256 ?? null),
    exceptions: count(row.exceptions),
    lines_reperformed: countOrNull(row.lines_reperformed),
    reperform_differences: countOrNull(row.reperform_differences),
    program_version: text(row.program_version),
    totals: await totalsOf(session, preparation_id),
    amounts: await amountsOf(session, preparation_id),
  };
}

function countOrNull(value: ResultRow[string] | undefined): number | null {
  return value === null || value === undefined ? null : count(value);
}

async function totalsOf(session: Session, preparation_id: number): Promise<Preparation['totals']> {
  const rows = await session.rows(
    'read the totals',
    `SELECT dimension, readings, quantity::VARCHAR AS quantity, source_readings, source_quantity::VARCHAR AS source_quantity
     FROM evidence.close_totals WHERE preparation_id = ${preparation_id} ORDER BY dimension`,
  );
  return rows.map((row) => ({
    dimension: text(row.dimension),
    readings: count(row.readings),
    quantity: text(row.quantity),
    source_readings: countOrNull(row.source_readings),
    source_quantity: textOrNull(row.source_quantity ?? null),
  }));
}

async function amountsOf(session: Session, preparation_id: number): Promise<Preparation['amounts']> {
  const rows = await session.rows(
    'add up the lines',
    `SELECT currency, line_type, count(*) AS lines, sum(amount)::VARCHAR AS amount FROM evidence.prepared_lines
     WHERE preparation_id = ${preparation_id} GROUP BY currency, line_type ORDER BY currency, line_type DESC`,
  );
  return rows.map((row) => ({
    currency: text(row.currency),
    line_type: text(row.line_type),
    lines: count(row.lines),
    amount: textOrNull(row.amount ?? null),
  }));
}

function prepareClose(
  session: Session,
  prepared: NewPreparation,
  lines_file: string,
  hashOf: (lines: readonly LineTexts[]) => string,
): Promise<Preparation> {
  return session.transaction(async () => {
    await assertOpen(session, prepared.month);
    const newest = await session.row(
      'number the preparation',
      'SELECT coalesce(max(preparation_id), 0) + 1 AS id FROM evidence.close_preparations',
    );
    const id = count(newest.id);
    const columns = lineColumns.map(({ name }) => identifier(name));
    const lines = await session.run(
      'keep the prepared lines',
      `INSERT INTO evidence.prepared_lines BY NAME
       SELECT ${id} AS preparation_id, ${list(columns)} FROM read_parquet(${literal(lines_file)})`,
    );
    await session.run('keep the totals', CLOSE_TOTALS, {
      id,
      month: prepared.month,
      cut_off_at: prepared.cut_off_at,
      load_id: prepared.load_id,
    });
    const lines_sha256 = hashOf(await preparedLines(session, id));
    const record = { preparation_id: id, lines, lines_sha256, ...prepared };
    await insertRecord(session, 'evidence.close_preparations', record);
    const kept = await preparation(session, { id });
    if (kept === null) throw new Error(`warehouse: preparation ${id}: got none, want it; report this`);
    return kept;
  });
}

/** The readings that the close takes: the highest revision among those loaded and recorded in time. */
const CLOSE_TOTALS = `
  INSERT INTO evidence.close_totals BY NAME
  WITH taken AS (
    SELECT dimension, quantity_decimal FROM raw.polaris_readings
    WHERE load_id <= $load_id AND recorded_at_utc <= $cut_off_at::TIMESTAMP
      AND hour_start >= $month::DATE AND hour_start < $month::DATE + INTERVAL 1 MONTH
    QUALIFY row_number() OVER (PARTITION BY cluster_id, dimension, hour_start ORDER BY revision DESC) = 1
  ),
  held AS (
    SELECT dimension, count(*) AS readings, sum(quantity_decimal) AS quantity FROM taken GROUP BY dimension
  ),
  newest AS (
    SELECT dimension, source_readings, source_quantity FROM ops.control_totals
    WHERE hour >= $month::DATE AND hour < $month::DATE + INTERVAL 1 MONTH
    QUALIFY row_number() OVER (PARTITION BY hour, dimension ORDER BY as_of DESC, compared_at DESC) = 1
  ),
  stated AS (
    SELECT dimension, sum(source_readings)::BIGINT AS source_readings, sum(source_quantity) AS source_quantity
    FROM newest GROUP BY dimension
  )
  SELECT $id::BIGINT AS preparation_id, $month::DATE AS month, dimension, coalesce(readings, 0) AS readings,
    coalesce(quantity, 0)::DECIMAL(38,9) AS quantity, source_readings, source_quantity
  FROM held FULL JOIN stated USING (dimension)`;

function closePeriod(session: Session, close: PeriodClose): Promise<void> {
  return session.transaction(async () => {
    await assertOpen(session, close.month);
    await session.run(
      'freeze the lines',
      `INSERT INTO evidence.closed_lines BY NAME
       SELECT * EXCLUDE (preparation_id) FROM evidence.prepared_lines WHERE preparation_id = $id`,
      { id: close.preparation_id },
    );
    await insertRecord(session, 'evidence.period_closes', { ...close });
  });
}

async function assertOpen(session: Session, month: string): Promise<void> {
  const [closed] = await session.rows(
    'see whether the month is open',
    `SELECT approved_by FROM evidence.period_closes WHERE month = $month::DATE
     UNION ALL SELECT 'nobody known' FROM evidence.closed_lines WHERE close_month = $month::DATE LIMIT 1`,
    { month },
  );
  if (closed === undefined) return;
  throw new Error(
    `warehouse: close ${month}: got it closed by ${text(closed.approved_by)}, want it open; a closed month stays as it is`,
  );
}

/** Inserts one row; the columns' own types take the texts. */
async function insertRecord(
  session: Session,
  table: string,
  record: Readonly<Record<string, string | number | null>>,
): Promise<void> {
  const values = Object.keys(record).map((name) => {
    if (name === 'root_hash') return 'unhex($root_hash) AS root_hash';
    return INSTANTS.includes(name) ? `$${name}::TIMESTAMP AS ${name}` : `$${name} AS ${name}`;
  });
  await session.run(`record ${table}`, `INSERT INTO ${table} BY NAME SELECT ${list(values)}`, record);
}
