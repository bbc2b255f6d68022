import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type SignerKey, signNote } from '../../../evidence/note.ts';
import { renderHtml } from '../../../evidence/report/html.ts';
import { renderPdf } from '../../../evidence/report/pdf.ts';
import { readVerifierKeys } from '../../../evidence/storage/checkpoint_files.ts';
import { UsageError } from '../../../schemas/errors.ts';
import type { Warehouse } from '../../../warehouse/warehouse.ts';
import {
  type FileManifest,
  fileManifest,
  filesBelow,
  manifestFile,
  manifestSource,
  renderManifest,
} from '../../file_manifest.ts';
import type { DataPaths } from '../../paths.ts';
import { readFigures } from './figures.ts';
import { type PackLog, type TellLog, writeLog } from './log_files.ts';
import { draftMark, packReport } from './report.ts';
import { type MonthStatus, type PackSubject, packSubject } from './subject.ts';
import { type PackTables, writeTables } from './tables.ts';
import { verifyPage } from './verify_page.ts';

/** What an export needs of the outside. */
export interface PackEnv {
  readonly data: DataPaths;
  readonly warehouse: Warehouse;
  readonly origin: string;
  /** Signs the pack; null: nothing vouches for the manifest then, and the pack says so. */
  readonly signer: SignerKey | null;
  readonly now: () => Date;
  readonly tell: TellLog;
}

/** A pack that was written. */
export interface ExportedPack {
  readonly month: string;
  readonly status: MonthStatus;
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** Tables that could not be made since the models were not built. */
  readonly absent: readonly string[];
  readonly leaves: number;
  readonly proofs: number;
  readonly tree_size: number;
  readonly root_hash: string;
  readonly has_timestamp: boolean;
  readonly is_signed: boolean;
  readonly manifest_sha256: string;
}

const VERIFY = join(import.meta.dirname, 'verify');
const VERIFY_FILES = ['verify.py', 'go/verify.go', 'go/go.mod', 'go/go.sum'];

/**
 * Writes the audit pack of a month (`yyyy-mm`) into a folder: everything into a folder beside it first, which then takes the
 * name. A pack that was there is replaced.
 * @throws UsageError for a month that cannot be exported, or a folder with something else in it
 * @throws DifferenceError where what goes into the pack does not fit together
 */
export async function exportPack(env: PackEnv, month: string, folder: string): Promise<ExportedPack> {
  const subject = await packSubject(env.data, env.warehouse, month);
  await checkReplaceable(folder);
  const next = `${folder}.partial`;
  await rm(next, { recursive: true, force: true });
  await mkdir(next, { recursive: true });
  try {
    const pack = await writePack(env, subject, next);
    await takeName(next, folder);
    return { ...pack, folder };
  } finally {
    await rm(next, { recursive: true, force: true });
  }
}

/** Only a pack of ours is replaced. */
async function checkReplaceable(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new UsageError(`--output: got ${folder} (${error.code}), want a folder that can be written`);
  });
  if (names.length === 0 || (names.includes('manifest.json') && names.includes('leaf_hashes.bin'))) return;
  throw new UsageError(
    `--output: got ${folder}, which holds something else than a pack, want a new or empty folder, or an earlier pack`,
  );
}

async function takeName(next: string, folder: string): Promise<void> {
  const old = `${folder}.old`;
  await rm(old, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await rename(folder, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(next, folder);
  await rm(old, { recursive: true, force: true });
}

async function writePack(
  env: PackEnv,
  subject: PackSubject,
  folder: string,
): Promise<Omit<ExportedPack, 'folder'>> {
  const created_at = env.now().toISOString();
  const tables = await writeTables(env.warehouse, subject, folder, (done, total) =>
    env.tell('tables', done, total),
  );
  const rows = tables.tables.find(({ name }) => name === 'metering_evidence')?.rows ?? 0;
  const log = await writeLog(env.data, env.warehouse, subject, { folder, rows, tell: env.tell });
  await writePages(env, subject, folder, { created_at, tables, log });
  const manifest = await writeManifest(env, subject, folder, tables, created_at);
  const files = await filesBelow(folder);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  return {
    month: subject.month,
    status: subject.status,
    files: files.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    tables: tables.tables.map((table) => ({ name: table.name, rows: table.rows })),
    absent: tables.absent.map(({ name }) => name),
    leaves: log.leaves,
    proofs: log.proved.length,
    tree_size: subject.checkpoint.size,
    root_hash: subject.checkpoint.root.toString('hex'),
    has_timestamp: subject.timestamp !== null,
    is_signed: env.signer !== null,
    manifest_sha256: manifest,
  };
}

/** The report and the page of instructions with its programs. */
async function writePages(
  env: PackEnv,
  subject: PackSubject,
  folder: string,
  made: { readonly created_at: string; readonly tables: PackTables; readonly log: PackLog },
): Promise<void> {
  const written = made.tables.tables.map(({ name }) => name);
  const report = packReport({
    subject,
    figures: await readFigures(env.warehouse, folder, written, subject.first_day),
    log: made.log,
    source: await manifestSource(env.warehouse),
    created_at: made.created_at,
    origin: env.origin,
    absent: made.tables.absent.map(({ title }) => title),
  });
  await writeFile(join(folder, 'report.html'), renderHtml(report));
  await writeFile(join(folder, 'report.pdf'), await renderPdf(report));
  env.tell('report', 2, 2);
  const keys = await readVerifierKeys(env.data.evidence);
  const page = verifyPage({ subject, keys, isSigned: env.signer !== null, mark: draftMark(subject) });
  await writeFile(join(folder, 'VERIFY.md'), page);
  await mkdir(join(folder, 'go'), { recursive: true });
  for (const file of VERIFY_FILES) await copyFile(join(VERIFY, file), join(folder, file));
}

/** `manifest.json`, the note that vouches for it, and `SHA256SUMS` for `sha256sum --check`; gives the manifest's hash. */
async function writeManifest(
  env: PackEnv,
  subject: PackSubject,
  folder: string,
  { tables }: PackTables,
  created_at: string,
): Promise<string> {
  const state = subject.status === 'closed' ? '' : 'DRAFT ';
  const manifest: FileManifest = fileManifest({
    subject: `${state}audit pack ${subject.month}`,
    created_at,
    source: await manifestSource(env.warehouse),
    tables,
    files: await Promise.all((await filesBelow(folder)).map((file) => manifestFile(folder, file))),
  });
  await writeFile(join(folder, 'manifest.json'), renderManifest(manifest));
  const { sha256 } = await manifestFile(folder, 'manifest.json');
  if (env.signer !== null)
    await writeFile(join(folder, 'pack.note'), packNote(subject, created_at, sha256, env.signer));
  const sums = await Promise.all((await filesBelow(folder)).map((file) => manifestFile(folder, file)));
  const lines = sums.map((file) => `${file.sha256}  ${file.path}\n`);
  await writeFile(join(folder, 'SHA256SUMS'), lines.join(''));
  return sha256;
}

/** A signed note (C2SP) with a first line of its own, so that it is no checkpoint and no close. */
function packNote(
  { month, status, checkpoint }: PackSubject,
  created_at: string,
  sha256: string,
  signer: SignerKey,
): string {
  const lines = [
    `${signer.name}/pack`,
    `month ${month}`,
    `status ${status === 'closed' ? status : `DRAFT ${status}`}`,
    `created_at ${created_at}`,
    `tree_size ${checkpoint.size}`,
    `root ${checkpoint.root.toString('base64')}`,
    `manifest_sha256 ${sha256}`,
  ];
  return signNote(`${lines.join('\n')}\n`, signer);
}
