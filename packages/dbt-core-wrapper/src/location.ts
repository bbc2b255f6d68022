/** Where a database says that a statement is wrong: `line` of the whole statement, counted from 1. */
export interface StatementPosition {
  readonly line: number;
  /** Counted from 1; null if the database shows the line instead. */
  readonly column: number | null;
  /** The line, or a part of it, as DuckDB shows it; null if it shows none. */
  readonly excerpt: string | null;
}

/** Finds DuckDB's `LINE 4: …` or BigQuery's `… at [4:7]` in an error message. */
export function statementPosition(message: string): StatementPosition | null {
  const duckdb = /^\s*LINE (\d+): (.*)$/m.exec(message);
  if (duckdb) {
    // Long lines are cut to a window, marked by dots.
    const excerpt = (duckdb[2] ?? '').replace(/^\.\.\.|\.\.\.\s*$/g, '').trim();
    return { line: Number(duckdb[1]), column: null, excerpt: excerpt === '' ? null : excerpt };
  }
  const bigquery = /\bat \[(\d+):(\d+)\]/.exec(message);
  return bigquery ? { line: Number(bigquery[1]), column: Number(bigquery[2]), excerpt: null } : null;
}

/**
 * The line of a node's compiled SQL that a position in the whole statement means, or null if that is not certain.
 * dbt wraps the compiled SQL in a statement (which it keeps in the `run` folder) and may put one line of comment
 * before it; what the message shows of the line has to agree.
 */
export function compiledLine(
  position: StatementPosition,
  message: string,
  compiled: string,
  statement: string | null,
): number | null {
  const lines = compiled.split('\n');
  const agrees = (line: number): boolean => lineAgrees(lines[line - 1], position, message);
  const before = statement === null ? -1 : statement.indexOf(compiled.trim());
  if (statement !== null && before >= 0) {
    const leading = compiled.length - compiled.trimStart().length;
    const offset = countLines(statement.slice(0, before)) - countLines(compiled.slice(0, leading));
    const found = [1, 0].map((comment) => position.line - offset - comment).find(agrees);
    if (found !== undefined) return found;
  }
  const all = position.excerpt === null ? [] : lines.map((_, index) => index + 1).filter(agrees);
  return all.length === 1 ? (all[0] ?? null) : null;
}

function lineAgrees(line: string | undefined, position: StatementPosition, message: string): boolean {
  if (line === undefined) return false;
  if (position.excerpt !== null) return line.includes(position.excerpt);
  const word = /^[\w$]+/.exec(line.slice((position.column ?? 1) - 1).replace(/^[`"']/, ''))?.[0];
  return word !== undefined && message.includes(word);
}

/**
 * The line of a model's file that a line of its compiled SQL comes from, or null if that is not certain. Lines
 * without Jinja are the same in both; one with Jinja is found when the lines around it lie equally far apart.
 */
export function sourceLine(line: number, compiled: string, source: string): number | null {
  const body = source.trimEnd().split('\n');
  const skipped = leadingBlankLines(source);
  const code = compiled.trimEnd().split('\n');
  const anchors = anchorPairs(code, body.slice(skipped));
  const above = anchors.findLast(([inCode]) => inCode <= line);
  const below = anchors.find(([inCode]) => inCode >= line);
  if (above === undefined || below === undefined) return null;
  if (below[0] - above[0] !== below[1] - above[1]) return null;
  return skipped + above[1] + line - above[0];
}

/** dbt strips a file before it reads it, so its line 1 is the first line that is not blank. */
export function leadingBlankLines(source: string): number {
  return countLines(source.slice(0, source.length - source.trimStart().length));
}

/** Lines, counted from 1, whose text occurs once in both; first and last serve as ends. */
function anchorPairs(
  code: readonly string[],
  body: readonly string[],
): readonly (readonly [number, number])[] {
  const inBody = uniqueLines(body);
  const shared = [...uniqueLines(code)].flatMap(([text, line]) => {
    const other = inBody.get(text);
    return other === undefined ? [] : [[line, other] as const];
  });
  return [[0, 0], ...shared, [code.length + 1, body.length + 1]];
}

function uniqueLines(lines: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const repeated = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    if (found.has(text) || text === '') repeated.add(text);
    found.set(text, index + 1);
  }
  for (const text of repeated) found.delete(text);
  return found;
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
