import cron from 'node-cron';
import type { Config } from '../schemas/config.ts';
import { LockedError, UsageError } from '../schemas/errors.ts';
import type { Status } from './status.ts';

const MINUTE_MS = 60_000;

export interface ScheduleEnv {
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  readonly status: () => Promise<Status | null>;
  /** Runs one night; its own failures are its own to tell. */
  readonly run: () => Promise<void>;
}

/**
 * Runs a night at each time of the cron expression, in UTC, until the signal; one at a time. A time that passed while
 * nobody was there is made up for once at the start (`catch_up: latest`): a night reads everything since its bookmarks,
 * so one run makes up for many.
 * @throws UsageError for an expression that is not cron
 */
export async function schedule(config: Config, env: ScheduleEnv): Promise<void> {
  const { cron: expression, timezone, catch_up } = config.schedule;
  if (!cron.validate(expression)) {
    throw new UsageError(`schedule.cron: got "${expression}", want five cron fields such as "30 2 * * *"`);
  }
  if (catch_up === 'latest' && (await missed(expression, env))) {
    env.log('info', 'a scheduled night was missed: catching up now');
    await night(env);
  }
  // noOverlap: a night that outlasts its day is not joined by the next one.
  const task = cron.schedule(expression, () => night(env), { timezone, noOverlap: true, name: 'night' });
  env.log('info', `next night at ${task.getNextRun()?.toISOString() ?? 'never'} (${expression} ${timezone})`);
  await new Promise<void>((resolve) => {
    if (env.signal.aborted) resolve();
    env.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await task.destroy();
}

async function night(env: ScheduleEnv): Promise<void> {
  try {
    await env.run();
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    env.log('warn', `${error.message}; this night is left out, the next one loads what it missed`);
  }
}

/** True when a scheduled time lies between the end of the last good night (or ever, without one) and now. */
async function missed(expression: string, env: ScheduleEnv): Promise<boolean> {
  const status = await env.status();
  if (status === null || status.last_success_at === null) return true;
  return matchesBetween(expression, new Date(status.last_success_at), env.now());
}

/** True when a time of a cron expression (UTC) lies after one instant and not after another. */
export function matchesBetween(expression: string, after: Date, until: Date): boolean {
  const task = cron.createTask(expression, () => undefined, { timezone: 'Etc/UTC' });
  try {
    for (
      let minute = Math.floor(after.getTime() / MINUTE_MS) + 1;
      minute * MINUTE_MS <= until.getTime();
      minute += 1
    ) {
      if (task.match(new Date(minute * MINUTE_MS))) return true;
    }
    return false;
  } finally {
    task.destroy();
  }
}
