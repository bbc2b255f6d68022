import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { programVersion } from './version.ts';

/**
 * What a set of files says and where it comes from, for whoever has to rely on it ("information produced by the entity"):
 * of each table the query with its parameters, the rows and the exact sums; of each file its size and hash.
 */
export interface FileManifest {
  readonly format: 'meterline-manifest/1';
  /** What the files are about, such as `audit pack 2026-10`. */
  readonly subject: string;
  /** RFC 3339, UTC. */
  readonly created_at: string;
  readonly program_version: string;
  readonly source: ManifestSource;
  readonly tables: readonly ManifestTable[];
  /** Every file but the manifest itself, and what vouches for it, in order of path. */
  readonly files: readonly ManifestFile[];
}

/** The build of the tables that was read, and the newest load then; null where there was none yet. */
export interface ManifestSource {
  readonly run_id: string | null;
  readonly as_of_date: string | null;
  /** The newest load in the build, and in the warehouse. */
  readonly built_load_id: number | null;
  readonly warehouse_load_id: number | null;
  readonly built_at: string | null;
}

/** One table. `$name` in the query stands for the parameter of that name: DuckDB takes both as they are. */
export interface ManifestTable {
  readonly name: string;
  readonly title: string;
  readonly query: string;
  readonly parameters: Readonly<Record<string, string | number | null>>;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** By decimal column, the exact sum as decimal text; absent where the column has no value. */
  readonly sums: Readonly<Record<string, string>>;
  /** Files that hold it. */
  readonly files: readonly string[];
}

export interface ManifestFile {
  /** Below the manifest's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A manifest with this program's version. */
export function fileManifest(given: Omit<FileManifest, 'format' | 'program_version'>): FileManifest {
  const { subject, created_at, source, tables, files } = given;
  return {
    format: 'meterline-manifest/1',
    subject,
    created_at,
    program_version: programVersion(),
    source,
    tables,
    files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** As it is written: people read it, too. */
export function renderManifest(manifest: FileManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The build that the tables are of. */
export async function manifestSource(warehouse: Warehouse): Promise<ManifestSource> {
  const [row] = await warehouse.query(
    `SELECT b.run_id, b.as_of_date::VARCHAR AS as_of_date, b.load_id::VARCHAR AS built_load_id,
       (SELECT max(load_id) FROM ops.loads)::VARCHAR AS warehouse_load_id,
       strftime(b.built_at, '%Y-%m-%dT%H:%M:%SZ') AS built_at
     FROM (SELECT 1) LEFT JOIN (SELECT * FROM ops.builds ORDER BY build_id DESC LIMIT 1) AS b ON true`,
  );
  const number = (text: string | null | undefined) =>
    text === null || text === undefined ? null : Number(text);
  return {
    run_id: row?.run_id ?? null,
    as_of_date: row?.as_of_date ?? null,
    built_load_id: number(row?.built_load_id),
    warehouse_load_id: number(row?.warehouse_load_id),
    built_at: row?.built_at ?? null,
  };
}

/** Size and hash of a file below a folder. */
export async function manifestFile(folder: string, path: string): Promise<ManifestFile> {
  const file = join(folder, path);
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return { path: path.split(sep).join('/'), bytes: (await stat(file)).size, sha256: digest.digest('hex') };
}

/** Every file below a folder, as paths below it, in order. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}
