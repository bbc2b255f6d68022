import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** One process to run to its end. */
export interface ProcessRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly graceMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** One line of standard output, without its line end. */
  readonly onLine: (line: string) => void;
}

/** Why we stopped a process, if we did. */
export type StopReason =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'cancelled'; readonly cause: unknown }
  | { readonly kind: 'callback'; readonly cause: unknown };

/** How a process ended. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signalName: NodeJS.Signals | null;
  readonly stopped: StopReason | null;
  /** It outlived the grace period and was killed. */
  readonly killed: boolean;
  /** The last 8 000 characters of standard error. */
  readonly errorOutput: string;
  readonly seconds: number;
}

const ERROR_OUTPUT_CHARACTERS = 8_000;
const HAS_GROUPS = process.platform !== 'win32';

/**
 * Runs a process in a group of its own and resolves when it has ended and its output is read. An abort, the time
 * limit or a throwing `onLine` interrupts it first and kills its group after the grace period. Its
 * standard input is a pipe that nobody writes to: its end tells it that we are gone.
 *
 * @throws the error of the operating system when the process cannot be started
 */
export function runProcess(request: ProcessRequest): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const { file, args, cwd, env } = request;
    const child = spawn(file, args, { cwd, env, detached: HAS_GROUPS, windowsHide: true });
    const stopper = stopOnDemand(child, request);
    let errorOutput = '';
    readLines(child, request.onLine, stopper.stop);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errorOutput = (errorOutput + text).slice(-ERROR_OUTPUT_CHARACTERS);
    });
    // The other end closes when the process ends; a late write error says nothing new.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => {
      stopper.release();
      reject(error);
    });
    child.once('close', (exitCode, signalName) => {
      stopper.release();
      const seconds = (performance.now() - started) / 1000;
      resolve({
        exitCode,
        signalName,
        errorOutput,
        seconds,
        stopped: stopper.reason(),
        killed: stopper.killed(),
      });
    });
  });
}

/** Hands over whole lines. After the first throw the rest is read and dropped, so that the process is not blocked. */
function readLines(
  child: ChildProcessWithoutNullStreams,
  onLine: (line: string) => void,
  stop: (reason: StopReason) => void,
): void {
  let rest = '';
  let broken = false;
  const deliver = (line: string): void => {
    if (broken || line === '') return;
    try {
      onLine(line);
    } catch (cause) {
      broken = true;
      stop({ kind: 'callback', cause });
    }
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) deliver(line.replace(/\r$/, ''));
  });
  child.stdout.on('end', () => deliver(rest));
}

interface Stopper {
  readonly stop: (reason: StopReason) => void;
  readonly reason: () => StopReason | null;
  readonly killed: () => boolean;
  readonly release: () => void;
}

function stopOnDemand(child: ChildProcessWithoutNullStreams, request: ProcessRequest): Stopper {
  let reason: StopReason | null = null;
  let killed = false;
  const timers: NodeJS.Timeout[] = [];
  const kill = (): void => {
    killed = true;
    killGroup(child);
  };
  const stop = (why: StopReason): void => {
    if (reason !== null) return;
    reason = why;
    interrupt(child);
    timers.push(setTimeout(kill, request.graceMs));
  };
  const onAbort = (): void => stop({ kind: 'cancelled', cause: request.signal?.reason });
  request.signal?.addEventListener('abort', onAbort, { once: true });
  if (request.timeoutMs !== undefined) timers.push(setTimeout(stop, request.timeoutMs, { kind: 'timeout' }));
  // What the process itself started must not hold its output open, nor go on, once we asked for its end.
  child.once('exit', () => reason !== null && killGroup(child));
  const release = (): void => {
    for (const timer of timers) clearTimeout(timer);
    request.signal?.removeEventListener('abort', onAbort);
  };
  return { stop, release, reason: () => reason, killed: () => killed };
}

function interrupt(child: ChildProcessWithoutNullStreams): void {
  if (HAS_GROUPS) signalGroup(child, 'SIGINT');
  // Windows has no SIGINT for another process: the end of its standard input means the same to launch.py.
  else child.stdin.end();
}

function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (HAS_GROUPS) signalGroup(child, 'SIGKILL');
  else child.kill('SIGKILL');
}

function signalGroup(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: nobody is left in the group, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
