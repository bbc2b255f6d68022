import { randomBytes, timingSafeEqual, verify } from 'node:crypto';
import type { SimReply, SimRequest } from '../server.ts';

/** Who may sign in. `publicKeyPem` verifies the assertions of the JWT bearer flow; without it the flow is refused. */
export interface SalesforceAuth {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly publicKeyPem?: string;
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ORGANIZATION_ID = '00D0000000000001AA';
const USER_ID = '0050000000000001AA';
/** Besides its own host, every organisation takes assertions for the two login hosts. */
const LOGIN_HOSTS = ['https://login.salesforce.com', 'https://test.salesforce.com'];

/** Issues and checks access tokens: `POST /services/oauth2/token` with JWT bearer or client credentials. */
export class AccessTokens {
  readonly #auth: SalesforceAuth;
  readonly #ownUrl: () => string;
  readonly #valid = new Set<string>();

  /** @param ownUrl the simulator's base URL, known once it listens; clients are sent there. */
  constructor(auth: SalesforceAuth, ownUrl: () => string) {
    this.#auth = auth;
    this.#ownUrl = ownUrl;
  }

  issue(request: SimRequest): SimReply {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const refusal = this.#refusal(form, request.headers.authorization);
    if (refusal !== null) return oauthError(refusal[0], refusal[1]);
    const token = `${ORGANIZATION_ID.slice(0, 15)}!${randomBytes(48).toString('base64url')}`;
    this.#valid.add(token);
    const body = {
      access_token: token,
      instance_url: this.#ownUrl(),
      id: `${this.#ownUrl()}/id/${ORGANIZATION_ID}/${USER_ID}`,
      token_type: 'Bearer',
      scope: 'api',
      // Tokens live on the machine's clock, like the clients' assertions.
      issued_at: String(Date.now()),
    };
    return { status: 200, headers: { 'cache-control': 'no-store' }, body };
  }

  /** The token of an `Authorization: Bearer …` header if it is valid, else null. */
  bearer(request: SimRequest): string | null {
    const token = /^(?:Bearer|OAuth) (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    return token !== undefined && this.#valid.has(token) ? token : null;
  }

  revoke(token: string): void {
    this.#valid.delete(token);
  }

  #refusal(form: URLSearchParams, authorization: string | undefined): readonly [string, string] | null {
    switch (form.get('grant_type')) {
      case JWT_BEARER:
        return this.#assertionRefusal(form.get('assertion') ?? '');
      case 'client_credentials':
        return this.#credentialsRefusal(form, authorization);
      default:
        return ['unsupported_grant_type', 'grant type not supported'];
    }
  }

  #credentialsRefusal(
    form: URLSearchParams,
    authorization: string | undefined,
  ): readonly [string, string] | null {
    const basic = /^Basic (.+)$/.exec(authorization ?? '')?.[1];
    const [basicId, basicSecret] = splitOnce(Buffer.from(basic ?? '', 'base64').toString('utf8'));
    const clientId = form.get('client_id') ?? basicId;
    const secret = form.get('client_secret') ?? basicSecret;
    if (clientId !== this.#auth.clientId) return ['invalid_client_id', 'client identifier invalid'];
    if (!equal(secret, this.#auth.clientSecret)) return ['invalid_client', 'invalid client credentials'];
    return null;
  }

  /** RFC 7523, section 3, with Salesforce's limits and messages. */
  #assertionRefusal(assertion: string): readonly [string, string] | null {
    const claims = this.#verified(assertion);
    if (claims === null) return ['invalid_grant', 'invalid assertion'];
    if (claims.iss !== this.#auth.clientId) return ['invalid_client_id', 'client identifier invalid'];
    if (claims.sub !== this.#auth.username) return ['invalid_grant', "user hasn't approved this consumer"];
    const audiences = [claims.aud].flat();
    const own = [...LOGIN_HOSTS, this.#ownUrl()];
    if (!audiences.some((audience) => own.includes(String(audience).replace(/\/$/, '')))) {
      return ['invalid_grant', 'audience is invalid'];
    }
    // Salesforce takes `exp` as a number or as a text of digits; some clients send the text.
    const expiry = Number(claims.exp ?? Number.NaN) * 1000;
    return expiry > Date.now() ? null : ['invalid_grant', 'expired assertion'];
  }

  #verified(assertion: string): Readonly<Record<string, unknown>> | null {
    const [header = '', payload = '', signature = '', ...rest] = assertion.split('.');
    if (this.#auth.publicKeyPem === undefined || rest.length > 0) return null;
    if (jsonPart(header)?.alg !== 'RS256') return null;
    const signed = Buffer.from(`${header}.${payload}`, 'utf8');
    const isValid = verify(
      'RSA-SHA256',
      signed,
      this.#auth.publicKeyPem,
      Buffer.from(signature, 'base64url'),
    );
    return isValid ? jsonPart(payload) : null;
  }
}

function jsonPart(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch (error) {
    // A part that is no JSON is a bad assertion: the caller answers invalid_grant.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function splitOnce(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

function equal(got: string, want: string): boolean {
  const [left, right] = [Buffer.from(got, 'utf8'), Buffer.from(want, 'utf8')];
  return left.length === right.length && timingSafeEqual(left, right);
}

function oauthError(error: string, description: string): SimReply {
  return { status: 400, body: { error, error_description: description } };
}
