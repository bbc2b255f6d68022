import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { UsageError } from '../schemas/errors.ts';
import { HYGIENE_POLICY } from '../schemas/hygiene_policy.ts';
import { MARKETPLACE_POLICY } from '../schemas/marketplace_policy.ts';
import {
  CHURN_POLICY,
  DIMENSION_MAP,
  FEATURES_POLICY,
  OVERAGE_POLICY,
  type OveragePolicy,
  type Policies,
} from '../schemas/policies.ts';
import { PRICING_OPTIONS } from '../schemas/pricing_options.ts';
import { balanceProblems, tieProblems, versionProblems } from './policy_conflicts.ts';

export { writeSeeds } from './policy_seeds.ts';

/**
 * Reads and checks every policy of a folder: `dimensions.yaml`, `features.yaml`, `churn.yaml`, `marketplace.yaml`,
 * `hygiene.yaml`, `pricing-options.yaml` and `overage/<policy_id>@<version>.yaml`, the latter in order of file name.
 * @throws UsageError with every problem that was found, each naming file and key: unreadable or invalid files, a file name
 * that differs from its policy; and, once all can be read, versions of one policy that overlap and equally specific policies
 * for one subscription and dimension.
 */
export async function loadPolicies(dir: string): Promise<Policies> {
  const [dimensions, features, churn, marketplace, hygiene, pricing, overage] = await allOrProblems([
    readPolicy(dir, 'dimensions.yaml', DIMENSION_MAP),
    readPolicy(dir, 'features.yaml', FEATURES_POLICY),
    readPolicy(dir, 'churn.yaml', CHURN_POLICY),
    readPolicy(dir, 'marketplace.yaml', MARKETPLACE_POLICY),
    readPolicy(dir, 'hygiene.yaml', HYGIENE_POLICY),
    readPolicy(dir, 'pricing-options.yaml', PRICING_OPTIONS),
    readOveragePolicies(dir),
  ]);
  const policies = { dimensions, features, churn, marketplace, hygiene, pricing, overage };
  assertApart(policies);
  return policies;
}

/** Holds that policies which are valid one by one do not meet. @throws UsageError naming every pair that does */
function assertApart({ churn, overage }: Policies): void {
  const problems = [
    ...versionProblems('churn.yaml', churn.versions),
    ...[...Map.groupBy(overage, (policy) => policy.policy_id)].flatMap(([policyId, versions]) =>
      versionProblems(`overage/${policyId}`, versions),
    ),
    ...balanceProblems(overage),
    ...tieProblems(overage),
  ];
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
}

/** Waits for all. @throws UsageError with the problems of all that were refused, or the first other error */
async function allOrProblems<T extends readonly unknown[] | []>(
  work: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  const settled = await Promise.allSettled(work);
  const reasons: unknown[] = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  const problems = reasons.filter((reason) => reason instanceof UsageError);
  if (problems.length > 0 && problems.length === reasons.length) {
    throw new UsageError(problems.map((problem) => problem.message).join('\n'), { cause: problems[0] });
  }
  // Where anything else went wrong, this throws it.
  return Promise.all(work);
}

async function readOveragePolicies(dir: string): Promise<readonly OveragePolicy[]> {
  const entries = await readdir(join(dir, 'overage')).catch((cause: unknown) => {
    throw new UsageError(
      `policies: folder overage: got none that can be read, want ${join(dir, 'overage')}; set policies: in meterline.yaml to the folder of the policy files`,
      { cause },
    );
  });
  const files = entries.filter((entry) => entry.endsWith('.yaml')).sort();
  return allOrProblems(files.map((file) => readOveragePolicy(dir, file)));
}

/** One overage policy of a folder, by its file name. @throws UsageError naming file and key */
export async function readOveragePolicy(dir: string, file: string): Promise<OveragePolicy> {
  const policy = await readPolicy(dir, join('overage', file), OVERAGE_POLICY);
  const expected = `${policy.policy_id}@${policy.version}.yaml`;
  if (file !== expected) {
    throw new UsageError(
      `policies: overage/${file}: got policy_id ${policy.policy_id} and version ${policy.version}, want the file name ${expected}; rename the file or mend its keys`,
    );
  }
  return policy;
}

async function readPolicy<T extends z.ZodType>(dir: string, file: string, schema: T): Promise<z.output<T>> {
  const source = await readFile(join(dir, file), 'utf8').catch((cause: unknown) => {
    throw new UsageError(
      `policies: ${file}: got no file that can be read, want ${join(dir, file)}; set policies: in meterline.yaml to the folder of the policy files`,
      { cause },
    );
  });
  const value = parseYaml(file, source);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => describeIssue(file, issue, value));
  throw new UsageError(problems.join('\n'), { cause: parsed.error });
}

function parseYaml(file: string, source: string): unknown {
  const document = parseDocument(source);
  const [problem] = document.errors;
  if (problem === undefined) return document.toJS();
  const reason = problem.message.split('\n', 1)[0] ?? problem.code;
  throw new UsageError(
    `policies: ${file}: got text that is not YAML (${reason}), want one YAML document; mend it there`,
    {
      cause: problem,
    },
  );
}

/** One line for one problem: file, key, what is there, what is wanted. */
function describeIssue(file: string, issue: z.core.$ZodIssue, value: unknown): string {
  const key = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const at = key === '' ? 'the top' : key;
    return `policies: ${file} ${issue.keys.join(', ')}: got an unknown key at ${at}, want only known ones; see the example in policies/`;
  }
  const got = JSON.stringify(issue.path.reduce(stepInto, value)) ?? 'nothing';
  const want = issue.message.replace(/^(?:want|Invalid input: expected) /, '');
  return `policies: ${file} ${key === '' ? '(whole file)' : key}: got ${got}, want ${want}; mend it there`;
}

function stepInto(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
