import type { SimReply, SimRequest } from '../server.ts';
import { contentXml } from './content_routes.ts';
import type { Session } from './sessions.ts';
import { contentOf, type Site } from './site.ts';
import type { Content, Permission } from './store.ts';
import { answer, tag, tagsIn } from './xml.ts';

export function showPermissions(site: Site, kind: Content['kind'], request: SimRequest): SimReply {
  return permissionsReply(site, contentOf(site, kind, request.params.id ?? ''));
}

/** Adds capabilities; one given again takes the new mode. */
export function addPermissions(
  site: Site,
  kind: Content['kind'],
  request: SimRequest,
  session: Session,
): SimReply {
  site.sessions.demand(session, 'tableau:permissions:update');
  const content = contentOf(site, kind, request.params.id ?? '');
  const byKey = new Map(content.permissions.map((permission) => [keyOf(permission), permission]));
  for (const permission of readPermissions(request.body.toString('utf8'))) {
    byKey.set(keyOf(permission), permission);
  }
  site.store.setPermissions(content, [...byKey.values()]);
  return permissionsReply(site, contentOf(site, kind, content.id));
}

export function deletePermission(
  site: Site,
  kind: Content['kind'],
  request: SimRequest,
  session: Session,
): SimReply {
  site.sessions.demand(session, 'tableau:permissions:delete');
  const { id = '', grantees, granteeId, capability, mode } = request.params;
  const content = contentOf(site, kind, id);
  const kept = content.permissions.filter(
    (p) =>
      !(
        `${p.grantee}s` === grantees &&
        p.granteeId === granteeId &&
        p.capability === capability &&
        p.mode === mode
      ),
  );
  site.store.setPermissions(content, kept);
  return { status: 204 };
}

function keyOf(permission: Permission): string {
  return `${permission.grantee} ${permission.granteeId} ${permission.capability}`;
}

function readPermissions(body: string): readonly Permission[] {
  const permissions: Permission[] = [];
  let grantee: Pick<Permission, 'grantee' | 'granteeId'> | null = null;
  for (const { name, attributes } of tagsIn(body)) {
    if (name === 'user' || name === 'group') grantee = { grantee: name, granteeId: attributes.id ?? '' };
    if (name === 'capability' && grantee !== null) {
      permissions.push({ ...grantee, capability: attributes.name ?? '', mode: attributes.mode ?? '' });
    }
  }
  return permissions;
}

function permissionsReply(site: Site, content: Content): SimReply {
  const byGrantee = Map.groupBy(content.permissions, (p) => `${p.grantee} ${p.granteeId}`);
  const rules = [...byGrantee.values()].map((permissions) => {
    const first = permissions[0];
    const capabilities = permissions.map((p) => tag('capability', { name: p.capability, mode: p.mode }));
    return tag(
      'granteeCapabilities',
      {},
      first === undefined ? '' : tag(first.grantee, { id: first.granteeId }),
      tag('capabilities', {}, ...capabilities),
    );
  });
  return answer(200, tag('permissions', {}, contentXml(site, content), ...rules));
}
