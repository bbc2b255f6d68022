import { createWriteStream, openAsBlob } from 'node:fs';
import { basename, extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DEFAULT_RETRY,
  REAL_EFFECTS,
  type RetryPolicy,
  type TableauAnswer,
  type TableauEffects,
  TableauError,
} from './tableau_http.ts';
import { multipartMixed } from './tableau_multipart.ts';
import { openSession, type TableauSession, type TableauSite } from './tableau_session.ts';
import { descendants, el, elementsOf, findElement, renderXml, textOf, type XmlElement } from './xml.ts';

export type ContentKind = 'datasource' | 'workbook';

/** A published data source or workbook. */
export interface PublishedContent {
  readonly id: string;
  readonly name: string;
  readonly contentUrl: string;
}

/** What one file is published as. */
export interface Publication {
  readonly kind: ContentKind;
  readonly name: string;
  readonly projectId: string;
  readonly path: string;
}

export interface TableauLimits {
  /** From this size on a file goes in chunks: 64 MB at Tableau. */
  readonly singleRequestBytes: number;
  readonly chunkBytes: number;
  /** The first wait for a job, its factor and its bound. */
  readonly pollFirstMs: number;
  readonly pollFactor: number;
  readonly pollMaxMs: number;
  readonly jobTimeoutMs: number;
}

const MEGABYTE = 1024 * 1024;
const TABLEAU_LIMITS: TableauLimits = {
  singleRequestBytes: 64 * MEGABYTE,
  chunkBytes: 50 * MEGABYTE,
  pollFirstMs: 500,
  pollFactor: 1.4,
  pollMaxMs: 30_000,
  jobTimeoutMs: 3_600_000,
};

/** Tableau's REST API as far as publishing needs it. */
export interface TableauClient {
  /** The project at a path such as `Usage/Nightly`. @throws TableauError when there is none. */
  findProject(path: string): Promise<{ readonly id: string }>;
  /** The content of that name in the project, or null. */
  find(kind: ContentKind, name: string, projectId: string): Promise<PublishedContent | null>;
  /** Sends a file of 64 MB or more in chunks and returns the upload session; null: it goes with the publication. */
  upload(path: string): Promise<string | null>;
  /** Publishes as a job and waits for it. `overwrite` false: a name already there is error 409. */
  publish(publication: Publication, overwrite: boolean, uploadSession: string | null): Promise<void>;
  /** Writes the published file, extract included, to `path`. */
  download(kind: ContentKind, id: string, path: string): Promise<void>;
  remove(kind: ContentKind, id: string): Promise<void>;
  signOut(): Promise<void>;
}

/** Signs in to a site. @throws TableauError; its message never holds a secret. */
export async function connectTableau(
  site: TableauSite,
  options: {
    readonly limits?: Partial<TableauLimits>;
    readonly retry?: Partial<RetryPolicy>;
    readonly effects?: Partial<TableauEffects>;
  } = {},
): Promise<TableauClient> {
  const effects = { ...REAL_EFFECTS, ...options.effects };
  const limits = { ...TABLEAU_LIMITS, ...options.limits };
  const session = await openSession(site, { ...DEFAULT_RETRY, ...options.retry }, effects);
  return {
    findProject: (path) => findProject(session, path),
    find: (kind, name, projectId) => find(session, kind, name, projectId),
    upload: (path) => upload(session, limits, path),
    publish: (publication, overwrite, uploadSession) =>
      publish(session, limits, effects, publication, overwrite, uploadSession),
    download: (kind, id, path) =>
      session.fetch(
        { method: 'GET', path: `/${kind}s/${id}/content`, repeatable: true },
        async (response) => {
          if (response.body === null) throw new Error('got an empty body');
          await pipeline(Readable.fromWeb(response.body), createWriteStream(path));
        },
      ),
    remove: async (kind, id) => {
      await session.request({ method: 'DELETE', path: `/${kind}s/${id}`, repeatable: false });
    },
    signOut: () => session.signOut(),
  };
}

async function findProject(session: TableauSession, path: string): Promise<{ readonly id: string }> {
  let id: string | undefined;
  for (const name of path.split('/').filter((part) => part !== '')) {
    const parent = id;
    const all = await list(session, 'projects', 'project', name);
    id = all.find((project) => project.attributes.parentProjectId === parent)?.attributes.id;
    if (id === undefined) break;
  }
  if (id !== undefined) return { id };
  throw new TableauError(
    `extracts: Tableau project ${path}: got none, want one that the user may publish to; create it or correct tableau.project`,
    { certain: true },
  );
}

async function find(
  session: TableauSession,
  kind: ContentKind,
  name: string,
  projectId: string,
): Promise<PublishedContent | null> {
  for (const element of await list(session, `${kind}s`, kind, name)) {
    const { id, name: found, contentUrl } = element.attributes;
    const inProject = findElement(element, 'project')?.attributes.id === projectId;
    if (inProject && id !== undefined && found === name) return { id, name, contentUrl: contentUrl ?? '' };
  }
  return null;
}

/** All elements of that name, over all pages. A comma in a filter's value would end it: such names are compared here. */
async function list(
  session: TableauSession,
  path: string,
  element: string,
  name: string,
): Promise<readonly XmlElement[]> {
  const filter = /[,:]/.test(name) ? '' : `&filter=name:eq:${encodeURIComponent(name)}`;
  const all: XmlElement[] = [];
  for (let page = 1; ; page += 1) {
    const query = `pageSize=100&pageNumber=${page}${filter}`;
    const { document } = await session.request({
      method: 'GET',
      path: `/${path}?${query}`,
      repeatable: true,
    });
    const items = document === null ? [] : elementsOf(findElement(document, path) ?? document, element);
    all.push(...items);
    const total = Number((document && findElement(document, 'pagination'))?.attributes.totalAvailable ?? 0);
    if (items.length === 0 || page * 100 >= total) {
      return all.filter((item) => item.attributes.name === name);
    }
  }
}

async function upload(session: TableauSession, limits: TableauLimits, path: string): Promise<string | null> {
  const file = await openAsBlob(path);
  if (file.size < limits.singleRequestBytes) return null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await uploadOnce(session, limits, file);
    } catch (error) {
      // A chunk whose answer was lost may have been appended: only a fresh session is sure to hold each chunk once.
      if (!(error instanceof TableauError) || error.certain || attempt >= 3) throw error;
    }
  }
}

async function uploadOnce(session: TableauSession, limits: TableauLimits, file: Blob): Promise<string> {
  const started = await session.request({ method: 'POST', path: '/fileUploads', repeatable: true });
  const id = attributeOf(started, 'fileUpload', 'uploadSessionId');
  for (let start = 0; start < file.size; start += limits.chunkBytes) {
    const content = file.slice(start, start + limits.chunkBytes);
    const { contentType, body } = multipartMixed('', { part: 'tableau_file', filename: 'file', content });
    const headers = { 'content-type': contentType };
    const path = `/fileUploads/${encodeURIComponent(id)}`;
    await session.request({ method: 'PUT', path, headers, body, repeatable: false });
  }
  return id;
}

async function publish(
  session: TableauSession,
  limits: TableauLimits,
  effects: TableauEffects,
  publication: Publication,
  overwrite: boolean,
  uploadSession: string | null,
): Promise<void> {
  const { kind, path } = publication;
  const payload = payloadOf(publication);
  const file =
    uploadSession === null
      ? { part: `tableau_${kind}`, filename: basename(path), content: await openAsBlob(path) }
      : undefined;
  const { contentType, body } = multipartMixed(payload, file);
  const query = new URLSearchParams({
    [`${kind}Type`]: extname(path).slice(1),
    overwrite: String(overwrite),
    asJob: 'true',
    ...(uploadSession === null ? {} : { uploadSessionId: uploadSession }),
  });
  const answer = await session.request({
    method: 'POST',
    path: `/${kind}s?${query}`,
    headers: { 'content-type': contentType },
    body,
    // Overwriting with the same file twice is the same as once; an upload session serves one publication only.
    repeatable: overwrite && uploadSession === null,
  });
  await waitForJob(session, limits, effects, attributeOf(answer, 'job', 'id'));
}

function payloadOf({ kind, name, projectId }: Publication): string {
  const attributes = kind === 'workbook' ? { name, showTabs: true } : { name };
  return renderXml(el('tsRequest', {}, el(kind, attributes, el('project', { id: projectId }))));
}

/** Asks for a job until it is done: 0 is success; 1 and 2 (cancelled) are errors with the server's notes. */
async function waitForJob(
  session: TableauSession,
  limits: TableauLimits,
  effects: TableauEffects,
  id: string,
): Promise<void> {
  const until = effects.now().getTime() + limits.jobTimeoutMs;
  for (let wait = limits.pollFirstMs; ; wait = Math.min(limits.pollMaxMs, wait * limits.pollFactor)) {
    const { document } = await session.request({ method: 'GET', path: `/jobs/${id}`, repeatable: true });
    const job = document === null ? null : findElement(document, 'job');
    const code = job?.attributes.finishCode;
    if (job !== null && code !== undefined && job.attributes.completedAt !== undefined) {
      if (code === '0') return;
      const notes = [...descendants(job)].filter((e) => e.name === 'notes').map(textOf);
      const texts = [...descendants(job)].flatMap((e) => e.attributes.text ?? []);
      const said = [...notes, ...texts].join(' ') || 'no notes';
      throw new TableauError(
        `extracts: Tableau job ${id}: got finish code ${code} (${said}), want 0; correct the file and publish again`,
        { certain: true },
      );
    }
    if (effects.now().getTime() >= until) {
      throw new TableauError(
        `extracts: Tableau job ${id}: got no end in ${limits.jobTimeoutMs} ms, want finish code 0; look at the job on the server`,
        { certain: false },
      );
    }
    await effects.sleep(wait);
  }
}

function attributeOf(answer: TableauAnswer, element: string, attribute: string): string {
  const found = answer.document === null ? null : findElement(answer.document, element);
  const value = found?.attributes[attribute];
  if (value !== undefined) return value;
  throw new TableauError(
    `extracts: Tableau answer: got no ${element}/@${attribute}, want one; check that the url is a Tableau server`,
    { certain: false },
  );
}
