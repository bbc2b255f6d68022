import { UsageError } from '../schemas/errors.ts';
import type { OveragePolicy } from '../schemas/policies.ts';

interface Version {
  readonly version: string;
  readonly effective_from: string;
  /** Exclusive; null = no end. */
  readonly effective_to: string | null;
}

/**
 * Holds that no two versions of one policy are in force on the same day, and that none is named twice.
 * @throws UsageError naming both versions.
 */
export function assertVersionsApart(where: string, versions: readonly Version[]): void {
  const ordered = versions.toSorted((a, b) => compareText(a.effective_from, b.effective_from));
  for (const [index, later] of ordered.entries()) {
    const earlier = ordered[index - 1];
    if (earlier !== undefined && overlaps(earlier, later)) {
      throw new UsageError(
        `policies: ${where} effective_to: got ${earlier.effective_to ?? 'null'} for version ${earlier.version}, want at most ${later.effective_from}, where version ${later.version} begins; end the earlier version there`,
      );
    }
    if (versions.filter((other) => other.version === later.version).length > 1) {
      throw new UsageError(
        `policies: ${where} version: got ${later.version} twice, want each version once; number the later one anew`,
      );
    }
  }
}

/**
 * Holds that for every subscription, dimension and instant one policy is the most specific one. The order is: a named
 * subscription before a named plan before a named cloud before `*`.
 * @throws UsageError naming both policies.
 */
export function assertUnambiguous(policies: readonly OveragePolicy[]): void {
  for (const [index, first] of policies.entries()) {
    for (const second of policies.slice(index + 1)) {
      if (first.policy_id === second.policy_id || !ties(first, second)) continue;
      throw new UsageError(
        `policies: overage/${fileName(second)} applies_to: got the same reach as overage/${fileName(first)}, want one most specific policy for each subscription and dimension; name a cloud, plan or subscription in one of them`,
      );
    }
  }
}

/**
 * Holds that the versions of one policy that draw from a balance state the same one in the same currency: it runs on over
 * them, so that a new balance needs a policy of its own.
 * @throws UsageError naming both versions.
 */
export function assertOneBalance(policies: readonly OveragePolicy[]): void {
  const opened = new Map<string, OveragePolicy>();
  for (const policy of policies) {
    if (policy.drawdown === null) continue;
    const first = opened.get(policy.policy_id);
    if (first !== undefined && balanceOf(first) !== balanceOf(policy)) {
      throw new UsageError(
        `policies: overage/${fileName(policy)} drawdown.opening_balance: got ${balanceOf(policy)}, want ${balanceOf(first)} as in overage/${fileName(first)}, since the balance runs on; give a new balance a policy_id of its own`,
      );
    }
    opened.set(policy.policy_id, policy);
  }
}

/** "100.50" and "100.5" are one amount. */
function balanceOf({ drawdown, currency }: OveragePolicy): string {
  const [whole = '', fraction = ''] = (drawdown?.opening_balance ?? '').split('.');
  const digits = fraction.replace(/0+$/, '');
  return `${BigInt(whole)}${digits === '' ? '' : `.${digits}`} ${currency}`;
}

function ties(first: OveragePolicy, second: OveragePolicy): boolean {
  return (
    first.dimension === second.dimension &&
    overlaps(first, second) &&
    specificity(first) === specificity(second) &&
    (['clouds', 'plans', 'subscriptions'] as const).every((scope) =>
      intersects(first.applies_to[scope], second.applies_to[scope]),
    )
  );
}

function specificity({ applies_to: { clouds, plans, subscriptions } }: OveragePolicy): number {
  const named = (values: readonly string[]) => (values.includes('*') ? 0 : 1);
  return 4 * named(subscriptions) + 2 * named(plans) + named(clouds);
}

function intersects(first: readonly string[], second: readonly string[]): boolean {
  return first.includes('*') || second.includes('*') || first.some((value) => second.includes(value));
}

function overlaps(first: Version, second: Version): boolean {
  const startsBeforeEnd = (a: Version, b: Version) =>
    b.effective_to === null || a.effective_from < b.effective_to;
  return startsBeforeEnd(first, second) && startsBeforeEnd(second, first);
}

function fileName(policy: OveragePolicy): string {
  return `${policy.policy_id}@${policy.version}.yaml`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
