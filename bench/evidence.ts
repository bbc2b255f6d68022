import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leafData } from '../evidence/leaf.ts';
import { EMPTY_TREE } from '../evidence/merkle.ts';
import { growTiles } from '../evidence/storage/tile_files.ts';
import { programPaths } from '../pipelines/paths.ts';
import { measure, type Taken } from './measure.ts';
import { surroundings } from './versions.ts';

// npm run bench:evidence: the evidence log beside golang.org/x/mod/sumdb/tlog, on the same leaves. Needs Go on the machine.
// Results: bench/results/evidence.md.

const FOLDER = join(import.meta.dirname, 'data', 'evidence');
const PEER = join(import.meta.dirname, 'peers', 'tlog');
const LEAVES = join(FOLDER, 'leaves.jsonl');
const RUNS = 5;
const MILLION = 1_000_000;
const BATCH = 50_000;
const HASH_BYTES = 32;

/** Leaves as a night makes them of readings, some 360 bytes each. */
async function writeLeaves(): Promise<void> {
  const file = createWriteStream(LEAVES);
  for (let start = 0; start < MILLION; start += BATCH) {
    const lines = Array.from({ length: BATCH }, (_, place) => `${leafData(leafOf(start + place))}\n`);
    if (!file.write(lines.join(''))) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

function leafOf(index: number) {
  const hour = new Date(Date.UTC(2026, 0, 1, Math.floor(index / 4000))).toISOString().replace('.000Z', 'Z');
  return {
    cluster_id: `clu-${String(index % 500).padStart(6, '0')}`,
    customer_id: `cust-${String(index % 200).padStart(5, '0')}`,
    dimension: 'capacity_used_tib',
    hour,
    page_sha256: createHash('sha256')
      .update(String(Math.floor(index / 20_000)))
      .digest('hex'),
    quantity: `${index % 400}.${String((index * 7919) % 1_000_000).padStart(6, '0')}`,
    reading_id: `rd-${String(index).padStart(12, '0')}`,
    recorded_at: hour.replace(':00:00Z', ':12:33Z'),
    revision: '1',
    seq: String(Math.floor(index / 500)),
    subscription_id: `sub-${String(index % 200).padStart(6, '0')}`,
    unit: 'TiB',
  };
}

/** A log of so many entries below a folder, ready to grow. */
function writeLog(folder: string, size: number): void {
  const tiles = growTiles(folder, EMPTY_TREE);
  for (let start = 0; start < size; start += BATCH) {
    const hashes = Buffer.alloc(BATCH * HASH_BYTES);
    for (let place = 0; place < BATCH; place += 1) hashes.writeUInt32BE(start + place, place * HASH_BYTES);
    tiles.append(hashes);
  }
  tiles.finish();
  const frontier = tiles.tree.frontier.map((hash) => hash.toString('base64'));
  writeFileSync(join(folder, 'tree.json'), JSON.stringify({ size, frontier }));
}

function buildPeer(): string {
  const binary = join(FOLDER, 'tlog');
  const { error, status, stderr } = spawnSync('go', ['build', '-o', binary, '.'], {
    cwd: PEER,
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0)
    throw new Error(
      `bench: evidence: got no Go program (${error?.message ?? stderr.trim()}), want one; install Go 1.25 or newer and let it fetch golang.org/x/mod`,
    );
  return binary;
}

interface Ran extends Taken {
  readonly root: string;
}

const output = join(FOLDER, 'output');
async function run(...command: readonly string[]): Promise<Ran> {
  process.stderr.write(`${command.slice(-3).join(' ')}\n`);
  // What the run before wrote is on the disk, and programs in TypeScript start from their compile cache, as the program does.
  spawnSync('sync');
  const env = { ...process.env, NODE_COMPILE_CACHE: join(FOLDER, 'compile') };
  const taken = await measure({ python: programPaths().python, command, env, output });
  return { ...taken, root: readFileSync(output, 'utf8').trim() };
}

const OURS = [process.execPath, join(import.meta.dirname, 'evidence', 'keep_log.ts')];
const fresh = (name: string) => {
  const folder = join(FOLDER, name);
  rmSync(folder, { recursive: true, force: true });
  return folder;
};

const median = (runs: readonly Taken[], of: (run: Taken) => number) =>
  runs.map(of).sort((a, b) => a - b)[Math.floor(runs.length / 2)] ?? Number.NaN;

function row(what: string, ours: readonly Taken[], theirs: readonly Taken[], want: number): string {
  const figures = (runs: readonly Taken[]) =>
    `${median(runs, (run) => run.wall_s).toFixed(2)} s (${median(runs, (run) => run.cpu_s).toFixed(2)} s, ${Math.round(median(runs, (run) => run.peak_bytes) / 2 ** 20)} MiB)`;
  const ratio = median(ours, (run) => run.wall_s) / median(theirs, (run) => run.wall_s);
  return `| ${what} | ${figures(ours)} | ${figures(theirs)} | ${ratio.toFixed(2)} | at most ${want}: ${ratio <= want ? 'met' : 'missed'} |`;
}

const measuredOn = surroundings().filter((each) => !each.startsWith('peers'));
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const peer = buildPeer();
await writeLeaves();
const small = join(FOLDER, 'small');
const large = join(FOLDER, 'large');
writeLog(small, MILLION);
writeLog(large, 10 * MILLION);

const runs: Record<'appended' | 'appendedPeer' | 'verified' | 'verifiedPeer' | 'toSmall' | 'toLarge', Ran[]> =
  {
    appended: [],
    appendedPeer: [],
    verified: [],
    verifiedPeer: [],
    toSmall: [],
    toLarge: [],
  };
for (let round = 0; round < RUNS; round += 1) {
  const [ours, theirs] = [fresh('ours'), fresh('theirs')];
  const appended = await run(...OURS, 'append', LEAVES, ours);
  const appendedPeer = await run(peer, 'append', LEAVES, theirs);
  if (appended.root !== appendedPeer.root)
    throw new Error(`bench: evidence: got roots ${appended.root} and ${appendedPeer.root}, want one`);
  runs.appended.push(appended);
  runs.appendedPeer.push(appendedPeer);
  runs.verified.push(await run(...OURS, 'verify', LEAVES, ours, appended.root, String(MILLION)));
  runs.verifiedPeer.push(await run(peer, 'verify', LEAVES, theirs, appended.root));
  runs.toSmall.push(await run(...OURS, 'append', LEAVES, small));
  runs.toLarge.push(await run(...OURS, 'append', LEAVES, large));
}
const report = [
  '# The evidence log',
  '',
  `Written by \`npm run bench:evidence\` on ${new Date().toISOString().slice(0, 10)}: one million leaves of readings, given as a file; each run a process of its own, start-up included, rounds alternating. Medians of ${RUNS}: wall clock, in brackets processor time of all threads and the largest resident memory.`,
  '',
  ...measuredOn.map((each) => `- ${each}`),
  `- peer: golang.org/x/mod/sumdb/tlog as in bench/peers/tlog/go.mod, ${spawnSync('go', ['version'], { encoding: 'utf8' }).stdout.trim()}`,
  '',
  '| 1 M entries | meterline | Go x/mod tlog | ratio | wanted |',
  '| --- | ---: | ---: | ---: | --- |',
  row('append: hash leaves, grow the tree, write tiles', runs.appended, runs.appendedPeer, 1.5),
  row('verify: hash leaves, hold them and all tiles against the root', runs.verified, runs.verifiedPeer, 1.5),
  '',
  '| append 1 M | to 10 M | to 1 M | ratio | wanted |',
  '| --- | ---: | ---: | ---: | --- |',
  row('meterline', runs.toLarge, runs.toSmall, 1.1),
  '',
  'Both roots are compared in each round. Leaves are hashed in a thread of their own, as in a night; the Go program has one.',
  '',
].join('\n');
writeFileSync(join(import.meta.dirname, 'results', 'evidence.md'), report);
process.stdout.write(report);
rmSync(FOLDER, { recursive: true, force: true });
