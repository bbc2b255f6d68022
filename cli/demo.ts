import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { programPaths } from '../pipelines/paths.ts';
import { CONFIG, type Config } from '../schemas/config.ts';
import { UsageError } from '../schemas/errors.ts';
import { NO_WISH, settleWorld, WorldError } from '../simulators/state.ts';
import type { WorldAccess } from '../simulators/world.ts';

/** A configuration over the bundled simulators, and how to end them. */
export interface Demo {
  readonly config: Config;
  readonly close: () => Promise<void>;
}

const DATA_DIR = './data';
const UNREACHED = 'http://127.0.0.1:9';

/**
 * The configuration of the demonstration. The simulators run in a process of their own, so that they have a core and
 * a memory of their own; it ends when its standard input closes, which it does when this process ends in any way.
 * @throws UsageError when the clock is to be turned back
 */
export async function startDemo(
  simulators: { readonly start: boolean; readonly now: string | null },
  signal: AbortSignal,
): Promise<Demo> {
  const dataDir = resolve(DATA_DIR);
  if (!simulators.start)
    return { config: demoConfig(dataDir, UNREACHED_ACCESS), close: async () => undefined };
  settleWish(dataDir, simulators.now);
  const child = spawn(
    process.execPath,
    [join(programPaths().root, 'cli', 'simulators_process.ts'), dataDir],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const access = await firstLine(child, signal);
  return { config: demoConfig(dataDir, access), close: () => end(child) };
}

function settleWish(dataDir: string, now: string | null): void {
  try {
    settleWorld(dataDir, { ...NO_WISH, now });
  } catch (error) {
    if (error instanceof WorldError)
      throw new UsageError(`--simulators-now: ${error.message}`, { cause: error });
    throw error;
  }
}

async function firstLine(child: ChildProcess, signal: AbortSignal): Promise<WorldAccess> {
  if (child.stdout === null) throw new Error('cli: simulators: got no standard output, want a pipe');
  const lines = createInterface({ input: child.stdout, signal });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`cli: simulators: got exit ${code} before they listened; the lines above say why`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  // It listens: that it ends later is how every night ends.
  ended.catch(() => undefined);
  return JSON.parse(line) as WorldAccess;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.stdin?.end();
  await gone;
}

/** The configuration that points at simulators. */
export function demoConfig(dataDir: string, access: WorldAccess): Config {
  const { client_id, client_secret } = access;
  return CONFIG.parse({
    environment: 'demo',
    data_dir: dataDir,
    sources: {
      polaris: { ...access.polaris, client_id, client_secret },
      salesforce: {
        login_url: access.salesforce.url,
        client_id,
        auth: { kind: 'client_credentials', client_secret },
      },
      tackle: { ...access.tackle, client_id, client_secret },
    },
    evidence: { signing_key_file: join(dataDir, 'keys', 'evidence.pem') },
    policies: join(programPaths().root, 'policies'),
    tableau: {
      ...access.tableau,
      project: 'default',
      auth: { kind: 'pat', token_name: access.token_name, token_secret: access.token_secret },
    },
  });
}

/** For commands that touch no source: nothing listens there, and nothing asks. */
const UNREACHED_ACCESS: WorldAccess = {
  polaris: { url: UNREACHED },
  salesforce: { url: UNREACHED },
  tackle: {
    url: UNREACHED,
    contracts_url: UNREACHED,
    microsoft_offers_url: UNREACHED,
    aws_offers_url: UNREACHED,
  },
  tableau: { url: UNREACHED, site: '' },
  client_id: 'simulated',
  client_secret: 'simulated-secret',
  token_name: 'simulated',
  token_secret: 'simulated-secret',
  salesforce_username: 'simulated',
};
