import { spawnSync } from 'node:child_process';
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { findHyperd } from '../extracts/hyperd.ts';
import type { Config } from '../schemas/config.ts';
import { LockedError } from '../schemas/errors.ts';
import { acquireRunLock } from '../warehouse/lock.ts';
import type { NightEnv } from './night.ts';
import { programPaths } from './paths.ts';
import { loadPolicies } from './policies.ts';
import { checkTableau } from './publish.ts';
import { createSources } from './sources.ts';

/** One thing that was looked at. `advice` says what to do where it is not well. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly observed: string;
  readonly advice: string | null;
}

const WANTED_BYTES = 5 * 1024 ** 3;

/** Looks at everything a night needs, touching nothing: versions, disk, lock, policies, credentials, connectivity. */
export async function examine(config: Config, env: NightEnv): Promise<readonly Finding[]> {
  const checks: readonly [string, () => Promise<string>, string][] = [
    ['Node', node, 'run through npm or npx, which use the pinned Node'],
    ['Python environment', python, 'run `npm run setup`'],
    ['hyperd', () => findHyperd(programPaths().venv), 'run `npm run setup`'],
    ['data directory', () => disk(config.data_dir), 'make it writable, or free space, or set data_dir'],
    ['run lock', () => lock(config.data_dir), 'wait for the other run to end, or stop it'],
    ['policies', () => policies(config.policies), 'mend the file that is named'],
    ...(await sourceChecks(config, env)),
    ...(config.tableau === undefined
      ? []
      : [
          ['Tableau', () => checkTableau(config, env), 'check tableau.url, site, project and token'] as const,
        ]),
  ] as readonly [string, () => Promise<string>, string][];
  const findings: Finding[] = [];
  for (const [what, look, advice] of checks) findings.push(await examineOne(what, look, advice));
  return findings;
}

async function examineOne(what: string, look: () => Promise<string>, advice: string): Promise<Finding> {
  try {
    return { what, ok: true, observed: await look(), advice: null };
  } catch (error) {
    return { what, ok: false, observed: error instanceof Error ? error.message : String(error), advice };
  }
}

async function sourceChecks(
  config: Config,
  env: NightEnv,
): Promise<readonly [string, () => Promise<string>, string][]> {
  const sources = await createSources(config, env);
  return sources.map((source) => [
    source.name,
    async () => {
      try {
        await source.open(env.signal);
        return 'signed in';
      } finally {
        await source.close();
      }
    },
    `check sources.${source.name} in the configuration, the credentials and the network`,
  ]);
}

async function node(): Promise<string> {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 24) throw new Error(`got Node ${process.versions.node}, want 24`);
  return process.versions.node;
}

async function python(): Promise<string> {
  const code =
    'import dbt.version, duckdb; print("dbt", dbt.version.installed.to_version_string(skip_matcher=True), "duckdb", duckdb.__version__)';
  const result = spawnSync(programPaths().python, ['-c', code], { encoding: 'utf8' });
  if (result.status !== 0)
    throw new Error(result.error?.message ?? result.stderr.trim().split('\n').at(-1) ?? 'no answer');
  return result.stdout.trim();
}

async function disk(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  await access(dataDir, constants.W_OK);
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  const gib = `${(free / 1024 ** 3).toFixed(1)} GiB free in ${dataDir}`;
  if (free < WANTED_BYTES) throw new Error(`got ${gib}, want 5 GiB`);
  return gib;
}

async function lock(dataDir: string): Promise<string> {
  try {
    (await acquireRunLock(dataDir)).release();
    return 'free';
  } catch (error) {
    if (error instanceof LockedError) throw new Error(error.message, { cause: error });
    throw error;
  }
}

async function policies(folder: string): Promise<string> {
  const loaded = await loadPolicies(folder);
  return `valid (${loaded.overage.length} overage policy versions)`;
}
