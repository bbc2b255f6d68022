import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTESTANTS } from './contestants.ts';
import { DATA_SETS } from './data_sets.ts';

/** What one benchmark runs. */
export interface BenchOptions {
  readonly rows: number;
  readonly runs: number;
  /** Readings of the memory curve's second point. */
  readonly memory_rows: number;
  /** Data sets, contestants, `memory`; empty = everything. */
  readonly only: readonly string[];
  /** Where rendered rows and the runs' folders are; may grow to some ten gigabytes. */
  readonly data_dir: string;
  /** Where results are written; null = only printed. */
  readonly results: string | null;
}

const MILLION = 1_000_000;
/** A word for `--only`: one reading of the memory curve. */
export const MEMORY = 'memory';

/**
 * Reads the command line. Results are kept when everything ran, or a folder is named.
 * @throws Error naming the option, what was given and what is wanted
 */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: String(MILLION) },
      runs: { type: 'string', default: '3' },
      'memory-rows': { type: 'string', default: String(10 * MILLION) },
      only: { type: 'string', multiple: true, default: [] },
      'data-dir': { type: 'string', default: join(import.meta.dirname, 'data') },
      results: { type: 'string' },
    },
  });
  const known = [...new Set([...DATA_SETS, ...CONTESTANTS.map(({ name }) => name), MEMORY])];
  for (const word of values.only) {
    if (!known.includes(word)) throw new Error(`--only: got ${word}, want one of ${known.join(', ')}`);
  }
  const isWhole = values.only.length === 0;
  return {
    rows: count('rows', values.rows, 1000),
    runs: count('runs', values.runs, 1),
    memory_rows: count('memory-rows', values['memory-rows'], 1000),
    only: values.only,
    data_dir: values['data-dir'],
    results: values.results ?? (isWhole ? join(import.meta.dirname, 'results') : null),
  };
}

function count(name: string, text: string, least: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number < least) throw new Error(`--${name}: got ${text}, want a number from ${least}`);
  return number;
}

/** Whether a contestant is to run: its data set and its name are named, or nothing of the kind is. */
export function isAsked(only: readonly string[], data: string, name: string): boolean {
  const sets = only.filter((word) => (DATA_SETS as readonly string[]).includes(word));
  const names = only.filter((word) => word !== MEMORY && !sets.includes(word));
  if (only.length > 0 && sets.length + names.length === 0) return false;
  return (sets.length === 0 || sets.includes(data)) && (names.length === 0 || names.includes(name));
}
