import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ACCOUNT_FIELDS, type DataSet, PAGE_ROWS, type Rendered } from './data_sets.ts';
import { checkReport, type Loaded, loadedInDuckDb } from './loaded.ts';

/** One run of one contestant: where the rows come from, and an empty folder of its own. */
export interface Place {
  readonly url: string;
  readonly folder: string;
  /** Where its output went. */
  readonly output: string;
  readonly rendered: Rendered;
}

/** One way of loading one data set, in a process of its own. */
export interface Contestant {
  readonly data: DataSet;
  readonly name: string;
  readonly label: string;
  readonly reads: 'server' | 'disk';
  /** What it does with the rows, and what it leaves undone, for the report. */
  readonly does: string;
  /** Where once is enough of it: a contestant that takes minutes, and is far from where its spread would matter. */
  readonly most_runs?: number;
  /** What runs; may first write what it needs into the folder. */
  command(place: Place): readonly string[];
  /** Looks, unmeasured, at what it has loaded. */
  loaded(place: Place): Promise<Loaded>;
}

const BENCH = import.meta.dirname;
const ROOT = dirname(BENCH);
/** The peers' own interpreter, which the set-up makes from `bench/requirements.txt`. */
export const PEER_PYTHON = join(
  BENCH,
  '.venv',
  ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
);
const QUERY = `SELECT ${ACCOUNT_FIELDS.join(', ')} FROM Account`;
const SUMMED = { readings: 'quantity', accounts: 'ARR__c' } as const;

/** All contestants, in the order of the report. */
export const CONTESTANTS: readonly Contestant[] = [
  meterline('readings', ['--only', 'polaris', '--only', 'seal']),
  dlt('readings', 'arrow'),
  dlt('readings', 'default'),
  jsonParse(),
  duckDb('readings', 'read_json, quantity as a decimal'),
  meterline('accounts', ['--only', 'salesforce']),
  dlt('accounts', 'arrow'),
  dlt('accounts', 'default'),
  simpleSalesforce(),
  duckDb('accounts', 'read_csv, all columns as text'),
];

function meterline(data: DataSet, only: readonly string[]): Contestant {
  return {
    data,
    name: 'meterline',
    label: 'meterline',
    reads: 'server',
    does: `the whole command \`meterline run\`: start-up, requests, landing of each body, checks of every value and count, ${data === 'readings' ? 'duplicates, evidence leaves and their tree, control totals' : 'versions of records, fields that vanished or are empty, nine more objects without records'}, page manifest, one transaction per stream`,
    command({ url, folder }) {
      const config = join(folder, 'meterline.yaml');
      writeFileSync(config, configuration(data, url, join(folder, 'data')));
      return [
        process.execPath,
        join(ROOT, 'bin', 'meterline.mjs'),
        'run',
        '--json',
        '--config',
        config,
        ...only,
      ];
    },
    loaded({ folder, output, rendered }) {
      checkReport(output, data === 'readings' ? rendered.facts.readings.rows : 0);
      const table = data === 'readings' ? 'raw.polaris_readings' : 'raw.salesforce_account';
      const column = data === 'readings' ? 'quantity_decimal' : 'arr';
      return loadedInDuckDb(data, join(folder, 'data', 'warehouse.duckdb'), table, column);
    },
  };
}

/** A secret stands in no file: the configuration takes it from the environment. */
function configuration(data: DataSet, url: string, data_dir: string): string {
  const secret = `\${BENCH_CLIENT_SECRET}`;
  const client = { client_id: `\${BENCH_CLIENT_ID}` };
  const sources =
    data === 'readings'
      ? { polaris: { url, ...client, client_secret: secret } }
      : {
          salesforce: {
            login_url: url,
            ...client,
            auth: { kind: 'client_credentials', client_secret: secret },
          },
        };
  return JSON.stringify({ data_dir, sources });
}

function dlt(data: DataSet, style: 'arrow' | 'default'): Contestant {
  const how =
    style === 'arrow' ? 'pyarrow tables, loaded as Parquet' : 'rows as dictionaries, default settings';
  return {
    data,
    name: `dlt_${style}`,
    label: style === 'arrow' ? 'dlt with Arrow' : 'dlt default',
    reads: 'server',
    does: `${how}; decimals stay text. No check of values, no landing of bodies, no quarantine, no evidence, no comparison of counts`,
    ...(style === 'default' ? { most_runs: 1 } : {}),
    command: ({ url, folder }) => [
      PEER_PYTHON,
      join(BENCH, 'peers', 'dlt_load.py'),
      style,
      data,
      url,
      folder,
      String(PAGE_ROWS[data]),
      QUERY,
    ],
    loaded: ({ folder }) => {
      const column = data === 'readings' ? 'quantity' : 'arr__c';
      return loadedInDuckDb(data, join(folder, 'bench.duckdb'), `loaded.${data}`, column);
    },
  };
}

function simpleSalesforce(): Contestant {
  return {
    data: 'accounts',
    name: 'simple_salesforce',
    label: 'simple-salesforce, download alone',
    reads: 'server',
    does: 'writes the CSV pages to disk; parses, checks and loads nothing',
    command: ({ url, folder }) => {
      mkdirSync(join(folder, 'csv'));
      const script = join(BENCH, 'peers', 'simple_salesforce_download.py');
      return [PEER_PYTHON, script, url, join(folder, 'csv'), String(PAGE_ROWS.accounts), QUERY];
    },
    loaded: ({ folder }) => {
      const files = `read_csv('${folder}/csv/*', header := true, all_varchar := true, quote := '"', escape := '"')`;
      return loadedInDuckDb('accounts', ':memory:', files, SUMMED.accounts);
    },
  };
}

function jsonParse(): Contestant {
  const script = join(BENCH, 'floors', 'json_parse.ts');
  return {
    data: 'readings',
    name: 'json_parse',
    label: 'floor: JSON.parse alone',
    reads: 'disk',
    does: 'Node parses the same pages from disk and forgets them',
    command: ({ rendered }) => [process.execPath, script, rendered.pages.readings],
    async loaded({ folder, rendered }) {
      const file = join(folder, 'totals.json');
      const { status } = spawnSync(process.execPath, [script, rendered.pages.readings, file], {
        stdio: 'inherit',
      });
      if (status !== 0) throw new Error(`bench: json_parse: got exit ${status}, want 0; see above`);
      return JSON.parse(readFileSync(file, 'utf8')) as Loaded;
    },
  };
}

function duckDb(data: DataSet, how: string): Contestant {
  return {
    data,
    name: 'duckdb',
    label: 'floor: DuckDB alone',
    reads: 'disk',
    does: `DuckDB reads the same pages from disk into one table (${how}), on all cores`,
    command: ({ folder, rendered }) => [
      process.execPath,
      join(BENCH, 'floors', 'duckdb_read.ts'),
      data,
      rendered.pages[data],
      join(folder, 'floor.duckdb'),
    ],
    loaded: ({ folder }) => loadedInDuckDb(data, join(folder, 'floor.duckdb'), 'loaded', SUMMED[data]),
  };
}
