import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Warehouse } from '../../../warehouse/warehouse.ts';
import type { ManifestTable } from '../../file_manifest.ts';
import { bindQuery, PACK_REPORTS, type PackReport } from './reports.ts';
import type { PackSubject } from './subject.ts';

/** The tables of a pack, and those that could not be made since the models were not built. */
export interface PackTables {
  readonly tables: readonly ManifestTable[];
  readonly absent: readonly Pick<PackReport, 'name' | 'title'>[];
}

/** Where the Parquet file of a table lies below the pack's folder. */
export function parquetOf(name: string): string {
  return `tables/${name}.parquet`;
}

/** Writes each table as Parquet and, from the rows of that file, as CSV. */
export async function writeTables(
  warehouse: Warehouse,
  subject: PackSubject,
  folder: string,
  tell: (done: number, total: number) => void,
): Promise<PackTables> {
  await mkdir(join(folder, 'tables'), { recursive: true });
  const built = await builtTables(warehouse);
  const present = PACK_REPORTS.filter(({ reads }) => reads.every((table) => built.has(table)));
  const tables: ManifestTable[] = [];
  for (const report of present) {
    tables.push(await writeTable(warehouse, subject, folder, report));
    tell(tables.length, present.length);
  }
  const absent = PACK_REPORTS.filter((report) => !present.includes(report));
  return { tables, absent: absent.map(({ name, title }) => ({ name, title })) };
}

async function builtTables(warehouse: Warehouse): Promise<ReadonlySet<string>> {
  const rows = await warehouse.query(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables`,
  );
  return new Set(rows.map(({ name }) => name ?? ''));
}

async function writeTable(
  warehouse: Warehouse,
  subject: PackSubject,
  folder: string,
  { name, title, query: asked }: PackReport,
): Promise<ManifestTable> {
  const { sql, query, parameters } = bindQuery(asked, subject);
  const [parquet, csv] = [parquetOf(name), `tables/${name}.csv`];
  const { rows, columns, sums } = await warehouse.exportParquet(sql, join(folder, parquet));
  await warehouse.exportCsv(join(folder, parquet), join(folder, csv));
  return { name, title, query, parameters, rows, columns, sums, files: [parquet, csv] };
}
