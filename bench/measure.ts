import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** What one process took, its children included. `peak_bytes`: resident memory of the largest of them. */
export interface Taken {
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly peak_bytes: number;
}

/** How a process is started. `python`: any Python 3, for the wrapper that measures. */
export interface Measured {
  readonly python: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where its output goes, for whoever has to read why it failed. */
  readonly output: string;
}

/** Runs a process to its end. @throws Error with the end of its output when it does not end well */
export async function measure({ python, command, env, output }: Measured): Promise<Taken> {
  const script = join(import.meta.dirname, 'measure.py');
  const child = spawn(python, [script, output, ...command], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const line = await Promise.race([text(child.stdout), failed]);
  if (line === '') throw new Error(`bench: measure: got nothing from ${python}, want a line of JSON`);
  const { exit, ...taken } = JSON.parse(line) as Taken & { readonly exit: number };
  if (exit === 0) return taken;
  const end = readFileSync(output, 'utf8').trim().split('\n').slice(-15).join('\n');
  throw new Error(`bench: ${command.join(' ')}: got exit ${exit}, want 0; its last lines:\n${end}`);
}
