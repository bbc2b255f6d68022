import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barPlot } from './bar_plot.ts';
import { CONTESTANTS } from './contestants.ts';
import { renderDataSets, renderPageFiles } from './data_sets.ts';
import { memoryCurve } from './memory_curve.ts';
import { type BenchOptions, isAsked, MEMORY } from './options.ts';
import { race, type Sample, type Tell } from './race.ts';
import { type BenchReport, renderReport } from './report.ts';
import { standings } from './summary.ts';
import { targets } from './targets.ts';
import { surroundings } from './versions.ts';

/**
 * Renders the rows, lets the contestants load them, measures meterline's memory, and writes what was found.
 * @throws Error when a contestant fails or has loaded anything else than the rendered rows
 */
export async function runBench(options: BenchOptions, tell: Tell): Promise<BenchReport> {
  const { data_dir, rows, runs, only, memory_rows } = options;
  const asked = CONTESTANTS.filter(({ data, name }) => isAsked(only, data, name));
  const measuredOn = surroundings();
  const samples = asked.length === 0 ? [] : await raceOver(options, asked, tell);
  const isCurve = only.length === 0 || only.includes(MEMORY);
  const curve = isCurve ? await memoryCurve(data_dir, [rows, memory_rows], tell) : [];
  const all = standings(CONTESTANTS, samples);
  const report: BenchReport = {
    date: new Date().toISOString().slice(0, 10),
    rows,
    runs,
    surroundings: measuredOn,
    standings: all,
    curve,
    targets: targets(all, curve),
  };
  if (options.results !== null) keep(options.results, report, samples);
  return report;
}

async function raceOver(
  { data_dir, rows, runs }: BenchOptions,
  asked: typeof CONTESTANTS,
  tell: Tell,
): Promise<readonly Sample[]> {
  const rendered = await renderDataSets(data_dir, { readings: rows, accounts: rows });
  if (asked.some(({ reads }) => reads === 'disk')) renderPageFiles(rendered);
  return race(asked, rendered, runs, join(data_dir, 'runs'), tell);
}

/** Every single sample is kept beside the page that sums them up. */
function keep(folder: string, report: BenchReport, samples: readonly Sample[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'load.md'), renderReport(report));
  writeFileSync(join(folder, 'load.svg'), barPlot(report.standings));
  writeFileSync(
    join(folder, 'load.json'),
    `${JSON.stringify({ date: report.date, samples, curve: report.curve }, null, 2)}\n`,
  );
}
