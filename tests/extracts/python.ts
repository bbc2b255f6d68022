import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The project's virtual environment: METERLINE_VENV, else the nearest `.venv` upward from the tests. */
export function venvDir(): string {
  const given = process.env.METERLINE_VENV;
  if (given !== undefined && given !== '') return resolve(given);
  let folder = resolve(import.meta.dirname);
  while (!existsSync(join(folder, '.venv'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error(`tests: .venv above ${import.meta.dirname}: got none, want one; npm run setup`);
    folder = parent;
  }
  return join(folder, '.venv');
}

/** Runs a script of tests/python and returns the JSON document it prints. */
export async function runPython<T>(script: string, ...args: readonly string[]): Promise<T> {
  const path = resolve(import.meta.dirname, '..', 'python', script);
  const { stdout } = await run(join(venvDir(), 'bin', 'python'), [path, ...args], {
    maxBuffer: 64 * 1024 * 1024,
    cwd: dirname(args[0] ?? path),
  });
  return JSON.parse(stdout) as T;
}
