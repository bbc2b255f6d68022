import type { Policies } from '../schemas/policies.ts';
import { fullName } from './policy_sets.ts';

/** One version of a policy, as its file says. */
export interface ListedPolicy {
  readonly file: string;
  readonly version: string;
  /** Null where the file is in force as long as it stands. */
  readonly effective_from: string | null;
  readonly effective_to: string | null;
  readonly prepared_by: string;
  readonly approved_by: string;
  /** What the file is about, counted. */
  readonly content: string;
}

export interface PolicyList {
  readonly policies: readonly ListedPolicy[];
  readonly checked: {
    readonly files: number;
    readonly versions: number;
    /** Pairs of overage policies that were held against each other. */
    readonly pairs: number;
  };
  /** What is valid and has no effect, for people. */
  readonly notes: readonly string[];
}

/** What a folder of valid policies holds, in the order of its files. */
export function listPolicies(policies: Policies): PolicyList {
  const { churn, overage } = policies;
  const listed = [
    ...churn.versions.map((version) => ({
      ...signatures(version, 'churn.yaml'),
      ...days(version),
      content: counted(Object.keys(version.indicators).length, 'indicator'),
    })),
    ...wholeFiles(policies),
    ...overage.map((policy) => ({
      ...signatures(policy, `overage/${fullName(policy)}.yaml`),
      ...days(policy),
      content: `${policy.dimension}, ${policy.period}, ${policy.reduce}, ${policy.order}, ${counted(Object.keys(policy.commit).length, 'binding')}`,
    })),
  ];
  const files = new Set(listed.map(({ file }) => file)).size;
  const pairs = (overage.length * (overage.length - 1)) / 2;
  return {
    policies: listed,
    checked: { files, versions: listed.length, pairs },
    notes: idleFactors(policies),
  };
}

/** Factors of a tier or edition that no plan has: rather a slip of the pen. */
function idleFactors({ features, overage, pricing }: Policies): readonly string[] {
  const plans = Object.values(features.plans);
  const all = [
    ...overage.map((policy) => [`overage/${fullName(policy)}.yaml`, policy.multipliers] as const),
    ...Object.entries(pricing.options).flatMap(([id, option]) =>
      option.kind === 'saas_units'
        ? Object.entries(option.dimensions).map(
            ([dimension, { multipliers }]) =>
              [`pricing-options.yaml ${id}.${dimension}`, multipliers] as const,
          )
        : [],
    ),
  ];
  return all.flatMap(([where, multipliers]) =>
    (['tier', 'edition'] as const).flatMap((attribute) =>
      Object.keys(multipliers[attribute])
        .filter((value) => plans.every((plan) => plan[attribute] !== value))
        .map(
          (value) =>
            `${where} multipliers.${attribute}.${value}: no plan of features.yaml has this ${attribute}`,
        ),
    ),
  );
}

function wholeFiles(policies: Policies): readonly ListedPolicy[] {
  const { dimensions, features, hygiene, marketplace, pricing } = policies;
  const rules = Object.values(hygiene.rules);
  const on = rules.filter((rule) => rule.enabled).length;
  const scales = Object.values(marketplace.scales).reduce((sum, of) => sum + Object.keys(of).length, 0);
  const contents = [
    ['dimensions.yaml', dimensions, counted(Object.keys(dimensions.roles).length, 'role')],
    ['features.yaml', features, counted(Object.keys(features.plans).length, 'plan')],
    ['hygiene.yaml', hygiene, `${counted(rules.length, 'rule')}, ${on} switched on`],
    ['marketplace.yaml', marketplace, `3 windows, ${counted(scales, 'scale')}`],
    ['pricing-options.yaml', pricing, counted(Object.keys(pricing.options).length, 'option')],
  ] as const;
  return contents.map(([file, policy, content]) => ({
    ...signatures(policy, file),
    effective_from: null,
    effective_to: null,
    content,
  }));
}

function signatures(
  policy: Pick<ListedPolicy, 'version' | 'prepared_by' | 'approved_by'>,
  file: string,
): Pick<ListedPolicy, 'file' | 'version' | 'prepared_by' | 'approved_by'> {
  const { version, prepared_by, approved_by } = policy;
  return { file, version, prepared_by, approved_by };
}

function days(
  policy: Pick<ListedPolicy, 'effective_from' | 'effective_to'>,
): Pick<ListedPolicy, 'effective_from' | 'effective_to'> {
  const { effective_from, effective_to } = policy;
  return { effective_from, effective_to };
}

function counted(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
