import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** One open connection to hyperd. Hyper takes one statement per call and no `$1` parameters. */
export interface HyperConnection {
  /** Runs one statement. Rows come back as objects with text values: exact for 128-bit decimals. */
  query(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
  close(): Promise<void>;
}

/** A running hyperd. It lives as long as this process: it stops when the callback socket closes. */
export interface Hyperd {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  connect(database?: string): Promise<HyperConnection>;
  /** Asks hyperd to stop and waits; kills it when it takes longer than `timeoutMs`. */
  stop(timeoutMs?: number): Promise<void>;
}

const USER = 'tableau_internal_user';
const START_TIMEOUT_MS = 30_000;
const SETTINGS = [
  `--init-user=${USER}`,
  '--language=en_US',
  '--no-password=true',
  '--skip-license=true',
  '--date-style=MDY',
  '--date-style-lenient=false',
  '--log-config=',
  '--default-database-version=3',
] as const;

/**
 * The hyperd program of the Python package `tableauhyperapi` inside a virtual environment.
 * @throws Error when the environment holds none.
 */
export async function findHyperd(venvDir: string): Promise<string> {
  const lib = join(venvDir, 'lib');
  const pythons = await readdir(lib).catch(() => [] as string[]);
  const name = process.platform === 'win32' ? 'hyperd.exe' : 'hyperd';
  for (const python of pythons.filter((entry) => entry.startsWith('python'))) {
    const candidate = join(lib, python, 'site-packages', 'tableauhyperapi', 'bin', 'hyper', name);
    const found = await access(candidate).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  throw new Error(
    `extracts: hyperd in ${venvDir}: got none, want the package tableauhyperapi; run the set-up (npm run setup)`,
  );
}

/**
 * Starts hyperd on a free loopback port (about 0.1 s), in a process group of its own: Ctrl-C must not end it in mid-file.
 * Telemetry stays off, since `--telemetry-opt-in` is never given.
 * @throws Error when the program cannot be started or does not call back within 30 s.
 */
export async function startHyperd(program: string): Promise<Hyperd> {
  const callbacks = createServer();
  callbacks.listen(0, '127.0.0.1');
  await once(callbacks, 'listening');
  const address = callbacks.address();
  const callbackPort = typeof address === 'object' && address !== null ? address.port : 0;
  const child = spawn(
    program,
    [
      'run',
      ...SETTINGS,
      '--listen-connection',
      'tab.tcp://127.0.0.1:auto',
      '--callback-connection',
      `tab.tcp://127.0.0.1:${callbackPort}`,
    ],
    { cwd: tmpdir(), stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  try {
    const { socket, endpoint } = await firstCall(child, callbacks, program);
    return running(child, socket, endpoint);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    callbacks.close();
  }
}

/** Starts hyperd, runs `work` and stops hyperd whatever happens. */
export async function withHyperd<T>(program: string, work: (hyperd: Hyperd) => Promise<T>): Promise<T> {
  const hyperd = await startHyperd(program);
  try {
    return await work(hyperd);
  } finally {
    await hyperd.stop();
  }
}

/** hyperd calls back once with one length byte and its endpoint's text, NUL-terminated. */
function firstCall(
  child: ChildProcess,
  callbacks: Server,
  program: string,
): Promise<{ socket: Socket; endpoint: string }> {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    const fail = (observed: string, cause?: unknown) => {
      clearTimeout(timer);
      reject(
        new Error(
          `extracts: hyperd ${program}: got ${observed}${stderr === '' ? '' : ` (${stderr.trim()})`}, want a callback; check that the program runs on this machine`,
          { cause },
        ),
      );
    };
    const timer = setTimeout(() => fail(`no answer in ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    child.once('error', (error) => fail(error.message, error));
    child.once('exit', (code, signal) => fail(`exit ${code ?? signal}`));
    callbacks.once('connection', (socket: Socket) => {
      let received = Buffer.alloc(0);
      socket.on('error', (error) => fail(error.message, error));
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        const length = received[0];
        if (length === undefined || received.length < 1 + length) return;
        clearTimeout(timer);
        resolve({ socket, endpoint: received.toString('utf8', 1, 1 + length).replace(/\0+$/, '') });
      });
    });
  });
}

function running(child: ChildProcess, socket: Socket, endpoint: string): Hyperd {
  const match = /:\/\/(.+):(\d+)$/.exec(endpoint);
  const host = match?.[1];
  if (host === undefined || child.pid === undefined) {
    throw new Error(
      `extracts: hyperd endpoint: got ${JSON.stringify(endpoint)}, want tab.tcp://<host>:<port>`,
    );
  }
  const port = Number(match?.[2]);
  return {
    host,
    port,
    pid: child.pid,
    connect: (database = '') => connect(host, port, database),
    stop: (timeoutMs = 30_000) => stop(child, socket, timeoutMs),
  };
}

async function stop(child: ChildProcess, socket: Socket, timeoutMs: number): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    socket.end(); // the closed callback socket is hyperd's stop signal
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await exited;
    clearTimeout(timer);
  }
  socket.destroy();
}

const AS_TEXT = { getTypeParser: () => (value: string | Buffer) => value.toString() };

async function connect(host: string, port: number, database: string): Promise<HyperConnection> {
  const client = new pg.Client({ host, port, user: USER, database, ssl: false, types: AS_TEXT });
  client.on('error', () => {}); // an idle client reports hyperd's end here; the next query fails with the reason
  await client.connect();
  return {
    query: async (sql) => {
      const result = await client.query<Record<string, string | null>>(sql);
      return result.rows;
    },
    close: () => client.end(),
  };
}
