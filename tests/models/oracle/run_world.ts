import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { newPage } from '../../../connectors/new_page.ts';
import { nodeEnv } from '../../../connectors/node_env.ts';
import type { Source } from '../../../connectors/source.ts';
import { load } from '../../../pipelines/load.ts';
import type { NightEnv, NightOptions } from '../../../pipelines/night.ts';
import { prepare, runStages } from '../../../pipelines/nightly.ts';
import { CONFIG, type Config } from '../../../schemas/config.ts';
import type { Page } from '../../../schemas/page.ts';
import type { Stream } from '../../../schemas/streams.ts';
import { LOAD_ONLY } from '../../support/test_night.ts';
import type { Night, Rules, World } from './world.ts';

/** How a night's feed is delivered. */
export interface Delivery {
  /** Rows of a page. */
  readonly page_rows?: number;
  /** Each page twice. */
  readonly twice?: boolean;
}

const NOWHERE = 'http://127.0.0.1:9';
const SHIPPED = join(import.meta.dirname, '../../../policies');
const SHIPPED_POLICY = 'fixed-capacity@2026-01-01.1';

/** The configuration of a data directory; its sources are never asked, only their parsers are used. */
function configOf(dataDir: string): Config {
  const secret = { client_id: 'a', client_secret: 'b' };
  return CONFIG.parse({
    data_dir: dataDir,
    policies: join(dataDir, 'policies'),
    sources: {
      polaris: { url: NOWHERE, ...secret },
      salesforce: {
        login_url: NOWHERE,
        client_id: 'a',
        auth: { kind: 'client_credentials', client_secret: 'b' },
      },
      tackle: {
        url: NOWHERE,
        contracts_url: NOWHERE,
        microsoft_offers_url: NOWHERE,
        aws_offers_url: NOWHERE,
        ...secret,
      },
    },
  });
}

/** Loads every night of a world into a new data directory as a run does: parsed, landed, staged, committed. */
export async function loadWorld(dataDir: string, world: World, delivery: Delivery = {}): Promise<void> {
  writePolicies(join(dataDir, 'policies'), world.rules);
  for (const night of world.nights) await loadNight(dataDir, night, delivery);
}

/** Loads one night into a data directory that has its policies. */
export async function loadNight(dataDir: string, night: Night, delivery: Delivery = {}): Promise<void> {
  await run(dataDir, LOAD_ONLY, night, delivery);
}

/** Builds and tests all models over what is loaded, as the night's stage does. */
export async function buildModels(dataDir: string, options: Partial<NightOptions> = {}): Promise<void> {
  await run(dataDir, { ...LOAD_ONLY, only: ['transform'], ...options }, null, {});
}

async function run(dataDir: string, options: NightOptions, night: Night | null, delivery: Delivery) {
  const env: NightEnv = {
    ...nodeEnv(() => undefined),
    // Loads are stamped with the instant at which the sources were read, so that two runs of a world are alike.
    now: () => new Date(night?.as_of ?? 0),
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
  const prepared = await prepare(configOf(dataDir), options, env);
  const sources =
    night === null ? [] : prepared.sources.map((source) => delivered(source, env, night, delivery));
  const report = await runStages({ ...prepared, sources }, load);
  if (report.error !== null) throw new Error(report.error.message);
}

/** A source whose pages are the night's: the parser is the connector's own. */
function delivered(source: Source, env: NightEnv, night: Night, delivery: Delivery): Source {
  const { name, streams, parse, columnar } = source;
  return {
    name,
    streams,
    parse,
    ...(columnar !== undefined && { columnar }),
    open: async () => undefined,
    close: async () => undefined,
    async *pages(stream) {
      for (const page of pagesOf(env, stream, night, delivery)) {
        yield page;
        if (delivery.twice === true) yield page;
      }
    },
  };
}

function pagesOf(
  env: NightEnv,
  stream: Stream,
  night: Night,
  { page_rows = 5000 }: Delivery,
): readonly Page[] {
  const item = `${stream.source}.${stream.name}`;
  const feed = { 'polaris.readings': night.readings, 'polaris.features': night.features }[item];
  const rows: readonly object[] = feed ?? night.lists[item] ?? [];
  const cuts = Array.from(
    { length: Math.max(1, Math.ceil(rows.length / page_rows)) },
    (_, i) => i * page_rows,
  );
  const parts = feed === undefined ? [rows] : cuts.map((from) => rows.slice(from, from + page_rows));
  return parts.map((part, index) => {
    const body = Buffer.from(JSON.stringify(envelope(item, part, night.as_of)));
    const bookmark = feed === undefined ? null : `${night.as_of} ${index}`;
    const as_of = feed === undefined ? null : night.as_of;
    return newPage(env, stream, { url: `${NOWHERE}/${item}`, body }, { as_of, bookmark });
  });
}

function envelope(item: string, rows: readonly object[], as_of: string): unknown {
  if (item === 'polaris.readings' || item === 'polaris.features')
    return { data: rows, next: as_of, has_more: false, as_of };
  if (item.startsWith('polaris.')) return { data: rows, next_page: null };
  if (item.startsWith('salesforce.')) return { totalSize: rows.length, done: true, records: rows };
  if (item === 'tackle.contracts') return { contracts: rows, next: null };
  if (item.endsWith('_offers')) return rows;
  return { data: rows, metadata: { nextPageToken: null } };
}

/** The shipped policies with the world's values in them, so that a key which no world speaks of has one. */
export function writePolicies(folder: string, rules: Rules): void {
  const overage = join(folder, 'overage');
  const shipped = (file: string): Readonly<Record<string, object>> =>
    parse(readFileSync(join(SHIPPED, file), 'utf8'));
  // A YAML reader reads JSON.
  const write = (file: string, ...parts: readonly object[]) =>
    writeFileSync(join(folder, file), JSON.stringify(Object.assign({}, ...parts)));
  cpSync(SHIPPED, folder, { recursive: true });
  for (const file of readdirSync(overage)) rmSync(join(overage, file));
  write('dimensions.yaml', shipped('dimensions.yaml'), rules.dimensions);
  const plans = Object.entries(rules.features.plans).map(([plan, held]) => [
    plan,
    { phase: 'private', ...held },
  ]);
  write('features.yaml', shipped('features.yaml'), rules.features, { plans: Object.fromEntries(plans) });
  write('marketplace.yaml', rules.marketplace);
  const [first] = shipped('churn.yaml').versions as readonly object[];
  const versions = rules.churn.versions.map((each) => ({ ...first, ...each }));
  write('churn.yaml', { versions });
  const policy = shipped(join('overage', `${SHIPPED_POLICY}.yaml`));
  for (const each of rules.overage)
    write(join('overage', `${each.policy_id}@${each.version}.yaml`), policy, each);
}
