import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { demoConfig } from '../../cli/demo.ts';
import { lazyHyperd } from '../../cli/lazy_hyperd.ts';
import { nodeEnv } from '../../connectors/node_env.ts';
import type { NightEvent } from '../../pipelines/events.ts';
import type { NightOptions } from '../../pipelines/night.ts';
import { runNight } from '../../pipelines/nightly.ts';
import type { NightReport } from '../../pipelines/report.ts';
import type { Config } from '../../schemas/config.ts';
import { NO_WISH, settleWorld, type WorldWish } from '../../simulators/state.ts';
import { startWorld, type World } from '../../simulators/world.ts';
import { scratch } from './scratch.ts';

export const WHOLE_NIGHT: NightOptions = {
  command: 'run',
  as_of: null,
  accept_quarantine: [],
  only: [],
  full_refresh: false,
  publish: true,
};

/** Read, land, load and seal only: what the models are made of. */
export const LOAD_ONLY: NightOptions = { ...WHOLE_NIGHT, only: ['load', 'seal'] };

/** Simulators over a small world, and nights against them, each in a data directory of its own. */
export interface TestWorld {
  readonly world: World;
  /** What Tableau shows now. */
  published(): ReturnType<World['published']>;
  /** A new, empty data directory. */
  newDataDir(): string;
  config(dataDir: string): Config;
  night(dataDir: string, options?: Partial<NightOptions>, more?: NightExtras): Promise<NightReport>;
  close(): Promise<void>;
}

interface NightExtras {
  readonly config?: Partial<Config>;
  readonly onEvent?: (event: NightEvent) => void;
  readonly signal?: AbortSignal;
}

/** A world of a few customers with every irregularity that the generator plants at that size. */
export const SMALL = { ...NO_WISH, customers: 10, days: 62, dimensions: 6 };

/** Starts simulators over a world. Retries wait no longer than 20 ms here: only their number matters. */
export async function startTestWorld(wish: WorldWish = SMALL): Promise<TestWorld> {
  const root = scratch();
  const world = await startWorld(settleWorld(root, wish), {
    tableauDir: join(root, 'tableau'),
    hyperd: lazyHyperd(),
  });
  const config = (dataDir: string) => demoConfig(dataDir, world.access);
  let folders = 0;
  return {
    world,
    config,
    published: () => world.published(),
    newDataDir: () => {
      folders += 1;
      return join(root, `data-${folders}`);
    },
    night: (dataDir, options = {}, more = {}) => {
      const env = nodeEnv(() => undefined);
      return runNight(
        { ...config(dataDir), ...more.config },
        { ...WHOLE_NIGHT, ...options },
        {
          ...env,
          sleep: (milliseconds, signal) => env.sleep(Math.min(milliseconds, 20), signal),
          onEvent: more.onEvent ?? (() => undefined),
          signal: more.signal ?? new AbortController().signal,
        },
      );
    },
    close: async () => {
      await world.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
