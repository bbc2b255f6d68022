import { randomBytes } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { TableauRefusal } from './xml.ts';

/** What the simulated site accepts. Secrets are made up for the simulator alone. */
export interface Credentials {
  /** Personal access tokens by name. */
  readonly personalAccessTokens: Readonly<Record<string, string>>;
  readonly connectedApp: {
    readonly clientId: string;
    readonly secretId: string;
    readonly secretValue: string;
  };
  readonly users: readonly string[];
}

/** One signed-in session. `scopes` null: everything its user may do (personal access tokens). */
export interface Session {
  readonly token: string;
  readonly user: string;
  readonly via: string;
  readonly scopes: readonly string[] | null;
}

/** The live sessions of the site. */
export class Sessions {
  readonly #live = new Map<string, Session>();
  readonly #credentials: Credentials;
  readonly #now: () => Date;

  constructor(credentials: Credentials, now: () => Date) {
    this.#credentials = credentials;
    this.#now = now;
  }

  /** Signs in with the attributes of a `credentials` element. @throws TableauRefusal 401001 otherwise. */
  async signIn(attributes: Readonly<Record<string, string>>): Promise<Session> {
    const { personalAccessTokenName: name, personalAccessTokenSecret: secret, jwt } = attributes;
    if (jwt !== undefined) return this.#open(await this.#verifyJwt(jwt));
    const known = Object.hasOwn(this.#credentials.personalAccessTokens, name ?? '')
      ? this.#credentials.personalAccessTokens[name ?? '']
      : undefined;
    if (name === undefined || known === undefined || secret !== known) throw refused();
    // A token has one session at a time: signing in again ends the earlier one.
    for (const session of this.#live.values()) if (session.via === name) this.#live.delete(session.token);
    return this.#open({ user: this.#credentials.users[0] ?? 'user', via: name, scopes: null });
  }

  /** The session of a request's X-Tableau-Auth header. @throws TableauRefusal 401002 when it is not live. */
  require(token: string | undefined): Session {
    const session = this.#live.get(token ?? '');
    if (session !== undefined) return session;
    throw new TableauRefusal(
      '401002',
      'Unauthorized Access',
      'Invalid authentication credentials were provided.',
    );
  }

  /** Ends a session; an unknown token is ignored. */
  end(token: string | undefined): void {
    this.#live.delete(token ?? '');
  }

  /** @throws TableauRefusal 403004 when the session came from a JWT without that scope. */
  demand(session: Session, scope: string): void {
    if (session.scopes === null) return;
    const [, area] = scope.split(':');
    if (session.scopes.some((granted) => granted === scope || granted === `tableau:${area}:*`)) return;
    throw new TableauRefusal('403004', 'Forbidden', `The token lacks the scope ${scope}.`);
  }

  #open(session: Omit<Session, 'token'>): Session {
    const opened = {
      ...session,
      token: `${randomBytes(16).toString('base64url')}|${randomBytes(16).toString('hex')}`,
    };
    this.#live.set(opened.token, opened);
    return opened;
  }

  async #verifyJwt(jwt: string): Promise<Omit<Session, 'token'>> {
    const { clientId, secretId, secretValue } = this.#credentials.connectedApp;
    try {
      const { payload } = await jwtVerify(jwt, new TextEncoder().encode(secretValue), {
        algorithms: ['HS256'],
        issuer: clientId,
        audience: 'tableau',
        currentDate: this.#now(),
        requiredClaims: ['exp', 'jti', 'sub'],
      });
      const lifetime = (payload.exp ?? 0) - this.#now().getTime() / 1000;
      const scopes = payload.scp;
      const valid =
        decodeProtectedHeader(jwt).kid === secretId &&
        lifetime <= 600 &&
        this.#credentials.users.includes(payload.sub ?? '') &&
        Array.isArray(scopes);
      if (valid) return { user: payload.sub ?? '', via: `jwt ${payload.jti}`, scopes: scopes.map(String) };
    } catch (error) {
      throw refused(error);
    }
    throw refused();
  }
}

function refused(cause?: unknown): TableauRefusal {
  const refusal = new TableauRefusal('401001', 'Signin Error', 'Error signing in to Tableau Server');
  refusal.cause = cause;
  return refusal;
}
