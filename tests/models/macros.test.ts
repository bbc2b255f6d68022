import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { moneyText, timeText } from '../../schemas/columns.ts';
import { bigquery, duckdb, type Rows } from './engines.ts';
import { decimalText, nanos } from './exact.ts';
import { CHECKS, DATES, LEVELS, PROJECT, STATISTICS } from './macro_statements.ts';
import { compileOffline } from './models_project.ts';

let dir = '';
const compiled = new Map<string, string>();
let evaluated: readonly Rows[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterline-macros-'));
  await mkdir(join(dir, 'models'));
  await writeFile(join(dir, 'dbt_project.yml'), PROJECT);
  const decimals = `select ${CHECKS.map((check) => `${check.jinja} as ${check.name}`).join(',\n')} from cases`;
  for (const [name, sql] of Object.entries({
    decimals,
    statistics: STATISTICS,
    dates: DATES,
    levels: LEVELS,
  }))
    await writeFile(join(dir, `models/${name}.sql`), sql);
  for (const target of ['duckdb', 'bigquery'] as const) {
    const statements = await compileOffline(dir, target, dir);
    for (const [name, sql] of statements) compiled.set(`${target}/${name}`, sql);
  }
  evaluated = await bigquery([decimalQuery(), statisticsQuery(), dateQuery(), acceptedQuery(), levelQuery()]);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Values that sit on ties, at zero and at both ends of what the models meet. */
const EDGES = [
  '0',
  '1',
  '-1',
  '0.5',
  '-0.5',
  '1.5',
  '2.5',
  '-2.5',
  '0.005',
  '0.015',
  '-0.025',
  '3',
  '7',
  '0.000000001',
  '-0.000000001',
  '0.000000005',
  '123456789.987654321',
  '99999999999.999999999',
  '100000',
  '0.1',
  '0.2',
  '24',
];
const amount = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(decimalText);

function pairs(seed: number): readonly (readonly [string, string])[] {
  const edges = EDGES.flatMap((a) => EDGES.map((b) => [a, b] as const));
  return [...edges, ...fc.sample(fc.tuple(amount, amount), { numRuns: 300, seed })];
}

/** A query's `cases` table, inline. */
function withCases(sql: string, rows: readonly string[]): string {
  return `with cases as (${rows.join(' union all ')}) ${sql}`;
}

function wanted(a: string, b: string): Readonly<Record<string, string | null>> {
  const values = CHECKS.map((check) => {
    const value = check.want(nanos(a), nanos(b));
    return [check.name, value === null ? null : decimalText(value)] as const;
  });
  return Object.fromEntries(values);
}

/** A compiled statement with more columns in front. */
function sqlOf(name: string, columns: string): string {
  const sql = compiled.get(name);
  if (sql === undefined || sql === '')
    throw new Error(`models: ${name}: got no compiled statement, want one`);
  return columns === '' ? sql : sql.replace('select', `select ${columns},`);
}

const GOOGLE_PAIRS = pairs(2).filter((_, index) => index % 4 === 0);

function decimalQuery(): string {
  const rows = GOOGLE_PAIRS.map(([a, b]) => `select numeric '${a}' as a, numeric '${b}' as b`);
  const names = CHECKS.map(({ name }) => `cast(${name} as string) as ${name}`).join(', ');
  return `select to_json_string(t) as json_row from (select cast(a as string) as a, cast(b as string) as b, ${names}
    from (${withCases(sqlOf('bigquery/decimals', 'a, b'), rows)})) as t`;
}

function observed(engine: 'duckdb' | 'bigquery', values: readonly (string | null)[]): string {
  const type = engine === 'duckdb' ? 'decimal(38,9)' : 'numeric';
  const rows = values.map((x, d) => `select cast(${x ?? 'null'} as ${type}) as x, ${d} as d`);
  return `with observations as (${rows.join(' union all ')}) ${sqlOf(`${engine}/statistics`, '')}`;
}
/** Values in order, null where a day is unknown. */
const STATISTICS_CASES: readonly {
  values: readonly (string | null)[];
  p95: string | null;
  median: string | null;
  slope: number | null;
}[] = [
  { values: Array.from({ length: 20 }, (_, i) => `${20 - i}`), p95: '19', median: '10.5', slope: -1 },
  { values: Array.from({ length: 21 }, (_, i) => `${i + 1}`), p95: '20', median: '11', slope: 1 },
  { values: ['1', null, '5', '2'], p95: '5', median: '2', slope: 4 / 7 },
  { values: ['0.000000001', '0.000000002'], p95: '0.000000002', median: '0.000000002', slope: 1e-9 },
  { values: ['3'], p95: '3', median: '3', slope: null },
  { values: [null], p95: null, median: null, slope: null },
]; // slope of 1, 5, 2 at 0, 2, 3: (3·16 − 5·8) / (3·13 − 25) = 8/14

function statisticsQuery(): string {
  const parts = STATISTICS_CASES.map(
    ({ values }, index) => `select ${index} as i, t.* from (${observed('bigquery', values)}) as t`,
  );
  return `select to_json_string(u) as json_row from (${parts.join(' union all ')}) as u`;
}

const DATE_ROWS = [
  ['2026-03-01', '2026-03-02 02:00:00', '1.2345678905e3', '2026-03-01T01:00:00+02:00'],
  ['2024-02-29', '2026-03-02 02:00:00.000001', '0.0000000005', '2026-03-01T01:00:00.0000000Z'],
  ['2026-01-31', '2026-03-02 01:59:59.999999', 'none', '2026-03-01'],
].map(([d, t, n, i]) => `select date '${d}' as d, timestamp '${t}' as t, '${n}' as n, '${i}' as i`);

const dateQuery = (): string =>
  `select to_json_string(t) as json_row from (${withCases(sqlOf('bigquery/dates', ''), DATE_ROWS)}) as t`;

const digits = (max: number) => fc.stringMatching(new RegExp(`^\\d{1,${max}}$`));
const exponent = fc.option(fc.integer({ min: -40, max: 40 }), { nil: null });
const numberText = fc
  .tuple(fc.constantFrom('', '-'), digits(34), fc.option(digits(20), { nil: null }), exponent)
  .map(
    ([sign, whole, fraction, e]) =>
      `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${e === null ? '' : `e${e}`}`,
  );
const TIMES = [
  '2026-03-01',
  '2026-03-01T23:59:59',
  '2026-03-01T01:00:00.123456789+05:30',
  '2024-02-29T00:00:00.1Z',
];

/** Texts that the contracts let through. */
const ACCEPTED = fc
  .sample(numberText, { numRuns: 600, seed: 3 })
  .filter((text) => moneyText().safeParse(text).success)
  .map((n, index) => ({ n, i: TIMES[index % TIMES.length] ?? '' }))
  .filter(({ i }) => timeText().safeParse(i).success)
  .map(
    ({ n, i }) =>
      `select date '2026-01-01' as d, timestamp '2026-01-01 00:00:00' as t, '${n}' as n, '${i}' as i`,
  );

const acceptedQuery = (): string =>
  `select to_json_string(struct(number, instant)) as json_row from (${withCases(sqlOf('bigquery/dates', ''), ACCEPTED)}) as t`;

/** The changes of a level in August 2023 for which Lago publishes a weighted sum of 0.02218; what is carried in changed before. */
const WEIGHED = [
  '01T00:00 2',
  '01T01:00 3',
  '01T01:30 1',
  '01T02:00 -4',
  '01T04:00 -2',
  '01T05:00 10',
  '01T05:30 -10',
];
const LEVEL_CASES: Readonly<Record<string, { changes: readonly string[]; level: string }>> = {
  weighed: { changes: WEIGHED, level: '0.022177419' },
  carried: { changes: ['carried 1000', ...WEIGHED], level: '1000.022177419' },
  only_carried: { changes: ['carried 1000.5', 'carried -0.5'], level: '1000.000000000' },
  at_one_instant: {
    changes: ['16T12:00 0.000000001', '16T12:00 0.000000002', '16T12:00 -1'],
    level: '-0.499999998',
  },
  at_the_end: { changes: ['01T00:00 18', '32T00:00 5'], level: '18.000000000' },
};

function changeRows(engine: 'duckdb' | 'bigquery'): readonly string[] {
  const type = engine === 'duckdb' ? 'decimal(38,9)' : 'numeric';
  return Object.entries(LEVEL_CASES).flatMap(([name, { changes }]) =>
    changes.map((text) => {
      const [at = '', change = ''] = text.split(' ');
      const instant = at === 'carried' ? '2023-05-17 03:04:05' : instantOf(at);
      return `select '${name}' as name, timestamp '${instant}' as changed_at, cast('${change}' as ${type}) as change`;
    }),
  );
}

/** '32T00:00' → the first of September. */
function instantOf(at: string): string {
  const [day = '', time = ''] = at.split('T');
  return `${new Date(Date.UTC(2023, 7, Number(day))).toISOString().slice(0, 10)} ${time}:00`;
}

function levelQuery(): string {
  const changes = `with changes as (${changeRows('bigquery').join(' union all ')}) ${sqlOf('bigquery/levels', '')}`;
  return `select to_json_string(struct(name, cast(level as string) as level)) as json_row from (${changes}) as t`;
}

describe('a time-weighted level', () => {
  const wanted = Object.entries(LEVEL_CASES).map(([name, { level }]) => [name, nanos(level)]);
  const byName = (rows: Rows) =>
    Object.fromEntries(rows.map(({ name, level }) => [String(name), nanos(String(level))]));

  test('on DuckDB', async () => {
    const changes = `with changes as (${changeRows('duckdb').join(' union all ')})`;
    expect(byName(await duckdb(`${changes} ${sqlOf('duckdb/levels', '')}`))).toEqual(
      Object.fromEntries(wanted),
    );
  });

  test("in Google's evaluator", () => {
    expect(byName(evaluated[4] ?? [])).toEqual(Object.fromEntries(wanted));
  });
});

describe('decimal macros equal exact arithmetic', () => {
  test('on DuckDB', async () => {
    const cases = pairs(1);
    const rows = cases.map(([a, b]) => `select ${a}::decimal(38,9) as a, ${b}::decimal(38,9) as b`);
    const found = await duckdb(withCases(sqlOf('duckdb/decimals', 'a, b'), rows));
    for (const row of found) {
      const { a, b, ...values } = row;
      expect({ a, b, ...values }).toEqual({ a, b, ...wanted(String(a), String(b)) });
    }
    expect(found.length).toBe(cases.length);
  });

  test("in Google's evaluator", () => {
    const found = evaluated[0] ?? [];
    for (const row of found) {
      const { a, b, ...values } = row;
      const want = wanted(String(a), String(b));
      const same = Object.entries(values).map(([name, value]) => [
        name,
        value === null ? null : decimalText(nanos(String(value))),
      ]);
      expect(Object.fromEntries(same)).toEqual(want);
    }
    expect(found.length).toBe(GOOGLE_PAIRS.length);
  });

  test('an overflow is an error, not a wrong figure', async () => {
    const row = 'select 90000000000000000000000000000::decimal(38,9) as a, 0.000000001::decimal(38,9) as b';
    await expect(duckdb(withCases(sqlOf('duckdb/decimals', 'a, b'), [row]))).rejects.toThrow(
      /overflow|out of range|convert/i,
    );
  });
});

describe('statistics', () => {
  test('on DuckDB', async () => {
    for (const { values, p95, median, slope } of STATISTICS_CASES) {
      const [row] = await duckdb(observed('duckdb', values));
      expect(same(row?.p95), `p95 of ${values}`).toBe(p95 === null ? null : nanos(p95));
      expect(same(row?.median), `median of ${values}`).toBe(median === null ? null : nanos(median));
      if (slope === null) expect(row?.slope).toBeNull();
      else expect(row?.slope).toBeCloseTo(slope, 12);
    }
  });

  test("in Google's evaluator", () => {
    const found = [...(evaluated[1] ?? [])].sort((a, b) => Number(a.i) - Number(b.i));
    found.forEach((row, index) => {
      const want = STATISTICS_CASES[index];
      expect(same(row.p95)).toBe(want === undefined || want.p95 === null ? null : nanos(want.p95));
      expect(same(row.median)).toBe(want === undefined || want.median === null ? null : nanos(want.median));
      if (want === undefined || want.slope === null) expect(row.slope).toBeNull();
      else expect(row.slope).toBeCloseTo(want.slope, 12);
    });
    expect(found.length).toBe(STATISTICS_CASES.length);
  });

  test('95 % intervals, on both engines', async () => {
    // None of ten: 0 and z² / (10 + z²). An area of 0.893 over 51 and 58 cases: Q1 = A / (2 − A), Q2 = 2A² / (1 + A).
    const rows = [...(await duckdb(observed('duckdb', ['1']))), ...(evaluated[1] ?? []).slice(0, 1)];
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row.wilson_low).toBe(0);
      expect(row.wilson_high).toBeCloseTo(0.2775327998628892, 12);
      expect((Number(row.auc_high) - Number(row.auc_low)) / 2 / 1.959963984540054).toBeCloseTo(
        0.03251158176764658,
        12,
      );
      expect([row.wilson_unknown, row.auc_unknown]).toEqual([null, null]);
    }
  });

  const same = (value: unknown) => (value === null || value === undefined ? null : nanos(String(value)));
});

describe('dates, instants and texts', () => {
  const WANT = [
    {
      day_of_week: 7,
      week_start: '2026-02-23',
      month_start: '2026-03-01',
      months_ahead: 1,
      months_back: -1,
      day_before: '2026-02-28',
      next_month: '2026-04-01',
      first_as_of: '2026-03-01',
      cut_off: '2026-03-02 02:00',
      close_cut_off: '2026-04-04 06:00',
      hour: '2026-03-02 02:00',
      hours: 25,
      number: nanos('1234.567890500'),
      instant: '2026-02-28 23:00',
    },
    {
      day_of_week: 4,
      week_start: '2024-02-26',
      month_start: '2024-02-01',
      months_ahead: 2,
      months_back: 0,
      day_before: '2024-02-28',
      next_month: '2024-03-29',
      first_as_of: '2026-03-02',
      cut_off: '2024-03-01 02:00',
      close_cut_off: '2024-03-04 06:00',
      hour: '2026-03-02 02:00',
      hours: 25,
      number: 0n,
      instant: '2026-03-01 01:00',
    },
    {
      day_of_week: 6,
      week_start: '2026-01-26',
      month_start: '2026-01-01',
      months_ahead: 2,
      months_back: 0,
      day_before: '2026-01-30',
      next_month: '2026-02-28',
      first_as_of: '2026-03-01',
      cut_off: '2026-02-01 02:00',
      close_cut_off: '2026-02-04 06:00',
      hour: '2026-03-02 01:00',
      hours: 25,
      number: null,
      instant: '2026-03-01 00:00',
    },
  ];

  function plain(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const { key, number, ...others } = row;
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    const texts = Object.entries(others).map(([name, value]) => [
      name,
      /^hours|months_|day_of_week$/.test(name) ? Number(value) : String(value).replace('T', ' ').slice(0, 16),
    ]);
    return { ...Object.fromEntries(texts), number: number === null ? null : nanos(String(number)) };
  }

  let keys: readonly unknown[] = [];
  test('on DuckDB', async () => {
    const found = await duckdb(withCases(sqlOf('duckdb/dates', ''), DATE_ROWS));
    expect(found.map(plain)).toEqual(WANT);
    keys = found.map((row) => row.key);
  });

  test('what a contract lets through is never null here', async () => {
    const found = await duckdb(withCases(sqlOf('duckdb/dates', ''), ACCEPTED));
    const google = evaluated[3] ?? [];
    expect(ACCEPTED.length).toBeGreaterThan(100);
    expect([found.length, google.length]).toEqual([ACCEPTED.length, ACCEPTED.length]);
    for (const row of [...found, ...google]) {
      expect(row.number).not.toBeNull();
      expect(row.instant).not.toBeNull();
    }
  });

  test("in Google's evaluator", () => {
    const found = evaluated[2] ?? [];
    const byWeek = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
      Number(b.day_of_week === 7) - Number(a.day_of_week === 7) ||
      Number(a.day_of_week) - Number(b.day_of_week);
    const sorted = [...found].sort(byWeek);
    expect(sorted.map(plain)).toEqual(WANT);
    expect(sorted.map((row) => row.key)).toEqual(keys);
  });
});
