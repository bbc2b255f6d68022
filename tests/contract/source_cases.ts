import { POLARIS_CASES } from './polaris_cases.ts';
import { SALESFORCE_CASES } from './salesforce_cases.ts';
import type { SourceCase } from './source_case.ts';
import { TACKLE_CASES } from './tackle_cases.ts';

/** What every source must do with whatever its API does. A new source adds its cases to this list. */
export const CASES: readonly SourceCase[] = [...POLARIS_CASES, ...SALESFORCE_CASES, ...TACKLE_CASES];
