import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { SourceEnv } from '../source.ts';

/** What a source keeps between nights beside its bookmarks: small JSON files, one per stream and purpose. */
export interface StateFolder {
  /** Null where nothing is kept, or what is kept cannot be read: it is then learnt anew, and said so. */
  read<T>(file: string, schema: z.ZodType<T>): Promise<T | null>;
  /** The file appears under its name only when it is whole. */
  write(file: string, value: unknown): Promise<void>;
  drop(file: string): Promise<void>;
}

/** The state files of a folder; null where none is given, and nothing is kept. */
export function stateFolder(folder: string | undefined, env: SourceEnv): StateFolder | null {
  if (folder === undefined) return null;
  const pathOf = (file: string) => join(folder, file);
  return {
    read: async (file, schema) => {
      const text = await readFile(pathOf(file), 'utf8').catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw new Error(
          `connectors: salesforce: state file ${file}: got a failed read, want its text; check its permissions`,
          { cause: error },
        );
      });
      if (text === null) return null;
      const parsed = schema.safeParse(jsonOrNull(text));
      if (parsed.success) return parsed.data;
      env.log('warn', `connectors: salesforce: state file ${file}: unreadable, left out of account`);
      return null;
    },
    write: async (file, value) => {
      await mkdir(folder, { recursive: true });
      const partial = `${pathOf(file)}.partial`;
      await writeFile(partial, JSON.stringify(value), { flush: true });
      await rename(partial, pathOf(file));
    },
    drop: (file) => rm(pathOf(file), { force: true }),
  };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
