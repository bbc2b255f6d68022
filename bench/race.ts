import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { programPaths } from '../pipelines/paths.ts';
import type { Contestant, Place } from './contestants.ts';
import type { Rendered } from './data_sets.ts';
import type { Loaded } from './loaded.ts';
import { measure, type Taken } from './measure.ts';
import { type BenchServer, credentialsEnv, startServer } from './server/start_server.ts';

/** One measured run. `asked`: how it asked for pages; empty where it reads from disk. */
export interface Sample extends Taken {
  readonly data: Contestant['data'];
  readonly name: string;
  readonly rows: number;
  readonly total: string;
  readonly server_cpu_s: number;
  readonly asked: readonly { readonly accept_encoding: string; readonly page_rows: string }[];
}

/** Loopback's own; nobody's secret. */
const CREDENTIALS = { client_id: 'meterline-bench', client_secret: 'loopback-only' };

/** What a race tells while it runs. */
export type Tell = (line: string) => void;

/**
 * Runs the contestants against one server, round after round, each alone; another one begins each round, so that no
 * one always runs after the same neighbour. Every run's rows and sum are compared with what was rendered.
 * @throws Error when one fails, or has loaded anything else than the rendered rows
 */
export async function race(
  contestants: readonly Contestant[],
  rendered: Rendered,
  runs: number,
  folder: string,
  tell: Tell,
): Promise<readonly Sample[]> {
  const server = await startServer(rendered.stores.readings, rendered.stores.accounts, CREDENTIALS);
  const samples: Sample[] = [];
  try {
    for (let round = 0; round < runs; round += 1) {
      const first = round % contestants.length;
      for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
        if (round >= (contestant.most_runs ?? runs)) continue;
        const sample = await run(contestant, server, rendered, folder);
        samples.push(sample);
        tell(lineOf(contestant, round + 1, sample));
      }
    }
  } finally {
    await server.close();
  }
  return samples;
}

async function run(
  contestant: Contestant,
  server: BenchServer,
  rendered: Rendered,
  root: string,
): Promise<Sample> {
  const folder = join(root, `${contestant.data}-${contestant.name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const output = join(root, `${contestant.data}-${contestant.name}.log`);
  const place: Place = { url: server.url, folder, output, rendered };
  const { python } = programPaths();
  const before = await server.look();
  const env = credentialsEnv(CREDENTIALS);
  const taken = await measure({ python, command: contestant.command(place), env, output });
  const after = await server.look();
  const loaded = await contestant.loaded(place);
  compare(contestant, loaded, rendered.facts[contestant.data]);
  rmSync(folder, { recursive: true, force: true });
  const { data, name } = contestant;
  return { data, name, ...loaded, ...taken, server_cpu_s: after.cpu_s - before.cpu_s, asked: after.asked };
}

function compare({ data, name }: Contestant, got: Loaded, want: Loaded): void {
  if (got.rows === want.rows && got.total === want.total) return;
  throw new Error(
    `bench: ${data} by ${name}: got ${got.rows} rows with sum ${got.total}, want ${want.rows} with ${want.total}`,
  );
}

function lineOf(contestant: Contestant, round: number, { wall_s, cpu_s, peak_bytes, rows }: Sample): string {
  const rate = Math.round(rows / wall_s).toLocaleString('en');
  const what = `${contestant.data} ${contestant.label} (${round})`;
  return `${what}: ${wall_s.toFixed(1)} s, ${cpu_s.toFixed(1)} CPU s, ${(peak_bytes / 1e6).toFixed(0)} MB, ${rate} rows/s`;
}
