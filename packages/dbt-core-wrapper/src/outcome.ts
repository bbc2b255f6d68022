import type { DbtCommand } from './arguments.ts';
import { classifyError } from './classify.ts';
import { DbtError } from './error.ts';
import type { LogSummary } from './log-reader.ts';
import type { ProcessEnd, StopReason } from './process.ts';
import type { DbtCall, DbtProject } from './project.ts';

/** launch.py's code for a Python without dbt. */
const NO_DBT = 69;
/** dbt's codes: 0 and 1 for a command that ran to its end (1: with failures), 2 for one that could not. */
const COMPLETED: ReadonlySet<number | null> = new Set([0, 1]);

/**
 * The error that the end of a dbt process means, or null if there is a result to read. Returns the caller's own
 * error when its `onEvent` threw.
 */
export function endedError(
  command: DbtCommand,
  project: DbtProject,
  call: DbtCall,
  end: ProcessEnd,
  log: LogSummary,
): unknown {
  if (end.stopped !== null) return stoppedError(command, call, end, end.stopped);
  if (end.exitCode === NO_DBT) return noDbt(command, project, end);
  if (COMPLETED.has(end.exitCode) && log.invocationId !== null) return null;
  if (log.interrupted || end.exitCode === 130) return interruptedError(command, end);
  if (log.error !== null && end.exitCode === 2) return dbtSaid(command, project, end, log, log.error);
  if (end.exitCode === 2 && /^Usage: /m.test(end.errorOutput)) return usageError(command, end);
  return crashError(command, end, log);
}

function stoppedError(command: DbtCommand, call: DbtCall, end: ProcessEnd, stopped: StopReason): unknown {
  if (stopped.kind === 'callback') return stopped.cause;
  const how = end.killed ? 'it did not stop in time and was killed' : 'it stopped when interrupted';
  if (stopped.kind === 'timeout') {
    const message = `dbt: ${command}: got no end within ${call.timeoutMs} ms, want one; ${how}; raise timeoutMs or select less`;
    return new DbtError('timeout', message, code(end));
  }
  const message = `dbt: ${command}: got cancelled after ${end.seconds.toFixed(1)} s; ${how}; run it again`;
  return new DbtError('cancelled', message, { ...code(end), cause: stopped.cause });
}

function noDbt(command: DbtCommand, project: DbtProject, end: ProcessEnd): DbtError {
  const observed = end.errorOutput.trim();
  const message = `dbt: ${command} with ${project.python}: got "${observed}", want a Python with dbt-core; install it there`;
  return new DbtError('missing', message, { observed, ...code(end) });
}

function interruptedError(command: DbtCommand, end: ProcessEnd): DbtError {
  const message = `dbt: ${command}: got an interrupt from outside after ${end.seconds.toFixed(1)} s, want none; run it again`;
  return new DbtError('cancelled', message, code(end));
}

function dbtSaid(
  command: DbtCommand,
  project: DbtProject,
  end: ProcessEnd,
  log: LogSummary,
  text: string,
): DbtError {
  const failure = classifyError(text, log.stackTrace, project.projectDir);
  const { kind, node, file, line, observed } = failure;
  const at = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
  const what = `${command}${node === undefined ? '' : ` ${node}`}${at}`;
  const next = NEXT_STEPS[kind] ?? 'see dbt.log';
  const message = `dbt: ${what}: got ${observed}, want a project that dbt can ${command}; ${next}`;
  return new DbtError(kind, message, { ...failure, ...code(end) });
}

const NEXT_STEPS: Partial<Record<DbtError['kind'], string>> = {
  compilation: 'correct the file',
  project: 'correct the project or its profile',
  database: 'check that the database is there and that nobody else holds it',
  usage: 'correct the selection',
};

function usageError(command: DbtCommand, end: ProcessEnd): DbtError {
  const observed = /^Error: (.*)$/m.exec(end.errorOutput)?.[1] ?? end.errorOutput.trim();
  const message = `dbt: ${command}: got ${observed}, want arguments that dbt knows; correct the call`;
  return new DbtError('usage', message, { observed, ...code(end) });
}

function crashError(command: DbtCommand, end: ProcessEnd, log: LogSummary): DbtError {
  const ended = end.signalName === null ? `exit code ${end.exitCode}` : `the signal ${end.signalName}`;
  const words = [log.error, end.errorOutput.trim(), log.otherOutput.join('\n')].find((text) => text);
  const observed = words?.slice(-1000) ?? '';
  const message = `dbt: ${command}: got ${ended}${observed && ` and "${observed}"`}, want 0, 1 or 2; see dbt.log`;
  return new DbtError('crash', message, { observed: observed || ended, ...code(end) });
}

function code(end: ProcessEnd): { readonly exitCode?: number } {
  return end.exitCode === null ? {} : { exitCode: end.exitCode };
}
