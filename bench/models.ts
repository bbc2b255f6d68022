import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { surroundings } from './versions.ts';

// npm run bench:models: the models over the demonstration's 90 days, and over one day more. Results: bench/results/models.md.

const ROOT = dirname(import.meta.dirname);
const FOLDER = join(import.meta.dirname, 'data', 'models');
const ENTRY = join(ROOT, 'bin', 'meterline.mjs');
const RUNS = 3;
/** After the demonstration's first night. */
const NEXT_NIGHT = Date.parse('2026-11-23T03:00:10Z');
const DAY_MS = 86_400_000;

/** One dbt build within a night: seconds of dbt alone, by its own record, and of its longest nodes. */
interface Build {
  readonly seconds: number;
  readonly nodes: number;
  readonly longest: readonly string[];
}

interface RunResults {
  readonly elapsed_time: number;
  readonly results: readonly { readonly unique_id: string; readonly execution_time: number }[];
}

/** Runs stages over the demonstration; its data lie in `FOLDER`. @throws Error with what the night said when it fails */
function night(...args: readonly string[]): Build {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [ENTRY, 'run', '--json', '--only', 'transform', ...args],
    { cwd: FOLDER, encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  if (status !== 0) throw new Error(`bench: models: got exit ${status}, want 0:\n${stdout || stderr}`);
  const path = join(FOLDER, 'data', 'dbt', 'target', 'run_results.json');
  const { elapsed_time, results } = JSON.parse(readFileSync(path, 'utf8')) as RunResults;
  const longest = results
    .toSorted((a, b) => b.execution_time - a.execution_time)
    .slice(0, 5)
    .map((each) => `${each.unique_id.split('.').at(2)} ${each.execution_time.toFixed(1)} s`);
  return { seconds: elapsed_time, nodes: results.length, longest };
}

const SOURCES = ['--only', 'polaris', '--only', 'salesforce', '--only', 'tackle', '--only', 'seal'];

function median(builds: readonly Build[]): Build {
  return builds.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(builds.length / 2)] as Build;
}

function line(what: string, want: number, builds: readonly Build[]): string {
  const { seconds, nodes, longest } = median(builds);
  const all = builds.map((each) => each.seconds.toFixed(1)).join(', ');
  const verdict = seconds < want ? 'met' : 'missed';
  return `| ${what} | ${seconds.toFixed(1)} | ${all} | under ${want} s: ${verdict} | ${nodes} | ${longest.join(', ')} |`;
}

const measuredOn = surroundings().filter((each) => !each.startsWith('peers'));
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
night(...SOURCES);
const whole = Array.from({ length: RUNS }, () => night('--full-refresh'));
const oneDay = Array.from({ length: RUNS }, (_, index) => {
  const now = new Date(NEXT_NIGHT + index * DAY_MS).toISOString().replace('.000Z', 'Z');
  return night(...SOURCES, '--simulators-now', now);
});
const report = [
  '# The models',
  '',
  `Written by \`npm run bench:models\` on ${new Date().toISOString().slice(0, 10)}: the demonstration's 90 days (1.3 million readings), then nights of one more day each. Seconds of dbt by its own record: start-up of Python left out, every model and data test counted.`,
  '',
  ...measuredOn.map((each) => `- ${each}`),
  '',
  '| build | median s | each run | target | nodes | longest nodes |',
  '| --- | ---: | --- | --- | ---: | --- |',
  line('all models and tests, 90 days', 60, whole),
  line('a night with one new day', 25, oneDay),
  '',
].join('\n');
writeFileSync(join(import.meta.dirname, 'results', 'models.md'), report);
process.stdout.write(report);
rmSync(FOLDER, { recursive: true, force: true });
