import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './replace_file.ts';

/** The two files of a closed month. */
export interface CloseFiles {
  /** The frozen lines: canonical JSON, one object a line, by line_id. */
  readonly lines: string;
  /** The signed note. */
  readonly note: string;
}

const PENDING = '.pending';
const NOTE = /^(\d{4}-\d{2})\.close$/;

/** Where the note and the frozen lines of a month (`yyyy-mm`) are kept. */
export function closeFiles(folder: string, month: string): { readonly note: string; readonly lines: string } {
  return {
    note: join(folder, 'closes', `${month}.close`),
    lines: join(folder, 'closes', `${month}.lines.jsonl`),
  };
}

/**
 * Writes the files of a close beside their places, on disk when it returns. They are signed before the warehouse says that
 * the month is closed, and get their names after it: so none is ever signed again for a month that is closed.
 */
export async function stageClose(folder: string, month: string, files: CloseFiles): Promise<void> {
  await mkdir(join(folder, 'closes'), { recursive: true });
  const { note, lines } = closeFiles(folder, month);
  await replaceFile(`${lines}${PENDING}`, files.lines);
  // The note comes last: while it is not there, nothing is staged.
  await replaceFile(`${note}${PENDING}`, files.note);
}

/** Gives staged files their names; what was done of it already stays. The note comes last: it says that both are there. */
export async function settleClose(folder: string, month: string): Promise<void> {
  const { note, lines } = closeFiles(folder, month);
  await rename(`${lines}${PENDING}`, lines).catch(absent);
  await rename(`${note}${PENDING}`, note);
}

/** Throws away all that is still staged, the notes first: lines without one are nothing. */
export async function dropStaged(folder: string): Promise<void> {
  const names = (await readdir(join(folder, 'closes')).catch(absent)) ?? [];
  for (const name of names.filter((each) => each.endsWith(PENDING)).toSorted())
    await rm(join(folder, 'closes', name), { force: true });
}

/** Months (`yyyy-mm`) whose note is kept, or staged, in their order. */
export async function notedMonths(folder: string, which: 'kept' | 'staged'): Promise<readonly string[]> {
  const names = (await readdir(join(folder, 'closes')).catch(absent)) ?? [];
  const ending = which === 'kept' ? '' : PENDING;
  return names
    .filter((name) => name.endsWith(ending))
    .flatMap((name) => NOTE.exec(name.slice(0, name.length - ending.length))?.[1] ?? [])
    .toSorted();
}

/** The staged note of a month; null where none is. */
export function readStagedNote(folder: string, month: string): Promise<string | null> {
  return readFile(`${closeFiles(folder, month).note}${PENDING}`, 'utf8').catch(absent);
}

/** The kept files of a month; null for each that is not there. */
export async function readClose(
  folder: string,
  month: string,
): Promise<{ readonly [file in keyof CloseFiles]: string | null }> {
  const { note, lines } = closeFiles(folder, month);
  return {
    note: await readFile(note, 'utf8').catch(absent),
    lines: await readFile(lines, 'utf8').catch(absent),
  };
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
