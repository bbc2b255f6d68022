import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { UsageError } from '../../schemas/errors.ts';
import { FAULT_KINDS, type Fault, type FaultKind } from '../../simulators/faults.ts';
import { settleWorld, WorldError, type WorldWish } from '../../simulators/state.ts';
import { SIMULATOR_NAMES, type SimulatorName, startWorld, type World } from '../../simulators/world.ts';
import type { Context } from '../context.ts';
import { demoConfig } from '../demo.ts';
import { EXIT } from '../exit.ts';
import { lazyHyperd } from '../lazy_hyperd.ts';

export interface SimulateArguments {
  readonly seed?: string;
  readonly customers?: string;
  readonly days?: string;
  readonly dimensions?: string;
  readonly now?: string;
  readonly dataDir: string;
  readonly fault?: readonly string[];
}

const SECRET_NAME = 'METERLINE_DEMO_SECRET';

/** Runs all simulators until SIGINT or SIGTERM; prints where they listen and a configuration that fits. */
export async function simulate(context: Context, given: SimulateArguments): Promise<number> {
  const faults = (given.fault ?? []).map(parseFault);
  const dataDir = resolve(given.dataDir);
  const state = settle(dataDir, given);
  const world = await startWorld(state, {
    tableauDir: join(dataDir, 'simulators', 'tableau'),
    hyperd: lazyHyperd(),
  });
  try {
    for (const name of SIMULATOR_NAMES) {
      world.setFaults(
        name,
        faults.filter((each) => each.simulator === name).map((each) => each.fault),
      );
    }
    context.output.print(
      context.json
        ? JSON.stringify({ ...world.access, now: state.now })
        : describe(world, dataDir, state.now),
    );
    await new Promise<void>((done) => {
      if (context.signal.aborted) done();
      context.signal.addEventListener('abort', () => done(), { once: true });
    });
    return EXIT.done;
  } finally {
    await world.close();
  }
}

function settle(dataDir: string, given: SimulateArguments) {
  const wish: WorldWish = {
    seed: whole('--seed', given.seed),
    customers: whole('--customers', given.customers),
    days: whole('--days', given.days),
    dimensions: whole('--dimensions', given.dimensions),
    now: given.now ?? null,
  };
  try {
    return settleWorld(dataDir, wish);
  } catch (error) {
    if (error instanceof WorldError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function whole(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${option}: got ${text}, want a whole number`);
  return Number(text);
}

/** `polaris:truncate:2:/v1/usage` = the next two requests to Polaris whose path matches; without a number, one. */
export function parseFault(text: string): { readonly simulator: SimulatorName; readonly fault: Fault } {
  const [simulator = '', kind = '', times = '1', ...path] = text.split(':');
  if (!(SIMULATOR_NAMES as readonly string[]).includes(simulator)) {
    throw new UsageError(`--fault: got simulator ${simulator}, want one of ${SIMULATOR_NAMES.join(', ')}`);
  }
  if (!(FAULT_KINDS as readonly string[]).includes(kind)) {
    throw new UsageError(`--fault: got kind ${kind}, want one of ${FAULT_KINDS.join(', ')}`);
  }
  const count = times === 'always' ? Number.POSITIVE_INFINITY : Number(times);
  if (!(count > 0)) throw new UsageError(`--fault: got ${times} times, want a number from 1, or always`);
  const fault = { kind: kind as FaultKind, times: count, ...(path.length > 0 && { path: path.join(':') }) };
  return { simulator: simulator as SimulatorName, fault };
}

function describe(world: World, dataDir: string, now: string): string {
  const { access } = world;
  const { sources, tableau } = demoConfig(dataDir, access);
  const secret = `\${${SECRET_NAME}}`;
  const config = {
    environment: 'simulated',
    data_dir: './data',
    sources: {
      polaris: { ...sources.polaris, client_secret: secret },
      salesforce: {
        login_url: access.salesforce.url,
        client_id: access.client_id,
        auth: { kind: 'client_credentials', client_secret: secret },
      },
      tackle: { ...sources.tackle, client_secret: secret },
    },
    tableau: { ...tableau, auth: { ...tableau?.auth, token_secret: secret } },
  };
  return [
    `simulators are up, their clock stands at ${now}; stop them with Ctrl-C`,
    '',
    `export ${SECRET_NAME}=${access.client_secret}`,
    '# meterline.yaml',
    stringify(config),
  ].join('\n');
}
