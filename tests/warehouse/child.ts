import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Starts a script of this folder in a Node process of its own. */
export function startChild(script: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Waits until the child writes a line. @throws Error when it ends before */
export async function said(child: ChildProcess, line: string): Promise<void> {
  let heard = '';
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`test: child: got its end (${code ?? signal}) after "${heard}", want "${line}"`);
  });
  const spoken = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.split('\n').includes(line)) resolve();
    });
  });
  ended.catch(() => undefined);
  await Promise.race([spoken, ended]);
}

/** Kills the child as a power failure would, and waits until it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
