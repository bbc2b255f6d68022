import { isDeepStrictEqual } from 'node:util';
import type { Policies } from '../schemas/policies.ts';
import type { Ground } from './policy_ratings.ts';
import { fullName } from './policy_sets.ts';

/** A version that says something else than it did cannot be told apart in the rows that name it. */
export function reusedVersions(a: Policies, b: Policies): readonly string[] {
  const versionsOf = ({ dimensions, features, churn, marketplace, hygiene, pricing, overage }: Policies) =>
    new Map<string, unknown>([
      ...Object.entries({ dimensions, features, marketplace, hygiene, 'pricing-options': pricing }).map(
        ([name, policy]) => [`${name}.yaml version ${policy.version}`, policy] as const,
      ),
      ...churn.versions.map((policy) => [`churn.yaml version ${policy.version}`, policy] as const),
      ...overage.map((policy) => [`overage/${fullName(policy)}.yaml`, content(policy)] as const),
    ]);
  const earlier = versionsOf(a);
  return [...versionsOf(b)].flatMap(([name, policy]) =>
    earlier.has(name) && !isDeepStrictEqual(earlier.get(name), policy)
      ? [`${name} differs but keeps its version: rows that name it could not be told apart; number it anew`]
      : [],
  );
}

/** Without its days: a version may be ended, or be taken as if it were always in force. */
function content(policy: Policies['overage'][number]): unknown {
  const { effective_from, effective_to, ...rest } = policy;
  return rest;
}

/** A version that begins after the month, or ended before it, changes nothing there. */
export function notInForce(
  { overage }: Policies,
  { month, next_month }: Pick<Ground, 'month' | 'next_month'>,
): readonly string[] {
  return overage
    .filter(
      (policy) =>
        policy.effective_from >= next_month || (policy.effective_to !== null && policy.effective_to <= month),
    )
    .map(
      (policy) =>
        `overage/${fullName(policy)} is not in force in ${month.slice(0, 7)}: it rates nothing here; give ${fullName(policy)} instead of the folder to see it as if it were`,
    );
}
