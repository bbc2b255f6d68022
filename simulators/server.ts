import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Fault } from './faults.ts';
import { FaultBox } from './faults.ts';

/** One request as a handler sees it. `params` are the named groups of the route's pattern, decoded. */
export interface SimRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly params: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One answer. An object body is sent as JSON; a Buffer or string as it is. */
export interface SimReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | object;
  /** Sent as it is, whatever the client would take: a benchmark measures clients, not this server's gzip. */
  readonly plain?: boolean;
}

export type Handler = (request: SimRequest) => SimReply | Promise<SimReply>;

/** `pattern` is matched against the whole path; `open` routes need no faults (token and control endpoints). */
export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: Handler;
  readonly open?: boolean;
}

/** A simulator that listens on loopback. */
export interface RunningServer {
  readonly url: string;
  readonly faults: FaultBox;
  /** Requests served since the start, by `METHOD path` without the query: tests count re-reads with it. */
  readonly requests: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

const TRANSPORT = ['throttle_seconds', 'throttle_date', 'server_error', 'drop', 'truncate'] as const;
const MAX_BODY_BYTES = 1024 * 1024 * 1024;
const PROBLEM = { 'content-type': 'application/problem+json' };
/** Names gzip, and not with a weight of zero (RFC 9110, 12.5.3). */
const TAKES_GZIP = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/;
const compress = promisify(gzip);

/**
 * Serves routes on 127.0.0.1 and a free port, with gzip when asked for and transport faults when switched on.
 * `PUT /_simulator/faults` (a JSON array of faults) switches faults from another process.
 */
export async function serve(routes: readonly Route[], port = 0): Promise<RunningServer> {
  const faults = new FaultBox();
  const requests = new Map<string, number>();
  const all = [...routes, faultRoute(faults)];
  const server = createServer((request, response) => {
    answer(all, faults, requests, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else
        response
          .writeHead(500, PROBLEM)
          .end(JSON.stringify(problem(500, 'simulator_error', String(error)).body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    faults,
    requests,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function faultRoute(faults: FaultBox): Route {
  return {
    method: 'PUT',
    pattern: /^\/_simulator\/faults$/,
    open: true,
    handler: (request) => {
      try {
        faults.set(JSON.parse(request.body.toString('utf8')) as Fault[]);
      } catch (error) {
        return problem(400, 'bad_request', String(error));
      }
      return { status: 204 };
    },
  };
}

async function answer(
  routes: readonly Route[],
  faults: FaultBox,
  requests: Map<string, number>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const method = incoming.method ?? 'GET';
  requests.set(`${method} ${url.pathname}`, (requests.get(`${method} ${url.pathname}`) ?? 0) + 1);
  const body = await readBody(incoming);
  const matching = routes.filter((route) => route.pattern.test(url.pathname));
  const route = matching.find((candidate) => candidate.method === method);
  if (route === undefined) {
    const detail = `${method} ${url.pathname}`;
    const reply =
      matching.length === 0 ? problem(404, 'not_found', detail) : problem(405, 'method_not_allowed', detail);
    return send(incoming, response, reply, false);
  }
  const strike = route.open ? null : faults.strike(url.pathname + url.search, TRANSPORT);
  if (strike === 'drop') {
    response.destroy();
    return;
  }
  if (strike === 'server_error') {
    return send(incoming, response, problem(503, 'unavailable', 'The service is restarting.'), false);
  }
  if (strike === 'throttle_seconds' || strike === 'throttle_date') {
    // An HTTP date has whole seconds: two seconds ahead is at least one second away.
    const after = strike === 'throttle_seconds' ? '1' : new Date(Date.now() + 2000).toUTCString();
    const reply = problem(429, 'throttled', 'Too many requests.');
    return send(incoming, response, { ...reply, headers: { ...reply.headers, 'retry-after': after } }, false);
  }
  const groups = route.pattern.exec(url.pathname)?.groups ?? {};
  const params = Object.fromEntries(
    Object.entries(groups).map(([key, value]) => [key, decodeURIComponent(value)]),
  );
  const reply = await route.handler({ method, url, headers: incoming.headers, params, body });
  await send(incoming, response, reply, strike === 'truncate');
}

/** An RFC 9457 problem document. */
export function problem(status: number, code: string, detail: string, more: object = {}): SimReply {
  return {
    status,
    headers: PROBLEM,
    body: { type: `urn:simulator:${code}`, title: code.replaceAll('_', ' '), status, code, detail, ...more },
  };
}

async function send(
  incoming: IncomingMessage,
  response: ServerResponse,
  reply: SimReply,
  truncate: boolean,
): Promise<void> {
  const isObject = reply.body !== undefined && typeof reply.body !== 'string' && !Buffer.isBuffer(reply.body);
  const plain = isObject ? JSON.stringify(reply.body) : ((reply.body ?? '') as string | Buffer);
  let bytes = Buffer.isBuffer(plain) ? plain : Buffer.from(plain, 'utf8');
  const headers: Record<string, string> = { date: new Date().toUTCString(), ...reply.headers };
  if (isObject) headers['content-type'] ??= 'application/json';
  if (
    !reply.plain &&
    bytes.length > 1024 &&
    TAKES_GZIP.test(String(incoming.headers['accept-encoding'] ?? ''))
  ) {
    bytes = Buffer.from(await compress(bytes, { level: 1 }));
    headers['content-encoding'] = 'gzip';
  }
  if (reply.status !== 204) headers['content-length'] = String(bytes.length);
  response.writeHead(reply.status, headers);
  if (!truncate) {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES)
      throw new Error(`simulators: request body: got more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
