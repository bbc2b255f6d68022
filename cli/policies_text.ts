import type { PolicyDiff } from '../pipelines/policy_diff.ts';
import type { DiffLine, DiffTotal } from '../pipelines/policy_diff_lines.ts';
import type { ListedPolicy, PolicyList } from '../pipelines/policy_list.ts';

/** What was checked, for people. */
export function renderPolicies(folder: string, { policies, checked, notes }: PolicyList): string {
  const rows = policies.map((policy) => [
    policy.file,
    policy.version,
    inForce(policy),
    `${policy.prepared_by} / ${policy.approved_by}`,
    policy.content,
  ]);
  return [
    `policies: valid: ${checked.versions} versions in ${checked.files} files of ${folder}`,
    '',
    ...table(['file', 'version', 'in force', 'prepared by / approved by', 'content'], rows),
    '',
    `checked: keys and values of ${checked.files} files; ${checked.versions} pairs of author and approver; days and overlaps of versions; ${checked.pairs} pairs of overage policies for equal reach`,
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}

function inForce({ effective_from, effective_to }: ListedPolicy): string {
  if (effective_from === null) return 'while it stands';
  return effective_to === null ? `from ${effective_from}` : `${effective_from} to ${effective_to}`;
}

/** The lines that differ, then what all come to. */
export function renderPolicyDiff(diff: PolicyDiff): string {
  const differing = diff.lines.filter((line) => line.old_amount !== line.new_amount);
  const rows = differing.map(lineCells);
  return [
    `policies: ${diff.a} → ${diff.b}: lines of the billing periods that begin in ${diff.month} (as of ${diff.as_of}); nothing was changed`,
    '',
    ...(rows.length === 0 ? [] : [...table(HEADER, rows, AMOUNTS), '']),
    ...(diff.lines.length === 0 ? ['no lines under either'] : diff.totals.map(totalLine)),
    ...diff.notes.map((note) => `note: ${note}`),
  ].join('\n');
}

const HEADER = ['subscription', 'dimension', 'period', 'policy', 'old', 'new', 'difference'];
/** Columns that stand to the right. */
const AMOUNTS: readonly number[] = [4, 5, 6];

function lineCells(line: DiffLine): readonly string[] {
  const { old_policies, new_policies } = line;
  const policy =
    old_policies === new_policies ? (old_policies ?? '-') : `${old_policies ?? '-'} → ${new_policies ?? '-'}`;
  const { subscription_id, dimension, service_period, old_amount, new_amount } = line;
  const amounts = [old_amount ?? '-', new_amount ?? '-', signed(line.difference)];
  return [subscription_id, dimension, service_period, policy, ...amounts];
}

function totalLine(total: DiffTotal): string {
  const { currency, lines, lines_that_differ, old_amount, new_amount, difference } = total;
  return `total ${currency}: ${old_amount} → ${new_amount}, ${signed(difference)}; ${lines_that_differ} of ${lines} lines differ`;
}

function signed(amount: string): string {
  return amount.startsWith('-') || /^0\.0+$/.test(amount) ? amount : `+${amount}`;
}

function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): readonly string[] {
  const widths = header.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [header, ...rows].map((row) =>
    `  ${row
      .map((cell, at) => (right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')}`.trimEnd(),
  );
}
