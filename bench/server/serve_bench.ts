import { type Route, type RunningServer, serve } from '../../simulators/server.ts';
import type { AccountFacts } from '../render_accounts.ts';
import type { ReadingFacts } from '../render_readings.ts';
import { RowStore } from '../row_store.ts';
import { AskedPages } from './asked_pages.ts';
import { polarisRoutes } from './polaris_routes.ts';
import { salesforceRoutes } from './salesforce_routes.ts';

// A process of its own: node serve_bench.ts <readings store> <accounts store>, credentials in the environment. It
// prints its URL, and lives until its standard input ends, so that it never outlives the benchmark.
const [readings = '', accounts = ''] = process.argv.slice(2);
const { BENCH_CLIENT_ID: client_id = '', BENCH_CLIENT_SECRET: client_secret = '' } = process.env;

const asked = new AskedPages();
const started: { server?: RunningServer } = {};
/** What this process has used so far, and how pages were asked for since the last look. */
const look: Route = {
  method: 'GET',
  pattern: /^\/_bench$/,
  open: true,
  handler: () => {
    const { user, system } = process.cpuUsage();
    return { status: 200, body: { cpu_s: (user + system) / 1e6, asked: asked.take() } };
  },
};
const credentials = { client_id, client_secret };
const server = await serve([
  look,
  ...polarisRoutes(new RowStore<ReadingFacts>(readings), credentials, asked),
  ...salesforceRoutes(
    new RowStore<AccountFacts>(accounts),
    credentials,
    asked,
    () => started.server?.url ?? '',
  ),
]);
started.server = server;
process.stdout.write(`${server.url}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
