import { z } from 'zod';
import type { DbtLevel } from './events.ts';

const text = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);

const nodeInfo = z.object({
  unique_id: z.string(),
  node_name: z.string(),
  resource_type: z.string(),
  node_status: text,
});

/** The parts of dbt's event data that are used here. A part whose type changes is treated as absent. */
const data = z.object({
  node_info: nodeInfo.optional().catch(undefined),
  version: text,
  index: number,
  total: number,
  num_models: number,
  node_count: number,
  execution_time: number,
  num_failures: number,
  status: text,
  result_message: text,
  exc: text,
  stack_trace: text,
  keyboard_interrupt: z.boolean().optional().catch(undefined),
});

const logLine = z.object({
  info: z.object({
    name: z.string(),
    msg: z.string(),
    ts: z.string(),
    level: z.string(),
    invocation_id: z.string(),
    pid: z.number(),
  }),
  data: data.catch({}),
});

/** One line of dbt's structured log (`--log-format json`): `info` says what, `data` has the event's own fields. */
export type LogLine = z.infer<typeof logLine>;

/** Reads one line of dbt's log; null if it is something else, such as what a library printed. */
export function parseLogLine(line: string): LogLine | null {
  if (!line.startsWith('{')) return null;
  try {
    return logLine.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // Not JSON, hence not of dbt's log: the caller reports the line as it is.
    return null;
  }
}

/** Maps dbt's levels (`dbt_common.events.base_types.EventLevel`) onto four. */
export function logLevel(level: string): DbtLevel {
  if (level === 'debug' || level === 'warn' || level === 'error') return level;
  return level === 'test' ? 'debug' : 'info';
}
