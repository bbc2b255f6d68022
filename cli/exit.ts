import { DifferenceError, LockedError, NightError, UsageError } from '../schemas/errors.ts';

/** The exit codes people's scripts rely on. */
export const EXIT = { done: 0, failed: 1, usage: 2, difference: 3, locked: 75 } as const;

/** The exit code that an error leads to. */
export function exitCode(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof DifferenceError) return EXIT.difference;
  if (error instanceof LockedError) return EXIT.locked;
  return EXIT.failed;
}

/** What is said of a failure: for foreseeable ones stage, source, message and next step, never a stack trace. */
export function explain(error: unknown): readonly string[] {
  if (error instanceof NightError) {
    const where = error.source === null ? error.stage : `${error.stage}, ${error.source}`;
    return [`✗ failed in stage ${where}`, `  ${error.message}`, `  next step: ${error.next_step}`];
  }
  if (error instanceof UsageError || error instanceof LockedError || error instanceof DifferenceError) {
    return [`✗ ${error.message}`];
  }
  const known = error instanceof Error;
  return [`✗ ${known ? error.message : String(error)}`, known ? `  not foreseen: ${error.stack ?? ''}` : ''];
}
