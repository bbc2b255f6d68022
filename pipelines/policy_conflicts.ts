import type { OveragePolicy } from '../schemas/policies.ts';

interface Version {
  readonly version: string;
  readonly effective_from: string;
  /** Exclusive; null = no end. */
  readonly effective_to: string | null;
}

/** What is wrong where two versions of one policy are in force on the same day, or one is named twice. */
export function versionProblems(where: string, versions: readonly Version[]): readonly string[] {
  const ordered = versions.toSorted((a, b) => compareText(a.effective_from, b.effective_from));
  return ordered.flatMap((later, index) => {
    const earlier = ordered[index - 1];
    const problems: string[] = [];
    if (earlier !== undefined && overlaps(earlier, later)) {
      problems.push(
        `policies: ${where} effective_to: got ${earlier.effective_to ?? 'null'} for version ${earlier.version}, want at most ${later.effective_from}, where version ${later.version} begins; end the earlier version there`,
      );
    }
    if (ordered.slice(0, index).some((other) => other.version === later.version)) {
      problems.push(
        `policies: ${where} version: got ${later.version} twice, want each version once; number the later one anew`,
      );
    }
    return problems;
  });
}

/**
 * What is wrong where, for some subscription, dimension and instant, no one policy is the most specific one. The order is:
 * a named subscription before a named plan before a named cloud before `*`.
 */
export function tieProblems(policies: readonly OveragePolicy[]): readonly string[] {
  return policies.flatMap((first, index) =>
    policies
      .slice(index + 1)
      .filter((second) => first.policy_id !== second.policy_id && ties(first, second))
      .map(
        (second) =>
          `policies: overage/${fileName(second)} applies_to: got the same reach as overage/${fileName(first)}, want one most specific policy for each subscription and dimension; name a cloud, plan or subscription in one of them`,
      ),
  );
}

/**
 * What is wrong where the versions of one policy that draw from a balance state different ones, or different currencies: it
 * runs on over them, so that a new balance needs a policy of its own.
 */
export function balanceProblems(policies: readonly OveragePolicy[]): readonly string[] {
  const drawing = policies.filter((policy) => policy.drawdown !== null);
  return [...Map.groupBy(drawing, (policy) => policy.policy_id).values()].flatMap(([first, ...later]) =>
    later
      .filter((policy) => first !== undefined && balanceOf(first) !== balanceOf(policy))
      .map(
        (policy) =>
          `policies: overage/${fileName(policy)} drawdown.opening_balance: got ${balanceOf(policy)}, want ${balanceOf(first as OveragePolicy)} as in overage/${fileName(first as OveragePolicy)}, since the balance runs on; give a new balance a policy_id of its own`,
      ),
  );
}

/** "100.50" and "100.5" are one amount. */
function balanceOf({ drawdown, currency }: OveragePolicy): string {
  const [whole = '', fraction = ''] = (drawdown?.opening_balance ?? '').split('.');
  const digits = fraction.replace(/0+$/, '');
  return `${BigInt(whole)}${digits === '' ? '' : `.${digits}`} ${currency}`;
}

/** True where both rate the same subscription and dimension on some day and neither is more specific. */
export function ties(first: OveragePolicy, second: OveragePolicy): boolean {
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
