import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { el, renderXml } from './xml.ts';

/** How to sign in: a personal access token, or a connected app's secret for one user. */
export type TableauAuth =
  | { readonly kind: 'pat'; readonly tokenName: string; readonly tokenSecret: string }
  | {
      readonly kind: 'connected_app';
      readonly clientId: string;
      readonly secretId: string;
      readonly secretValue: string;
      readonly username: string;
    };

/** What publishing needs from a connected app's token, and no more. */
const PUBLISHING_SCOPES = [
  'tableau:content:read',
  'tableau:datasources:create',
  'tableau:datasources:download',
  'tableau:datasources:delete',
  'tableau:workbooks:create',
  'tableau:workbooks:download',
  'tableau:workbooks:delete',
  'tableau:file_uploads:create',
  'tableau:jobs:read',
] as const;

const LIFETIME_SECONDS = 300;

/** The body of a sign-in request. A connected app's token is made anew each time and lives five minutes. */
export async function signInBody(auth: TableauAuth, site: string, now: Date): Promise<string> {
  const credentials =
    auth.kind === 'pat'
      ? { personalAccessTokenName: auth.tokenName, personalAccessTokenSecret: auth.tokenSecret }
      : { jwt: await connectedAppToken(auth, now) };
  return renderXml(el('tsRequest', {}, el('credentials', credentials, el('site', { contentUrl: site }))));
}

async function connectedAppToken(
  app: Extract<TableauAuth, { kind: 'connected_app' }>,
  now: Date,
): Promise<string> {
  const seconds = Math.floor(now.getTime() / 1000);
  return new SignJWT({ scp: PUBLISHING_SCOPES })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: app.secretId, iss: app.clientId })
    .setIssuer(app.clientId)
    .setAudience('tableau')
    .setSubject(app.username)
    .setJti(randomUUID())
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + LIFETIME_SECONDS)
    .sign(new TextEncoder().encode(app.secretValue));
}

/** The texts that must never appear in a message. */
export function secretsOf(auth: TableauAuth): readonly string[] {
  return auth.kind === 'pat' ? [auth.tokenSecret] : [auth.secretValue];
}
