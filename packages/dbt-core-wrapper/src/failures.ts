import { DbtError, type DbtErrorKind } from './error.ts';
import type { DbtResult, NodeResult } from './result.ts';

/**
 * One text per failed node, in dbt's order: what it is, file and line, the message (which may have several lines),
 * and where its SQL can be read. Empty after a success.
 */
export function describeFailures(result: DbtResult): readonly string[] {
  return result.nodes.filter(({ failed }) => failed).map(describeNode);
}

function describeNode(node: NodeResult): string {
  const place = node.file === null ? '' : ` (${node.file}${node.line === null ? '' : `:${node.line}`})`;
  const [first = node.status, ...rest] = (node.message ?? node.status).split('\n');
  const more = rest.map((line) => `\n    ${line}`).join('');
  const line = node.compiledLine === null ? '' : `:${node.compiledLine}`;
  const sql = node.compiledPath === null ? '' : `\n    SQL: ${node.compiledPath}${line}`;
  return `${node.resourceType} ${node.name}${place}: ${first}${more}${sql}`;
}

/**
 * Returns a successful result unchanged.
 *
 * @throws DbtError for the first failure (an error before a failed test), with all failures in its message: `test`
 *   if tests failed, `compilation` or `database` if a node could not run
 */
export function requireSuccess<T extends DbtResult>(result: T): T {
  if (result.success) return result;
  const failed = result.nodes.filter((node) => node.failed);
  const first = failed.find(({ status }) => status !== 'fail') ?? failed[0];
  const { errors, tests_failed, skipped } = result.counts;
  const observed = `${errors} errors, ${tests_failed} failed tests and ${skipped} skipped nodes`;
  const list = describeFailures(result).map((text) => `\n  ${text.replaceAll('\n', '\n  ')}`);
  const message = `dbt: ${result.command}: got ${observed}, want none; correct what is named here and run it again:${list.join('')}`;
  throw new DbtError(failureKind(first), message, {
    observed: first?.message ?? observed,
    exitCode: 1,
    ...(first === undefined ? {} : { node: first.name }),
    ...(first === undefined || first.file === null ? {} : { file: first.file }),
    ...(first === undefined || first.line === null ? {} : { line: first.line }),
  });
}

function failureKind(node: NodeResult | undefined): DbtErrorKind {
  if (node === undefined) return 'crash';
  if (node.status === 'fail') return 'test';
  // Without SQL it never reached the database.
  return node.compiledSql === null ? 'compilation' : 'database';
}
