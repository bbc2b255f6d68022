import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSeeds } from '../../pipelines/policies.ts';
import type { Policies } from '../../schemas/policies.ts';
import { scratch } from '../support/scratch.ts';
import { closeMonth } from './close_month.ts';
import { modelsProject } from './models_project.ts';
import { digitsOf, lineOf } from './overage_oracle.ts';
import {
  createWorld,
  insertNight,
  type MeterReading,
  type PolicyChanges,
  policiesOf,
  withFile,
} from './overage_world.ts';

type Row = Readonly<Record<string, unknown>>;

const AWKWARD = {
  burst_pct: '20.0001',
  rates: { burst: '0.137123', above: '0.205517' },
  multipliers: { tier: {}, edition: {}, region: { r: '1.2345' } },
};
const PLAIN = { rates: { burst: '0.1', above: '0.1' } };
const CHANGES: PolicyChanges = {
  sum: { ...AWKWARD, commit: { sum: '10.000000001' } },
  day: {
    ...AWKWARD,
    reduce: 'avg_day',
    commit: { day: '9.123456789' },
    rounding: { mode: 'half_even', scale: 9 },
  },
  period: {
    ...AWKWARD,
    reduce: 'avg_period',
    commit: { period: '11' },
    rounding: { mode: 'half_even', scale: 9 },
  },
  anniversary: { ...AWKWARD, period: 'anniversary_month', commit: { anniversary: '10' } },
  paid: { ...PLAIN, drawdown: { opening_balance: '20' } },
  silent: { ...PLAIN, true_up: { committed_amount: '5' } },
  small: PLAIN,
  tie: PLAIN,
  large: PLAIN,
};
/** Subscriptions with readings of their own; the others have the common ones. */
const OWN = ['silent', 'small', 'tie', 'large'];
const CALENDAR = ['sum', 'day', 'period'];

function reading(
  subscription: string,
  hour: string,
  quantity: bigint,
  recorded_at?: string,
  revision = 1,
): MeterReading {
  const recorded = recorded_at ?? new Date(Date.parse(`${hour}Z`) + 5_400_000).toISOString().slice(0, 19);
  const load = recorded <= '2026-02-05T02:00:00' ? 1 : recorded <= '2026-03-05T02:00:00' ? 2 : 3;
  return { subscription, hour, quantity, revision, recorded_at: recorded, load };
}

/** One to four hours of each day of three months, and what came late or was restated. */
function commonReadings(subscription: string, salt: number): readonly MeterReading[] {
  const days = Array.from({ length: 90 }, (_, day) =>
    new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10),
  );
  const quantity = (n: number) =>
    7_000_000_000n + BigInt((n * 2_654_435_761 + salt * 40_503) % 8_000_000_007);
  const onTime = days.flatMap((day, d) =>
    Array.from({ length: 1 + ((d + salt) % 4) }, (_, h) =>
      reading(subscription, `${day}T0${h}:00:00`, quantity(d * 24 + h)),
    ),
  );
  return [
    ...onTime,
    reading(subscription, '2026-01-31T20:00:00', quantity(1), '2026-02-04T07:00:00'),
    reading(subscription, '2026-01-10T20:00:00', quantity(2), '2026-02-20T00:00:00'),
    reading(subscription, '2026-01-12T00:00:00', quantity(3), '2026-02-25T00:00:00', 2),
    reading(subscription, '2026-01-12T00:00:00', quantity(4), '2026-03-20T00:00:00', 3),
    reading(subscription, '2026-02-05T00:00:00', quantity(5), '2026-03-04T05:00:00', 2),
    reading(subscription, '2026-02-06T00:00:00', quantity(6), '2026-03-04T07:00:00', 2),
    reading(subscription, '2026-02-07T00:00:00', quantity(7), '2026-03-15T00:00:00', 2),
  ];
}

const READINGS: readonly MeterReading[] = [
  ...Object.keys(CHANGES)
    .filter((subscription) => !OWN.includes(subscription))
    .flatMap(commonReadings),
  reading('silent', '2026-01-20T00:00:00', 7_000_000_000n, '2026-02-10T00:00:00'),
  reading('small', '2026-01-02T00:00:00', 100_000_000n),
  reading('small', '2026-01-02T01:00:00', 200_000_000n),
  reading('tie', '2026-01-02T00:00:00', 250_000_000n),
  reading('tie', '2026-02-02T00:00:00', 350_000_000n),
  reading('large', '2026-01-02T00:00:00', 123_456_789_123_456_789n),
  reading('large', '2026-01-02T01:00:00', 987_654_321_987_654_321n),
];
const NIGHTS = [
  { load: 1, asOf: '2026-02-04', closes: '2026-01-01' },
  { load: 2, asOf: '2026-03-04', closes: '2026-02-01' },
  { load: 3, asOf: '2026-04-04', closes: null },
] as const;

const dir = scratch();
const file = (world: string) => join(dir, world, 'warehouse.duckdb');
let policies: Policies;
const frozen = new Map<string, readonly Row[]>();

beforeAll(async () => {
  policies = await policiesOf(join(import.meta.dirname, '../../policies'), CHANGES);
  for (const world of ['closing', 'open']) await writeSeeds(policies, join(dir, world, 'seeds'));
  await withFile(file('closing'), (connection) => createWorld(connection, Object.keys(CHANGES)));
  await withFile(file('open'), (connection) => createWorld(connection, Object.keys(CHANGES)));
  for (const { load, asOf, closes } of NIGHTS) {
    const rows = READINGS.filter((row) => row.load === load);
    for (const world of ['closing', 'open'])
      await withFile(file(world), (connection) => insertNight(connection, load, asOf, rows));
    if (closes === null) continue;
    await build('closing', { close_month: closes, close_load_id: load });
    expect(
      await closeMonth(file('closing'), { month: closes, load_id: load, as_of_date: asOf }),
    ).toBeGreaterThan(8);
    frozen.set(closes, await query('closing', 'select * from evidence.closed_lines order by line_id'));
  }
  await build('closing');
  await build('open');
}, 600_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** With vars, the lines that a close takes, untested: what is loaded since is missing in them, as it should be. */
async function build(world: string, vars?: Readonly<Record<string, unknown>>): Promise<void> {
  const run = await dbtBuild(modelsProject(join(dir, world), 'duckdb'), {
    select: ['+fct_overage', '+fct_overage_hourly', '+fct_metering_evidence', '+fct_usage_hourly'],
    ...(vars === undefined
      ? { exclude: ['test_type:unit', 'evidence_has_no_hole', 'usage_daily_adds_up'] }
      : { vars, exclude: ['resource_type:test', 'resource_type:unit_test'] }),
  });
  expect(describeFailures(run)).toEqual([]);
}

async function query(world: string, sql: string): Promise<readonly Row[]> {
  return withFile(file(world), async (connection) =>
    (await connection.runAndReadAll(sql)).getRowObjectsJson(),
  );
}

const nanos = (value: unknown) => (value === null ? null : digitsOf(String(value), 9));

/** The oracle's line of one calendar month, of the readings that fulfil a condition. */
function expected(subscription: string, month: string, isTaken: (row: MeterReading) => boolean) {
  const policy = policies.overage.find(({ policy_id }) => policy_id === subscription);
  if (policy === undefined) throw new Error(`tests: policy ${subscription}: got none, want one`);
  return lineOf(
    policy,
    READINGS.filter((row) => row.subscription === subscription && row.hour.startsWith(month) && isTaken(row)),
  );
}

describe('closed periods', () => {
  test.each([
    ['2026-01', 1, '2026-02-04T06:00:00'],
    ['2026-02', 2, '2026-03-04T06:00:00'],
  ])('%s froze what was loaded by then and recorded by its cut-off', async (month, load, cutOff) => {
    const lines = frozen
      .get(`${month}-01`)
      ?.filter((row) => row.line_type === 'usage' && row.close_month === `${month}-01`);
    for (const subscription of CALENDAR) {
      const line = lines?.find((row) => row.subscription_id === subscription);
      const want = expected(subscription, month, (row) => row.load <= load && row.recorded_at <= cutOff);
      expect({ measured: nanos(line?.measured), amount: nanos(line?.amount) }).toEqual(want);
      expect(line).toMatchObject({ status: 'closed', posting_period: `${month}-01` });
    }
  });

  test('what is frozen stays as it was, line by line', async () => {
    const ids = (rows: readonly Row[] = []) => rows.map((row) => `'${row.line_id}'`).join(',');
    for (const rows of frozen.values())
      expect(
        await query(
          'closing',
          `select * from marts.fct_overage where line_id in (${ids(rows)}) order by line_id`,
        ),
      ).toEqual(rows);
    const statuses = await query('closing', 'select distinct status from marts.fct_overage order by 1');
    expect(statuses.map((row) => row.status)).toEqual(['accruing', 'adjustment', 'closed']);
  });

  test('all lines of a service period add up to what a warehouse without a close has', async () => {
    const sums = `select service_period, subscription_id, coalesce(corrects_line_id, line_id) as origin, sum(measured) as measured,
        sum(committed) as committed, sum(included) as included, sum(burst) as burst, sum(above) as above, sum(amount) as amount,
        sum(hours_metered) as hours_metered, sum(hours_unmetered) as hours_unmetered
      from marts.fct_overage group by all order by all`;
    const open = await query('open', sums);
    expect(await query('closing', sums)).toEqual(open);
    expect(await query('open', "select * from marts.fct_overage where status <> 'accruing'")).toEqual([]);
    expect(
      await query('closing', 'select * exclude (line_id) from marts.fct_overage_hourly order by all'),
    ).toEqual(await query('open', 'select * exclude (line_id) from marts.fct_overage_hourly order by all'));
    const usage = await query('open', "select * from marts.fct_overage where line_type = 'usage'");
    for (const subscription of CALENDAR)
      for (const month of ['2026-01', '2026-02', '2026-03']) {
        const line = usage.find(
          (row) => row.subscription_id === subscription && row.billing_period === `${month}-01`,
        );
        expect({ measured: nanos(line?.measured), amount: nanos(line?.amount) }).toEqual(
          expected(subscription, month, () => true),
        );
      }
  });

  test('an adjustment is posted where its revisions are', async () => {
    const posted = (table: string, condition: string) =>
      query(
        'closing',
        `select distinct subscription_id, service_period, posting_period from marts.${table}
         where ${condition} and subscription_id in ('sum', 'day', 'period', 'silent') order by all`,
      );
    const lines = await posted(
      'fct_overage',
      "status = 'adjustment' and corrects_line_id in (select line_id from marts.fct_overage where line_type = 'usage')",
    );
    expect(lines).toEqual(await posted('fct_metering_evidence', 'posting_period > service_period'));
    expect(lines.filter((row) => row.subscription_id === 'sum').map((row) => row.posting_period)).toEqual([
      '2026-02-01',
      '2026-03-01',
      '2026-03-01',
    ]);
  });
});

describe('through the pipeline', () => {
  const line = (subscription: string, period: string) =>
    query(
      'open',
      `select line_type, measured, amount from marts.fct_overage
       where subscription_id = '${subscription}' and billing_period = '${period}' order by line_type desc`,
    );

  test('sums and products are exact, and ties go to the even digit', async () => {
    expect(await line('small', '2026-01-01')).toMatchObject([
      { measured: '0.300000000', amount: '0.030000000' },
    ]);
    expect(await line('tie', '2026-01-01')).toMatchObject([{ amount: '0.020000000' }]);
    expect(await line('tie', '2026-02-01')).toMatchObject([{ amount: '0.040000000' }]);
    expect(await line('large', '2026-01-01')).toMatchObject([
      { measured: '1111111111.111111110', amount: '111111111.110000000' },
    ]);
  });

  test('a line of which no hour was metered has no quantity, and owes its true-up', async () => {
    expect(await line('silent', '2026-02-01')).toEqual([
      { line_type: 'usage', measured: null, amount: null },
      { line_type: 'true_up', measured: null, amount: '5.000000000' },
    ]);
    expect(await line('silent', '2026-01-01')).toMatchObject([
      { amount: '0.700000000' },
      { amount: '4.300000000' },
    ]);
  });

  test('a figure too large to be exact fails the model and names the row', async () => {
    const failures = async (quantity: bigint) => {
      await withFile(file('open'), (connection) =>
        connection.run(
          `update raw.polaris_readings set quantity_decimal = ${quantity} where subscription_id = 'tie' and hour_start = '2026-01-02'`,
        ),
      );
      const run = await dbtBuild(modelsProject(join(dir, 'open'), 'duckdb'), {
        select: [
          'int_overage_cluster_hours',
          'int_overage_factors',
          'int_overage_hours',
          'int_overage_usage_lines',
          'int_overage_usage_amounts',
        ],
        exclude: ['resource_type:test', 'resource_type:unit_test'],
      });
      return describeFailures(run).join('\n');
    };
    expect(await failures(10n ** 18n)).toContain(
      'overage: reading of c-tie capacity_used_tib at 2026-01-02 00:00:00: got 1000000000000000000.000000000, want less than 1e18',
    );
    expect(await failures(10n ** 14n)).toContain(
      'overage: line of tie capacity_used_tib 2026-01-01 tie@2026-01-01.1: got 100000000000000.000000000 at',
    );
  }, 300_000);
});
