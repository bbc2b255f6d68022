import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONTESTANTS, type Contestant } from '../../bench/contestants.ts';
import { type Rendered, renderDataSets } from '../../bench/data_sets.ts';
import { benchOptions } from '../../bench/options.ts';
import { race, type Sample } from '../../bench/race.ts';
import { runBench } from '../../bench/run_bench.ts';
import { scratch } from '../support/scratch.ts';

const ROWS = 20_000;
const root = scratch();
const quiet = () => {};
const jsonParse = CONTESTANTS.find(({ name }) => name === 'json_parse') as Contestant;

let rendered: Rendered;

beforeAll(async () => {
  rendered = await renderDataSets(root, { readings: ROWS, accounts: ROWS });
}, 120_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

test('meterline and the floors end with the same rows and the same exact sums', async () => {
  const results = join(root, 'results');
  const words = ['meterline', 'json_parse', 'duckdb'].flatMap((name) => ['--only', name]);
  const size = ['--rows', String(ROWS), '--runs', '1', '--data-dir', root, '--results', results];
  const report = await runBench(benchOptions([...size, ...words]), quiet);
  const { facts } = rendered;
  const { samples } = JSON.parse(readFileSync(join(results, 'load.json'), 'utf8')) as { samples: Sample[] };
  const ended = samples.map(({ data, name, rows, total }) => ({ data, name, rows, total }));
  expect(ended).toEqual([
    { data: 'readings', name: 'meterline', rows: ROWS, total: facts.readings.total },
    { data: 'readings', name: 'json_parse', rows: ROWS, total: facts.readings.total },
    { data: 'readings', name: 'duckdb', rows: ROWS, total: facts.readings.total },
    { data: 'accounts', name: 'meterline', rows: ROWS, total: facts.accounts.total },
    { data: 'accounts', name: 'duckdb', rows: ROWS, total: facts.accounts.total },
  ]);
  expect(facts.readings.total).toMatch(/^[1-9]\d*\.\d{9}$/);
  expect(facts.accounts.total).toMatch(/^[1-9]\d*\.\d{2}$/);
  for (const { cpu_s, wall_s, peak_bytes } of samples) {
    expect(Math.min(cpu_s, wall_s)).toBeGreaterThan(0);
    expect(peak_bytes).toBeGreaterThan(20e6);
  }
  const page = readFileSync(join(results, 'load.md'), 'utf8');
  for (const { contestant } of report.standings) expect(page).toContain(`- **${contestant.label}**: `);
  expect(page).toContain(
    'Not run: readings by dlt with Arrow, readings by dlt default, accounts by dlt with Arrow',
  );
  expect(readFileSync(join(results, 'load.svg'), 'utf8')).toContain('Bulk accounts, rows per second');
}, 600_000);

test.each([
  { rows: ROWS - 1, total: '1.000000000' },
  { rows: ROWS, total: '1.000000000' },
])(
  'a contestant that ends with anything else than the rendered rows fails the benchmark: %o',
  async (got) => {
    const short: Contestant = { ...jsonParse, reads: 'server', command: idle, loaded: async () => got };
    await expect(race([short], rendered, 1, join(root, 'short'), quiet)).rejects.toThrow(
      new RegExp(
        `readings by json_parse: got ${got.rows} rows with sum 1.000000000, want ${ROWS} with \\d+\\.\\d{9}`,
      ),
    );
  },
  120_000,
);

test('a contestant that fails is named with the end of its output', async () => {
  const command = () => [process.execPath, '-e', 'console.log("no space left"); process.exit(7)'];
  const failing: Contestant = { ...jsonParse, command };
  await expect(race([failing], rendered, 1, join(root, 'failing'), quiet)).rejects.toThrow(
    /got exit 7, want 0; its last lines:\nno space left/,
  );
}, 120_000);

function idle(): readonly string[] {
  return [process.execPath, '-e', ''];
}
