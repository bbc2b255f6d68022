import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { SourceEnv } from '../../connectors/source.ts';

/** One request as a script sees it. */
export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One answer of a script. `keep`: the share of the body that is sent before the connection breaks. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly keep?: number;
  readonly drop?: boolean;
}

export interface ScriptedApi {
  readonly url: string;
  readonly calls: readonly Call[];
  close(): Promise<void>;
}

/** A loopback server that answers with a script; JSON for objects, gzip when asked for. */
export async function scriptedApi(script: (call: Call) => Reply): Promise<ScriptedApi> {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const call = { method: request.method ?? '', url, headers: request.headers, body };
    calls.push(call);
    send(request, response, script(call));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (reply.drop) {
    response.destroy();
    return;
  }
  const isRaw = typeof reply.body === 'string' || Buffer.isBuffer(reply.body);
  let bytes = isRaw ? Buffer.from(reply.body as string) : Buffer.from(JSON.stringify(reply.body ?? null));
  const headers: Record<string, string> = { 'content-type': 'application/json', ...reply.headers };
  if (bytes.length > 200 && String(request.headers['accept-encoding']).includes('gzip')) {
    bytes = gzipSync(bytes);
    headers['content-encoding'] = 'gzip';
  }
  headers['content-length'] ??= String(bytes.length);
  response.writeHead(reply.status ?? 200, headers);
  if (reply.keep === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, Math.floor(bytes.length * reply.keep)), () => response.destroy());
}

/** A world whose sleeps take no time but move the clock; what was slept and logged is kept. */
export interface TestEnv extends SourceEnv {
  readonly slept: number[];
  readonly logged: { readonly level: string; readonly message: string }[];
}

export function testEnv(): TestEnv {
  const slept: number[] = [];
  const logged: { level: string; message: string }[] = [];
  let ahead = 0;
  return {
    slept,
    logged,
    fetch: (input, init) => fetch(input, init),
    now: () => new Date(Date.now() + ahead),
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      ahead += milliseconds;
    },
    random: () => 0.5,
    log: (level, message) => logged.push({ level, message }),
  };
}
