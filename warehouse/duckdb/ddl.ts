import type { ColumnType } from '../../schemas/columns.ts';
import { rawTable, type Stream } from '../../schemas/streams.ts';

/** The layout that this program reads and writes. It grows when a table changes in a way that adding columns cannot express. */
export const LAYOUT_VERSION = 1;

/** Schemas of the database; the last three are filled by the models. */
export const SCHEMAS = ['raw', 'ops', 'evidence', 'staging', 'intermediate', 'marts'] as const;

/** One column as DuckDB has it; `type` is spelt as `duckdb_columns()` spells it. */
export interface StoredColumn {
  readonly name: string;
  readonly type: string;
}

/** One table: schema, name and columns in order. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly StoredColumn[];
}

const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  decimal: 'DECIMAL(38,9)',
  timestamp: 'TIMESTAMP',
  date: 'DATE',
  boolean: 'BOOLEAN',
  json: 'VARCHAR',
};

/** The DuckDB type that holds every validated value of a column type. Timestamps are naive and always UTC. */
function duckDbType(type: ColumnType): string {
  return DUCKDB_TYPES[type];
}

/**
 * Readings keep these texts exactly as received, since their evidence leaf was made of them; the typed value
 * stands beside each under another name.
 */
const TYPED_BESIDE: Readonly<Record<string, string>> = {
  hour: 'hour_start',
  quantity: 'quantity_decimal',
  recorded_at: 'recorded_at_utc',
};

/** One stored value: the delivered column that it is cast from, and the column and type that it lands in. */
export interface StoredValue extends StoredColumn {
  readonly from: string;
}

/** What is stored of a stream's delivered columns, in table order: typed, and for readings also as received. */
export function storedValues(stream: Stream): readonly StoredValue[] {
  if (stream.kind !== 'revisions')
    return stream.columns.map(({ name, type }) => ({ name, type: duckDbType(type), from: name }));
  const kept = stream.columns.map(({ name, type }) => ({
    name,
    type: name in TYPED_BESIDE ? 'VARCHAR' : duckDbType(type),
    from: name,
  }));
  const typed = stream.columns.flatMap(({ name, type }) => {
    const beside = TYPED_BESIDE[name];
    return beside === undefined ? [] : [{ name: beside, type: duckDbType(type), from: name }];
  });
  return [...kept, ...typed];
}

/** `name TYPE, name TYPE` → columns. */
function columns(text: string): readonly StoredColumn[] {
  return [...text.matchAll(/(\w+) ([A-Z]+(?:\(\d+,\d+\))?)/g)].map(([, name = '', type = '']) => ({
    name,
    type,
  }));
}

const KIND_COLUMNS: Readonly<Record<Stream['kind'], string>> = {
  revisions: 'evidence_index BIGINT',
  events: '',
  records: 'record_hash VARCHAR, is_vanished BOOLEAN',
};

const LOAD_COLUMNS =
  'load_id BIGINT, run_id VARCHAR, loaded_at TIMESTAMP, received_at TIMESTAMP, page_sha256 VARCHAR, page_offset BIGINT';

/**
 * The raw table of a stream. `revisions`: one row per accepted reading revision; `events`: one row per key;
 * `records`: one row per version of a record (a version with `is_vanished` is a tombstone).
 */
export function rawTableOf(stream: Stream): Table {
  return {
    schema: 'raw',
    name: rawTable(stream),
    columns: [
      ...storedValues(stream).map(({ name, type }) => ({ name, type })),
      ...columns(KIND_COLUMNS[stream.kind]),
      ...columns(LOAD_COLUMNS),
    ],
  };
}

function table(schema: string, name: string, text: string): Table {
  return { schema, name, columns: columns(text) };
}

/** One overage line as `marts.fct_overage` has it. */
const LINE_COLUMNS = `line_id VARCHAR, line_type VARCHAR, account_id VARCHAR, customer_id VARCHAR, subscription_id VARCHAR,
  cloud VARCHAR, plan VARCHAR, dimension VARCHAR, unit VARCHAR, billing_period DATE, billing_period_end DATE,
  close_month DATE, policy_id VARCHAR, policy_version VARCHAR, committed DECIMAL(38,9), is_unlimited BOOLEAN,
  measured DECIMAL(38,9), included DECIMAL(38,9), burst DECIMAL(38,9), above DECIMAL(38,9),
  rate_burst DECIMAL(38,9), rate_above DECIMAL(38,9), factor_tier DECIMAL(38,9), factor_region DECIMAL(38,9),
  factor_edition DECIMAL(38,9), multiplier DECIMAL(38,9), amount DECIMAL(38,9), currency VARCHAR,
  service_period DATE, posting_period DATE, status VARCHAR, corrects_line_id VARCHAR, taken_from_hour TIMESTAMP,
  hours_expected BIGINT, hours_metered BIGINT, hours_estimated BIGINT, hours_unmetered BIGINT,
  hours_grace BIGINT, first_hour TIMESTAMP, last_hour TIMESTAMP`;

/** Every table that belongs to no single stream. */
export const FIXED_TABLES: readonly Table[] = [
  table('ops', 'layout', 'layout_version BIGINT'),
  table('raw', 'polaris_seq_fillers', 'cluster_id VARCHAR, seq BIGINT, load_id BIGINT'),
  table(
    'ops',
    'runs',
    `run_id VARCHAR, command VARCHAR, status VARCHAR, started_at TIMESTAMP, finished_at TIMESTAMP,
     as_of_date DATE, program_version VARCHAR, error VARCHAR, ranges VARCHAR`,
  ),
  table(
    'ops',
    'run_steps',
    `run_id VARCHAR, stage VARCHAR, source VARCHAR, status VARCHAR, started_at TIMESTAMP,
     finished_at TIMESTAMP, detail VARCHAR`,
  ),
  table(
    'ops',
    'loads',
    `load_id BIGINT, run_id VARCHAR, source VARCHAR, stream VARCHAR, pages BIGINT, bytes BIGINT, rows_read BIGINT,
     rows_loaded BIGINT, rows_unchanged BIGINT, rows_quarantined BIGINT, records_vanished BIGINT, bookmark VARCHAR,
     as_of TIMESTAMP, drift VARCHAR, started_at TIMESTAMP, committed_at TIMESTAMP, is_replay BOOLEAN`,
  ),
  table(
    'ops',
    'control_totals',
    `run_id VARCHAR, hour TIMESTAMP, dimension VARCHAR, as_of TIMESTAMP, source_readings BIGINT,
     source_quantity DECIMAL(38,9), warehouse_readings BIGINT, warehouse_quantity DECIMAL(38,9),
     readings_difference BIGINT, quantity_difference DECIMAL(38,9), is_different BOOLEAN, load_id BIGINT,
     compared_at TIMESTAMP`,
  ),
  table(
    'ops',
    'pages',
    `load_id BIGINT, run_id VARCHAR, source VARCHAR, stream VARCHAR, page_no BIGINT, url VARCHAR, bookmark VARCHAR,
     api_version VARCHAR, as_of TIMESTAMP, received_at TIMESTAMP, bytes BIGINT, rows_in_body BIGINT, rows_good BIGINT,
     rows_quarantined BIGINT, stated_rows BIGINT, sha256 VARCHAR, path VARCHAR, program_version VARCHAR,
     patches VARCHAR`,
  ),
  table(
    'ops',
    'bookmarks',
    'source VARCHAR, stream VARCHAR, bookmark VARCHAR, load_id BIGINT, run_id VARCHAR, updated_at TIMESTAMP',
  ),
  table(
    'ops',
    'quarantine',
    `quarantine_id BIGINT, run_id VARCHAR, load_id BIGINT, source VARCHAR, stream VARCHAR, page_sha256 VARCHAR,
     page_offset BIGINT, column_name VARCHAR, value VARCHAR, reason VARCHAR, row_text VARCHAR, row_sha256 VARCHAR,
     cluster_id VARCHAR, seq BIGINT, status VARCHAR, quarantined_at TIMESTAMP, last_seen_at TIMESTAMP,
     times_seen BIGINT, replayed_at TIMESTAMP, replayed_run_id VARCHAR, replayed_load_id BIGINT`,
  ),
  table(
    'ops',
    'snapshots',
    'snapshot_id BIGINT, source VARCHAR, run_id VARCHAR, load_id BIGINT, snapshot_date DATE',
  ),
  table(
    'ops',
    'builds',
    `build_id BIGINT, run_id VARCHAR, fingerprint VARCHAR, load_id BIGINT, snapshot_id BIGINT, as_of_date DATE,
     tree_size BIGINT, built_at TIMESTAMP`,
  ),
  table('evidence', 'entries', 'evidence_index BIGINT, leaf_hash BLOB, load_id BIGINT, run_id VARCHAR'),
  table(
    'evidence',
    'tree_heads',
    'tree_size BIGINT, root_hash BLOB, frontier BLOB, run_id VARCHAR, sealed_at TIMESTAMP',
  ),
  table(
    'evidence',
    'close_preparations',
    `preparation_id BIGINT, month DATE, cut_off_at TIMESTAMP, load_id BIGINT, as_of_date DATE, prepared_by VARCHAR,
     prepared_at TIMESTAMP, tree_size BIGINT, root_hash BLOB, checkpoint VARCHAR, lines BIGINT, exceptions BIGINT,
     lines_reperformed BIGINT, reperform_differences BIGINT, program_version VARCHAR, lines_sha256 VARCHAR`,
  ),
  table(
    'evidence',
    'close_totals',
    `preparation_id BIGINT, month DATE, dimension VARCHAR, readings BIGINT, quantity DECIMAL(38,9),
     source_readings BIGINT, source_quantity DECIMAL(38,9)`,
  ),
  table('evidence', 'prepared_lines', `preparation_id BIGINT, ${LINE_COLUMNS}`),
  table(
    'evidence',
    'period_closes',
    `month DATE, preparation_id BIGINT, cut_off_at TIMESTAMP, prepared_load_id BIGINT, approved_load_id BIGINT,
     prepared_by VARCHAR, prepared_at TIMESTAMP, approved_by VARCHAR, approved_at TIMESTAMP, accepted_reason VARCHAR,
     exceptions BIGINT, tree_size BIGINT, root_hash BLOB, checkpoint VARCHAR, timestamped_at TIMESTAMP`,
  ),
  table('evidence', 'closed_lines', LINE_COLUMNS),
  table(
    'evidence',
    'policy_versions',
    `kind VARCHAR, policy_id VARCHAR, version VARCHAR, sha256 VARCHAR, content VARCHAR, prepared_by VARCHAR,
     approved_by VARCHAR, run_id VARCHAR, first_seen_at TIMESTAMP`,
  ),
];
