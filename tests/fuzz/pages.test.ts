import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { POLARIS_STREAMS } from '../../schemas/polaris.ts';
import { SALESFORCE_STREAMS } from '../../schemas/salesforce.ts';
import { TACKLE_STREAMS } from '../../schemas/tackle.ts';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import { damage } from './damage.ts';
import { type Body, PAGE_KINDS, type PageKind } from './good_pages.ts';
import { type Judged, judgePage } from './judge_page.ts';
import { loadGroup, type TakenPage } from './load_group.ts';
import { type Random, seededRandom } from './random.ts';

const LONG = process.env.METERLINE_LONG === '1';
/** A round is one group of pages of each kind, loaded into one warehouse. */
const ROUNDS = LONG ? 14 : 1;
const GROUP = LONG ? 200 : 86;
const SEED = Number(process.env.METERLINE_FUZZ_SEED ?? randomInt(2 ** 31));
/** What the heap may have grown by since the first round: a page kept for each that was read would be more. */
const GROWTH_BYTES = 100 * 1024 * 1024;

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meterline-fuzz-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test(`${ROUNDS * GROUP * PAGE_KINDS.length} damaged pages: refused whole, or every row of them loaded or quarantined`, {
  timeout: 3_600_000,
}, async () => {
  const told = { pages: 0, refused: 0, rows: 0, loaded: 0, quarantined: 0 };
  const before = prototypes();
  let heap = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    await fuzzRound(round, told);
    expect(prototypes()).toEqual(before);
    const now = heapAfterCollection();
    const figures = JSON.stringify({ ...told, heap_mb: Math.round(now / 2 ** 20) });
    process.stdout.write(`fuzz: ${figures}; METERLINE_FUZZ_SEED=${SEED} repeats it\n`);
    if (round === 0) heap = now;
    expect(now - heap).toBeLessThan(GROWTH_BYTES);
  }
  expect(told.pages).toBe(ROUNDS * GROUP * PAGE_KINDS.length);
  // Damage that leaves nothing to load would show nothing of loading, and the other way round.
  expect(told.refused).toBeGreaterThan(told.pages / 20);
  expect(told.loaded).toBeGreaterThan(told.pages);
  expect(told.quarantined).toBeGreaterThan(told.pages / 20);
});

type Told = Record<'pages' | 'refused' | 'rows' | 'loaded' | 'quarantined', number>;

async function fuzzRound(round: number, told: Told): Promise<void> {
  const tempDir = join(directory, `${round}-tmp`);
  const path = join(directory, `${round}.duckdb`);
  const warehouse = await openDuckDbWarehouse({ path, tempDir, memoryLimitMb: 512, threads: 2 });
  try {
    await warehouse.migrate([...POLARIS_STREAMS, ...SALESFORCE_STREAMS, ...TACKLE_STREAMS]);
    for (const [number, kind] of PAGE_KINDS.entries())
      await fuzzGroup(warehouse, kind, (round * PAGE_KINDS.length + number) * GROUP, told);
    expect((await readdir(tempDir)).filter((name) => name.startsWith('stage_'))).toEqual([]);
  } finally {
    await warehouse.close();
  }
  await rm(path, { force: true });
}

async function fuzzGroup(warehouse: Warehouse, kind: PageKind, first: number, told: Told): Promise<void> {
  const taken: TakenPage[] = [];
  for (let number = first; number < first + GROUP; number += 1) {
    const { page, done } = damagedPage(kind, number);
    const judged = judgeNamed(kind, number, page, done);
    told.pages += 1;
    if (judged === null) told.refused += 1;
    else taken.push({ page, judged });
  }
  const load = await loadGroup(warehouse, kind.which.stream, taken).catch((cause: unknown) => {
    throw named(`pages ${first} to ${first + GROUP - 1} of ${kind.title}`, cause);
  });
  told.rows += load.rows_read;
  told.loaded += load.rows_loaded;
  told.quarantined += load.rows_quarantined;
}

function judgeNamed(kind: PageKind, number: number, page: Body, done: readonly string[]): Judged | null {
  try {
    return judgePage(kind, page);
  } catch (cause) {
    const shown = page.body.length > 3000 ? `${page.body.length} bytes` : page.body.toString('latin1');
    throw named(`page ${number} of ${kind.title}, ${done.join(', ')}: ${shown}`, cause);
  }
}

function named(what: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(`test: fuzz with METERLINE_FUZZ_SEED=${SEED}: ${what}: got "${why}"`, { cause });
}

/** The page of a number is the same whatever came before it. Every sixth or so is left as it is. */
function damagedPage(kind: PageKind, number: number): { page: Body; done: readonly string[] } {
  const random = seededRandom(SEED + number * 7919);
  const rows = rowsOf(random);
  const good = kind.page(
    Array.from({ length: rows }, (_, row) => number * 8 + (rows > 8 ? row % 4096 : row)),
  );
  if (random.chance(0.16)) return { page: good, done: [] };
  const { body, done } = damage(good.body, random, good.format);
  return { page: { ...good, body }, done };
}

/** Few rows, so that damage to one matters; now and then enough of them to fill more than one vector of DuckDB. */
function rowsOf(random: Random): number {
  if (random.chance(0.001)) return 2500;
  return random.chance(0.03) ? 40 : random.nat(7);
}

/** What a page must never change. */
function prototypes(): readonly string[][] {
  return [Object.prototype, Array.prototype, Function.prototype].map((each) =>
    Object.getOwnPropertyNames(each),
  );
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
