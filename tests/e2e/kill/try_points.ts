import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { differences } from './differences.ts';
import { killAt } from './kill_process.ts';
import type { Work } from './night_child.ts';

/** What is killed, how it goes on, and what is looked at in the end. */
export interface Trial<State> {
  /** A data directory that each attempt starts from a copy of; null: from nothing. */
  readonly base: string | null;
  /** Where the attempts' data directories are made. */
  readonly folder: string;
  readonly work: (dataDir: string) => Work;
  /** What a data directory needs beside its copy before anything is run in it. */
  readonly prepare?: (dataDir: string) => Promise<void>;
  readonly next: (dataDir: string) => Promise<void>;
  readonly look: (dataDir: string) => Promise<State>;
}

/** Attempts at a time: one core each for the killed process and its simulators. */
const AT_ONCE = 2;

/** A copy of the trial's base, under a name of its own. */
export async function freshCopy(
  trial: Pick<Trial<unknown>, 'base' | 'folder'>,
  name: string,
): Promise<string> {
  const dataDir = join(trial.folder, name);
  if (trial.base === null) await mkdir(dataDir, { recursive: true });
  else await cp(trial.base, dataDir, { recursive: true });
  return dataDir;
}

/** Kills at each point, lets the next run go on, and compares; gives what failed, one text per point. */
export async function tryPoints<State>(
  trial: Trial<State>,
  points: readonly string[],
  expected: State,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const fail = (failure: string) => {
    failures.push(failure);
    process.stderr.write(`kill point: ${failure}\n`); // at once: a long run is not to be waited for
  };
  const waiting = [...points.entries()];
  const worker = async () => {
    for (let taken = waiting.shift(); taken !== undefined; taken = waiting.shift()) {
      const [index, point] = taken;
      const dataDir = await freshCopy(trial, `attempt-${index}`);
      try {
        await trial.prepare?.(dataDir);
        await killAt(trial.work(dataDir), point);
        await trial.next(dataDir);
        const different = differences(await trial.look(dataDir), expected);
        if (different.length > 0) fail([point, ...different].join('\n    '));
      } catch (error) {
        fail(`${point}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await rm(dataDir, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}
