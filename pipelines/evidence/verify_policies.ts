import { DifferenceError } from '../../schemas/errors.ts';
import type { Policies } from '../../schemas/policies.ts';
import type { PeriodClose } from '../../warehouse/close_records.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import {
  changedPolicies,
  closedUntil,
  describeChange,
  describeMissing,
  missingPolicies,
  policyName,
  sha256,
  versionsOf,
} from '../policy_versions.ts';

/**
 * Holds each record of a policy version against its own hash and the record before (an end is all that may be new), and the
 * newest against the folder of now where it still is there. No version that frozen
 * lines name is missing there. Gives the number of records.
 * @throws DifferenceError naming version, key and both values
 */
export async function verifyPolicies(
  warehouse: Warehouse,
  policies: Policies,
  closes: readonly PeriodClose[],
): Promise<number> {
  const recorded = await warehouse.policyVersions();
  const broken = recorded.find((version) => sha256(version.content) !== version.sha256);
  if (broken !== undefined)
    throw new DifferenceError(
      `evidence: policy ${policyName(broken)}: got content with SHA-256 ${sha256(broken.content)} in evidence.policy_versions, want ${broken.sha256}; find out who changed it`,
    );
  const [missing] = missingPolicies(await warehouse.closedPolicies(), versionsOf(policies));
  if (missing !== undefined) throw new DifferenceError(describeMissing(missing));
  const [replaced] = recorded.flatMap((each, place) =>
    changedPolicies(recorded.slice(0, place), [each], null),
  );
  if (replaced !== undefined) throw new DifferenceError(describeChange(replaced));
  const [changed] = changedPolicies(recorded, versionsOf(policies), closedUntil(closes));
  if (changed !== undefined) throw new DifferenceError(describeChange(changed));
  return recorded.length;
}
