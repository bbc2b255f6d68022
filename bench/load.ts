import { benchOptions } from './options.ts';
import { renderReport } from './report.ts';
import { runBench } from './run_bench.ts';

// npm run bench:load -- [--rows N] [--runs N] [--memory-rows N] [--only readings|accounts|memory|<contestant>]…
// [--data-dir <folder>] [--results <folder>]: the report goes to stdout, each run to stderr.
try {
  const report = await runBench(benchOptions(process.argv.slice(2)), (line) =>
    process.stderr.write(`${line}\n`),
  );
  process.stdout.write(renderReport(report));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
