import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../schemas/errors.ts';
import type { OveragePolicy, Policies } from '../schemas/policies.ts';
import { loadPolicies, readOveragePolicy } from './policies.ts';
import { ties } from './policy_conflicts.ts';

/** Policies under the name that they were asked for by. */
export interface PolicySet {
  readonly name: string;
  readonly policies: Policies;
}

const OVERAGE_VERSION = /^[a-z0-9][a-z0-9-]*@\d{4}-\d{2}-\d{2}\.\d+$/;

/**
 * What a name stands for: a folder of policies as it is; or one overage policy version (`fixed-capacity@2026-01-01.1`) of
 * `folder` or of its examples, as if it were in force at all times. The other policies of `folder` stay beside it, but for
 * its other versions and policies of the same reach: those give way.
 * @throws UsageError where there is no such folder or version
 */
export async function policySet(name: string, folder: string): Promise<PolicySet> {
  if (OVERAGE_VERSION.test(name)) return { name, policies: await withVersion(name, folder) };
  const found = await stat(name).catch(absent);
  if (found?.isDirectory() === true) return { name, policies: await loadPolicies(name) };
  throw new UsageError(
    `policies: ${name}: got neither a folder nor a version, want a folder of policies or <policy_id>@<version> of an overage policy in ${folder}; \`meterline policies check\` lists those`,
  );
}

/** Of what is not there, null. @throws the error where it is there and cannot be read */
function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw new UsageError(
    `policies: ${error.path}: got ${error.code}, want it readable; check its permissions`,
    {
      cause: error,
    },
  );
}

async function withVersion(name: string, folder: string): Promise<Policies> {
  const policies = await loadPolicies(folder);
  const asked =
    policies.overage.find((policy) => fullName(policy) === name) ?? (await exampleOf(name, folder));
  const always: OveragePolicy = { ...asked, effective_from: '1900-01-01', effective_to: null };
  const others = policies.overage.filter(
    (policy) => policy.policy_id !== asked.policy_id && !ties(policy, always),
  );
  return { ...policies, overage: [...others, always] };
}

async function exampleOf(name: string, folder: string): Promise<OveragePolicy> {
  const examples = join(folder, 'examples');
  const files = await readdir(join(examples, 'overage')).catch(absent);
  if (files?.includes(`${name}.yaml`)) return readOveragePolicy(examples, `${name}.yaml`);
  throw new UsageError(
    `policies: ${name}: got no such version in ${join(folder, 'overage')} or ${join(examples, 'overage')}, want one of those files; \`meterline policies check\` lists them`,
  );
}

/** `<policy_id>@<version>`: the name of its file. */
export function fullName(policy: Pick<OveragePolicy, 'policy_id' | 'version'>): string {
  return `${policy.policy_id}@${policy.version}`;
}
