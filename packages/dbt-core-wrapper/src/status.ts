/** What became of a node, in dbt's words; `unknown` is a word this package does not know and counts as an error. */
export type NodeStatus =
  | 'success'
  | 'error'
  | 'fail'
  | 'warn'
  | 'skipped'
  | 'partial success'
  | 'pass'
  | 'runtime error'
  | 'no-op'
  | 'unknown';

const STATUSES: ReadonlySet<string> = new Set<NodeStatus>([
  'success',
  'error',
  'fail',
  'warn',
  'skipped',
  'partial success',
  'pass',
  'runtime error',
  'no-op',
]);

/** Reads a status; anything that dbt 1.11 does not say becomes `unknown`, so that it never passes for a success. */
export function nodeStatus(text: string): NodeStatus {
  return isStatus(text) ? text : 'unknown';
}

/** True for the statuses that make a node a failure (`dbt.artifacts.schemas.results.NodeStatus`). */
export function isFailure(status: NodeStatus): boolean {
  return ['error', 'fail', 'partial success', 'runtime error', 'unknown'].includes(status);
}

function isStatus(text: string): text is NodeStatus {
  return STATUSES.has(text);
}
