// The process of the bundled simulators: prints one JSON line with where they listen and what they take, and ends
// when its standard input does.
import { join } from 'node:path';
import { NO_WISH, settleWorld } from '../simulators/state.ts';
import { startWorld } from '../simulators/world.ts';
import { lazyHyperd } from './lazy_hyperd.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined)
  throw new Error('cli: simulators process: got no argument, want the data directory');
const world = await startWorld(settleWorld(dataDir, NO_WISH), {
  tableauDir: join(dataDir, 'simulators', 'tableau'),
  hyperd: lazyHyperd(),
});
process.stdout.write(`${JSON.stringify(world.access)}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
  world.close().then(() => process.exit(0));
});
// A terminal's Ctrl-C reaches the whole group; the parent ends us once it has finished its own work.
process.on('SIGINT', () => undefined);
