import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DbtCommand } from './arguments.ts';
import type { Catalog, Manifest, RunResult, RunResults } from './artifacts.ts';
import { errorCore } from './classify.ts';
import { compiledLine, leadingBlankLines, sourceLine, statementPosition } from './location.ts';
import { isFailure, type NodeStatus, nodeStatus } from './status.ts';

/** One node's outcome: one per node that the call selected, hooks included. */
export interface NodeResult {
  /** dbt's unique id, such as `model.shop.orders`. */
  readonly id: string;
  readonly name: string;
  /** `model`, `test`, `unit_test`, `seed`, `snapshot`, `operation` (a hook), … */
  readonly resourceType: string;
  readonly status: NodeStatus;
  readonly failed: boolean;
  readonly seconds: number;
  /** dbt's or the database's words, without what repeats the node; null if there are none. */
  readonly message: string | null;
  /** Tests: number of rows that failed. */
  readonly failures: number | null;
  /** Rows written, where the adapter tells (BigQuery; DuckDB for seeds only). */
  readonly rows: number | null;
  /** Path below the project directory; null for a node that the manifest does not hold. */
  readonly file: string | null;
  /** Failed nodes: the line in `file`, counted from 1, when it is certain. */
  readonly line: number | null;
  /** Failed nodes: the line in the compiled SQL, counted from 1, when it is certain. */
  readonly compiledLine: number | null;
  readonly compiledSql: string | null;
  readonly compiledPath: string | null;
  /** The node's relation as the database names it; null for what makes none. */
  readonly relation: string | null;
}

/** How the nodes ended. The members other than `nodes` add up to it. */
export interface DbtCounts {
  readonly nodes: number;
  /** Models, seeds, snapshots built; after `compile` and `docs` the nodes that were compiled. */
  readonly built: number;
  readonly hooks: number;
  readonly tests_passed: number;
  readonly tests_failed: number;
  /** Tests that found rows but only warn. */
  readonly tests_warned: number;
  readonly skipped: number;
  readonly no_op: number;
  /** Nodes that could not run, tests that could not run included. */
  readonly errors: number;
}

/** A dbt command that ran to its end, well or not. */
export interface DbtResult {
  readonly command: DbtCommand;
  /** True if dbt exited with 0: no error and no failed test. */
  readonly success: boolean;
  readonly nodes: readonly NodeResult[];
  readonly counts: DbtCounts;
  /** Whole duration, start of Python included. */
  readonly elapsedSeconds: number;
  readonly dbtVersion: string;
  readonly invocationId: string;
  /** Warnings of dbt about the call or the project, not about single nodes. */
  readonly warnings: readonly string[];
  readonly manifest: Manifest;
}

/** A `docs` call: the catalog, and the folder in which `index.html` can be served with it. */
export interface DbtDocsResult extends DbtResult {
  readonly catalog: Catalog;
  readonly sitePath: string;
}

/** Joins the outcomes with the manifest: one entry per outcome, in dbt's order. */
export function nodeResults(
  results: RunResults,
  manifest: Manifest,
  projectDir: string,
): readonly NodeResult[] {
  return results.results.map((result) => nodeResult(result, manifest, projectDir));
}

function nodeResult(result: RunResult, manifest: Manifest, projectDir: string): NodeResult {
  const node = manifest.nodes[result.unique_id];
  const known = node ?? manifest.unit_tests[result.unique_id];
  const status = nodeStatus(result.status);
  const failed = isFailure(status);
  const compiled = result.compiled_code ?? null;
  const [resourceType = '', , ...rest] = result.unique_id.split('.');
  return {
    id: result.unique_id,
    name: known?.name ?? rest.join('.'),
    resourceType,
    status,
    failed,
    seconds: result.execution_time,
    message: result.message ? errorCore(result.message) : null,
    failures: resourceType.endsWith('test') ? (result.failures ?? null) : null,
    rows: result.adapter_response.rows_affected ?? null,
    file: known === undefined ? null : path.normalize(known.original_file_path),
    ...failureLines(failed ? (result.message ?? '') : '', compiled, node, projectDir),
    compiledSql: compiled,
    compiledPath: below(projectDir, node?.compiled_path),
    relation: result.relation_name ?? null,
  };
}

function failureLines(
  message: string,
  compiled: string | null,
  node: Manifest['nodes'][string] | undefined,
  projectDir: string,
): Pick<NodeResult, 'line' | 'compiledLine'> {
  const source =
    node === undefined ? null : (textOf(path.resolve(projectDir, node.original_file_path)) ?? node.raw_code);
  const jinja = /^\s*line (\d+)$/m.exec(message)?.[1];
  if (jinja !== undefined) {
    return { line: Number(jinja) + leadingBlankLines(source ?? ''), compiledLine: null };
  }
  const position = statementPosition(message);
  if (position === null || compiled === null || node === undefined) return { line: null, compiledLine: null };
  const statement = textOf(below(projectDir, node.build_path));
  const inCompiled = compiledLine(position, message, compiled, statement);
  // A generic test's file is its .yml, whose lines are not those of its SQL.
  if (inCompiled === null || !source || !/\.sql$/.test(node.original_file_path)) {
    return { line: null, compiledLine: inCompiled };
  }
  return { line: sourceLine(inCompiled, compiled, source), compiledLine: inCompiled };
}

function below(projectDir: string, file: string | null | undefined): string | null {
  return file ? path.resolve(projectDir, file) : null;
}

function textOf(file: string | null): string | null {
  return file !== null && existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** Counts outcomes by status. */
export function countNodes(nodes: readonly NodeResult[]): DbtCounts {
  const count = (...statuses: readonly NodeStatus[]): number =>
    nodes.filter(({ status, resourceType }) => resourceType !== 'operation' && statuses.includes(status))
      .length;
  return {
    nodes: nodes.length,
    built: count('success'),
    hooks: nodes.filter(({ resourceType, failed }) => resourceType === 'operation' && !failed).length,
    tests_passed: count('pass'),
    tests_failed: count('fail'),
    tests_warned: count('warn'),
    skipped: count('skipped'),
    no_op: count('no-op'),
    errors: nodes.filter(({ status, failed }) => failed && status !== 'fail').length,
  };
}
