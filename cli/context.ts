import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { nodeEnv } from '../connectors/node_env.ts';
import type { NightEnv } from '../pipelines/night.ts';
import type { Config } from '../schemas/config.ts';
import { UsageError } from '../schemas/errors.ts';
import { type Demo, startDemo } from './demo.ts';
import { loadConfig } from './load_config.ts';
import type { Output } from './output.ts';
import { secretsOf } from './redact.ts';

/** What every command gets: options that stand before or after its name, the output, and an abort signal. */
export interface Context {
  readonly configFile: string | null;
  readonly json: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** A configuration, and what must be ended after the command. */
export interface Configured {
  readonly config: Config;
  /** True where the bundled simulators stand in for the real systems. */
  readonly demo: boolean;
  readonly close: () => Promise<void>;
}

const DEFAULT_FILE = 'meterline.yaml';

/** The path of the configuration that applies, or null where the demonstration does. */
function configPath(context: Pick<Context, 'configFile'>): string | null {
  if (context.configFile !== null) return resolve(context.configFile);
  return existsSync(DEFAULT_FILE) ? resolve(DEFAULT_FILE) : null;
}

/**
 * The configuration of the file given, of ./meterline.yaml, or, where there is neither, of the bundled simulators,
 * which are started (in a process of their own) only if `simulators` says so.
 * @throws UsageError for a wrong configuration, before anything is touched
 */
export async function configure(
  context: Context,
  simulators: { start: boolean; now: string | null },
): Promise<Configured> {
  const path = configPath(context);
  if (path !== null) {
    if (simulators.now !== null) {
      throw new UsageError(
        `--simulators-now: got it together with ${path}; the simulators run only without a configuration`,
      );
    }
    const config = loadConfig(path, process.env);
    context.output.hide(secretsOf(config));
    return { config, demo: false, close: async () => undefined };
  }
  const demo: Demo = await startDemo(simulators, context.signal);
  context.output.hide(secretsOf(demo.config));
  return { config: demo.config, demo: true, close: demo.close };
}

/** The real outside world for a night. */
export function nightEnv(context: Context): NightEnv {
  return {
    ...nodeEnv(context.output.log),
    onEvent: context.output.onEvent,
    signal: context.signal,
  };
}
