import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { LockedError } from '../schemas/errors.ts';

/** The right to run in a data directory, until released. */
export interface RunLock {
  release(): void;
}

/** Directories locked by this process: the operating system's lock does not hold within one process. */
const held = new Set<string>();

/**
 * Takes the one-run-at-a-time lock of a data directory.
 *
 * The lock is the operating system's own, on a file that DuckDB holds open (Node has no call for file locks): when
 * the process ends, however it ends, the lock is gone, so that nobody has to guess whether a lock is stale. Nothing
 * else in this process may open `run.lock`: on POSIX, closing any of a file's handles drops the process's lock.
 * @throws LockedError when another run holds it, naming it as far as it says who it is
 */
export async function acquireRunLock(dataDir: string, now: () => Date = () => new Date()): Promise<RunLock> {
  const directory = resolve(dataDir);
  await mkdir(directory, { recursive: true });
  if (held.has(directory)) throw lockedBy(directory, 'this process');
  held.add(directory);
  try {
    const instance = await take(directory);
    await describeHolder(directory, now());
    return {
      release: () => {
        instance.closeSync();
        held.delete(directory);
      },
    };
  } catch (error) {
    held.delete(directory);
    throw error;
  }
}

async function take(directory: string): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.create(join(directory, 'run.lock'), { threads: '1', memory_limit: '64MB' });
  } catch (cause) {
    if (cause instanceof Error && /lock on file|being used by another process/i.test(cause.message))
      throw lockedBy(directory, await holder(directory), cause);
    throw new Error(`warehouse: lock of ${directory}: got a failure, want the lock; check the disk`, {
      cause,
    });
  }
}

function lockedBy(directory: string, who: string, cause?: unknown): LockedError {
  const message = `warehouse: lock of ${directory}: got it held by ${who}, want it free; wait for that run to end`;
  return cause === undefined ? new LockedError(message) : new LockedError(message, { cause });
}

/** Beside the lock, for people only: written after the lock is taken, so that it may be missing or old. */
function holderFile(directory: string): string {
  return join(directory, 'run.lock.json');
}

async function describeHolder(directory: string, at: Date): Promise<void> {
  // One name, since the lock is held: what a killed run left is overwritten.
  const partial = `${holderFile(directory)}.partial`;
  await writeFile(partial, JSON.stringify({ pid: process.pid, started_at: at.toISOString() }));
  await rename(partial, holderFile(directory));
}

async function holder(directory: string): Promise<string> {
  try {
    const said: { pid?: unknown; started_at?: unknown } = JSON.parse(
      await readFile(holderFile(directory), 'utf8'),
    );
    return `process ${String(said.pid)}, since ${String(said.started_at)}`;
  } catch {
    // The other run has the lock but has not said yet who it is.
    return 'another process';
  }
}
