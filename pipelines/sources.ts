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
import type { Stream } from '../schemas/streams.ts';
import { TACKLE_STREAMS } from '../schemas/tackle.ts';
import { dataPaths } from './paths.ts';

/** Every stream there is, configured or not: their tables exist in any warehouse. */
export function allStreams(): readonly Stream[] {
  return [...POLARIS_STREAMS, ...SALESFORCE_STREAMS, ...TACKLE_STREAMS];
}

/** The sources that are configured, Polaris last: its readings settle the as-of date. */
export async function createSources(config: Config, env: SourceEnv): Promise<readonly Source[]> {
  const { polaris, salesforce, tackle } = config.sources;
  const sources: Source[] = [];
  if (salesforce !== undefined) {
    const state_dir = join(dataPaths(config.data_dir).state, 'salesforce');
    sources.push(createSalesforceSource({ ...(await withKey(salesforce)), state_dir }, env));
  }
  if (tackle !== undefined) sources.push(createTackleSource(tackle, env));
  if (polaris !== undefined) sources.push(createPolarisSource(polaris, env));
  return sources;
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
