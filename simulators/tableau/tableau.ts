import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, type SimRequest, serve } from '../server.ts';
import { Jobs } from './jobs.ts';
import type { HyperEngine } from './published_file.ts';
import { tableauRoutes } from './routes.ts';
import { type Credentials, Sessions } from './sessions.ts';
import type { Site } from './site.ts';
import { Store } from './store.ts';
import { Uploads } from './uploads.ts';

const MEGABYTE = 1024 * 1024;

/** Secrets of the simulated site: they open nothing else. */
export const SIMULATED_CREDENTIALS: Credentials = {
  personalAccessTokens: { meterline: 'simulated-tableau-token' },
  connectedApp: {
    clientId: '7d4b0e52-6a7e-4e62-9a0a-3f1f5c0f9a11',
    secretId: '0b6f7c1a-93a5-4f0e-8d55-2f6f0b7c6c22',
    secretValue: 'simulated-connected-app-secret-value-0123456789',
  },
  users: ['meterline@example.com'],
};

/** One published thing, as tests and the summary look at it. */
export interface Published {
  readonly kind: 'datasource' | 'workbook';
  readonly id: string;
  readonly name: string;
  readonly project: string;
  readonly revision: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface TableauSimulatorOptions {
  /** Where publications are kept over restarts; absent: a temporary folder that goes with the simulator. */
  readonly stateDir?: string;
  /** A running hyperd: published .hyper files are then opened, and `PATCH …/data` works. */
  readonly hyperd?: HyperEngine;
  readonly credentials?: Credentials;
  /** The site's content URL; '' is the default site. */
  readonly site?: string;
  readonly now?: () => Date;
  readonly port?: number;
  /** How often a job is asked for before it says that it is done. */
  readonly pollsBeforeDone?: number;
  /** From this size on a file must come in chunks (64 MB at Tableau). */
  readonly singleRequestBytes?: number;
  /** The largest chunk (64 MB at Tableau). */
  readonly maxChunkBytes?: number;
}

/**
 * Starts the Tableau REST API on loopback: sign-in (personal access token, connected app), projects, publishing in
 * one request or in chunks, jobs, live-to-Hyper changes, downloads, permissions. XML in the documented namespace.
 */
export async function startTableauSimulator(
  options: TableauSimulatorOptions = {},
): Promise<RunningServer & { published(): readonly Published[] }> {
  const now = options.now ?? (() => new Date());
  const temporary =
    options.stateDir === undefined ? await mkdtemp(join(tmpdir(), 'meterline-tableau-')) : null;
  const store = new Store(options.stateDir ?? temporary ?? '', now);
  const site = newSite(options, store, now);
  const running: { server?: RunningServer } = {};
  const revoked = (request: SimRequest) =>
    running.server !== undefined &&
    running.server.faults.strike(request.url.pathname + request.url.search, ['revoked_token']) !== null;
  const server = await serve(tableauRoutes(site, revoked), options.port ?? 0);
  running.server = server;
  return {
    ...server,
    published: () => store.contents.map((content) => publishedOf(store, content)),
    close: async () => {
      await server.close();
      await site.inTurn(async () => {}); // work of jobs still under way uses the folder
      if (temporary !== null) await rm(temporary, { recursive: true, force: true });
    },
  };
}

function newSite(options: TableauSimulatorOptions, store: Store, now: () => Date): Site {
  const credentials = options.credentials ?? SIMULATED_CREDENTIALS;
  let last: Promise<unknown> = Promise.resolve();
  return {
    contentUrl: options.site ?? 'meterline',
    store,
    sessions: new Sessions(credentials, now),
    uploads: new Uploads(options.maxChunkBytes ?? 64 * MEGABYTE),
    jobs: new Jobs(options.pollsBeforeDone ?? 1, now),
    engine: options.hyperd ?? null,
    singleRequestBytes: options.singleRequestBytes ?? 64 * MEGABYTE,
    users: credentials.users,
    inTurn: (work) => {
      const next = last.then(work, work);
      last = next.catch(() => {}); // the caller of this turn gets the error; the next turn starts all the same
      return next;
    },
    answeredRequests: new Map(),
  };
}

function publishedOf(store: Store, content: Store['contents'][number]): Published {
  const { kind, id, name, revision, bytes, sha256 } = content;
  const project = store.projects.find((candidate) => candidate.id === content.projectId)?.name ?? '';
  return { kind, id, name, project, revision, bytes, sha256 };
}
