import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { programPaths } from '../../pipelines/paths.ts';

/** A copy of the project, to be changed and thrown away; installed packages are those of the project. */
export interface ProjectCopy {
  readonly root: string;
  /** Runs an installed tool in the copy, `node` among them. */
  run(tool: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  remove(): void;
}

/** How a tool ended, and what it wrote. */
interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  /** Standard output and error together. */
  readonly output: string;
}

/** Not part of the program, or made anew. */
const LEFT_OUT = ['node_modules', '.venv', '.git', '.setup', '.cache', 'data', 'coverage', 'target', 'logs'];
/** What `tests/cli/rooms.test.ts` plants in the tree for a moment. */
const PLANTED = /^planted_(violation|permission)\.ts$/;

/** Copies the project. */
export function copyProject(): ProjectCopy {
  const { root: original } = programPaths();
  const root = mkdtempSync(join(tmpdir(), 'meterline-copy-'));
  const isWanted = (path: string) => !LEFT_OUT.includes(basename(path)) && !PLANTED.test(basename(path));
  cpSync(original, root, { recursive: true, filter: (path) => path === original || isWanted(path) });
  for (const folder of ['node_modules', '.venv']) symlinkSync(join(original, folder), join(root, folder));
  return {
    root,
    run: (tool, args, env = {}) => run(root, tool, args, env),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function run(
  root: string,
  tool: string,
  args: readonly string[],
  added: Readonly<Record<string, string>>,
): Promise<Ran> {
  // What the running tests set for themselves must not reach the tests of the copy.
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|TEST|NODE_ENV|NODE_OPTIONS)/.test(name),
  );
  const child = spawn(join(root, 'node_modules', '.bin', tool), args, {
    cwd: root,
    env: { ...Object.fromEntries(own), NO_COLOR: '1', ...added },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, output }));
  });
}
