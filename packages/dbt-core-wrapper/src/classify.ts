import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DbtErrorKind } from './error.ts';
import { leadingBlankLines } from './location.ts';

/** What dbt's words about a failure tell. */
export interface Failure {
  readonly kind: DbtErrorKind;
  readonly node?: string;
  readonly file?: string;
  readonly line?: number;
  /** dbt's words without the wrapping that repeats the node. */
  readonly observed: string;
}

/**
 * Reads the text of a dbt exception: kind, node, file and line.
 *
 * @param stackTrace dbt adds one to what it did not foresee, such as an error of the database's driver
 */
export function classifyError(text: string, stackTrace: string | null, projectDir: string): Failure {
  const place = errorPlace(text, projectDir);
  return { kind: errorKind(text, stackTrace), ...place, observed: errorCore(text) };
}

function errorKind(text: string, stackTrace: string | null): DbtErrorKind {
  if (/\bCompilation Error\b/.test(text)) return 'compilation';
  if (/\bDatabase Error\b/.test(text)) return 'database';
  if (stackTrace !== null) return /[\\/]dbt[\\/]adapters[\\/]/.test(stackTrace) ? 'database' : 'crash';
  if (/is not a valid (method name|selector)|Could not find selector/.test(text)) return 'usage';
  // Parsing, profile, credentials, environment variables, packages, contracts between versions.
  return 'project';
}

/** The forms in which dbt names where it is, each with the groups `node` and `file` as far as it has them. */
const PLACES = [
  /\bin \w+ (?<node>\S+) \((?<file>[^)]+)\)/,
  /'(?<node>[a-z_]+\.[^']+)' \((?<file>[^)]+)\)/,
  /Error reading [^:]+: (?<file>\S+)/,
  /given in (?<file>\S+\.ya?ml)/,
] as const;

function errorPlace(text: string, projectDir: string): Pick<Failure, 'node' | 'file' | 'line'> {
  const groups = PLACES.map((place) => place.exec(text)?.groups).find((found) => found !== undefined);
  const file = groups?.file === undefined ? undefined : projectFile(groups.file, projectDir);
  // A unique id is <type>.<project>.<name>.
  const node = groups?.node?.replace(/^[a-z_]+\.\w+\./, '');
  const line = file === undefined ? undefined : fileLine(text, path.resolve(projectDir, file));
  return {
    ...(node === undefined ? {} : { node }),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
  };
}

/** dbt names a .yml file below its `models` (or `seeds`, …) folder without that folder: looked up if it is unique. */
function projectFile(file: string, projectDir: string): string {
  if (path.isAbsolute(file) || existsSync(path.join(projectDir, file))) return file;
  const folders = readdirSync(projectDir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const found = folders
    .map(({ name }) => path.join(name, file))
    .filter((name) => existsSync(path.join(projectDir, name)));
  return found.length === 1 && found[0] !== undefined ? found[0] : file;
}

function fileLine(text: string, file: string): number | undefined {
  const line = /(?:^\s*line |near line )(\d+)/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const skipped = existsSync(file) ? leadingBlankLines(readFileSync(file, 'utf8')) : 0;
  return Number(line) + skipped;
}

/** Drops dbt's headings ("Runtime Error in model x (…)"), the indentation they bring, and DuckDB's caret. */
export function errorCore(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const isHeading = (line: string): boolean =>
    /^(Runtime|Compilation|Database|Parsing) Error( in .+\))?$/.test(line);
  const core = lines.filter((line) => line !== '' && line !== '^' && !isHeading(line));
  return core.length === 0 ? lines.join(' ').trim() : core.join('\n');
}
