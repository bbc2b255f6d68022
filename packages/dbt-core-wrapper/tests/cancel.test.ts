import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DbtEvent, dbtBuild, dbtRun } from '../src/index.ts';
import { type FixtureProject, rejection, SLOW_SQL, script, shop } from './fixture.ts';

let fixture: FixtureProject;

beforeAll(async () => {
  fixture = await shop({ 'models/slow.sql': SLOW_SQL, 'models/quick.sql': 'select 1 as id\n' });
});
afterAll(() => fixture.remove());

/** A process that has ended but that nobody has waited for yet (a zombie) is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'latin1'));
}

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 150 && isAlive(pid); tries += 1) await sleep(100);
  return !isAlive(pid);
}

it('cancels in the middle: dbt ends by itself and leaves the database free', async () => {
  const controller = new AbortController();
  const events: DbtEvent[] = [];
  const onEvent = (event: DbtEvent): void => {
    events.push(event);
    if (event.kind === 'node_started')
      setTimeout(() => controller.abort(new Error('the night is over')), 2_000);
  };
  const { signal } = controller;
  const error = await rejection(
    dbtRun(fixture.project, { select: ['slow'], signal, graceMs: 60_000, onEvent }),
  );
  expect(error).toMatchObject({ kind: 'cancelled', cause: new Error('the night is over') });
  expect(String(error)).toContain('it stopped when interrupted');
  const [first] = events;
  expect(first?.kind === 'invocation' && isAlive(first.pid)).toBe(false);
  expect(events.some((event) => event.kind === 'message' && event.name === 'EndOfRunSummary')).toBe(true);
  const after = await dbtRun(fixture.project, { select: ['quick'] });
  expect(after.counts).toMatchObject({ built: 1, errors: 0 });
});

it('ends a call that takes too long', async () => {
  const started = Date.now();
  const error = await rejection(dbtRun(fixture.project, { select: ['slow'], timeoutMs: 6_000 }));
  expect(error).toMatchObject({ kind: 'timeout' });
  expect(String(error)).toContain('got no end within 6000 ms');
  expect(Date.now() - started).toBeGreaterThanOrEqual(6_000);
  expect(Date.now() - started).toBeLessThan(30_000);
});

it('kills what ignores the interrupt, with all that it started', async () => {
  const stubborn = `trap '' INT; sh -c "trap '' INT; sleep 600" & echo "$! is at work"; wait; wait; sleep 600`;
  const python = await script(path.dirname(fixture.project.projectDir), stubborn);
  const controller = new AbortController();
  let pid = 0;
  const onEvent = (event: DbtEvent): void => {
    if (event.kind === 'message') pid = Number.parseInt(event.text, 10);
    controller.abort();
  };
  const call = { signal: controller.signal, graceMs: 500, onEvent };
  const error = await rejection(dbtBuild({ ...fixture.project, python }, call));
  expect(error).toMatchObject({ kind: 'cancelled', exitCode: undefined });
  expect(String(error)).toContain('it did not stop in time and was killed');
  expect(pid).toBeGreaterThan(0);
  expect(await gone(pid)).toBe(true);
});

it('calls an interrupt from outside a cancellation', async () => {
  const onEvent = (event: DbtEvent): void => {
    if (event.kind === 'invocation') process.kill(event.pid, 'SIGINT');
  };
  const error = await rejection(dbtRun(fixture.project, { partialParse: false, onEvent }));
  expect(error).toMatchObject({ kind: 'cancelled' });
  expect(String(error)).toContain('an interrupt from outside');
});

it('starts nothing for a signal that is aborted already', async () => {
  const python = path.join(fixture.project.targetPath, 'never-started');
  const error = await rejection(
    dbtBuild({ ...fixture.project, python }, { signal: AbortSignal.abort('too late') }),
  );
  expect(error).toMatchObject({ kind: 'cancelled', cause: 'too late' });
});

it('stops dbt when the listener throws, and rejects with what it threw', async () => {
  const thrown = new Error('the progress bar broke');
  let pid = 0;
  const onEvent = (event: DbtEvent): void => {
    if (event.kind === 'invocation') pid = event.pid;
    if (event.kind === 'node_started') throw thrown;
  };
  expect(await rejection(dbtRun(fixture.project, { select: ['slow'], graceMs: 2_000, onEvent }))).toBe(
    thrown,
  );
  expect(isAlive(pid)).toBe(false);
});

it('does not leave dbt behind when the process that called it is killed', async () => {
  const caller = startCaller();
  const pid = await pidOfRunningNode(caller);
  expect(isAlive(pid)).toBe(true);
  caller.kill('SIGKILL');
  await once(caller, 'exit');
  expect(await gone(pid)).toBe(true);
});

/** A process of its own that runs the slow model, and prints dbt's process id once the model is being built. */
function startCaller(): ChildProcess {
  const index = new URL('../src/index.ts', import.meta.url).href;
  const code = `import { dbtRun } from ${JSON.stringify(index)};
    let pid = 0;
    await dbtRun(${JSON.stringify(fixture.project)}, { select: ['slow'], onEvent(event) {
      if (event.kind === 'invocation') pid = event.pid;
      if (event.kind === 'node_started') setTimeout(() => console.log(pid), 2_000);
    } });`;
  return spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function pidOfRunningNode(caller: ChildProcess): Promise<number> {
  if (caller.stdout === null) throw new Error('cancel test: got no output of the caller, want a pipe');
  for await (const line of createInterface({ input: caller.stdout })) return Number(line);
  throw new Error('cancel test: got no process id from the caller, want one line');
}
