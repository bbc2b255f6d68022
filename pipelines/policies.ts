import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { UsageError } from '../schemas/errors.ts';
import {
  CHURN_POLICY,
  DIMENSION_MAP,
  FEATURES_POLICY,
  OVERAGE_POLICY,
  type OveragePolicy,
  type Policies,
} from '../schemas/policies.ts';
import { assertOneBalance, assertUnambiguous, assertVersionsApart } from './policy_conflicts.ts';

export { writeSeeds } from './policy_seeds.ts';

/**
 * Reads and checks every policy of a folder: `dimensions.yaml`, `features.yaml`, `churn.yaml` and
 * `overage/<policy_id>@<version>.yaml`, the latter in order of file name.
 * @throws UsageError naming file and key: unreadable or invalid files, a file name that differs from its policy, versions
 * of one policy that overlap, two equally specific policies for one subscription and dimension.
 */
export async function loadPolicies(dir: string): Promise<Policies> {
  const [dimensions, features, churn, overage] = await Promise.all([
    readPolicy(dir, 'dimensions.yaml', DIMENSION_MAP),
    readPolicy(dir, 'features.yaml', FEATURES_POLICY),
    readPolicy(dir, 'churn.yaml', CHURN_POLICY),
    readOveragePolicies(dir),
  ]);
  assertVersionsApart('churn.yaml', churn.versions);
  for (const [policyId, versions] of Map.groupBy(overage, (policy) => policy.policy_id)) {
    assertVersionsApart(`overage/${policyId}`, versions);
  }
  assertOneBalance(overage);
  assertUnambiguous(overage);
  return { dimensions, features, churn, overage };
}

async function readOveragePolicies(dir: string): Promise<readonly OveragePolicy[]> {
  const entries = await readdir(join(dir, 'overage')).catch((cause: unknown) => {
    throw new UsageError(
      `policies: folder overage: got none that can be read, want ${join(dir, 'overage')}; set policies: in meterline.yaml to the folder of the policy files`,
      { cause },
    );
  });
  const files = entries.filter((entry) => entry.endsWith('.yaml')).sort();
  return Promise.all(files.map((file) => readOveragePolicy(dir, file)));
}

async function readOveragePolicy(dir: string, file: string): Promise<OveragePolicy> {
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
