import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DbtError, type Manifest, readManifest } from 'dbt-core-wrapper';
import type { TableModel } from '../extracts/data_source_model.ts';
import { type ExtractColumn, extractColumnsFromDuckDb } from '../extracts/duckdb_columns.ts';
import { type ExtractFile, type HyperTable, writeHyper } from '../extracts/hyper_file.ts';
import { findHyperd, withHyperd } from '../extracts/hyperd.ts';
import { packageDataSource, packageWorkbook } from '../extracts/package.ts';
import { tableModelFromDbt } from '../extracts/table_model.ts';
import { usageAndChurnWorkbook } from '../extracts/workbooks/usage_and_churn.ts';
import { usageAndChurnSource } from '../extracts/workbooks/usage_and_churn_source.ts';
import { NightError } from '../schemas/errors.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import {
  fileManifest,
  type ManifestTable,
  manifestFile,
  manifestSource,
  renderManifest,
} from './file_manifest.ts';
import { type Night, opened } from './night.ts';

/** The extract's tables, each sorted by what people filter on, its key last. */
export const EXTRACT_TABLES: Readonly<Record<string, readonly string[]>> = {
  mart_account_health: ['account_id'],
  fct_usage_daily: ['usage_date', 'account_id', 'cluster_id', 'dimension'],
  fct_overage: ['billing_period', 'subscription_id', 'line_id'],
  fct_churn_indicators: ['as_of_date', 'account_id'],
  // These belong to no account, so they are tables of the extract and not of the data source.
  mart_data_quality: ['source', 'stream'],
  mart_data_quality_days: ['usage_date'],
};

const NAME = 'meterline';
const SUFFIXES = ['hyper', 'tdsx', 'twbx'] as const;
const MANIFEST = `${NAME}.manifest.json`;

/**
 * Writes `meterline.hyper`, `.tdsx` and `.twbx` from the marts, and `meterline.manifest.json`, which says of what they are. All are made and checked beside the old ones first
 * and take their names together at the end, so that a failure leaves yesterday's files as they were.
 * @throws NightError when a mart is missing, or a file does not hold what the mart does
 */
export async function extract(night: Night): Promise<void> {
  night.env.onEvent({ kind: 'stage', stage: 'extract', detail: `${NAME}.hyper, .tdsx, .twbx` });
  const next = join(night.data.extracts, '.next');
  await rm(next, { recursive: true, force: true });
  await mkdir(next, { recursive: true });
  try {
    const rows = await writeFiles(night, next);
    for (const suffix of SUFFIXES) {
      const path = join(night.data.extracts, `${NAME}.${suffix}`);
      await rename(join(next, `${NAME}.${suffix}`), path);
      const { size: bytes } = await stat(path);
      night.results.extracts.push({
        name: `${NAME}.${suffix}`,
        path,
        rows: suffix === 'hyper' ? rows : null,
        bytes,
        published: false,
      });
    }
    await rename(join(next, MANIFEST), join(night.data.extracts, MANIFEST));
    const detail = `${rows} rows in ${Object.keys(EXTRACT_TABLES).length} tables, read back and equal to the marts`;
    night.env.onEvent({ kind: 'item_done', stage: 'extract', item: NAME, detail });
  } catch (error) {
    throw asNightError(error);
  } finally {
    await rm(next, { recursive: true, force: true });
  }
}

async function writeFiles(night: Night, folder: string): Promise<number> {
  const warehouse = opened(night);
  const manifest = await readManifest(join(night.data.dbtTarget, 'manifest.json'));
  const tables: Exported[] = [];
  for (const [index, name] of Object.keys(EXTRACT_TABLES).entries()) {
    tables.push(await exportTable(warehouse, name, folder));
    const total = Object.keys(EXTRACT_TABLES).length;
    night.env.onEvent({
      kind: 'progress',
      stage: 'extract',
      item: NAME,
      done: index + 1,
      total,
      unit: 'files',
      share: null,
    });
  }
  const hyperPath = join(folder, `${NAME}.hyper`);
  const program = await findHyperd(night.program.venv);
  const file = await withHyperd(program, (hyperd) => writeHyper({ hyperd, path: hyperPath, tables }));
  await writePackages(night, manifest, tables, hyperPath, folder);
  await writeManifest(night, tables, folder);
  return rowsOf(file);
}

async function writePackages(
  night: Night,
  manifest: Manifest,
  tables: readonly Exported[],
  hyperPath: string,
  folder: string,
): Promise<void> {
  const model = usageAndChurnSource(tables.map((table) => documented(manifest, table)));
  const asOf = await opened(night).newestAsOf();
  if (asOf === null)
    throw new Error('pipelines: workbook: got no as-of date yet, want one; run a whole night first');
  await packageDataSource({ model, hyperPath, path: join(folder, `${NAME}.tdsx`) });
  const workbook = usageAndChurnWorkbook(model, asOf);
  await packageWorkbook({ workbook, model, source: { hyperPath }, path: join(folder, `${NAME}.twbx`) });
}

/** The same kind of manifest as an audit pack has. */
async function writeManifest(night: Night, tables: readonly Exported[], folder: string): Promise<void> {
  const manifest = fileManifest({
    subject: `extracts of run ${night.run_id}`,
    created_at: night.env.now().toISOString(),
    source: await manifestSource(opened(night)),
    tables: tables.map(({ told }) => told),
    files: await Promise.all(SUFFIXES.map((suffix) => manifestFile(folder, `${NAME}.${suffix}`))),
  });
  await writeFile(join(folder, MANIFEST), renderManifest(manifest));
}

/** A mart on its way into the extract. */
interface Exported extends HyperTable {
  /** What the manifest says of it. */
  readonly told: ManifestTable;
  readonly columns: readonly ExtractColumn[];
}

/** An extract table as people see it: texts from the dbt model, so that docs and workbook cannot drift apart. */
function documented(manifest: Manifest, table: Exported): TableModel {
  const node = Object.values(manifest.nodes).find(
    (each) => each.resource_type === 'model' && each.name === table.name,
  );
  if (node === undefined)
    throw new Error(`pipelines: table ${table.name}: got no dbt model of that name, want one`);
  const { description, columns } = node;
  return tableModelFromDbt(table.name, table.columns, { description, meta: node.config.meta, columns });
}

/** Exports one mart to Parquet, sorted, with its row count and exact sums to hold the extract against. */
async function exportTable(warehouse: Warehouse, name: string, folder: string): Promise<Exported> {
  const described = await warehouse.query(`DESCRIBE marts.${name}`);
  const columns = extractColumnsFromDuckDb(
    described.map((row) => ({
      column_name: row.column_name ?? '',
      column_type: row.column_type ?? '',
      null: row.null ?? 'YES',
    })),
  );
  const select = columns.map((column) => column.select).join(', ');
  const parquetPath = join(folder, `${name}.parquet`);
  const order = (EXTRACT_TABLES[name] ?? []).join(', ');
  const query = `SELECT ${select} FROM marts.${name} ORDER BY ${order}`;
  const { rows, sums, columns: types } = await warehouse.exportParquet(query, parquetPath);
  const files = [`${NAME}.hyper`];
  const told = { name, title: `marts.${name}`, query, parameters: {}, rows, columns: types, sums, files };
  return { name, columns, parquetPath, expected: { rows: BigInt(rows), sums }, told };
}

function rowsOf(file: ExtractFile): number {
  return Number(file.tables.reduce((total, table) => total + table.rows, 0n));
}

function asNightError(error: unknown): NightError {
  const absent = (error as DbtError).kind === 'artifact' || /does not exist/.test(String(error));
  return new NightError(error instanceof Error ? error.message : String(error), {
    stage: 'extract',
    source: NAME,
    next_step: absent
      ? 'the marts are not built yet: run `meterline run` (or `run --only transform`) first'
      : 'the earlier files stay as they were; mend what is named and run `meterline extract`',
    cause: error,
  });
}
