import { appendFileSync } from 'node:fs';

/** Environment of the killed process: its data directory, where to write what it passes, and where it is to die. */
export const KILL_ENV = {
  data_dir: 'METERLINE_KILL_DATA_DIR',
  record: 'METERLINE_KILL_RECORD',
  at: 'METERLINE_KILL_AT',
} as const;

const record = process.env[KILL_ENV.record];
const at = process.env[KILL_ENV.at];
const passed = new Map<string, number>();

/**
 * Notes that this process passes a point, as one line `<name>#<n>` for the n-th time; at the chosen point it kills
 * itself, as a power failure would: nothing after it is run.
 */
export function pass(name: string): void {
  const times = (passed.get(name) ?? 0) + 1;
  passed.set(name, times);
  const point = `${name}#${times}`;
  if (record !== undefined) appendFileSync(record, `${point}\n`);
  if (point !== at) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; no further line of this thread may run.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Passes before and after an effect; a failed one is no point, since the program goes on in its own way. */
export async function passing<T>(name: string | null, effect: () => Promise<T>): Promise<T> {
  if (name === null) return effect();
  pass(`before ${name}`);
  const result = await effect();
  pass(`after ${name}`);
  return result;
}
