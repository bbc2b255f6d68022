import { setTimeout as delay } from 'node:timers/promises';
import type { SourceEnv } from './source.ts';

/** The real world for connectors; only the log is the caller's. */
export function nodeEnv(log: SourceEnv['log'] = () => {}): SourceEnv {
  return {
    fetch: (input, init) => fetch(input, init),
    now: () => new Date(),
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal === undefined ? {} : { signal }),
    random: Math.random,
    log,
  };
}
