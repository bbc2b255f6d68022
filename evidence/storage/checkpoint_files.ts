import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeVerifierKey, parseVerifierKey, type VerifierKey } from '../note.ts';
import { replaceFile } from './replace_file.ts';

/** A checkpoint as it is kept. */
export interface KeptCheckpoint {
  readonly size: number;
  readonly file: string;
  readonly note: string;
}

const KEPT = /^(\d{12})\.checkpoint$/;

/** Where the checkpoint of a size is kept. */
function checkpointFile(folder: string, size: number): string {
  return join(folder, 'checkpoints', `${String(size).padStart(12, '0')}.checkpoint`);
}

/** Keeps a checkpoint under its size and as the newest one, and the line of its verifier key, all on disk when it returns. */
export async function keepCheckpoint(
  folder: string,
  size: number,
  note: string,
  key: VerifierKey,
): Promise<void> {
  await mkdir(join(folder, 'checkpoints'), { recursive: true });
  await keepVerifierKey(folder, key);
  await replaceFile(checkpointFile(folder, size), note);
  await replaceFile(join(folder, 'checkpoint'), note);
}

/** Keeps the line of a key that signs. Keys that have signed once stay: older checkpoints and closes need them. */
export async function keepVerifierKey(folder: string, key: VerifierKey): Promise<void> {
  const line = encodeVerifierKey(key);
  const lines = await verifierLines(folder);
  if (!lines.includes(line)) await replaceFile(verifierFile(folder), `${[...lines, line].join('\n')}\n`);
}

/** The checkpoint of a size; null where none is kept. */
export function readCheckpoint(folder: string, size: number): Promise<string | null> {
  return readFile(checkpointFile(folder, size), 'utf8').catch(absent);
}

/** The newest checkpoint, as tile clients read it; null before the first. */
export function readNewestCheckpoint(folder: string): Promise<string | null> {
  return readFile(join(folder, 'checkpoint'), 'utf8').catch(absent);
}

/** The RFC 3161 token over the bytes of a size's checkpoint; null where none is kept. */
export function readTimestamp(folder: string, size: number): Promise<Buffer | null> {
  return readFile(timestampFile(folder, size)).catch(absent);
}

/** Keeps the token over the bytes of a size's checkpoint. */
export async function keepTimestamp(folder: string, size: number, token: Buffer): Promise<void> {
  await replaceFile(timestampFile(folder, size), token);
}

function timestampFile(folder: string, size: number): string {
  return checkpointFile(folder, size).replace(/\.checkpoint$/, '.tsr');
}

/** Every checkpoint that is kept, in order of size. */
export async function readCheckpoints(folder: string): Promise<readonly KeptCheckpoint[]> {
  const names = (await readdir(join(folder, 'checkpoints')).catch(absent)) ?? [];
  const kept = names.filter((name) => KEPT.test(name)).toSorted();
  return Promise.all(
    kept.map(async (name) => {
      const file = join(folder, 'checkpoints', name);
      return { size: Number.parseInt(name, 10), file, note: await readFile(file, 'utf8') };
    }),
  );
}

/** @throws Error where a line is no verifier key */
export async function readVerifierKeys(folder: string): Promise<readonly VerifierKey[]> {
  return (await verifierLines(folder)).map(parseVerifierKey);
}

async function verifierLines(folder: string): Promise<readonly string[]> {
  const text = (await readFile(verifierFile(folder), 'utf8').catch(absent)) ?? '';
  return text.split('\n').filter((line) => line !== '');
}

function verifierFile(folder: string): string {
  return join(folder, 'verifier.vkey');
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
