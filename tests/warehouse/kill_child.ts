import { join } from 'node:path';
import { READINGS } from '../../schemas/polaris.ts';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';
import { OPEN_GATE } from '../contract/warehouse/fixtures.ts';
import { killPages } from './kill_pages.ts';

// Loads readings, saying where it is, so that the test can kill it there.
const [, , directory = ''] = process.argv;
const say = (line: string) => process.stdout.write(`${line}\n`);
const warehouse = await openDuckDbWarehouse({
  path: join(directory, 'warehouse.duckdb'),
  tempDir: join(directory, 'tmp'),
  memoryLimitMb: 256,
  threads: 1,
});
const load = await warehouse.startLoad(READINGS, 'killed', () => new Date());
for (const [index, page] of killPages().entries()) {
  await load.add(page);
  say(`added ${index}`);
}
say('committing');
await load.commit({ complete: false, gate: OPEN_GATE });
say('committed');
setInterval(() => undefined, 1000);
