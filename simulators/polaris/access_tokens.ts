import { randomUUID } from 'node:crypto';
import { problem, type SimReply, type SimRequest } from '../server.ts';

/** Seconds for which a Polaris token lives. */
const TOKEN_SECONDS = 900;

/** Gives out bearer tokens for one client, and knows which of them still hold. */
export class AccessTokens {
  readonly #expiries = new Map<string, number>();
  readonly #clientId: string;
  readonly #clientSecret: string;
  readonly #clock: () => number;

  /** `clock`: milliseconds since 1970. */
  constructor(clientId: string, clientSecret: string, clock: () => number) {
    this.#clientId = clientId;
    this.#clientSecret = clientSecret;
    this.#clock = clock;
  }

  /** Answers `POST /oauth/token` (client credentials, form-encoded). */
  grant(request: SimRequest): SimReply {
    const form = new URLSearchParams(request.body.toString('utf8'));
    if (form.get('grant_type') !== 'client_credentials') {
      return problem(400, 'unsupported_grant_type', 'grant_type must be client_credentials.');
    }
    if (form.get('client_id') !== this.#clientId || form.get('client_secret') !== this.#clientSecret) {
      return problem(401, 'invalid_client', 'The client id or secret is wrong.');
    }
    const token = randomUUID();
    this.#expiries.set(token, this.#clock() + TOKEN_SECONDS * 1000);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS } };
  }

  /** Whether the request bears a token that was given out, has not expired and was not revoked. */
  admits(request: SimRequest): boolean {
    const token = bearer(request);
    return token !== null && (this.#expiries.get(token) ?? 0) > this.#clock();
  }

  /** Revokes the token that a request bears. */
  revoke(request: SimRequest): void {
    const token = bearer(request);
    if (token !== null) this.#expiries.delete(token);
  }
}

function bearer(request: SimRequest): string | null {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}
