import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Work } from './night_child.ts';
import { KILL_ENV } from './pass.ts';

const HERE = import.meta.dirname;
/** Node's own place for compiled modules: a process starts in half the time. */
const COMPILED = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') };

/** Runs work to its end in a process that writes down each point it passes; gives the points in order. */
export async function recordPoints(work: Work, file: string): Promise<readonly string[]> {
  const { signal, code, said } = await run(work, { [KILL_ENV.record]: file });
  if (code !== 0) throw new Error(`test: recording: got exit ${code ?? signal}, want 0: ${said}`);
  return (await readFile(file, 'utf8')).trimEnd().split('\n');
}

/** Runs work in a process that kills itself at a point. @throws Error when it came to its end without passing it */
export async function killAt(work: Work, point: string): Promise<void> {
  const { signal, code, said } = await run(work, { [KILL_ENV.at]: point });
  if (signal !== 'SIGKILL')
    throw new Error(`test: kill at ${point}: got exit ${code ?? signal}, want SIGKILL there: ${said}`);
}

async function run(work: Work, env: Readonly<Record<string, string>>) {
  const preload = join(HERE, 'preload.ts');
  const child = spawn(
    process.execPath,
    ['--import', preload, join(HERE, 'night_child.ts'), JSON.stringify(work)],
    {
      env: { ...process.env, ...COMPILED, [KILL_ENV.data_dir]: work.config.data_dir, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  // Not `close`: what the killed process started may outlive it for a moment and holds the same pipes.
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { code, signal, said };
}
