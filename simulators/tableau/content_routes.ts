import type { SimReply, SimRequest } from '../server.ts';
import { applyActions } from './hyper_actions.ts';
import { partNamed, readParts } from './multipart.ts';
import {
  changeHyperFile,
  checkPublishedFile,
  readPackage,
  withHyperFile,
  writePackage,
} from './published_file.ts';
import type { Session } from './sessions.ts';
import { contentOf, FIRST_USER, page, type Site } from './site.ts';
import type { Content } from './store.ts';
import { answer, attributesOf, TableauRefusal, tag } from './xml.ts';

type Kind = Content['kind'];

/** The `datasource` or `workbook` element of an answer. */
export function contentXml(site: Site, content: Content): string {
  const project = site.store.projects.find(({ id }) => id === content.projectId);
  const isSource = content.kind === 'datasource';
  return tag(
    content.kind,
    {
      id: content.id,
      name: content.name,
      contentUrl: content.contentUrl,
      webpageUrl: `http://localhost/#/site/${site.contentUrl}/${content.kind}s/${content.id}`,
      size: Math.ceil(content.bytes / (1024 * 1024)),
      createdAt: content.createdAt,
      updatedAt: content.updatedAt,
      ...(isSource
        ? {
            type: 'hyper',
            encryptExtracts: false,
            isCertified: false,
            hasExtracts: true,
            useRemoteQueryAgent: false,
          }
        : { showTabs: false, encryptExtracts: false }),
    },
    tag('project', { id: content.projectId, name: project?.name ?? '' }),
    tag('owner', { id: FIRST_USER }),
    tag('tags'),
    ...(isSource ? [] : [tag('views')]),
  );
}

export function listContents(site: Site, kind: Kind, request: SimRequest): SimReply {
  const projectName = (content: Content) =>
    site.store.projects.find(({ id }) => id === content.projectId)?.name;
  return page(
    request,
    `${kind}s`,
    site.store.contents.filter((content) => content.kind === kind),
    (content, key) =>
      ({ name: content.name, contentUrl: content.contentUrl, projectName: projectName(content) })[key],
    (content) => contentXml(site, content),
  );
}

/** What a publication asks for: a name in a project, and a file that came along or was uploaded before. */
interface Publication {
  readonly name: string;
  readonly projectId: string;
  readonly type: string;
  readonly file: Buffer;
}

/** Publishes a file from the request itself or from an upload session; `overwrite=true`, `asJob=true`. */
export async function publish(
  site: Site,
  kind: Kind,
  request: SimRequest,
  session: Session,
): Promise<SimReply> {
  site.sessions.demand(session, `tableau:${kind}s:create`);
  const query = request.url.searchParams;
  const { name, projectId, type, file } = readPublication(site, kind, request);
  const previous = () =>
    site.store.contents.find((c) => c.kind === kind && c.projectId === projectId && c.name === name) ?? null;
  if (previous() !== null && query.get('overwrite') !== 'true') {
    throw new TableauRefusal(
      '409006',
      'Resource Conflict',
      `A ${kind} named ${name} already exists in the project.`,
    );
  }
  const work = () =>
    site.inTurn(async () => {
      await checkPublishedFile(type, file, site.engine);
      return site.store.put({ kind, name, projectId, filename: `${name}.${type}` }, file, previous());
    });
  if (query.get('asJob') !== 'true') return answer(201, contentXml(site, await work()));
  return site.jobs.start(kind === 'datasource' ? 'PublishDatasource' : 'PublishWorkbook', async () => {
    await work();
  });
}

function readPublication(site: Site, kind: Kind, request: SimRequest): Publication {
  const query = request.url.searchParams;
  const parts = readParts(request.headers['content-type'] ?? '', request.body);
  const payload = partNamed(parts, 'request_payload').content.toString('utf8');
  const name = attributesOf(payload, kind).name ?? '';
  const projectId = attributesOf(payload, 'project').id ?? '';
  if (name === '') throw new TableauRefusal('400003', 'Bad Request', `The ${kind} has no name.`);
  if (!site.store.projects.some((project) => project.id === projectId)) {
    throw new TableauRefusal('404005', 'Resource Not Found', `The project ${projectId} could not be found.`);
  }
  const uploadSession = query.get('uploadSessionId');
  const direct = uploadSession === null ? directFile(site, kind, parts) : null;
  const type = query.get(`${kind}Type`) ?? direct?.name.split('.').pop() ?? '';
  const file = direct?.content ?? site.uploads.take(uploadSession ?? '');
  return { name, projectId, type: type.toLowerCase(), file };
}

function directFile(
  site: Site,
  kind: Kind,
  parts: ReturnType<typeof readParts>,
): { readonly name: string; readonly content: Buffer } {
  const part = partNamed(parts, `tableau_${kind}`);
  if (part.content.length >= site.singleRequestBytes) {
    const limit = `${site.singleRequestBytes} bytes`;
    throw new TableauRefusal(
      '413000',
      'Payload Too Large',
      `A file of ${limit} or more must be uploaded in chunks.`,
    );
  }
  return { name: part.filename, content: part.content };
}

export function download(site: Site, kind: Kind, request: SimRequest, session: Session): SimReply {
  site.sessions.demand(session, `tableau:${kind}s:download`);
  const content = contentOf(site, kind, request.params.id ?? '');
  const filename = content.filename.replaceAll('"', '');
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `name="tableau_${kind}"; filename="${encodeURIComponent(filename)}"`,
    },
    body: site.store.read(content),
  };
}

/** `PATCH …/data`: changes rows of a live-to-Hyper source as a job; the same `requestid` is executed once. */
export function updateData(site: Site, request: SimRequest, session: Session): SimReply {
  site.sessions.demand(session, 'tableau:hyper_data:update');
  const content = contentOf(site, 'datasource', request.params.id ?? '');
  const requestId = request.headers.requestid;
  if (typeof requestId !== 'string' || requestId === '') {
    throw new TableauRefusal('400000', 'Bad Request', 'The header RequestID is missing.');
  }
  const earlier = site.answeredRequests.get(requestId);
  if (earlier !== undefined) return { ...site.jobs.show(earlier), status: 202 };
  const uploadSession = request.url.searchParams.get('uploadSessionId');
  const payload = uploadSession === null ? null : site.uploads.take(uploadSession);
  const { engine } = site;
  if (engine === null)
    throw new TableauRefusal('400000', 'Bad Request', 'This simulator runs without hyperd.');
  const actions = request.body.toString('utf8');
  const change = (hyper: Buffer) =>
    changeHyperFile(hyper, async (target) => {
      if (payload === null) return applyActions(engine, actions, target, null);
      return withHyperFile(payload, (source) => applyActions(engine, actions, target, source));
    });
  const reply = site.jobs.start('UpdateUploadedFile', () =>
    site.inTurn(async () => {
      const current = contentOf(site, 'datasource', content.id);
      const changed = await changeExtract(current.filename, site.store.read(current), change);
      site.store.put(current, changed, current);
    }),
  );
  const jobId = attributesOf(String(reply.body), 'job').id;
  if (jobId !== undefined) site.answeredRequests.set(requestId, jobId);
  return reply;
}

async function changeExtract(
  filename: string,
  file: Buffer,
  change: (hyper: Buffer) => Promise<Buffer>,
): Promise<Buffer> {
  if (filename.endsWith('.hyper')) return change(file);
  const members = await readPackage(file);
  const extract = [...members].find(([path]) => path.endsWith('.hyper'));
  if (extract === undefined)
    throw new TableauRefusal('400000', 'Bad Request', 'The data source has no Hyper file.');
  return writePackage(new Map([...members, [extract[0], await change(extract[1])]]));
}

export function remove(site: Site, kind: Kind, request: SimRequest, session: Session): SimReply {
  site.sessions.demand(session, `tableau:${kind}s:delete`);
  site.store.remove(contentOf(site, kind, request.params.id ?? ''));
  return { status: 204 };
}
