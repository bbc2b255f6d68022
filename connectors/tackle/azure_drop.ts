import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '../../schemas/page.ts';
import { newPage } from '../new_page.ts';
import { SourceError } from '../source.ts';
import type { TackleList } from './lists.ts';
import type { Session } from './session.ts';

/**
 * Azure's invoices or disbursements: one page for each CSV file of the drop whose name has the list's in it, in the
 * order of their names, so that a later file's row is the newer one. Files that are still being written (`.part`)
 * have another ending. A page's URL names the file, not the folder.
 * @throws SourceError when the configured folder cannot be read
 */
export async function* azureDropPages(session: Session, list: TackleList): AsyncGenerator<Page, void> {
  const { azure_drop_dir: dir } = session.config;
  const { azure_files } = list;
  if (dir === undefined || azure_files === null) return;
  const names = await readable(list, dir, () => readdir(dir));
  const wanted = names.filter((name) => /\.csv$/i.test(name) && name.toLowerCase().includes(azure_files));
  for (const name of wanted.toSorted()) {
    const body = await readable(list, name, () => readFile(join(dir, name)));
    yield newPage(session.context.env, list.stream, { url: `azure-drop:${name}`, body }, { format: 'csv' });
  }
}

async function readable<T>(list: TackleList, what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SourceError(
      `connectors: tackle ${list.stream.name}: Azure file drop ${what}: got ${why}, want to read it`,
      {
        failure: 'config',
        source: 'tackle',
        stream: list.stream.name,
        next_step: 'check sources.tackle.azure_drop_dir and its permissions, or leave it out',
        cause,
      },
    );
  }
}
