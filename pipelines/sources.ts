import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPolarisSource } from '../connectors/polaris/polaris_source.ts';
import { createSalesforceSource } from '../connectors/salesforce/salesforce_source.ts';
import type { Source, SourceEnv } from '../connectors/source.ts';
import { createTackleSource } from '../connectors/tackle/tackle_source.ts';
import type { Config } from '../schemas/config.ts';
import { UsageError } from '../schemas/errors.ts';
import { POLARIS_STREAMS } from '../schemas/polaris.ts';
import { SALESFORCE_STREAMS } from '../schemas/salesforce.ts';
import { SOURCE_NAMES, type SourceName, type Stream } from '../schemas/streams.ts';
import { TACKLE_STREAMS } from '../schemas/tackle.ts';
import { dataPaths } from './paths.ts';

/** One source: what it delivers, and how it is made from its part of the configuration. */
interface Registered<Name extends SourceName> {
  readonly streams: readonly Stream[];
  /** `stateDir` is a folder of its own for what is kept between nights. */
  readonly create: (
    config: NonNullable<Config['sources'][Name]>,
    env: SourceEnv,
    stateDir: string,
  ) => Source | Promise<Source>;
}

/** In the order in which a night reads them: Polaris last, since its readings settle the as-of date. */
const SOURCES: { readonly [Name in SourceName]: Registered<Name> } = {
  salesforce: {
    streams: SALESFORCE_STREAMS,
    create: async (config, env, state_dir) =>
      createSalesforceSource({ ...(await withKey(config)), state_dir }, env),
  },
  tackle: { streams: TACKLE_STREAMS, create: (config, env) => createTackleSource(config, env) },
  polaris: { streams: POLARIS_STREAMS, create: (config, env) => createPolarisSource(config, env) },
};

/** Every stream there is, configured or not: their tables exist in any warehouse. */
export function allStreams(): readonly Stream[] {
  return SOURCE_NAMES.flatMap((name) => SOURCES[name].streams);
}

/** The sources that are configured, in the order in which they are read. */
export async function createSources(config: Config, env: SourceEnv): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for (const name of Object.keys(SOURCES) as SourceName[]) {
    const source = await create(name, config, env);
    if (source !== null) sources.push(source);
  }
  return sources;
}

async function create<Name extends SourceName>(
  name: Name,
  config: Config,
  env: SourceEnv,
): Promise<Source | null> {
  const own = config.sources[name];
  if (own === undefined) return null;
  const registered: Registered<Name> = SOURCES[name];
  return registered.create(own, env, join(dataPaths(config.data_dir).state, name));
}

async function withKey(salesforce: NonNullable<Config['sources']['salesforce']>) {
  if (salesforce.auth.kind === 'client_credentials') return { ...salesforce, auth: salesforce.auth };
  const { kind, username, private_key_file } = salesforce.auth;
  try {
    return { ...salesforce, auth: { kind, username, private_key: await readFile(private_key_file, 'utf8') } };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new UsageError(
      `sources.salesforce.auth.private_key_file: cannot be read (${why}); name a PEM file`,
      { cause },
    );
  }
}
