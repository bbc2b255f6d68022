import { join } from 'node:path';
import { CONTESTANTS } from './contestants.ts';
import { renderDataSets } from './data_sets.ts';
import { race, type Sample, type Tell } from './race.ts';

/** meterline alone over readings of two sizes, once each: its peak memory must not follow the rows. */
export async function memoryCurve(
  dataDir: string,
  sizes: readonly number[],
  tell: Tell,
): Promise<readonly Sample[]> {
  const alone = CONTESTANTS.filter(({ data, name }) => data === 'readings' && name === 'meterline');
  const samples: Sample[] = [];
  for (const rows of sizes) {
    const rendered = await renderDataSets(dataDir, { readings: rows, accounts: 1000 });
    samples.push(...(await race(alone, rendered, 1, join(dataDir, 'runs'), tell)));
  }
  return samples;
}
