import { POLARIS_CASES } from './polaris_cases.ts';
import { SALESFORCE_CASES } from './salesforce_cases.ts';
import type { SourceCase } from './source_case.ts';
import { TACKLE_CASES } from './tackle_cases.ts';

/** What every source must do with whatever its API does. A new source adds its cases to this list. */
export const CASES: readonly SourceCase[] = [...POLARIS_CASES, ...SALESFORCE_CASES, ...TACKLE_CASES];

/** How a case asks its API, as its title ends: `salesforce (Bulk 2.0)`. */
export function wayOf({ title, stream }: SourceCase): string {
  return `${stream.source} ${/\([^()]+\)$/.exec(title)?.[0] ?? ''}`;
}

/** One case for each way of asking: what is between a reader and an API does not depend on the stream. */
export const WAYS: readonly SourceCase[] = CASES.filter(
  (each, index) => CASES.findIndex((other) => wayOf(other) === wayOf(each)) === index,
);
