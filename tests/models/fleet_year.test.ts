import { rmSync } from 'node:fs';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adoptionOf } from '../../simulators/fleet/features.ts';
import { createFleet } from '../../simulators/fleet/fleet.ts';
import { NO_WISH, settleWorld } from '../../simulators/state.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import { LOAD_ONLY, startTestWorld } from '../support/test_night.ts';
import { uptake } from './adoption_oracle.ts';
import {
  type Case,
  dateOfDay,
  dayOfDate,
  hanleyMcNeil,
  pairwiseAuc,
  plannedEvents,
  topDecileRate,
  wilson,
} from './backtest_oracle.ts';
import { modelsProject, shippedSeeds } from './models_project.ts';

/**
 * A small fleet over 400 days, loaded as a night loads it: it is long enough for renewals and terminations whose outcome
 * is known. Three dimensions (held capacity, heartbeat, reads) are enough for the indicators.
 */
const WISH = { ...NO_WISH, customers: 30, days: 400, dimensions: 3 };
const LEAD = 30;
const FEATURES = ['snapshots', 'replication', 'tiering', 'encryption', 'nfs', 'smb', 's3', 'ai_search'];
const TABLES = {
  accounts: 'select customer_id, account_id from intermediate.int_customer_account_current',
  events: 'select * from intermediate.int_churn_events order by account_id, event_date',
  indicators:
    'select account_id, as_of_date, score, band, days_to_renewal, usage_change_28d, features_entitled from marts.fct_churn_indicators',
  backtest: 'select * from marts.fct_churn_backtest',
  adoption: 'select * from marts.fct_feature_adoption',
  used: 'select account_id, feature, usage_date from marts.fct_feature_usage_daily',
  observed: `select account_id, usage_date from marts.fct_telemetry_coverage
    group by all having max(hours_observed_active + hours_observed_zero) >= 18`,
  retention: 'select * from marts.fct_feature_retention',
} as const;
type Row = Readonly<Record<string, string | number | boolean | null>>;

const dir = scratch();
const fleet = createFleet(settleWorld(dir, WISH));
const tables = {} as Record<keyof typeof TABLES, readonly Row[]>;

beforeAll(async () => {
  const world = await startTestWorld(WISH);
  try {
    const report = await world.night(dir, { ...LOAD_ONLY, only: ['load'] });
    if (report.status !== 'succeeded')
      throw new Error(`tests: load: got ${report.status}: ${report.error?.message}`);
  } finally {
    await world.close();
  }
  await shippedSeeds(dir);
  const run = await dbtBuild(modelsProject(dir, 'duckdb'), {
    select: ['+fct_churn_backtest', '+fct_feature_adoption', '+fct_feature_retention'],
    // Data tests of the marts alone: the others see no more here than in a night of the tests.
    exclude: [
      'test_type:unit',
      'test_type:singular',
      'test_type:generic,path:staging',
      'test_type:generic,path:intermediate',
    ],
  });
  if (!run.success) throw new Error(describeFailures(run).join('\n'));
  await withWarehouse(dir, async (sql) => {
    for (const [name, query] of Object.entries(TABLES)) Object.assign(tables, { [name]: await sql(query) });
  });
}, 600_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const newest = () => dayOfDate(String(tables.backtest[0]?.as_of_date));
const indicatorsOn = () =>
  new Map(tables.indicators.map((row) => [`${row.account_id} ${row.as_of_date}`, row]));
const number = (value: Row[string] | undefined) =>
  value === null || value === undefined ? null : Number(value);

function events() {
  const first = Math.min(...tables.indicators.map((row) => dayOfDate(String(row.as_of_date))));
  const accountOf = new Map(
    tables.accounts.map((row) => [
      String(row.customer_id),
      row.account_id === null ? null : String(row.account_id),
    ]),
  );
  const cut_off = (newest() + 1) * 86_400 + 7200;
  return plannedEvents(fleet, accountOf, { first, newest: newest(), cut_off, lead: LEAD });
}

describe('the churn events of 400 days', () => {
  test('are the renewals and terminations that the fleet was planned with', () => {
    const wanted = events().map((e) => `${e.account_id} ${dateOfDay(e.day)} ${e.churned}`);
    expect(tables.events.map((e) => `${e.account_id} ${e.event_date} ${e.is_churned}`)).toEqual(
      wanted.toSorted(),
    );
    expect(tables.events.length).toBeGreaterThan(20);
  });

  test('hold every customer who left, once, on the day it did', () => {
    const accountOf = new Map(tables.accounts.map((row) => [row.customer_id, row.account_id]));
    const left = fleet
      .truth(fleet.default_now)
      .customers.filter((c) => c.will_churn && (c.terminated_at ?? '9') < dateOfDay(newest() + 1));
    expect(left.length).toBeGreaterThan(4);
    for (const { customer_id, terminated_at } of left) {
      const account = accountOf.get(customer_id);
      if (account === null || account === undefined) continue;
      const lost = tables.events.filter((e) => e.account_id === account && e.is_churned);
      expect(lost.map((e) => e.event_date)).toEqual([terminated_at?.slice(0, 10)]);
    }
  });
});

const MODELS: Readonly<Record<string, (row: Row | undefined) => number | null>> = {
  score: (row) => number(row?.score),
  days_to_renewal: (row) => (row?.days_to_renewal == null ? null : -Number(row.days_to_renewal)),
  usage_change_28d: (row) => (row?.usage_change_28d == null ? null : -Number(row.usage_change_28d)),
};

/** The events of a sample with the risk that a model saw, from the published indicators. */
function casesOf(model: string, sample: string): readonly (Case & { readonly band: string })[] {
  const rows = indicatorsOn();
  return events().flatMap((event) => {
    const row = rows.get(`${event.account_id} ${dateOfDay(event.day - LEAD)}`);
    const risk = MODELS[model]?.(row) ?? null;
    const isCommon = Object.values(MODELS).every((riskOf) => riskOf(row) !== null);
    if (risk === null || (sample === 'common' && !isCommon)) return [];
    return [{ risk, churned: event.churned, band: row?.band == null ? 'none' : String(row.band) }];
  });
}

const figure = (model: string, sample: string, metric: string, band = 'all') =>
  tables.backtest.find(
    (row) => row.model === model && row.sample === sample && row.metric === metric && row.band === band,
  );

describe.each(Object.keys(MODELS))('the backtest of %s', (model) => {
  test.each(['known', 'common'])('equals a count of pairs, places and shares (%s)', (sample) => {
    const cases = casesOf(model, sample);
    const lost = cases.filter((c) => c.churned).length;
    const kept = cases.length - lost;
    const auc = pairwiseAuc(cases) ?? Number.NaN;
    const top = topDecileRate(cases);
    const top_interval = wilson(top, Math.ceil(cases.length / 10));
    const rate = lost / cases.length;
    const wanted = {
      auc: [auc, ...hanleyMcNeil(auc, lost, kept)],
      top_decile_lift: [top / rate, ...top_interval.map((bound) => bound / rate)],
      churn_rate: [rate, ...wilson(rate, cases.length)],
    };
    for (const [metric, values] of Object.entries(wanted)) {
      const got = figure(model, sample, metric);
      expect(got).toMatchObject({
        events: String(cases.length),
        churned_events: String(lost),
        is_few_events: Math.min(lost, kept) < 10,
      });
      [got?.value, got?.ci_low, got?.ci_high].forEach((value, i) => {
        expect(Math.abs(Number(value) - (values[i] ?? Number.NaN)), `${model} ${metric}`).toBeLessThan(1e-9);
      });
    }
  });
});

test('the churn rate of each band is that of its events', () => {
  for (const band of ['low', 'watch', 'high', 'none']) {
    const cases = casesOf('score', 'known').filter((c) => c.band === band);
    const lost = cases.filter((c) => c.churned).length;
    const got = figure('score', 'known', 'churn_rate', band);
    expect(got).toMatchObject({ events: String(cases.length), churned_events: String(lost) });
    if (cases.length === 0) expect(got?.value).toBeNull();
    else expect(Number(got?.value)).toBeCloseTo(lost / cases.length, 12);
  }
});

test('the score tells churners from others better than chance and than the days to renewal', () => {
  const auc = (model: string) => Number(figure(model, 'common', 'auc')?.value);
  const figures = Object.keys(MODELS).map((model) => `${model} ${auc(model).toFixed(3)}`);
  process.stdout.write(`AUC over the same events, ${LEAD} days before: ${figures.join(', ')}\n`);
  expect(auc('score')).toBeGreaterThan(0.6);
  expect(auc('score')).toBeGreaterThan(auc('days_to_renewal'));
});

describe('feature adoption', () => {
  const daysOf = (rows: readonly Row[]) => new Set(rows.map((row) => dayOfDate(String(row.usage_date))));

  test('equals a recomputation from active and observed days, one row per feature used or entitled', () => {
    const active = Map.groupBy(tables.used, (row) => `${row.account_id} ${row.feature}`);
    const observed = Map.groupBy(tables.observed, (row) => String(row.account_id));
    const rows = new Map(tables.adoption.map((row) => [`${row.account_id} ${row.feature}`, row]));
    for (const key of active.keys()) expect(rows.has(key), key).toBe(true);
    for (const [key, row] of rows) {
      const { first_used, last_used, ...wanted } = uptake(
        daysOf(active.get(key) ?? []),
        daysOf(observed.get(String(row.account_id)) ?? []),
        newest(),
      );
      const date = (day: number | null) => (day === null ? null : dateOfDay(day));
      const got = {
        ...row,
        active_days_28d: Number(row.active_days_28d),
        observed_days_28d: Number(row.observed_days_28d),
      };
      expect({ key, ...got }).toMatchObject({
        key,
        ...wanted,
        first_used_date: date(first_used),
        last_used_date: date(last_used),
      });
    }
    const now = tables.indicators.filter((row) => row.as_of_date === dateOfDay(newest()));
    for (const { account_id, features_entitled } of now) {
      const entitled = tables.adoption.filter((row) => row.account_id === account_id && row.is_entitled);
      expect(entitled).toHaveLength(Number(features_entitled));
    }
    expect(tables.adoption.some((row) => row.stage === 'never')).toBe(true);
  });

  test('finds the way in which each lasting customer takes a feature up', () => {
    const lasting = fleet.plan.customers.filter((c) => ['steady', 'overage'].includes(c.behaviour));
    const accountOf = new Map(tables.accounts.map((row) => [row.customer_id, row.account_id]));
    const verdicts = lasting.flatMap((customer) => {
      const account = accountOf.get(customer.customer_id);
      if (account === null || account === undefined) return [];
      return FEATURES.flatMap((feature, place) => {
        const row = tables.adoption.find((r) => r.account_id === account && r.feature === feature);
        const planned = adoptionOf(fleet.plan, customer.number, place).adoption;
        return row === undefined ? [[planned, 'never']] : [[planned, row.stage]];
      });
    });
    const agree = verdicts.filter(([planned, found]) => planned === found).length;
    expect(new Set(verdicts.map(([planned]) => planned)).size).toBe(5);
    expect(verdicts.filter(([planned, found]) => planned === 'never' && found !== 'never')).toEqual([]);
    expect(agree / verdicts.length).toBeGreaterThan(0.95);
  });
});

test('feature retention counts each account of a cohort once, and leaves the open month unknown', () => {
  const months = new Map<string, Set<string>>();
  for (const row of tables.used) {
    const key = `${row.account_id} ${row.feature}`;
    months.set(key, (months.get(key) ?? new Set()).add(`${String(row.usage_date).slice(0, 7)}-01`));
  }
  const open = `${dateOfDay(newest()).slice(0, 7)}-01`;
  for (const row of tables.retention) {
    const cohort = [...months].filter(
      ([key, used]) => key.endsWith(` ${row.feature}`) && [...used].toSorted()[0] === row.month,
    );
    expect(Number(row.accounts)).toBe(cohort.length);
    expect(row.retention === null && row.retention_reason === 'right_censored').toBe(row.use_month === open);
    const users = cohort.filter(([, used]) => used.has(String(row.use_month))).length;
    if (row.use_month !== open) expect(Number(row.active_accounts)).toBeLessThanOrEqual(users);
    if (row.observable_accounts === row.accounts) expect(Number(row.active_accounts)).toBe(users);
  }
  expect(tables.retention.filter((row) => Number(row.retention) === 1).length).toBeGreaterThan(0);
});
