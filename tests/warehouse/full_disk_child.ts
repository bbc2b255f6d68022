import { READINGS } from '../../schemas/polaris.ts';
import type { Session } from '../../warehouse/duckdb/database.ts';
import { openStage } from '../../warehouse/duckdb/stage.ts';
import { landed, reading } from '../contract/warehouse/fixtures.ts';

// Stages a page of about 1 MB in the folder named, where files may not become that large; says what came of it.
const nothing = { run: async () => 0 } as unknown as Session;
const stage = await openStage({ tempDir: process.argv[2] ?? '' }, nothing, READINGS);
await stage.add(landed(READINGS, [reading({ region: 'x'.repeat(1024 * 1024) })]));
const outcome = await stage.flush().then(
  () => 'staged',
  (error: unknown) => String(error),
);
process.stdout.write(outcome);
