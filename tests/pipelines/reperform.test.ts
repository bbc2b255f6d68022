import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { evidenceReperform } from '../../cli/commands/evidence_reperform.ts';
import { EXIT } from '../../cli/exit.ts';
import { createOutput } from '../../cli/output.ts';
import { nodeEnv } from '../../connectors/node_env.ts';
import { type ReperformedMonth, reperform, reperformMonth } from '../../pipelines/evidence/reperform.ts';
import { dataPaths } from '../../pipelines/paths.ts';
import { loadPolicies, writeSeeds } from '../../pipelines/policies.ts';
import { replayQuarantine } from '../../pipelines/replay.ts';
import { lookInto } from '../../pipelines/warehouse_access.ts';
import { CONFIG } from '../../schemas/config.ts';
import { DifferenceError, UsageError } from '../../schemas/errors.ts';
import { closeMonth } from '../models/close_month.ts';
import { modelsProject } from '../models/models_project.ts';
import { trickyWorld } from '../models/oracle/fleet/tricky_world.ts';
import { loadNight, writePolicies } from '../models/oracle/run_world.ts';
import type { Policy, Rules, World } from '../models/oracle/world.ts';
import { withFile } from '../models/overage_world.ts';
import { scratch } from '../support/scratch.ts';

type AnyPolicy = Policy & { readonly true_up?: object | null; readonly drawdown?: object | null };

const EXAMPLES = join(import.meta.dirname, '../../policies/examples/overage');
const BASE_FILE = join(import.meta.dirname, '../../policies/overage/fixed-capacity@2026-01-01.1.yaml');

/** An example rates another dimension of every subscription, so that each way to charge meets every kind of hour. */
function example(name: string, dimension: string, change: Partial<AnyPolicy>): AnyPolicy {
  const policy: AnyPolicy = parse(readFileSync(join(EXAMPLES, `${name}@2026-01-01.1.yaml`), 'utf8'));
  return {
    ...policy,
    dimension,
    applies_to: { clouds: ['*'], plans: ['*'], subscriptions: ['*'] },
    ...change,
  };
}

function own(subscription: string, change: Partial<AnyPolicy>): AnyPolicy {
  const base: AnyPolicy = parse(readFileSync(BASE_FILE, 'utf8'));
  const applies_to = { clouds: ['*'], plans: ['*'], subscriptions: [subscription] };
  return { ...base, policy_id: `own-${subscription}`, applies_to, ...change };
}

/** All ways to charge of the oracle's world and of the examples, and what is paid in advance or committed to. */
function rulesOf(rules: Rules): Rules {
  const added: readonly AnyPolicy[] = [
    example('daily-average', 'heartbeat_minutes', { commit: { 'sub-a': '59.5', 'sub-d': '70' } }),
    example('p95-hour', 'read_gib', { missing: 'period_mean' }),
    example('peak-day', 'write_gib', { period: 'anniversary_month', missing: 'last_observed' }),
    example('saas-units', 'iops_avg', {
      drawdown: { opening_balance: '900.5' },
      rounding: { mode: 'ceil', scale: 1 },
    }),
    example('reserve-on-demand', 'egress_gib', {
      commit: { 'sub-b': '12.125' },
      true_up: { committed_amount: '40' },
    }),
    example('daily-average', 'slots', { policy_id: 'slots', unit: 'slot' }),
    own('sub-e', { true_up: { committed_amount: '250.25' } }),
    own('sub-n', { true_up: { committed_amount: '99' } }),
    own('sub-o', {
      true_up: { committed_amount: '60' },
      drawdown: { opening_balance: '25' },
      period: 'anniversary_month',
      missing: 'last_observed',
    }),
    own('sub-x', { drawdown: { opening_balance: '1.5' }, period: 'term' }),
  ];
  return {
    ...rules,
    overage: [...rules.overage.filter(({ policy_id }) => policy_id !== 'egress'), ...added],
  };
}

/** The first run brings readings of a dimension that the catalogue has from the third on: refused, and replayed then. */
function withLateDimension(world: World): World {
  const [first] = world.nights;
  const rows = (first?.readings ?? [])
    .filter((row) => row.cluster_id === 'c01' && row.dimension === 'heartbeat_minutes' && row.revision === 1)
    .slice(100, 118)
    .map((row, index) => ({
      ...row,
      reading_id: `${row.reading_id}-slots`,
      seq: 1_000_000 + index,
      dimension: 'slots',
      unit: 'slot',
      quantity: '3.25',
    }));
  const slots = { dimension: 'slots', unit: 'slot', measure: 'level', billable: true, description: 'slots' };
  return {
    ...world,
    nights: world.nights.map((night, index) => ({
      ...night,
      readings: index === 0 ? [...night.readings, ...rows] : night.readings,
      lists: {
        ...night.lists,
        'polaris.dimensions': [...(night.lists['polaris.dimensions'] ?? []), ...(index < 2 ? [] : [slots])],
      },
    })),
  };
}

const dir = scratch();
const world = withLateDimension(trickyWorld());
const settings = { policies: join(dir, 'policies'), as_of_cut_off: '02:00' };
const data = dataPaths(dir);
const silent = () => undefined;

async function build(
  vars: Readonly<Record<string, unknown>> = {},
  select: readonly string[] = ['+fct_overage'],
): Promise<void> {
  const result = await dbtBuild(modelsProject(dir, 'duckdb'), {
    select: [...select],
    exclude: ['resource_type:test', 'resource_type:unit_test'],
    fullRefresh: true,
    vars,
  });
  expect(describeFailures(result)).toEqual([]);
  if (vars.close_month !== undefined) return;
  await lookInto(data, (warehouse) =>
    warehouse.recordBuild({ run_id: 'test', fingerprint: 'test', built_at: '2026-03-28T02:40:00Z' }),
  );
}

const sql = (text: string) =>
  withFile(data.warehouse, async (connection) => (await connection.runAndReadAll(text)).getRowObjectsJson());

async function close(month: string): Promise<void> {
  const [row] = await sql(
    'select (select max(load_id) from ops.loads)::int as load_id, max(as_of_date)::varchar as as_of_date from ops.runs',
  );
  const close = { month, load_id: Number(row?.load_id), as_of_date: String(row?.as_of_date) };
  await build({ close_month: month, close_load_id: close.load_id });
  expect(await closeMonth(data.warehouse, close)).toBeGreaterThan(10);
}

async function replay(): Promise<void> {
  const polaris = { url: 'http://127.0.0.1:9', client_id: 'a', client_secret: 'b' };
  const config = CONFIG.parse({ data_dir: dir, policies: settings.policies, sources: { polaris } });
  const filter = { source: 'polaris', stream: 'readings', quarantine_id: null } as const;
  const env = {
    ...nodeEnv(() => undefined),
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
  const { streams } = await replayQuarantine(config, filter, env);
  expect(streams).toMatchObject([{ rows_loaded: 18 }]);
}

beforeAll(async () => {
  writePolicies(join(dir, 'policies'), rulesOf(world.rules));
  await writeSeeds(await loadPolicies(join(dir, 'policies')), data.seeds);
  for (const [index, night] of world.nights.entries()) {
    await loadNight(dir, night, { page_rows: 7000 });
    if (index === 0) await close('2026-01-01');
    if (index === 1) await close('2026-02-01');
    if (index === 2) await replay();
  }
  await build();
}, 900_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const reperformed = (month: string) =>
  lookInto(data, (warehouse) => reperformMonth(data, warehouse, month, settings, silent));

describe('the lines by the pages alone', () => {
  test.each([
    ['2026-01', true],
    ['2026-02', true],
    ['2026-03', false],
  ])('of %s are those of the models', async (month, is_closed) => {
    const done = await reperformed(month);
    expect(done.differences).toEqual([]);
    expect(done).toMatchObject({ month, is_closed });
    expect(done.lines).toBeGreaterThan(30);
    const amounts = (side: 'warehouse' | 'reperformed') => done.totals.map((total) => total[side]);
    expect(amounts('reperformed')).toEqual(amounts('warehouse'));
  });

  test('were of every type, way to reduce and kind of period, some adjusted, some estimated, some in grace', async () => {
    const [found] = await sql(`
      select string_agg(distinct line_type, ' ' order by line_type) as types,
        count(distinct policy_id)::int as policies, sum(hours_estimated)::int > 0 as estimated, sum(hours_grace)::int > 0 as graced,
        count(distinct billing_period_end) filter (where day(billing_period_end) > 1)::int > 2 as others,
        count(*) filter (where corrects_line_id is not null and dimension = 'slots')::int as replayed
      from marts.fct_overage`);
    const types = 'adjustment drawdown true_up usage';
    expect(found).toMatchObject({ types, estimated: true, graced: true, others: true, replayed: 1 });
    expect(found?.policies).toBe(
      new Set(rulesOf(world.rules).overage.map(({ policy_id }) => policy_id)).size,
    );
  });

  test('are compared with the lines of a close that is only prepared', async () => {
    const month = '2026-02-01';
    const [close] = await sql(
      `select prepared_load_id::int as load_id from evidence.period_closes where month = '${month}'`,
    );
    const lines = (await sql(
      `select columns(*)::varchar from evidence.closed_lines where close_month = '${month}'`,
    )) as readonly Readonly<Record<string, string | null>>[];
    const scope = {
      ...settings,
      month,
      load_id: Number(close?.load_id),
      cut_off_at: '2026-03-04T06:00:00Z',
      as_of_date: '2026-03-04',
    };
    const done = await lookInto(data, (warehouse) => reperform(data, warehouse, scope, lines, silent));
    expect(done).toMatchObject({ lines: lines.length, differences: [] });
  });
});

/** With something changed in the warehouse, and after it as before. */
async function planted<T>(change: () => Promise<unknown>, body: () => Promise<T>): Promise<T> {
  const kept = join(dir, 'kept.duckdb');
  cpSync(data.warehouse, kept);
  try {
    await change();
    return await body();
  } finally {
    cpSync(kept, data.warehouse);
  }
}

/** A line of March under the plain policy, with an amount. */
async function someLine(condition: string): Promise<Readonly<Record<string, unknown>>> {
  const [line] = await sql(
    `select line_id, subscription_id, dimension, billing_period::varchar as billing_period, amount::varchar as amount, measured::varchar as measured
     from marts.fct_overage where amount > 1 and ${condition} order by line_id limit 1`,
  );
  if (line === undefined) throw new Error(`tests: line where ${condition}: got none, want one`);
  return line;
}

const MARCH = "close_month = '2026-03-01' and status = 'accruing' and line_type = 'usage'";

describe('a fault that is planted', () => {
  test('in an amount is found, with line and both values', async () => {
    const line = await someLine(MARCH);
    const { amount, measured: _, ...place } = line;
    const { differences } = await planted(
      () => sql(`update marts.fct_overage set amount = amount + 0.01 where line_id = '${line.line_id}'`),
      () => reperformed('2026-03'),
    );
    expect(differences).toMatchObject([{ ...place, column: 'amount', reperformed: amount }]);
    expect(Number(differences[0]?.warehouse) - Number(amount)).toBeCloseTo(0.01);
  });

  test.each([
    ['rate_above', 'rate_above + 0.01'],
    ['factor_tier', 'factor_tier * 2'],
    ['multiplier', 'multiplier + 0.000000001'],
    ['billing_period_end', 'billing_period_end + 1'],
    ['line_type', "'true_up'"],
  ])('in what a line says of itself is found: %s', async (column, value) => {
    const line = await someLine(MARCH);
    const { differences } = await planted(
      () => sql(`update marts.fct_overage set ${column} = ${value} where line_id = '${line.line_id}'`),
      () => reperformed('2026-03'),
    );
    expect(differences).toMatchObject([{ line_id: line.line_id, column }]);
  });

  test('in a frozen line is found', async () => {
    const line = await someLine("close_month = '2026-02-01' and line_type = 'usage'");
    const { differences } = await planted(
      () => sql(`update evidence.closed_lines set burst = burst + 1 where line_id = '${line.line_id}'`),
      () => reperformed('2026-02'),
    );
    expect(differences).toMatchObject([{ line_id: line.line_id, column: 'burst' }]);
  });

  test.each([
    ['usage', '2026-03', 'marts.fct_overage'],
    ['drawdown', '2026-03', 'marts.fct_overage'],
    ['true_up', '2026-02', 'evidence.closed_lines'],
  ])('as a missing %s line is found', async (type, month, table) => {
    const [line] = await sql(
      `select line_id from ${table} where close_month = '${month}-01' and line_type = '${type}' order by line_id`,
    );
    const { differences } = await planted(
      () => sql(`delete from ${table} where line_id = '${line?.line_id}'`),
      () => reperformed(month),
    );
    expect(line?.line_id).toMatch(/^[0-9a-f]{32}$/);
    expect(differences).toMatchObject([
      { line_id: line?.line_id, column: 'line_id', warehouse: null, reperformed: line?.line_id },
    ]);
  });

  test('as a line that no page gives is found', async () => {
    const line = await someLine(MARCH);
    const { differences } = await planted(
      () =>
        sql(`insert into marts.fct_overage select * replace ('made-up' as line_id) from marts.fct_overage
             where line_id = '${line.line_id}'`),
      () => reperformed('2026-03'),
    );
    expect(differences).toMatchObject([{ line_id: 'made-up', column: 'line_id', reperformed: null }]);
  });

  test('as an adjustment that was left out is found by what came after the close', async () => {
    const [line] = await sql(
      `select line_id, corrects_line_id, amount::varchar as amount from marts.fct_overage
       where close_month = '2026-03-01' and status = 'adjustment' and abs(amount) > 0.5 order by line_id limit 1`,
    );
    const { differences } = await planted(
      () => sql("delete from marts.fct_overage where close_month = '2026-03-01' and status = 'adjustment'"),
      () => reperformed('2026-03'),
    );
    expect(differences).toContainEqual(
      expect.objectContaining({ line_id: line?.corrects_line_id, column: 'amount' }),
    );
  });

  test('in a reading is found once the models are built over it', async () => {
    const of = "subscription_id = 'sub-l' and dimension = 'capacity_used_tib'";
    const line = await someLine(`${MARCH} and ${of}`);
    const { differences } = await planted(
      async () => {
        const changed = await sql(
          `update raw.polaris_readings set quantity = '905', quantity_decimal = 905
           where reading_id = (select min(reading_id) from raw.polaris_readings where ${of} and hour_start::date = '2026-03-12')`,
        );
        expect(changed).toEqual([{ Count: '1' }]);
        await build({}, ['path:intermediate/overage', 'fct_overage']);
      },
      () => reperformed('2026-03'),
    );
    expect(differences).toContainEqual(
      expect.objectContaining({ column: 'measured', reperformed: line.measured }),
    );
    expect(new Set(differences.map(({ line_id }) => line_id))).toEqual(new Set([line.line_id]));
  }, 300_000);
});

describe('meterline evidence reperform', () => {
  async function byCommand(month: string, json: boolean) {
    const configFile = join(dir, 'meterline.yaml');
    writeFileSync(configFile, JSON.stringify({ data_dir: dir, policies: settings.policies }));
    const printed: string[] = [];
    const quiet = createOutput({ json, tty: false, level: 'error' });
    const output = { ...quiet, print: (text: string) => void printed.push(text) };
    const code = await evidenceReperform(
      { configFile, json, output, signal: new AbortController().signal },
      month,
    );
    return { code, text: printed.join('\n') };
  }

  test('ends with 3 where a line differs, and says which, and with 0 where none does', async () => {
    const good = await byCommand('2026-03', false);
    expect(good.code).toBe(EXIT.done);
    expect(good.text).toContain('each what the landed pages say');
    const line = await someLine(MARCH);
    const change = () => sql(`update marts.fct_overage set amount = 0 where line_id = '${line.line_id}'`);
    const { code, text } = await planted(change, () => byCommand('2026-03', false));
    expect(code).toBe(EXIT.difference);
    expect(text).toContain(
      `line ${line.line_id}: amount is 0.000000000 in the warehouse, ${line.amount} by the pages`,
    );
    const found = await planted(change, () => byCommand('2026-03', true));
    expect((JSON.parse(found.text) as ReperformedMonth).differences).toHaveLength(1);
  });

  test('refuses what is no month, and one that has not begun', async () => {
    await expect(byCommand('2026-13', false)).rejects.toThrow('<month>: got 2026-13');
    await expect(byCommand('2027-01', false)).rejects.toThrow(UsageError);
  });
});

describe('what is read', () => {
  test('is refused by name where a page has another body', async () => {
    const [page] = await sql(
      "select path from ops.pages where source = 'polaris' and stream = 'readings' order by load_id, page_no limit 1",
    );
    const file = join(dir, String(page?.path));
    const kept = readFileSync(file);
    const body = zstdDecompressSync(kept).toString('utf8');
    expect(body).toContain('"quantity":"60"');
    try {
      writeFileSync(file, zstdCompressSync(Buffer.from(body.replace('"quantity":"60"', '"quantity":"61"'))));
      await expect(reperformed('2026-03')).rejects.toThrow(String(page?.path));
      rmSync(file);
      await expect(reperformed('2026-03')).rejects.toThrow(DifferenceError);
    } finally {
      writeFileSync(file, kept);
    }
  });

  test('is the caller’s to mend where a policy says what none may', async () => {
    const file = join(settings.policies, 'overage', 'own-sub-e@2026-01-01.1.yaml');
    const kept = readFileSync(file, 'utf8');
    try {
      writeFileSync(file, kept.replace('"calendar_month"', '"fortnight"'));
      await expect(reperformed('2026-03')).rejects.toThrow(
        'own-sub-e@2026-01-01.1.yaml period: got "fortnight"',
      );
    } finally {
      writeFileSync(file, kept);
    }
  });
});
