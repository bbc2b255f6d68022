import { dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLANTED_RULES } from '../../simulators/fleet/hygiene.ts';
import { toSeconds } from '../../simulators/fleet/instants.ts';
import { inForce } from '../../simulators/fleet/offer_values.ts';
import { createSalesforceSource } from '../../simulators/fleet/salesforce_records.ts';
import { printTables, withWarehouse } from '../support/tables.ts';
import { LOAD_ONLY, startTestWorld, type TestWorld } from '../support/test_night.ts';
import { modelsProject, shippedSeeds } from './models_project.ts';
import { customerOf, LATER, NOW, numberIn, PLANTED_WORLD, plantedFleet } from './planted.ts';
import { expectedResults, line } from './sent_usage_oracle.ts';

/** No reading is recorded later than this after its hour, so older hours are all there. */
const SETTLED_AFTER_HOURS = 480;
const SELECT = [
  '+fct_findings',
  '+fct_usage_to_cash',
  '+fct_marketplace_reconciliation',
  '+fct_access_review',
  '+fct_support_mix',
];

/** What the generator planted, held against what the models find of it. */
describe('a world with planted faults', () => {
  const fleet = plantedFleet();
  const now = toSeconds(NOW);
  let world: TestWorld;
  let dataDir = '';

  beforeAll(async () => {
    world = await startTestWorld(PLANTED_WORLD);
    dataDir = world.newDataDir();
    expect((await world.night(dataDir, LOAD_ONLY)).error).toBeNull();
    await shippedSeeds(dataDir);
    await build(false, ['test_type:singular']);
  }, 300_000);
  afterAll(() => world.close());

  /** The models alone, or with the data tests that hold each of them. */
  async function build(
    fullRefresh: boolean,
    without: readonly string[] = ['resource_type:test'],
  ): Promise<void> {
    const exclude = ['resource_type:unit_test', ...without];
    const run = await dbtBuild(modelsProject(dataDir, 'duckdb'), { select: SELECT, exclude, fullRefresh });
    if (!run.success) throw new Error(describeFailures(run).join('\n'));
  }
  const ask = (sql: string) => withWarehouse(dataDir, (query) => query(sql));

  it('every planted rule is found on its customer, and on no other', async () => {
    const findings = await ask(
      'select rule_id, record_system, record_type, record_id from marts.fct_findings',
    );
    const found = (rule: string) =>
      unique(findings.filter((row) => row.rule_id === rule).map((row) => customerOf(fleet, row)));
    const orphans = new Set(
      [...createSalesforceSource(fleet)('Case', NOW)]
        .filter((record) => record.AccountId === null && record.IsDeleted === false)
        .map((record) => Math.floor(numberIn(String(record.Id)) / 100_000)),
    );
    // Planted on what a customer has; some have no open purchase any more, or no case yet.
    const planted = (rule: string) =>
      fleet.truth(NOW).customers.flatMap((customer, number) => {
        const plan = fleet.plan.customers[number];
        const isThere =
          rule === 'entitlement_without_cluster'
            ? plan !== undefined && inForce(plan, now).length > 0
            : rule !== 'orphan_case' || orphans.has(number);
        return customer.hygiene.includes(rule) && isThere ? [number] : [];
      });
    const rules = [...PLANTED_RULES, 'seq_gap'];
    const each = (of: (rule: string) => readonly number[]) =>
      Object.fromEntries(rules.map((rule) => [rule, of(rule)]));
    expect(each(found)).toEqual(each(planted));
    for (const rule of rules) expect(planted(rule), rule).not.toEqual([]);
  });

  it('every hour that was sent, left out, late, refused or doubled has its result', async () => {
    const hours = (now - fleet.plan.start) / 3600 - SETTLED_AFTER_HOURS;
    const wanted = expectedResults(fleet, Math.floor(hours), now);
    const rows = await ask(
      `select subscription_id || ' ' || dimension || ' ' || strftime(hour, '%Y-%m-%dT%H:%M:%SZ') as key,
         ours::varchar as ours, quantity::double as quantity, result
       from marts.fct_marketplace_reconciliation
       where hour < timestamp '${fleet.options.start.slice(0, 19)}' + to_hours(${Math.floor(hours)})`,
    );
    const got = rows.map((row) =>
      line(
        String(row.key),
        BigInt(String(row.ours)),
        row.quantity === null ? null : Number(row.quantity),
        String(row.result),
      ),
    );
    expect(got.toSorted()).toEqual(wanted);
    const results = new Set(wanted.map((row) => row.split(' ').at(-1)));
    const all = ['missing', 'rejected', 'duplicate_conflict', 'over', 'not_required', 'late', 'matched'];
    expect([...results].toSorted()).toEqual(all.toSorted());
  });

  it('money: a month that was invoiced as agreed has no difference, and every other one says why', async () => {
    const rows = await ask(
      `select month, amount_reason, count(*)::integer as months,
         count(*) filter (invoiced_difference <> 0)::integer as differ,
         count(*) filter (accepted_amount > 0)::integer as accepted,
         count(*) filter (invoiced_amount > 0)::integer as invoiced,
         count(*) filter ((invoiced_difference <> 0) <> (invoiced_difference_type is not null))::integer as untyped
       from marts.fct_usage_to_cash group by all order by all`,
    );
    expect(rows.every((row) => row.untyped === 0)).toBe(true);
    expect(rows.some((row) => Number(row.accepted) > 0)).toBe(true);
    expect(rows.some((row) => Number(row.invoiced) > 0)).toBe(true);
    const paid = await ask(
      `select disbursed_difference_type as type, count(*)::integer as n from marts.fct_usage_to_cash
       where month <= date '2026-09-01' group by all order by all`,
    );
    // What was paid is a cent short of some invoices, and some were not paid yet.
    expect(paid.map((row) => row.type)).toEqual(expect.arrayContaining([null, 'timing']));
  });

  it('access: people without a contact, ownerless and ended customers, and the vendor inside', async () => {
    const rows = await ask(
      `select customer_id, is_internal_user, is_internal_with_customer_role, is_customer_without_owner,
         is_of_terminated_customer from marts.fct_access_review`,
    );
    const numbers = (flag: string) =>
      unique(
        rows.filter((row) => row[flag] === true).map((row) => Number(String(row.customer_id).slice(5)) - 1),
      );
    const known = fleet.plan.customers.filter((customer) => customer.created_at <= now);
    const of = (holds: (customer: (typeof known)[number]) => boolean) =>
      known.filter(holds).map((customer) => customer.number);
    expect(numbers('is_customer_without_owner')).toEqual(of(({ number }) => number % 13 === 9));
    expect(numbers('is_of_terminated_customer')).toEqual(
      of(({ terminated_at }) => terminated_at !== null && terminated_at <= now),
    );
    expect(numbers('is_internal_with_customer_role')).toEqual(
      of(({ number, created_at }) => number % 17 === 4 && created_at + 20 * 86_400 <= now),
    );
    expect(numbers('is_internal_user').length).toBeGreaterThan(
      numbers('is_internal_with_customer_role').length,
    );
  });

  it('support: networking is up and hardware down in the cloud, over twelve months', async () => {
    const rows = await ask(
      `select category, verdict_12m, difference_low_12m < share_difference_12m and share_difference_12m < difference_high_12m as inside
       from marts.fct_support_mix where month = date '2026-11-01' and expectation is not null order by category`,
    );
    expect(rows).toEqual([
      { category: 'hardware', verdict_12m: 'confirmed', inside: true },
      { category: 'networking', verdict_12m: 'confirmed', inside: true },
    ]);
  });

  it('a later night keeps when each finding was first seen, and a full refresh changes nothing', async () => {
    const before = await ask(
      'select finding_id, first_seen::varchar as first_seen from marts.fct_findings order by 1',
    );
    expect(new Set(before.map((row) => row.first_seen))).toEqual(new Set(['2026-11-21']));
    world.world.setNow(LATER);
    expect((await world.night(dataDir, LOAD_ONLY)).error).toBeNull();
    await build(false);
    const after = await ask(
      'select finding_id, first_seen::varchar as first_seen from marts.fct_findings order by 1',
    );
    const firsts = new Map(after.map((row) => [row.finding_id, row.first_seen]));
    for (const { finding_id, first_seen } of before) expect(firsts.get(finding_id ?? null)).toBe(first_seen);
    expect(after.length).toBeGreaterThan(before.length);
    const nightly = await printTables(dataDir, 'marts', []);
    await build(true);
    expect(await printTables(dataDir, 'marts', [])).toEqual(nightly);
  }, 300_000);
});

function unique(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}
