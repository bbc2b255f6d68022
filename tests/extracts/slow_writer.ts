import { readFile } from 'node:fs/promises';
import { type HyperTable, writeHyper } from '../../extracts/hyper_file.ts';
import { startHyperd } from '../../extracts/hyperd.ts';

// Writes one extract in a process of its own, so that a test can kill it. Its job comes as a JSON file.
const [jobFile = ''] = process.argv.slice(2);
const job = JSON.parse(await readFile(jobFile, 'utf8')) as {
  program: string;
  path: string;
  table: Omit<HyperTable, 'expected'>;
  rows: string;
  sums: Record<string, string>;
};
const hyperd = await startHyperd(job.program);
process.send?.({ hyperdPid: hyperd.pid });
const expected = { rows: BigInt(job.rows), sums: job.sums };
await writeHyper({ hyperd, path: job.path, tables: [{ ...job.table, expected }] });
await hyperd.stop();
process.exit(0);
