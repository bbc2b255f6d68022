import { existsSync } from 'node:fs';
import { sweepEvidence } from '../../evidence/storage/tile_files.ts';
import type { Config } from '../../schemas/config.ts';
import { UsageError } from '../../schemas/errors.ts';
import { acquireRunLock } from '../../warehouse/lock.ts';
import type { Night, NightEnv, NightOptions } from '../night.ts';
import { opened } from '../night.ts';
import { prepare } from '../nightly.ts';
import { dataPaths } from '../paths.ts';
import { closeWarehouse, openWarehouse } from '../warehouse_access.ts';
import { finishCloses } from './finish_closes.ts';

const OPTIONS: NightOptions = {
  command: 'evidence close',
  as_of: null,
  accept_quarantine: [],
  only: ['seal', 'transform'],
  full_refresh: false,
  publish: false,
};

/**
 * Does the work of a close under the run lock, with the warehouse open, after finishing what a killed close left.
 * @throws UsageError where nothing was ever loaded
 * @throws LockedError when a run has the data directory
 */
export async function inCloseRun<T>(
  config: Config,
  env: NightEnv,
  work: (night: Night) => Promise<T>,
): Promise<T> {
  const { warehouse } = dataPaths(config.data_dir);
  if (!existsSync(warehouse))
    throw new UsageError(
      `evidence: close: got no warehouse at ${warehouse}, want one; run \`meterline run\` first`,
    );
  const lock = await acquireRunLock(config.data_dir, env.now);
  try {
    const night = await prepare(config, OPTIONS, env);
    try {
      await openWarehouse(night);
      await sweepEvidence(night.data.evidence);
      await finishCloses(night.data, opened(night));
      return await work(night);
    } finally {
      await closeWarehouse(night);
    }
  } finally {
    lock.release();
  }
}
