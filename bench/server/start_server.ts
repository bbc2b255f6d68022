import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Credentials } from './polaris_routes.ts';

/** What the server says of itself. `cpu_s`: seconds of processor time since its start. */
interface ServerLook {
  readonly cpu_s: number;
  readonly asked: readonly { readonly accept_encoding: string; readonly page_rows: string }[];
}

/** The server's process. */
export interface BenchServer {
  readonly url: string;
  look(): Promise<ServerLook>;
  close(): Promise<void>;
}

/** The environment in which contestants and server find the loopback credentials. */
export function credentialsEnv({ client_id, client_secret }: Credentials): NodeJS.ProcessEnv {
  return { ...process.env, BENCH_CLIENT_ID: client_id, BENCH_CLIENT_SECRET: client_secret };
}

/** Starts the server over rendered rows. @throws Error when it ends before it listens */
export async function startServer(
  readings: string,
  accounts: string,
  credentials: Credentials,
): Promise<BenchServer> {
  const script = join(import.meta.dirname, 'serve_bench.ts');
  const child = spawn(process.execPath, [script, readings, accounts], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: credentialsEnv(credentials),
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`bench: server: got exit ${code}, want a URL; see above`)));
  });
  return {
    url,
    look: async () => (await (await fetch(`${url}/_bench`)).json()) as ServerLook,
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
