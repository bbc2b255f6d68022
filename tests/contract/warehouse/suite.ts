import { describe } from 'vitest';
import { exportsSuite } from './exports.ts';
import { loadsSuite } from './loads.ts';
import { type OpenWarehouse, openForEachTest } from './opened.ts';
import { patchesSuite } from './patches.ts';
import { quarantineSuite } from './quarantine.ts';
import { readingDaysSuite } from './reading_days.ts';
import { readingsSuite } from './readings.ts';
import { recordsSuite } from './records.ts';
import { runsSuite } from './runs.ts';
import { valuesSuite } from './values.ts';

/** What every warehouse must do, whatever engine it is on. */
export function warehouseSuite(engine: string, openIn: OpenWarehouse): void {
  describe(engine, () => {
    const opened = openForEachTest(openIn);
    for (const suite of [
      readingsSuite,
      readingDaysSuite,
      recordsSuite,
      patchesSuite,
      valuesSuite,
      quarantineSuite,
      loadsSuite,
      runsSuite,
      exportsSuite,
    ])
      suite(opened);
  });
}
