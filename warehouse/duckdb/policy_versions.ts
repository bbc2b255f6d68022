import type { ClosedPolicy, PolicyVersion } from '../close_records.ts';
import type { Session } from './database.ts';
import { text } from './values.ts';

/** Every record of a policy version; rows are only ever added, so `rowid` is the order of recording. */
export async function policyVersions(session: Session): Promise<readonly PolicyVersion[]> {
  const rows = await session.rows(
    'list the policy versions',
    `SELECT kind, policy_id, version, sha256, content, prepared_by, approved_by FROM evidence.policy_versions
     ORDER BY kind, policy_id, version, rowid`,
  );
  return rows.map((row) => ({
    kind: text(row.kind),
    policy_id: text(row.policy_id),
    version: text(row.version),
    sha256: text(row.sha256),
    content: text(row.content),
    prepared_by: text(row.prepared_by),
    approved_by: text(row.approved_by),
  }));
}

/** The overage policy versions that frozen lines name. */
export async function closedPolicies(session: Session): Promise<readonly ClosedPolicy[]> {
  const rows = await session.rows(
    'list the policies of closed months',
    `SELECT DISTINCT policy_id, policy_version FROM evidence.closed_lines
     WHERE policy_id IS NOT NULL AND policy_version IS NOT NULL ORDER BY policy_id, policy_version`,
  );
  return rows.map((row) => ({ policy_id: text(row.policy_id), version: text(row.policy_version) }));
}

/** Keeps versions with a content that is not known yet. */
export function recordPolicyVersions(
  session: Session,
  versions: readonly PolicyVersion[],
  run_id: string,
  at: string,
): Promise<number> {
  return session.transaction(async () => {
    let added = 0;
    for (const version of versions)
      added += await session.run(
        'record a policy version',
        `INSERT INTO evidence.policy_versions BY NAME
         SELECT $kind AS kind, $policy_id AS policy_id, $version AS version, $sha256 AS sha256, $content AS content,
           $prepared_by AS prepared_by, $approved_by AS approved_by, $run_id AS run_id, $at::TIMESTAMP AS first_seen_at
         WHERE NOT EXISTS (SELECT 1 FROM evidence.policy_versions
           WHERE kind = $kind AND policy_id = $policy_id AND version = $version AND sha256 = $sha256)`,
        { ...version, run_id, at },
      );
    return added;
  });
}
