import type { Handler, Route, SimReply, SimRequest } from '../server.ts';
import { contentXml, download, listContents, publish, remove, updateData } from './content_routes.ts';
import { addPermissions, deletePermission, showPermissions } from './permission_routes.ts';
import { ALL_USERS, contentOf, FIRST_USER, page, SITE, type SignedInHandler, type Site } from './site.ts';
import type { Project } from './store.ts';
import { answer, attributesOf, TableauRefusal, tag } from './xml.ts';

/** The product and REST version that the simulator answers as: Tableau 2025.3. */
const REST_VERSION = '3.27';
const PRODUCT_VERSION = '2025.3.0';
const PRODUCT_BUILD = '20253.25.1010.1431';

/** `revoked` is asked before each signed-in request: true means that its session has just been ended. */
export function tableauRoutes(site: Site, revoked: (request: SimRequest) => boolean): readonly Route[] {
  const guarded = (handler: SignedInHandler): Handler =>
    refusing((request) => {
      const token = header(request, 'x-tableau-auth');
      if (revoked(request)) site.sessions.end(token);
      const session = site.sessions.require(token);
      const siteId = request.params.site;
      if (siteId !== undefined && siteId !== SITE.id) {
        throw new TableauRefusal('404000', 'Resource Not Found', `The site ${siteId} could not be found.`);
      }
      return handler(request, session);
    });
  const route = (method: string, path: string, handler: SignedInHandler): Route => ({
    method,
    pattern: new RegExp(`^/api/[\\d.]+${path}/?$`),
    handler: guarded(handler),
  });
  const open = (method: string, path: string, handler: Handler): Route => ({
    method,
    pattern: new RegExp(`^/api/[\\d.]+${path}/?$`, 'i'),
    handler: refusing(handler),
    open: true,
  });
  return [
    open('GET', '/serverinfo', serverInfo),
    open('POST', '/auth/signin', (request) => signIn(site, request)),
    ...siteRoutes(site, route),
    ...projectRoutes(site, route),
    ...transferRoutes(site, route),
    ...contentRoutes(site, 'datasource', route),
    ...contentRoutes(site, 'workbook', route),
  ];
}

type MakeRoute = (method: string, path: string, handler: SignedInHandler) => Route;

const inSite = '/sites/(?<site>[^/]+)';

/** Signing out, the one site, its users and groups. */
function siteRoutes(site: Site, route: MakeRoute): readonly Route[] {
  const byName = (item: { readonly name: string }, key: string) => (key === 'name' ? item.name : undefined);
  const user = ({ name }: { readonly name: string }) =>
    tag('user', { id: FIRST_USER, name, siteRole: 'SiteAdministratorCreator' });
  const group = ({ name }: { readonly name: string }) =>
    tag('group', { id: ALL_USERS, name }, tag('domain', { name: 'local' }));
  return [
    route('POST', '/auth/signout', (_, session) => {
      site.sessions.end(session.token);
      return { status: 204 };
    }),
    route('GET', '/sites', (request) => page(request, 'sites', [SITE], byName, () => siteXml(site))),
    route('GET', inSite, () => answer(200, siteXml(site))),
    route('GET', `${inSite}/users`, (request) => {
      const users = site.users.map((name) => ({ name }));
      return page(request, 'users', users, byName, user);
    }),
    route('GET', `${inSite}/groups`, (request) =>
      page(request, 'groups', [{ name: 'All Users' }], byName, group),
    ),
  ];
}

/** Uploads in chunks, jobs, and changes of published rows. */
function transferRoutes(site: Site, route: MakeRoute): readonly Route[] {
  return [
    route('POST', `${inSite}/fileUploads`, (_, session) => {
      site.sessions.demand(session, 'tableau:file_uploads:create');
      return site.uploads.initiate();
    }),
    route('PUT', `${inSite}/fileUploads/(?<id>[^/]+)`, (request, session) => {
      site.sessions.demand(session, 'tableau:file_uploads:create');
      return site.uploads.append(request.params.id ?? '', request);
    }),
    route('GET', `${inSite}/jobs/(?<id>[^/]+)`, (request, session) => {
      site.sessions.demand(session, 'tableau:jobs:read');
      return site.jobs.show(request.params.id ?? '');
    }),
    route('PATCH', `${inSite}/datasources/(?<id>[^/]+)/data`, (request, session) =>
      updateData(site, request, session),
    ),
  ];
}

function contentRoutes(site: Site, kind: 'datasource' | 'workbook', route: MakeRoute): readonly Route[] {
  const all = `${inSite}/${kind}s`;
  const one = `${all}/(?<id>[^/]+)`;
  return [
    route('GET', all, (request, session) => {
      site.sessions.demand(session, 'tableau:content:read');
      return listContents(site, kind, request);
    }),
    route('POST', all, (request, session) => publish(site, kind, request, session)),
    route('GET', one, (request) =>
      answer(200, contentXml(site, contentOf(site, kind, request.params.id ?? ''))),
    ),
    route('DELETE', one, (request, session) => remove(site, kind, request, session)),
    route('GET', `${one}/content`, (request, session) => download(site, kind, request, session)),
    route('GET', `${one}/permissions`, (request) => showPermissions(site, kind, request)),
    route('PUT', `${one}/permissions`, (request, session) => addPermissions(site, kind, request, session)),
    route(
      'DELETE',
      `${one}/permissions/(?<grantees>users|groups)/(?<granteeId>[^/]+)/(?<capability>\\w+)/(?<mode>\\w+)`,
      (request, session) => deletePermission(site, kind, request, session),
    ),
  ];
}

function projectRoutes(site: Site, route: MakeRoute): readonly Route[] {
  const xml = (project: Project) =>
    tag(
      'project',
      {
        id: project.id,
        name: project.name,
        description: project.description,
        contentPermissions: 'ManagedByOwner',
        topLevelProject: project.parentId === null,
        ...(project.parentId === null ? {} : { parentProjectId: project.parentId }),
      },
      tag('owner', { id: FIRST_USER }),
    );
  return [
    route('GET', `${inSite}/projects`, (request, session) => {
      site.sessions.demand(session, 'tableau:content:read');
      return page(
        request,
        'projects',
        site.store.projects,
        (p, key) => ({ name: p.name, parentProjectId: p.parentId })[key],
        xml,
      );
    }),
    route('POST', `${inSite}/projects`, (request, session) => {
      site.sessions.demand(session, 'tableau:projects:create');
      const {
        name = '',
        description = '',
        parentProjectId,
      } = attributesOf(request.body.toString('utf8'), 'project');
      if (name === '') throw new TableauRefusal('400003', 'Bad Request', 'The project has no name.');
      const parent = parentProjectId ?? null;
      if (site.store.projects.some((p) => p.name === name && p.parentId === parent)) {
        throw new TableauRefusal('409006', 'Resource Conflict', `A project named ${name} already exists.`);
      }
      return answer(201, xml(site.store.addProject(name, description, parent)));
    }),
  ];
}

function serverInfo(): SimReply {
  return answer(
    200,
    tag(
      'serverInfo',
      {},
      tag('productVersion', { build: PRODUCT_BUILD }, PRODUCT_VERSION),
      tag('restApiVersion', {}, REST_VERSION),
    ),
  );
}

async function signIn(site: Site, request: SimRequest): Promise<SimReply> {
  const body = request.body.toString('utf8');
  const contentUrl = attributesOf(body, 'site').contentUrl ?? '';
  if (contentUrl !== site.contentUrl) {
    throw new TableauRefusal('401001', 'Signin Error', 'Error signing in to Tableau Server');
  }
  const session = await site.sessions.signIn(attributesOf(body, 'credentials'));
  return answer(
    200,
    tag(
      'credentials',
      { token: session.token, estimatedTimeToExpiration: '4:00:00' },
      tag('site', { id: SITE.id, contentUrl: site.contentUrl }),
      tag('user', { id: FIRST_USER }),
    ),
  );
}

function siteXml(site: Site): string {
  return tag('site', {
    id: SITE.id,
    name: SITE.name,
    contentUrl: site.contentUrl,
    state: 'Active',
    adminMode: 'ContentAndUsers',
  });
}

/** Turns refusals into answers; anything else is a fault of the simulator and stays one. */
function refusing(handler: Handler): Handler {
  return async (request) => {
    try {
      return await handler(request);
    } catch (error) {
      if (error instanceof TableauRefusal) return error.reply();
      throw error;
    }
  };
}

function header(request: SimRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
