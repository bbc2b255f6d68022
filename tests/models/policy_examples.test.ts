import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesDiff } from '../../cli/commands/policies.ts';
import { EXIT } from '../../cli/exit.ts';
import { createOutput } from '../../cli/output.ts';
import { nodeEnv } from '../../connectors/node_env.ts';
import { loadPolicies, readOveragePolicy, writeSeeds } from '../../pipelines/policies.ts';
import { diffPolicies, type PolicyDiff } from '../../pipelines/policy_diff.ts';
import { CONFIG } from '../../schemas/config.ts';
import { LockedError, UsageError } from '../../schemas/errors.ts';
import type { OveragePolicy } from '../../schemas/policies.ts';
import { acquireRunLock } from '../../warehouse/lock.ts';
import { scratch } from '../support/scratch.ts';
import { printTables, withWarehouse } from '../support/tables.ts';
import { modelsProject } from './models_project.ts';
import { makeRatedWarehouse } from './rated_warehouse.ts';

const POLICIES = join(import.meta.dirname, '../../policies');
const EXAMPLES = join(POLICIES, 'examples');
const FILES = readdirSync(join(EXAMPLES, 'overage'));

/** A subscription of its own for each example; the one of SaaS has a premium plan and commits to nothing. */
const subscriptionOf = (policy: OveragePolicy) => Object.keys(policy.commit)[0] ?? `sub-${policy.policy_id}`;

const dir = scratch();
let examples: readonly OveragePolicy[] = [];

beforeAll(async () => {
  examples = await Promise.all(FILES.map((file) => readOveragePolicy(EXAMPLES, file)));
  await makeRatedWarehouse(
    dir,
    examples.map((policy) => ({
      id: subscriptionOf(policy),
      ...(policy.policy_id === 'saas-units'
        ? { plan: 'public-premium', quantity: null }
        : { plan: 'private-capacity', quantity: '100' }),
    })),
  );
  const overage = examples.map((policy) => ({
    ...policy,
    applies_to: { ...policy.applies_to, subscriptions: [subscriptionOf(policy)] },
  }));
  await writeSeeds({ ...(await loadPolicies(POLICIES)), overage }, join(dir, 'seeds'));
  const select = ['+fct_overage', '+fct_overage_hourly', '+fct_pricing_options'];
  const result = await dbtBuild(modelsProject(dir, 'duckdb'), {
    select,
    exclude: ['resource_type:test', 'resource_type:unit_test'],
  });
  expect(describeFailures(result)).toEqual([]);
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function edit(path: string, from: string, to: string): void {
  const before = readFileSync(path, 'utf8');
  expect(before).toContain(from);
  writeFileSync(path, before.replace(from, to));
}

describe('the example policies', () => {
  it('are there for each way to charge', () => {
    expect(examples.map((policy) => policy.policy_id).toSorted()).toEqual([
      'daily-average',
      'fixed-capacity-burst',
      'p95-hour',
      'peak-day',
      'reserve-on-demand',
      'saas-units',
    ]);
  });

  it('cost what their first lines say', async () => {
    const wanted = FILES.map((file) => {
      const text = readFileSync(join(EXAMPLES, 'overage', file), 'utf8');
      const [, amount] = /^# Amount: (?:.* = )?([\d.]+)\.$/m.exec(text) ?? [];
      return { policy_id: file.split('@')[0], amount: Number(amount).toFixed(9) };
    });
    const lines = await withWarehouse(dir, (sql) =>
      sql('select policy_id, amount::varchar as amount from marts.fct_overage order by policy_id'),
    );
    expect(lines).toEqual(wanted.toSorted((a, b) => (String(a.policy_id) < String(b.policy_id) ? -1 : 1)));
  });
});

describe('the pricing options', () => {
  it('price the same readings', async () => {
    const rows = await withWarehouse(dir, (sql) =>
      sql(`select option_id, option_version, month, committed::varchar as committed, measured::varchar as measured,
             units::varchar as units, amount::varchar as amount, amount_reason, hours_expected::int as hours_expected,
             through_date
           from marts.fct_pricing_options where account_id = '001A' order by option_id`),
    );
    const row = { option_version: '2026-01-01.1', month: '2026-01-01', amount_reason: null };
    const month = { ...row, hours_expected: 6 * 48, through_date: '2026-01-31' };
    expect(rows).toEqual([
      // Base 5 * 48 h * 100 at 0.0822 = 1972.80; burst 5 * 240 at 0.137 = 164.40; above 5 * 360 + 4800 at 0.2055 = 1356.30.
      {
        ...month,
        option_id: 'fixed-overage',
        committed: '24000.000000000',
        measured: '28800.000000000',
        units: null,
        amount: '3493.500000000',
      },
      // 28,800 TiB-hours at 0.137.
      {
        ...month,
        option_id: 'pay-as-you-go',
        committed: null,
        measured: null,
        units: null,
        amount: '3945.600000000',
      },
      // Five of a standard tier, 24,000 * 1.1 (enterprise), one premium, 4800 * 1.25 * 1.1; at 0.11.
      {
        ...month,
        option_id: 'saas-units',
        committed: null,
        measured: null,
        units: '33000.000000000',
        amount: '3630.000000000',
      },
    ]);
  });
});

describe('policies diff', () => {
  const config = { ...CONFIG.parse({ environment: 'test' }), data_dir: dir, policies: POLICIES };
  const env = {
    ...nodeEnv(() => undefined),
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
  const FIXED = 'fixed-capacity@2026-01-01.1';

  /** By way of the command line, with a configuration of its own. */
  async function diffByCommand(a: string, b: string): Promise<PolicyDiff> {
    const configFile = join(dir, 'meterline.yaml');
    writeFileSync(configFile, JSON.stringify({ data_dir: dir, policies: POLICIES }));
    const printed: string[] = [];
    const quiet = createOutput({ json: true, tty: false, level: 'error' });
    const output = { ...quiet, print: (text: string) => void printed.push(text) };
    const context = { configFile, json: true, output, signal: env.signal };
    expect(await policiesDiff(context, a, b, {})).toBe(EXIT.done);
    expect(printed).toHaveLength(1);
    return JSON.parse(printed[0] ?? '') as PolicyDiff;
  }

  it('compares a version with an example, line by line, and leaves the warehouse as it is', async () => {
    const schemas = ['raw', 'policies', 'intermediate', 'marts'];
    const print = () => Promise.all(schemas.map((schema) => printTables(dir, schema)));
    const before = await print();
    const diff = await diffByCommand(FIXED, 'daily-average@2026-01-01.1');
    expect(diff).toMatchObject({ as_of: '2026-01-31', month: '2026-01', notes: [] });
    // With nothing committed, fixed capacity charges 4800 TiB-hours at 0.2055, the daily average 80 + 120 TiB-days at 3.6.
    expect(diff.lines[0]).toMatchObject({
      subscription_id: 'sub-saas-units',
      old_policies: FIXED,
      new_policies: 'daily-average@2026-01-01.1',
      old_amount: '986.40',
      new_amount: '720.00',
      difference: '-266.40',
    });
    const others = diff.lines.slice(1).map((line) => [line.old_amount, line.new_amount, line.difference]);
    expect(others).toEqual(Array(5).fill(['106.86', '72.00', '-34.86']));
    expect(diff.totals).toEqual([
      {
        currency: 'USD',
        lines: 6,
        lines_that_differ: 6,
        old_amount: '1520.70',
        new_amount: '1080.00',
        difference: '-440.70',
      },
    ]);
    expect(await print()).toEqual(before);
    expect(readdirSync(join(dir, 'tmp'))).toEqual([]);
  }, 300_000);

  it('takes everything of a folder: plans that are rated otherwise, and a version that was not numbered anew', async () => {
    const other = join(dir, 'other');
    cpSync(POLICIES, other, { recursive: true });
    const { features, overage, ...rest } = await loadPolicies(POLICIES);
    expect(rest.churn.versions.length).toBeGreaterThan(0);
    expect(overage).toHaveLength(1);
    expect(features.plans['private-capacity']?.tier).toBe('standard');
    edit(join(other, 'overage', `${FIXED}.yaml`), 'tier: {}', 'tier: { gold: "2" }');
    edit(
      join(other, 'features.yaml'),
      'tier: standard\n    edition: enterprise',
      'tier: gold\n    edition: enterprise',
    );
    const diff = await diffPolicies(config, { a: POLICIES, b: other, month: '2026-01' }, env);
    const doubled = diff.lines.filter((line) => line.new_amount === '213.72');
    expect(doubled).toHaveLength(5);
    expect(diff.totals[0]).toMatchObject({ lines: 6, lines_that_differ: 5, difference: '534.30' });
    expect(diff.notes.map((note) => note.split(' ')[0])).toEqual(['features.yaml', `overage/${FIXED}.yaml`]);
  }, 300_000);

  it('refuses what is no policy, and waits for no run', async () => {
    const nothing = diffPolicies(config, { a: FIXED, b: 'fixed@2026-01-01.1', month: null }, env);
    await expect(nothing).rejects.toThrow(UsageError);
    const lock = await acquireRunLock(dir);
    try {
      const held = diffPolicies(config, { a: FIXED, b: FIXED, month: null }, env);
      await expect(held).rejects.toThrow(LockedError);
    } finally {
      lock.release();
    }
  });
});
