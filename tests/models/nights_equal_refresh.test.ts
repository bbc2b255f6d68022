import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scratch } from '../support/scratch.ts';
import { printTables, type TablePrint } from '../support/tables.ts';
import { buildCompared, readTables } from './oracle/built_tables.ts';
import { dayOf, hourText } from './oracle/clock.ts';
import { smallRows, smallWorld } from './oracle/fleet/small_world.ts';
import { loadNight, writePolicies } from './oracle/run_world.ts';
import { differences, type Row } from './oracle/table.ts';

const NIGHTS = process.env.METERLINE_LONG === '1' ? 30 : 3;
/** The newest as-of date is the day before. */
const LAST = dayOf('2026-03-27');

/** When the runs read the feed: at half past two, night after night. */
const readAt = Array.from(
  { length: NIGHTS },
  (_, i) => `${hourText((LAST - NIGHTS + 1 + i) * 24 + 2).slice(0, 14)}30:00Z`,
);

const dir = scratch();
type Prints = Readonly<Record<string, Readonly<Record<string, TablePrint>>>>;
let nightly: Prints = {};
let refreshed: Prints = {};
let afterFirst: readonly Row[] = [];
let afterLast: readonly Row[] = [];

/** What a build notes for the next one: when it ran, and what it had to make anew. A refresh has nothing of it. */
const isNote = (table: string) => /^int_(last_build|touched_)/.test(table);

/** Every table of what the models compute, all of its columns. */
async function prints(): Promise<Prints> {
  const of = async (schema: string) =>
    Object.fromEntries(Object.entries(await printTables(dir, schema, [])).filter(([name]) => !isNote(name)));
  return { intermediate: await of('intermediate'), marts: await of('marts') };
}

beforeAll(async () => {
  const world = smallWorld(smallRows(), readAt);
  writePolicies(join(dir, 'policies'), world.rules);
  for (const night of world.nights) {
    await loadNight(dir, night);
    await buildCompared(dir);
    afterLast = (await readTables(dir)).fct_churn_indicators ?? [];
    if (night === world.nights[0]) afterFirst = afterLast;
  }
  nightly = await prints();
  await buildCompared(dir, true);
  refreshed = await prints();
}, 3_600_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it(`${NIGHTS} nights leave the tables that one full refresh makes`, () => {
  expect(Object.keys(nightly.marts ?? {}).length).toBeGreaterThan(8);
  expect(refreshed).toEqual(nightly);
});

it('the rows of earlier dates stay as the first night made them, and each night adds its date', () => {
  const first = new Set(afterFirst.map(({ as_of_date }) => as_of_date));
  const key = ['account_id', 'as_of_date'];
  expect(
    differences(
      afterLast.filter(({ as_of_date }) => first.has(as_of_date ?? null)),
      afterFirst,
      key,
      0,
    ),
  ).toEqual([]);
  expect(new Set(afterLast.map(({ as_of_date }) => as_of_date)).size).toBe(first.size + NIGHTS - 1);
});

it('the nights had what makes it hard: late and restated readings, and changed lists', () => {
  const world = smallWorld(smallRows(), readAt);
  const ofOlderDays = world.nights
    .slice(1)
    .map(({ as_of, readings }) =>
      readings.filter(({ hour }) => dayOf(hour.slice(0, 10)) < dayOf(as_of.slice(0, 10)) - 1),
    );
  // Of thirty nights a few bring nothing late, as happens.
  const late = ofOlderDays.filter((rows) => rows.length > 0);
  expect(late.length).toBeGreaterThan(ofOlderDays.length / 2);
  expect(ofOlderDays.flat().some(({ revision }) => revision > 1)).toBe(true);
  expect(new Set(world.nights.map(({ lists }) => JSON.stringify(lists))).size).toBeGreaterThan(1);
});
