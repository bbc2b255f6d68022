import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runNight } from '../../pipelines/nightly.ts';
import { dataPaths } from '../../pipelines/paths.ts';
import { scratch } from '../support/scratch.ts';
import { LOAD_ONLY } from '../support/test_night.ts';
import { configFor, polarisState, quickEnv, readingOf, startPolaris } from './polaris_night.ts';

/** A night over a warehouse that another process holds; `onWarning` gets what the night says of it. */
async function nightWhileHeld(onWarning: (release: () => void) => void, now: () => Date) {
  const root = scratch();
  const api = await startPolaris({ ...polarisState(), readings: [readingOf(1)] });
  const config = configFor(root, api.url);
  mkdirSync(config.data_dir, { recursive: true });
  const script = join(import.meta.dirname, 'hold_warehouse.ts');
  const holder = spawn(process.execPath, [script, dataPaths(config.data_dir).warehouse], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(holder, 'exit');
  await once(holder.stdout, 'data');
  const warnings: string[] = [];
  try {
    const env = { ...quickEnv(), now, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 20)) };
    const report = await runNight(config, LOAD_ONLY, {
      ...env,
      onEvent: (event) => {
        if (event.kind !== 'warning') return;
        warnings.push(event.message);
        onWarning(() => holder.stdin.end());
      },
    });
    return { report, warnings };
  } finally {
    holder.stdin.end();
    await gone;
    await api.close();
    rmSync(root, { recursive: true, force: true });
  }
}

it('waits for a process that still has the warehouse, as the dbt of a killed run does', async () => {
  const { report, warnings } = await nightWhileHeld(
    (release) => release(),
    () => new Date(),
  );
  expect(report).toMatchObject({ error: null, sources: { polaris: { rows_loaded: expect.any(Number) } } });
  expect(warnings[0]).toMatch(/database .*warehouse\.duckdb: got it held by .*\(PID \d+\)/);
});

it('gives up after a while, names the holder, and says what to do', async () => {
  let seconds = Date.parse('2026-11-22T03:00:10Z') / 1000;
  const { report } = await nightWhileHeld(
    () => undefined,
    () => {
      seconds += 5;
      return new Date(seconds * 1000);
    },
  );
  expect(report).toMatchObject({ status: 'failed', error: { stage: 'setup', source: 'warehouse' } });
  expect(report.error?.message).toMatch(/\(PID \d+\), want it free/);
  expect(report.error?.next_step).toContain('then run again');
});
