import { randomUUID, webcrypto } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { Page } from '../schemas/page.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Of JSON and CSV it makes as little as the default level does, in less time. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Where pages lie that are still being written: the same disk, so that a rename puts them in their place. */
const PARTIALS = join('landing', '.partial');

/** Removes what killed runs left half-written. Only whoever holds the run lock may call it: nobody else writes then. */
export async function sweepLanding(dataDir: string): Promise<void> {
  await rm(join(dataDir, PARTIALS), { recursive: true, force: true });
}

/** Where a page lies below the data directory: by source, stream and UTC day of receipt, named by its body's hash. */
function landedPath(page: Pick<Page, 'source' | 'stream' | 'format' | 'received_at' | 'sha256'>): string {
  const day = page.received_at.slice(0, 10);
  return posix.join('landing', page.source, page.stream, day, `${page.sha256}.${page.format}.zst`);
}

/**
 * Keeps a page's body, compressed, before anything is loaded from it; gives its path below the data directory.
 * A page that lies there already is left alone. The file appears under its name only when it is whole and on disk.
 * @throws Error when the body is not what its hash says
 */
export async function landPage(dataDir: string, page: Page): Promise<string> {
  await checkHash(page.body, page.sha256, `page from ${page.url}`);
  const path = landedPath(page);
  const file = join(dataDir, path);
  if (await exists(file)) return path;
  await mkdir(dirname(file), { recursive: true });
  const partial = join(dataDir, PARTIALS, `${randomUUID()}.partial`);
  await mkdir(dirname(partial), { recursive: true });
  try {
    await writeDurably(partial, await compress(page.body, FAST));
    await rename(partial, file);
  } catch (cause) {
    await rm(partial, { force: true });
    throw new Error(`warehouse: landing of ${path}: got a failed write, want a kept page; check the disk`, {
      cause,
    });
  }
  await syncDirectory(dirname(file));
  return path;
}

/**
 * Reads a landed page's body back.
 * @throws Error when it is missing, damaged, or not the body that was landed
 */
export async function readLanded(dataDir: string, path: string, sha256: string): Promise<Buffer> {
  let body: Buffer;
  try {
    body = await decompress(await readFile(join(dataDir, path)));
  } catch (cause) {
    throw new Error(`warehouse: landed page ${path}: got an unreadable file, want the page; restore it`, {
      cause,
    });
  }
  await checkHash(body, sha256, `landed page ${path}`);
  return body;
}

/** Hashes beside the caller's own work: WebCrypto has threads of its own. */
async function checkHash(body: Buffer, want: string, what: string): Promise<void> {
  const got = Buffer.from(await webcrypto.subtle.digest('SHA-256', body)).toString('hex');
  if (got !== want)
    throw new Error(
      `warehouse: ${what}: got SHA-256 ${got}, want ${want}; the body is not the one that was received`,
    );
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function writeDurably(file: string, data: Buffer): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename is on disk only when its directory is. Windows cannot open a directory, and needs not. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
