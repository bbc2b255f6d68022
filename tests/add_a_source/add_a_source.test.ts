import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicies, writeSeeds } from '../../pipelines/policies.ts';
import type { NightReport } from '../../pipelines/report.ts';
import { type Call, type Reply, type ScriptedApi, scriptedApi } from '../connectors/scripted_api.ts';
import { withWarehouse } from '../support/tables.ts';
import { type Step, stepsOf, take } from './document.ts';
import { copyProject, type ProjectCopy } from './project_copy.ts';

/** The page is followed to the letter, so that it cannot go stale. Its steps build on each other, in this order. */
const PAGE = 'docs/add-a-source.md';
const GOLDEN = 'tests/golden/prices/plan_prices/good_and_bad/page.json';

let copy: ProjectCopy;
let api: ScriptedApi;
let steps: readonly Step[] = [];

beforeAll(async () => {
  copy = copyProject();
  steps = stepsOf(readFileSync(join(copy.root, PAGE), 'utf8'));
  api = await scriptedApi(priceList);
});

afterAll(async () => {
  await api?.close();
  copy?.remove();
});

/** The API that the page describes: one plan, and the prices of its golden page. */
function priceList(call: Call): Reply {
  switch (call.url.pathname) {
    case '/token':
      return { body: { access_token: 'token-of-the-night', expires_in: 900 } };
    case '/v1/plans':
      return {
        body: { items: [{ plan_id: 'plan-1', cloud: 'gcp', title: 'Pro' }], next: null, more: false },
      };
    case '/v1/plan-prices':
      return { body: steps.find(({ file }) => file === GOLDEN)?.text };
    default:
      return { status: 404, body: {} };
  }
}

// Type check, lint, tests, a night and dbt, each in a process of its own: slow where the cores are busy.
describe(`${PAGE}, followed`, { timeout: 300_000 }, () => {
  test('the name alone makes the type check ask for the rest', async () => {
    const [first, ...rest] = steps;
    expect(first?.file).toBe('schemas/streams.ts');
    expect(rest.length).toBeGreaterThan(10);
    if (first !== undefined) take(copy.root, first);
    const { code, output } = await copy.run('tsc', ['--noEmit']);
    expect(code).not.toBe(0);
    expect(output).toMatch(/^schemas\/config\.ts.*'prices'/m);
    expect(output).toMatch(/^pipelines\/sources\.ts.*'?prices'?/m);
  });

  test('all of it passes the checks that the project has', async () => {
    for (const step of steps.slice(1)) take(copy.root, step);
    const types = await copy.run('tsc', ['--noEmit']);
    expect(types).toEqual({ code: 0, stdout: '', output: '' });
    const files = [...new Set(steps.map(({ file }) => file))].filter((file) => /\.(ts|json)$/.test(file));
    const lint = await copy.run('biome', ['check', '--vcs-enabled=false', ...files]);
    expect(lint.output).toMatch(/No fixes applied/);
    expect(lint.code).toBe(0);
    const unused = await copy.run('knip', []);
    expect(unused.output.trim()).toBe('');
    expect(unused.code).toBe(0);
  });

  test('its source passes the contract suite and its golden page', async () => {
    const report = join(copy.root, 'results.json');
    const reporter = ['--reporter=json', `--outputFile=${report}`];
    const only = ['-t', 'prices|conformance suite|golden pages'];
    const { output } = await copy.run('vitest', [
      'run',
      ...reporter,
      ...only,
      'tests/contract/sources_',
      'tests/golden',
    ]);
    const { numFailedTests, numPassedTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Results;
    const failed = testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
    );
    expect(failed, output).toEqual([]);
    expect(numFailedTests).toBe(0);
    // Both streams in every file of the suite, and the golden pages of all sources.
    expect(numPassedTests).toBeGreaterThan(2 * 40);
  });

  test('a night reads, lands and loads it, and nothing of it is lost', async () => {
    const file = join(copy.root, 'meterline.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('https://prices.example.com', api.url));
    const args = ['bin/meterline.mjs', 'run', '--only', 'prices', '--json'];
    const { code, stdout, output } = await copy.run('node', args, {
      PRICES_CLIENT_SECRET: 'not-to-be-shown',
    });
    expect(code, output).toBe(0);
    expect(output).not.toContain('not-to-be-shown');
    const report = JSON.parse(stdout) as NightReport;
    expect(report.sources).toMatchObject({
      prices: { rows_read: 4, rows_loaded: 3, rows_quarantined: 1, pages: 2, bookmark: '3' },
    });
  });

  test('its staging models build over what was loaded', async () => {
    const data = join(copy.root, 'data');
    await writeSeeds(await loadPolicies(join(copy.root, 'policies')), join(data, 'seeds'));
    const models = join(copy.root, 'models');
    const result = await dbtBuild(
      {
        python: join(copy.root, '.venv', 'bin', 'python'),
        projectDir: models,
        profilesDir: join(models, 'profiles'),
        target: 'duckdb',
        targetPath: join(data, 'dbt'),
        env: { METERLINE_DUCKDB_PATH: join(data, 'warehouse.duckdb'), METERLINE_SEEDS: join(data, 'seeds') },
      },
      { select: ['path:staging/prices'] },
    );
    expect(describeFailures(result)).toEqual([]);
    expect(result.counts.tests_passed).toBeGreaterThan(0);
    const rows = await withWarehouse(data, (sql) =>
      sql(
        'select price_id, price::varchar as price, starts_at::varchar as starts_at from staging.stg_prices__plan_prices order by 1',
      ),
    );
    expect(rows).toEqual([
      { price_id: 'price-1', price: '0.123456789', starts_at: '2026-01-01 00:00:00' },
      { price_id: 'price-3', price: '12.000000000', starts_at: '2026-02-01 00:00:00' },
    ]);
  });
});

/** What is taken from vitest's JSON report. */
interface Results {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}
