import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { type HttpContext, request } from '../http.ts';
import { SourceError } from '../source.ts';
import { jsforceTransport } from './jsforce_transport.ts';
import type { JwtAuth, SalesforceConfig } from './salesforce_config.ts';

/** What signing in gives: a token, and the host that it is for. */
export interface SignedIn {
  readonly access_token: string;
  readonly instance_url: string;
}

const ANSWER = z.object({ access_token: z.string().min(1), instance_url: z.url() });
/** Salesforce refuses assertions that end more than five minutes ahead. */
const ASSERTION_SECONDS = 180;

/**
 * Takes a token with the configured flow.
 * @throws SourceError when Salesforce refuses or answers something else
 */
export async function signIn(
  config: SalesforceConfig,
  context: HttpContext & { readonly secrets: Set<string> },
  signal: AbortSignal | undefined,
): Promise<SignedIn> {
  const { OAuth2 } = await import('jsforce/lib/oauth2.js');
  const oauth = new OAuth2({
    loginUrl: config.login_url,
    clientId: config.client_id,
    ...(config.auth.kind === 'client_credentials' ? { clientSecret: config.auth.client_secret } : {}),
  });
  oauth._transport = await jsforceTransport(({ url, body }) =>
    request(context, {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: String(body),
      expect: 'a token with access_token and instance_url',
      stream: null,
      signal,
    }),
  );
  const grant = await grantOf(config, context);
  const answer = ANSWER.safeParse(await oauth.requestToken(grant));
  if (answer.success) return answer.data;
  throw configError(
    'the token endpoint: got an answer without access_token or instance_url, want both',
    'check login_url',
  );
}

async function grantOf(
  config: SalesforceConfig,
  context: HttpContext & { readonly secrets: Set<string> },
): Promise<{ grant_type: string; [parameter: string]: string }> {
  if (config.auth.kind === 'client_credentials') return { grant_type: 'client_credentials' };
  const assertion = await signedAssertion(config, config.auth, context.env.now());
  context.secrets.add(assertion);
  return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
}

async function signedAssertion(config: SalesforceConfig, auth: JwtAuth, now: Date): Promise<string> {
  const seconds = Math.floor(now.getTime() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(config.client_id)
    .setSubject(auth.username)
    .setAudience(new URL(config.login_url).origin)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS)
    .sign(privateKey(auth.private_key));
}

function privateKey(pem: string): KeyObject {
  const refused = (got: string, cause?: unknown) =>
    configError(`private key: got ${got}, want an RSA key in PEM`, 'check auth.private_key_file', cause);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw refused('something else', error);
  }
  if (key.asymmetricKeyType !== 'rsa') throw refused(`one of type ${key.asymmetricKeyType}`);
  return key;
}

function configError(what: string, next_step: string, cause?: unknown): SourceError {
  return new SourceError(`connectors: salesforce: ${what}`, {
    failure: 'config',
    source: 'salesforce',
    stream: null,
    next_step,
    ...(cause === undefined ? {} : { cause }),
  });
}
