import pino from 'pino';
import type { NightEvent } from '../pipelines/events.ts';
import { progressLine } from './progress.ts';
import { redact } from './redact.ts';

/** What commands write to: results on stdout, everything else on stderr. */
export interface Output {
  /** Text for people, or the one JSON document; on stdout. */
  readonly print: (text: string) => void;
  readonly onEvent: (event: NightEvent) => void;
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ) => void;
  /** The last word of a failed command. */
  readonly fail: (lines: readonly string[], fields: Readonly<Record<string, unknown>>) => void;
  /** From now on these texts never appear in any output. */
  readonly hide: (secrets: readonly string[]) => void;
}

/** Progress bars on a terminal, pino JSON lines otherwise (and with `--json`). */
export function createOutput(options: { json: boolean; tty: boolean; level: string }): Output {
  let secrets: readonly string[] = [];
  const clean = (text: string) => redact(text, secrets);
  const stderr = { write: (text: string) => void process.stderr.write(clean(text)) };
  const print = (text: string) => void process.stdout.write(`${clean(text)}\n`);
  const hide = (more: readonly string[]) => {
    secrets = [...secrets, ...more];
  };
  const logger = pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stderr);
  if (!options.tty || options.json) {
    return {
      print,
      hide,
      log: (level, message, fields = {}) => logger[level](fields, message),
      onEvent: jsonEvents(logger),
      fail: (lines, fields) => logger.error(fields, lines.join(' ')),
    };
  }
  const line = progressLine({
    write: stderr.write,
    columns: () => process.stderr.columns ?? 100,
    now: () => performance.now(),
  });
  return {
    print,
    hide,
    log: (level, message) => {
      if (level === 'warn') line.onEvent({ kind: 'warning', stage: 'record', message });
    },
    onEvent: line.onEvent,
    fail: (lines) => {
      line.clear();
      stderr.write(`${lines.join('\n')}\n`);
    },
  };
}

/** Progress is logged at most every few seconds: a log is read afterwards. */
function jsonEvents(logger: pino.Logger): (event: NightEvent) => void {
  const EVERY_MS = 5000;
  let last = performance.now();
  return (event) => {
    const { kind, ...fields } = event;
    if (kind === 'warning') return logger.warn({ stage: event.stage }, event.message);
    if (kind !== 'progress') return logger.info(fields, kind === 'stage' ? 'stage started' : 'done');
    if (performance.now() - last < EVERY_MS) return;
    last = performance.now();
    logger.info(fields, 'progress');
  };
}
