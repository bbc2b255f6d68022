import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowStore, StoreFacts } from './row_store.ts';

/** Around the rows of a page, and how its file ends. */
interface PageForm {
  readonly head: string;
  readonly tail: string;
  readonly extension: string;
}

/** Writes rendered rows as one file a page, once: what the floors read is what the server sends. */
export function writePageFiles<Facts extends StoreFacts>(
  folder: string,
  store: RowStore<Facts>,
  pageRows: number,
  form: PageForm,
): void {
  if (existsSync(folder)) return;
  const unfinished = `${folder}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const { rows } = store.facts;
  for (let first = 0; first < rows; first += pageRows) {
    const name = `${String(first).padStart(9, '0')}.${form.extension}`;
    const body = store.page(form.head, first, Math.min(rows, first + pageRows), form.tail);
    writeFileSync(join(unfinished, name), body);
  }
  renameSync(unfinished, folder);
}
