import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findHyperd, type Hyperd, startHyperd } from '../../extracts/hyperd.ts';
import type { Only } from '../../pipelines/night.ts';
import { programPaths } from '../../pipelines/paths.ts';
import { SIMULATED_CREDENTIALS, startTableauSimulator } from '../../simulators/tableau/tableau.ts';
import { scratch } from '../support/scratch.ts';
import type { TestWorld } from '../support/test_night.ts';
import { extractContent, marts } from './kill/built_state.ts';
import type { Choice } from './kill/choose_points.ts';
import { killAt } from './kill/kill_process.ts';
import { nightWork, startKillWorld, type Tried, tryNight } from './kill/kill_world.ts';
import { loadedState } from './kill/loaded_state.ts';
import { newestStatus } from './kill/newest_status.ts';
import { runWork, type Work } from './kill/night_child.ts';

/** A generous bound for a busy machine; nothing is measured against it. */
const LONGEST_MS = 3_600_000;
type Choosing = Omit<Choice, 'all' | 'streams'>;
type Tableau = Awaited<ReturnType<typeof startTableauSimulator>>;

/** dbt takes the most of a night: in the middle of it and at its end; the whole night below is killed before, too. */
const DBT: Choosing = {
  only: /dbt/,
  skip: /spawn|dbt line|dbt finished (?!model\.meterline\.fct_usage_daily#)/,
};
/** One of the four tables stands for all. */
const EXTRACT: Choosing = {
  only: /extracts\/|hyper/,
  skip: /usage_daily|churn_indicators|account_health|data_quality|hyper (?:ATTACH|SELECT|CREATE)|COPY|(?:before|after) rm/,
};
const PUBLISH: Choosing = {
  only: /\/api\/|\.earlier|status\/|ops\.run|close/,
  skip: /GET|UPDATE|INSERT/,
};

/** Where a whole night is killed, one attempt after the other, each getting further. */
const ONE_AFTER_THE_OTHER = [
  'after rename to state/salesforce/account.job.json#1',
  'before COMMIT of INSERT INTO ops.loads tackle.invoices#1',
  'after COMMIT of INSERT INTO ops.loads polaris.readings#1',
  'before rename to seeds/seed_churn_weights.csv#1',
  'after spawn dbt#1',
  'dbt finished model.meterline.fct_usage_daily#1',
  'after POST /api/3.27/sites/*/datasources?overwrite#1',
];

/** The stages after the load, each killed and run again over what the stage before it left. */
describe('a night killed after its load', () => {
  let root = '';
  let test: TestWorld;
  let hyperd: Hyperd;
  const tableaus = new Map<string, Tableau>(); // one per data directory: what is shown is part of the state
  const tried = new Map<string, number>();

  beforeAll(async () => {
    root = scratch();
    test = await startKillWorld();
    hyperd = await startHyperd(await findHyperd(programPaths().venv));
    await runWork(nightWork(test, ['load', 'seal'], join(root, 'loaded')));
  });
  afterAll(async () => {
    for (const tableau of tableaus.values()) await tableau.close();
    await hyperd.stop();
    await test.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 20 });
    const total = [...tried.values()].reduce((sum, count) => sum + count, 0);
    const each = [...tried].map(([what, count]) => `${what} ${count}`).join(', ');
    process.stdout.write(`\nkill points after the load tried: ${total} (${each})\n`);
  });

  const stage = <State>(
    name: Only,
    base: string,
    choosing: Choosing,
    more: {
      look: (dataDir: string) => Promise<State>;
      prepare?: (dataDir: string) => Promise<void>;
      work?: (dataDir: string) => Work;
    },
  ): Promise<Tried> => {
    const folder = join(root, name);
    mkdirSync(folder);
    const work = (dataDir: string) => nightWork(test, [name], dataDir);
    return tryNight({ base: join(root, base), folder, work, ...more }, { streams: [], ...choosing });
  };

  function check(what: string, { points, failures }: Tried, atLeast: number): void {
    tried.set(what, points.length);
    expect(failures, failures.join('\n')).toEqual([]);
    expect(points.length).toBeGreaterThanOrEqual(atLeast);
  }

  it('dbt: the marts are those of an undisturbed build', { timeout: LONGEST_MS }, async () => {
    const look = async (dataDir: string) => ({
      marts: await marts(dataDir),
      status: await newestStatus(dataDir),
    });
    check('transform', await stage('transform', 'loaded', DBT, { look }), 2);
  });

  it('extract: the files hold what undisturbed ones hold', { timeout: LONGEST_MS }, async () => {
    const look = async (dataDir: string) => ({
      content: await extractContent(dataDir, hyperd),
      status: await newestStatus(dataDir),
    });
    check('extract', await stage('extract', 'transform/undisturbed', EXTRACT, { look }), 10);
  });

  it('publish: Tableau shows data source and workbook of this night', { timeout: LONGEST_MS }, async () => {
    const earlier = join(root, 'earlier');
    const site = await startTableau('earlier');
    await runWork(publishing(site, join(root, 'extract', 'undisturbed')));
    const shown = site.published().map(({ sha256 }) => sha256);
    // The same figures written once more: other bytes, so that the new publication can be told from the earlier one.
    cpSync(join(root, 'extract', 'undisturbed'), join(root, 'again'), { recursive: true });
    await runWork(nightWork(test, ['extract'], join(root, 'again')));
    const prepare = async (dataDir: string) => {
      cpSync(earlier, tableauFolder(basename(dataDir)), { recursive: true });
      await startTableau(basename(dataDir));
    };
    const look = async (dataDir: string) => {
      const published = tableauOf(dataDir).published();
      expect(published.some(({ sha256 }) => shown.includes(sha256))).toBe(false);
      const content = published.map(({ kind, name, project, sha256 }) => ({ kind, name, project, sha256 }));
      return { content, status: await newestStatus(dataDir) };
    };
    const work = (dataDir: string) => publishing(tableauOf(dataDir), dataDir);
    check('publish and record', await stage('publish', 'again', PUBLISH, { look, prepare, work }), 10);
  });

  it('a whole night, killed at seven points one after the other', { timeout: LONGEST_MS }, async () => {
    const dataDir = join(root, 'whole');
    const tableau = await startTableau('whole');
    const work = { ...publishing(tableau, dataDir), options: nightWork(test, [], dataDir).options };
    for (const point of ONE_AFTER_THE_OTHER) await killAt(work, point);
    await runWork(work);
    expect(await loadedState(dataDir, 0)).toEqual({
      ...(await loadedState(join(root, 'loaded'), 0)),
      newest_run: expect.anything(),
    });
    expect(await marts(dataDir)).toEqual(await marts(join(root, 'transform', 'undisturbed')));
    const undisturbed = await extractContent(join(root, 'extract', 'undisturbed'), hyperd);
    expect(await extractContent(dataDir, hyperd)).toEqual(undisturbed);
    expect(tableau.published().map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'datasource meterline',
      'workbook meterline',
    ]);
    expect(await newestStatus(dataDir)).toMatchObject({ status: 'succeeded', unended: '0', error: null });
    tried.set('whole night', ONE_AFTER_THE_OTHER.length);
  });

  function tableauFolder(name: string): string {
    return name === 'earlier' ? join(root, 'earlier') : join(root, 'tableau', name);
  }

  async function startTableau(name: string): Promise<Tableau> {
    const { token_name, token_secret, tableau } = test.world.access;
    const started = await startTableauSimulator({
      stateDir: tableauFolder(name),
      site: tableau.site,
      hyperd,
      credentials: { ...SIMULATED_CREDENTIALS, personalAccessTokens: { [token_name]: token_secret } },
    });
    tableaus.set(name, started);
    return started;
  }

  function tableauOf(dataDir: string): Tableau {
    const found = tableaus.get(basename(dataDir));
    if (found === undefined) throw new Error(`test: Tableau of ${dataDir}: got none, want one; prepare it`);
    return found;
  }

  /** Publishing to a Tableau of its own. */
  function publishing({ url }: Tableau, dataDir: string): Work {
    const { config, options } = nightWork(test, ['publish'], dataDir);
    if (config.tableau === undefined) throw new Error('test: configuration: got no tableau, want one');
    return { config: { ...config, tableau: { ...config.tableau, url } }, options };
  }
});
