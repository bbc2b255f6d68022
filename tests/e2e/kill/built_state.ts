import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openPromise } from 'yauzl';
import type { Hyperd } from '../../../extracts/hyperd.ts';
import { printTables, READING_HISTORY, type TablePrint } from '../../support/tables.ts';

/** Columns of the marts that name a run, a load, or an instant of loading. */
const WHICH_RUN = ['run_id', 'load_id', 'loaded_at', 'received_at', ...READING_HISTORY];

/** Every mart, by all of its columns but those. */
export function marts(dataDir: string): Promise<Readonly<Record<string, TablePrint>>> {
  return printTables(dataDir, 'marts', WHICH_RUN);
}

/** What is in the extract folder: documents by text, tables by rows; two .hyper files of one content differ in bytes. */
export async function extractContent(
  dataDir: string,
  hyperd: Hyperd,
): Promise<Readonly<Record<string, string>>> {
  const folder = join(dataDir, 'extracts');
  const content: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) content[name] = 'there';
  const extract = join(folder, 'meterline.hyper');
  const bytes = sha256(await readFile(extract));
  for (const name of ['meterline.tdsx', 'meterline.twbx'])
    for (const [member, body] of await members(join(folder, name)))
      content[`${name}/${member}`] =
        member.endsWith('.hyper') && sha256(body) === bytes ? 'the extract' : sha256(body);
  for (const [table, rows] of await tablesOf(extract, hyperd)) content[table] = rows;
  return content;
}

async function members(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  for await (const entry of zip.eachEntry())
    found.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
  zip.close();
  return found;
}

async function tablesOf(path: string, hyperd: Hyperd): Promise<ReadonlyMap<string, string>> {
  const connection = await hyperd.connect(path);
  try {
    const found = new Map<string, string>();
    const tables = await connection.query(
      `SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'Extract' ORDER BY tablename`,
    );
    for (const { tablename } of tables) {
      const rows = await connection.query(`SELECT * FROM "Extract"."${tablename}"`);
      const kept = (row: object) =>
        Object.entries(row).filter(([column]) => !READING_HISTORY.includes(column));
      const sorted = rows.map((row) => JSON.stringify(kept(row))).sort();
      found.set(`table ${tablename}`, `${rows.length} rows, ${sha256(sorted.join('\n'))}`);
    }
    return found;
  } finally {
    await connection.close();
  }
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
