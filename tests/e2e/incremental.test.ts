import { afterAll, beforeAll, expect, it } from 'vitest';
import { printTables, withWarehouse } from '../support/tables.ts';
import { SMALL, startTestWorld, type TestWorld } from '../support/test_night.ts';

const NIGHTS = process.env.METERLINE_LONG === '1' ? 30 : 2;
/** Thirty nights take a quarter of an hour; the time-out only ends what hangs. */
const PATIENCE = 3_600_000;
const DAY_MS = 86_400_000;
const FIRST_NIGHT = Date.parse('2026-11-22T03:00:10Z');
const instant = (milliseconds: number) => new Date(milliseconds).toISOString().replace('.000Z', 'Z');

let test: TestWorld;
let dataDir = '';
beforeAll(async () => {
  test = await startTestWorld();
  dataDir = test.newDataDir();
});
afterAll(() => test.close());

/** Every table that dbt made, each column of it. */
async function tables(): Promise<Record<string, unknown>> {
  const prints = { ...(await printTables(dataDir, 'marts', [])) } as Record<string, unknown>;
  // What a build was made on top of is gone when everything is made anew.
  for (const [name, print] of Object.entries(await printTables(dataDir, 'intermediate', [])))
    if (!/^int_(touched_|last_build)/.test(name)) prints[name] = print;
  return prints;
}

const days = () =>
  withWarehouse(dataDir, async (sql) =>
    (await sql('select usage_date::varchar as day from intermediate.int_touched_days order by 1')).map(
      ({ day }) => String(day),
    ),
  );

it(`${NIGHTS} nights that build on one another end in the tables of a full refresh`, {
  timeout: PATIENCE,
}, async () => {
  const first = await test.night(dataDir, { only: ['load', 'seal', 'transform'] });
  expect(first.error).toBeNull();
  const touched: number[] = [];
  for (let night = 1; night <= NIGHTS; night += 1) {
    test.world.setNow(instant(FIRST_NIGHT + night * DAY_MS));
    const next = await test.night(dataDir, { only: ['load', 'seal', 'transform'] });
    expect(next.error).toBeNull();
    touched.push((await days()).length);
  }
  // Each of them built on the last: some days were left alone.
  expect(Math.max(...touched)).toBeLessThan(SMALL.days);
  expect(Math.min(...touched)).toBeGreaterThan(0);
  const built = await tables();
  const anew = await test.night(dataDir, { only: ['transform'], full_refresh: true });
  expect(anew.error).toBeNull();
  expect(await tables()).toEqual(built);
});

it('a night without news touches no day', async () => {
  const again = await test.night(dataDir, { only: ['load', 'seal', 'transform'] });
  expect(again.error).toBeNull();
  expect(await days()).toEqual([]);
});
