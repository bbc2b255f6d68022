import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { SourceEnv } from '../source.ts';

/** What a source keeps between nights beside its bookmarks: small JSON files, one per stream and purpose. */
export interface StateFolder {
  /** Null where nothing is kept, or what is kept cannot be read: it is then learnt anew, and said so. */
  read<T>(file: string, schema: z.ZodType<T>): Promise<T | null>;
  /** The file appears under its name only when it is whole. */
  write(file: string, value: unknown): Promise<void>;
  /** Adds a line to a file of lines. */
  append(file: string, value: unknown): Promise<void>;
  /** The lines of such a file that can be read: one that a kill cut short is left out. */
  lines<T>(file: string, schema: z.ZodType<T>): Promise<readonly T[]>;
  drop(file: string): Promise<void>;
}

/** The state files of a folder; null where none is given, and nothing is kept. */
export function stateFolder(folder: string | undefined, env: SourceEnv): StateFolder | null {
  if (folder === undefined) return null;
  const pathOf = (file: string) => join(folder, file);
  return {
    read: async (file, schema) => {
      const text = await textOrNull(folder, file);
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
    append: async (file, value) => {
      await mkdir(folder, { recursive: true });
      // The line end comes first: a line that was cut short ends with the next one.
      await appendFile(pathOf(file), `\n${JSON.stringify(value)}`);
    },
    lines: async (file, schema) => {
      const lines = ((await textOrNull(folder, file)) ?? '').split('\n');
      return lines.flatMap((line) => schema.safeParse(jsonOrNull(line)).data ?? []);
    },
    drop: (file) => rm(pathOf(file), { force: true }),
  };
}

async function textOrNull(folder: string, file: string): Promise<string | null> {
  try {
    return await readFile(join(folder, file), 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new Error(
      `connectors: salesforce: state file ${file}: got a failed read, want its text; check its permissions`,
      { cause },
    );
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
