import { acquireRunLock } from '../../warehouse/lock.ts';

// Takes the run lock of a directory, says so, and holds it until the process is killed.
const [, , directory = ''] = process.argv;
await acquireRunLock(directory, () => new Date('2026-11-23T02:30:00Z'));
process.stdout.write('held\n');
setInterval(() => undefined, 1000);
