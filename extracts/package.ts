import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { dataSourceProblems, workbookProblems } from './check_workbook.ts';
import type { DataSourceConnection, DataSourceModel } from './data_source_model.ts';
import { renderTds } from './tds.ts';
import { renderTwb } from './twb.ts';
import type { WorkbookSpec } from './workbook_spec.ts';

/** A finished .tdsx or .twbx. */
export interface PackagedFile {
  readonly path: string;
  readonly bytes: number;
}

/** One file of a package: text made here, or a file on disk that is streamed in. */
type Member = { readonly path: string } & ({ readonly text: string } | { readonly file: string });

/**
 * Writes a .tdsx: the data source over its extract. The name inside is `<name>.tds`.
 * @throws Error listing what the checker found, before anything is written.
 */
export async function packageDataSource(options: {
  readonly model: DataSourceModel;
  readonly hyperPath: string;
  readonly path: string;
}): Promise<PackagedFile> {
  const connection = extractConnection(options.hyperPath);
  const tds = renderTds(options.model, connection);
  refuse(options.path, dataSourceProblems(tds, [connection.member]));
  return writeZip(options.path, [
    { path: `${options.model.name}.tds`, text: tds },
    { path: connection.member, file: options.hyperPath },
  ]);
}

/**
 * Writes a .twbx: the workbook with its extract inside, or, over a `published` connection, without one.
 * @throws Error listing what the checker found, before anything is written.
 */
export async function packageWorkbook(options: {
  readonly workbook: WorkbookSpec;
  readonly model: DataSourceModel;
  readonly source: { readonly hyperPath: string } | Extract<DataSourceConnection, { kind: 'published' }>;
  readonly path: string;
}): Promise<PackagedFile> {
  const { source } = options;
  const connection = 'hyperPath' in source ? extractConnection(source.hyperPath) : source;
  const twb = renderTwb(options.workbook, options.model, connection);
  refuse(options.path, workbookProblems(twb, connection.kind === 'extract' ? [connection.member] : []));
  const members: Member[] = [{ path: `${options.workbook.name}.twb`, text: twb }];
  if (connection.kind === 'extract' && 'hyperPath' in source) {
    members.push({ path: connection.member, file: source.hyperPath });
  }
  return writeZip(options.path, members);
}

function extractConnection(hyperPath: string): Extract<DataSourceConnection, { kind: 'extract' }> {
  return { kind: 'extract', member: `Data/Extracts/${basename(hyperPath)}` };
}

function refuse(path: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new Error(
    `extracts: package ${path}: got ${problems.length} problems, want none; correct the workbook:\n${problems.join('\n')}`,
  );
}

async function writeZip(path: string, members: readonly Member[]): Promise<PackagedFile> {
  const target = resolve(path);
  const partial = `${target}.partial`;
  await mkdir(dirname(target), { recursive: true });
  const zip = new yazl.ZipFile();
  // Zip keeps local times: without the UTC extra field this local moment is the same bytes in every time zone.
  const options = { mtime: new Date(2026, 0, 1), mode: 0o100644, forceDosTimestamp: true } as const;
  const failed = new Promise<never>((_, reject) => zip.once('error', reject));
  for (const member of members) {
    if ('text' in member) zip.addBuffer(Buffer.from(member.text, 'utf8'), member.path, options);
    else zip.addFile(member.file, member.path, options);
  }
  zip.end();
  try {
    await Promise.race([pipeline(zip.outputStream, createWriteStream(partial)), failed]);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw new Error(`extracts: package ${target}: got a failed write, want ${members.length} members`, {
      cause: error,
    });
  }
  return { path: target, bytes: (await stat(target)).size };
}
