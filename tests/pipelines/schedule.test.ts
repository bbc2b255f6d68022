import { describe, expect, it } from 'vitest';
import { matchesBetween, schedule } from '../../pipelines/schedule.ts';
import type { Status } from '../../pipelines/status.ts';
import { CONFIG } from '../../schemas/config.ts';
import { LockedError, UsageError } from '../../schemas/errors.ts';

const at = (text: string) => new Date(text);
const succeededAt = (last_success_at: string | null): Status => ({
  runs: [],
  last_success_at,
  last_success_as_of: null,
  freshness_hours: 26,
});

describe('matchesBetween', () => {
  const nightly = '30 2 * * *';
  it('excludes the first instant and includes the last', () => {
    expect(matchesBetween(nightly, at('2026-11-22T02:30:00Z'), at('2026-11-23T02:29:59Z'))).toBe(false);
    expect(matchesBetween(nightly, at('2026-11-22T02:30:00Z'), at('2026-11-23T02:30:00Z'))).toBe(true);
    expect(matchesBetween(nightly, at('2026-11-22T02:29:00Z'), at('2026-11-22T02:30:00Z'))).toBe(true);
  });
});

describe('schedule', () => {
  async function startedNights(status: Status | null, catch_up: 'latest' | 'none', run = async () => {}) {
    const abort = new AbortController();
    const log: string[] = [];
    let runs = 0;
    const config = CONFIG.parse({ schedule: { catch_up } });
    const running = schedule(config, {
      now: () => at('2026-11-23T12:00:00Z'),
      signal: abort.signal,
      log: (_, message) => void log.push(message),
      status: async () => status,
      run: async () => {
        runs += 1;
        await run();
      },
    });
    // The daemon has settled when it tells of the next night.
    while (!log.some((line) => line.startsWith('next night at'))) await new Promise((r) => setTimeout(r, 5));
    abort.abort();
    await running;
    return { runs, log };
  }

  it('catches up once when a night was missed', async () => {
    expect((await startedNights(succeededAt('2026-11-20T02:40:00Z'), 'latest')).runs).toBe(1);
  });
  it('catches up when there was never a good night', async () => {
    expect((await startedNights(null, 'latest')).runs).toBe(1);
  });
  it('does not when the last night is done', async () => {
    expect((await startedNights(succeededAt('2026-11-23T02:40:00Z'), 'latest')).runs).toBe(0);
  });
  it('does not when told not to', async () => {
    expect((await startedNights(null, 'none')).runs).toBe(0);
  });
  it('leaves a night out that finds the lock held, and says so', async () => {
    const held = async () => {
      throw new LockedError('another run (pid 1) holds the lock');
    };
    const { log } = await startedNights(null, 'latest', held);
    expect(log.join('\n')).toContain('this night is left out');
  });
  it('refuses an expression that is not cron', async () => {
    const config = CONFIG.parse({ schedule: { cron: 'every night' } });
    const env = {
      now: () => new Date(),
      signal: AbortSignal.abort(),
      log: () => {},
      status: async () => null,
      run: async () => {},
    };
    await expect(schedule(config, env)).rejects.toBeInstanceOf(UsageError);
  });
});
