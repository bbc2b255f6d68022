import { type Night, opened } from './night.ts';

/**
 * Counts the open findings of each rule (`marts.fct_findings`) into the night's results. What the load itself has just
 * compared stands as it is. The warehouse is open and the models are built.
 */
export async function countFindings(night: Night): Promise<void> {
  const rows = await opened(night).query(
    'SELECT rule_id, count(*) AS findings FROM marts.fct_findings WHERE resolved_at IS NULL GROUP BY rule_id ORDER BY rule_id',
  );
  for (const { rule_id, findings } of rows) night.results.findings[String(rule_id)] ??= Number(findings);
}
