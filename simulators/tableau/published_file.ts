import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import yazl from 'yazl';
import { TableauRefusal, tagsIn } from './xml.ts';

/** A running hyperd, as far as the simulator uses it: one that the caller started. */
export interface HyperEngine {
  connect(): Promise<{
    query(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
    close(): Promise<void>;
  }>;
}

/** The members of a package by path. @throws TableauRefusal 400011 when it is not a whole zip file. */
export async function readPackage(file: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const members = new Map<string, Buffer>();
  try {
    const zip = await fromBufferPromise(file, { lazyEntries: true, autoClose: false });
    for await (const entry of zip.eachEntry()) {
      members.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
    }
  } catch (error) {
    throw bad(
      `The package is not a readable zip file: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return members;
}

/** A package with these members. */
export async function writePackage(members: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [path, content] of members) zip.addBuffer(content, path);
  zip.end();
  return buffer(zip.outputStream);
}

/**
 * Checks a file as the server does on publishing: a .tdsx or .twbx is a zip with one document whose extracts are in
 * it; every .hyper is one that hyperd opens and that holds a table.
 * @throws TableauRefusal 400011 (publishing error) or 400010 (unknown type).
 */
export async function checkPublishedFile(
  type: string,
  file: Buffer,
  engine: HyperEngine | null,
): Promise<void> {
  if (type === 'hyper') return checkHyper('the file', file, engine);
  if (type === 'tds' || type === 'twb') return checkDocument(file.toString('utf8'), new Map());
  if (type !== 'tdsx' && type !== 'twbx')
    throw new TableauRefusal('400010', 'Bad Request', `Unknown type ${type}.`);
  const members = await readPackage(file);
  const documents = [...members].filter(([path]) => path.endsWith(type === 'tdsx' ? '.tds' : '.twb'));
  const document = documents[0];
  if (document === undefined || documents.length > 1) {
    throw bad(`The package holds ${documents.length} documents instead of one.`);
  }
  checkDocument(document[1].toString('utf8'), members);
  for (const [path, content] of members) {
    if (path.endsWith('.hyper')) await checkHyper(path, content, engine);
  }
}

function checkDocument(document: string, members: ReadonlyMap<string, Buffer>): void {
  const root = tagsIn(document)[0]?.name;
  if (root !== 'datasource' && root !== 'workbook') throw bad(`The document's root is ${root ?? 'missing'}.`);
  for (const { name, attributes } of tagsIn(document)) {
    const extract = name === 'connection' && attributes.class === 'hyper' ? (attributes.dbname ?? '') : null;
    if (extract !== null && !members.has(extract)) throw bad(`The extract ${extract} is not in the package.`);
  }
}

async function checkHyper(path: string, content: Buffer, engine: HyperEngine | null): Promise<void> {
  if (content.subarray(0, 5).toString('latin1') !== 'Hyper') throw bad(`${path} is not a Hyper file.`);
  if (engine === null) return;
  await withHyperFile(content, async (file) => {
    const tables = await onDatabase(engine, [['content', file]], (query) =>
      query(
        `SELECT tablename FROM "content".pg_catalog.pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
      ),
    ).catch((error: unknown) => {
      throw bad(`${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (tables.length === 0) throw bad(`${path} holds no table.`);
  });
}

/** Puts a .hyper's bytes into a temporary file for the time of `work`. */
export async function withHyperFile<T>(content: Buffer, work: (path: string) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `meterline-tableau-${randomUUID()}.hyper`);
  await writeFile(path, content);
  try {
    return await work(path);
  } finally {
    await rm(path, { force: true });
  }
}

/** The bytes of a .hyper file after `work` changed it. */
export async function changeHyperFile(
  content: Buffer,
  work: (path: string) => Promise<void>,
): Promise<Buffer> {
  return withHyperFile(content, async (path) => {
    await work(path);
    return readFile(path);
  });
}

type Query = (sql: string) => Promise<readonly Readonly<Record<string, string | null>>[]>;

/** Attaches database files by alias on one connection, runs `work` and detaches them: DETACH is what writes. */
export async function onDatabase<T>(
  engine: HyperEngine,
  databases: readonly (readonly [alias: string, path: string])[],
  work: (query: Query) => Promise<T>,
): Promise<T> {
  const connection = await engine.connect();
  const attached: string[] = [];
  try {
    for (const [alias, path] of databases) {
      await connection.query(`ATTACH DATABASE "${path.replaceAll('"', '""')}" AS "${alias}"`);
      attached.push(alias);
    }
    return await work((sql) => connection.query(sql));
  } finally {
    for (const alias of attached) await connection.query(`DETACH DATABASE "${alias}"`);
    await connection.close();
  }
}

function bad(detail: string): TableauRefusal {
  return new TableauRefusal('400011', 'Bad Request', `There was a problem publishing the file. ${detail}`);
}
