import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SimReply, SimRequest } from '../server.ts';
import { TackleError } from './tackle_error.ts';

/** Seconds a token lives, on the machine's clock. */
const LIFETIME_SECONDS = 5400;
const PERMISSIONS = ['contracts:read', 'invoices:read', 'metering:read', 'offers:read', 'subscriptions:read'];

/** Issues and checks the bearer tokens of `POST /v1/authenticate`: JWTs whose permissions are in the payload. */
export class TackleTokens {
  readonly #clientId: string;
  readonly #clientSecret: string;
  readonly #key = randomBytes(32);
  /** Valid tokens, with the machine's milliseconds at which they end. */
  readonly #ends = new Map<string, number>();

  constructor(clientId: string, clientSecret: string) {
    this.#clientId = clientId;
    this.#clientSecret = clientSecret;
  }

  /** @throws TackleError 400 for a body that is no credentials request, 401 for wrong credentials */
  issue(request: SimRequest): SimReply {
    const { client_id, client_secret, grant_type } = credentials(request);
    if (grant_type !== 'client_credentials') {
      throw new TackleError(400, 'validation_error', 'grant_type: want client_credentials');
    }
    if (client_id !== this.#clientId || !equal(String(client_secret), this.#clientSecret)) {
      throw new TackleError(401, 'unauthorized', 'Invalid client credentials');
    }
    const token = this.#sign(Math.floor(Date.now() / 1000));
    this.#ends.set(token, Date.now() + LIFETIME_SECONDS * 1000);
    return {
      status: 200,
      body: { access_token: token, expires_in: LIFETIME_SECONDS, token_type: 'bearer' },
    };
  }

  /** The request's token if it is valid, else null. */
  bearer(request: SimRequest): string | null {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    return token !== undefined && (this.#ends.get(token) ?? 0) > Date.now() ? token : null;
  }

  revoke(token: string): void {
    this.#ends.delete(token);
  }

  #sign(issuedAt: number): string {
    const payload = {
      sub: `${this.#clientId}@clients`,
      iat: issuedAt,
      exp: issuedAt + LIFETIME_SECONDS,
      jti: randomBytes(8).toString('hex'),
      permissions: PERMISSIONS,
    };
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}`;
    return `${signed}.${createHmac('sha256', this.#key).update(signed).digest('base64url')}`;
  }
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}

function credentials(request: SimRequest): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(request.body.toString('utf8'));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new TackleError(400, 'validation_error', 'The body must be a JSON object');
}

function equal(got: string, want: string): boolean {
  const [left, right] = [Buffer.from(got, 'utf8'), Buffer.from(want, 'utf8')];
  return left.length === right.length && timingSafeEqual(left, right);
}
