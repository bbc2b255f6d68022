import { acquireRunLock } from '../../warehouse/lock.ts';

// Says whether the run lock of a directory is free.
const [, , directory = ''] = process.argv;
const answer = await acquireRunLock(directory).then(
  (lock) => {
    lock.release();
    return 'free';
  },
  (error: unknown) => (error instanceof Error ? error.name : String(error)),
);
process.stdout.write(`${answer}\n`);
