import { cp, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { loadPolicies, writeSeeds } from '../../pipelines/policies.ts';
import { listPolicies } from '../../pipelines/policy_list.ts';
import { UsageError } from '../../schemas/errors.ts';
import { OWNER_GROUPS } from '../../schemas/hygiene_policy.ts';

const SHIPPED = join(import.meta.dirname, '../../policies');
const OVERAGE = 'overage/fixed-capacity@2026-01-01.1.yaml';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterline-policies-'));
  await cp(SHIPPED, join(dir, 'policies'), { recursive: true });
});
afterEach(() => rm(dir, { recursive: true }));

const policies = () => join(dir, 'policies');

async function edit(file: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(policies(), file);
  const before = await readFile(path, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  await writeFile(path, after);
}

/** Adds a copy of the shipped overage policy, edited, under its right file name. */
async function addOverage(
  id: string,
  version: string,
  changes: readonly (readonly [RegExp, string])[],
): Promise<void> {
  const source = await readFile(join(SHIPPED, OVERAGE), 'utf8');
  const renamed = source
    .replace('policy_id: fixed-capacity', `policy_id: ${id}`)
    .replace('"2026-01-01.1"', `"${version}"`);
  const text = changes.reduce((result, [from, to]) => result.replace(from, to), renamed);
  await writeFile(join(policies(), `overage/${id}@${version}.yaml`), text);
}

async function messageOf(): Promise<string> {
  const error = await loadPolicies(policies()).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UsageError);
  return error instanceof Error ? error.message : '';
}

test('the shipped policies are valid and name two people each', async () => {
  const loaded = await loadPolicies(policies());
  expect(loaded.overage.map((policy) => policy.policy_id)).toContain('fixed-capacity');
  const files = [loaded.dimensions, loaded.features, loaded.marketplace, loaded.hygiene, loaded.pricing];
  const signed = [...files, ...loaded.churn.versions, ...loaded.overage];
  for (const policy of signed) expect(policy.prepared_by).not.toBe(policy.approved_by);
});

test('the owners of findings are the groups of the models', async () => {
  const text = await readFile(join(import.meta.dirname, '../../models/staging/groups.yml'), 'utf8');
  const { groups } = parseYaml(text) as { groups: readonly { name: string }[] };
  expect(groups.map((group) => group.name).toSorted()).toEqual([...OWNER_GROUPS].toSorted());
});

describe('a refused policy is named with its file and key', () => {
  const cases: readonly (readonly [string, string, string | RegExp, string, readonly string[]])[] = [
    ['an unknown key', OVERAGE, 'burst_pct:', 'burst_pc:', [OVERAGE, 'burst_pc', 'unknown key']],
    ['a rate as a number', OVERAGE, '"0.137"', '0.137', [OVERAGE, 'rates.burst', 'got 0.137', 'string']],
    [
      'a rate with 7 fraction digits',
      OVERAGE,
      '"0.137"',
      '"0.1370001"',
      ['rates.burst', '6 fraction digits'],
    ],
    [
      'the same author and approver',
      OVERAGE,
      'finance.controller@',
      'Pricing.Analyst@',
      ['approved_by', 'another person'],
    ],
    [
      'an end before its start',
      OVERAGE,
      'effective_to: null',
      'effective_to: 2026-01-01',
      ['effective_to', 'after'],
    ],
    [
      'a day that does not exist',
      OVERAGE,
      'effective_from: 2026-01-01',
      'effective_from: 2026-02-31',
      ['2026-02-31', 'exists'],
    ],
    ['a wrong reduce', OVERAGE, 'reduce: sum', 'reduce: total', ['reduce', '"total"', 'p95_hour']],
    [
      'grace on a reduced period',
      OVERAGE,
      /order: hinge_then_reduce .*\n(.*)\ngrace: \{ hours: 0 \}/,
      'order: reduce_then_hinge\n$1\ngrace: { hours: 2 }',
      ['grace.hours', 'got 2', 'want 0'],
    ],
    ['a star beside a name', OVERAGE, 'plans: ["*"]', 'plans: ["*", "a"]', ['applies_to.plans', 'alone']],
    [
      'an approver without an address',
      'churn.yaml',
      'success.director@example.com',
      'director',
      ['churn.yaml', 'versions.0.approved_by', 'e-mail'],
    ],
    [
      'a ramp without slope',
      'churn.yaml',
      'from: "0.7", to: "0.2"',
      'from: "0.7", to: "0.70"',
      ['commitment_utilisation_28d.to', 'differ'],
    ],
    ['an unknown indicator', 'churn.yaml', 'level_shift:', 'level_shit:', ['churn.yaml', 'level_shit']],
    [
      'two held capacities',
      'dimensions.yaml',
      '[capacity_used_tib]',
      '[capacity_used_tib, b]',
      ['dimensions.yaml', 'roles.held_capacity'],
    ],
    ['no default plan', 'features.yaml', 'default:', 'defaults:', ['features.yaml', 'plans', 'default']],
    ['no window', 'marketplace.yaml', 'aws: 1', '', ['marketplace.yaml', 'window_hours.aws']],
    [
      'a scale of 0',
      'marketplace.yaml',
      'aws: {} }',
      'aws: { egress_gib: "0.00" } }',
      ['scales.aws.egress_gib', 'above 0'],
    ],
    ['a rule that nobody looks for', 'hygiene.yaml', 'orphan_case:', 'orphan:', ['orphan', 'unknown key']],
    [
      'an owner that is no group',
      'hygiene.yaml',
      'owner: support',
      'owner: helpdesk',
      ['rules.orphan_case.owner', '"helpdesk"', '"support"'],
    ],
    [
      'an unknown placeholder',
      'hygiene.yaml',
      'Case {record}',
      'Case {record} {id}',
      ['rules.orphan_case.sentence', '{detail}'],
    ],
    ['a key twice', 'features.yaml', 'plans:\n', 'plans: {}\nplans:\n', ['features.yaml', 'not YAML']],
  ];
  test.each(cases)('%s', async (_, file, from, to, wanted) => {
    await edit(file, from, to);
    const message = await messageOf();
    for (const part of wanted) expect(message).toContain(part);
  });

  test('a missing file', async () => {
    await rm(join(policies(), 'dimensions.yaml'));
    expect(await messageOf()).toContain('dimensions.yaml: got no file');
  });

  test('a file name that differs from its policy', async () => {
    await rename(join(policies(), OVERAGE), join(policies(), 'overage/other@2026-01-01.1.yaml'));
    expect(await messageOf()).toContain('want the file name fixed-capacity@2026-01-01.1.yaml');
  });
});

describe('policies that meet', () => {
  const from2027 = [/effective_from: 2026-01-01/, 'effective_from: 2027-01-01'] as const;

  test('versions that overlap are refused', async () => {
    await addOverage('fixed-capacity', '2027-01-01.1', [from2027]);
    expect(await messageOf()).toContain(
      'effective_to: got null for version 2026-01-01.1, want at most 2027-01-01',
    );
  });

  test('versions that follow each other are taken', async () => {
    await edit(OVERAGE, 'effective_to: null', 'effective_to: 2027-01-01');
    await addOverage('fixed-capacity', '2027-01-01.1', [from2027]);
    expect((await loadPolicies(policies())).overage).toHaveLength(2);
  });

  test('versions that draw from different balances are refused, a balance written otherwise is not', async () => {
    await edit(OVERAGE, 'effective_to: null', 'effective_to: 2027-01-01');
    await edit(OVERAGE, 'drawdown: null', 'drawdown: { opening_balance: "0100.50" }');
    await addOverage('fixed-capacity', '2027-01-01.1', [
      from2027,
      [/drawdown: null/, 'drawdown: { opening_balance: "100.5" }'],
    ]);
    expect((await loadPolicies(policies())).overage).toHaveLength(2);
    await edit('overage/fixed-capacity@2027-01-01.1.yaml', '"100.5"', '"100.51"');
    const message = await messageOf();
    expect(message).toContain(
      'fixed-capacity@2027-01-01.1.yaml drawdown.opening_balance: got 100.51 USD, want 100.5 USD',
    );
    expect(message).toContain('policy_id of its own');
  });

  test('two equally specific policies are refused', async () => {
    await addOverage('daily', '2026-01-01.1', [[/clouds: \[[^\]]*\]/, 'clouds: [gcp]']]);
    expect(await messageOf()).toContain('same reach as overage/daily@2026-01-01.1.yaml');
  });

  test.each([
    ['a more specific one', [/plans: \["\*"\]/, 'plans: [public-premium]'] as const],
    ['another cloud', [/clouds: \[[^\]]*\]/, 'clouds: [onprem]'] as const],
    ['another dimension', [/dimension: \w+/, 'dimension: egress_gib'] as const],
    [
      'another time',
      [
        /effective_from: 2026-01-01 +#.*\neffective_to: null/,
        'effective_from: 2025-01-01\neffective_to: 2026-01-01',
      ] as const,
    ],
  ])('%s is taken', async (_, change) => {
    await addOverage('daily', '2026-01-01.1', [change]);
    expect((await loadPolicies(policies())).overage).toHaveLength(2);
  });
});

test('a factor of a tier that no plan has is noted', async () => {
  expect(listPolicies(await loadPolicies(policies())).notes).toEqual([]);
  await edit('pricing-options.yaml', 'premium: "1.25"', 'premum: "1.25"');
  expect(listPolicies(await loadPolicies(policies())).notes).toEqual([
    'pricing-options.yaml saas-units.capacity_used_tib multipliers.tier.premum: no plan of features.yaml has this tier',
  ]);
});

describe('writeSeeds', () => {
  const seeds = () => join(dir, 'seeds');
  const read = async (name: string) =>
    parse(await readFile(join(seeds(), `${name}.csv`), 'utf8'), { columns: true }) as Record<
      string,
      string
    >[];

  test('carries every value exactly', async () => {
    await edit(
      OVERAGE,
      'commit: {}',
      'commit: { "sub ""1"", a": "100.000000001", sub-2: "7" }'.replaceAll('""', '\\"'),
    );
    await edit(OVERAGE, 'burst_pct: "20"', 'burst_pct: "7.5"');
    await writeSeeds(await loadPolicies(policies()), seeds());
    expect(await read('seed_overage_commitments')).toEqual([
      {
        policy_id: 'fixed-capacity',
        version: '2026-01-01.1',
        subscription_id: 'sub "1", a',
        quantity: '100.000000001',
      },
      { policy_id: 'fixed-capacity', version: '2026-01-01.1', subscription_id: 'sub-2', quantity: '7' },
    ]);
    const [policy] = await read('seed_overage_policies');
    expect(policy).toMatchObject({ burst_share: '0.075', rate_above: '0.2055', effective_to: '' });
    expect(await read('seed_churn_weights')).toContainEqual({
      version: '2026-01-01.1',
      indicator: 'usage_change_28d',
      kind: 'ramp',
      max_points: '15',
      points_from: '-0.05',
      points_to: '-0.5',
    });
  });

  test('leaves out the rules that are switched off', async () => {
    const all = (await loadPolicies(policies())).hygiene.rules;
    await edit('hygiene.yaml', /enabled: true(\s+seq_gap)/, 'enabled: false$1');
    await edit('marketplace.yaml', 'azure: {}', 'azure: { capacity_used_tib: "1024" }');
    await writeSeeds(await loadPolicies(policies()), seeds());
    const rules = await read('seed_hygiene_rules');
    const wanted = Object.keys(all).filter((id) => id !== 'control_total_difference');
    expect(rules.map((rule) => rule.rule_id)).toEqual(wanted);
    expect(await read('seed_marketplace_scales')).toEqual([
      { cloud: 'azure', dimension: 'capacity_used_tib', scale: '1024', version: '2026-01-01.1' },
    ]);
  });

  test('rewrites only what changed and leaves no temporary file', async () => {
    const first = await writeSeeds(await loadPolicies(policies()), seeds());
    expect(first).toHaveLength(16);
    const before = await stat(join(seeds(), 'seed_overage_policies.csv'));
    await edit('dimensions.yaml', '[egress_gib]', '[egress_gib, egress_tib]');
    expect(await writeSeeds(await loadPolicies(policies()), seeds())).toEqual(['seed_dimension_map']);
    expect((await stat(join(seeds(), 'seed_overage_policies.csv'))).mtimeMs).toBe(before.mtimeMs);
    expect((await readdir(seeds())).filter((file) => !file.endsWith('.csv'))).toEqual([]);
  });

  test('every seed is described in models/seeds.md with its columns', async () => {
    await writeSeeds(await loadPolicies(policies()), seeds());
    const page = await readFile(join(import.meta.dirname, '../../models/seeds.md'), 'utf8');
    for (const file of await readdir(seeds())) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${file.replace('.csv', '')}\``));
      const header = (await readFile(join(seeds(), file), 'utf8')).split('\n', 1)[0] ?? '';
      for (const column of header.split(',')) expect(row).toContain(`\`${column}\``);
    }
  });
});
