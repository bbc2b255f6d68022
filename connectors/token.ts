import type { HttpContext, HttpRequest, HttpResponse, Verdict } from './http.ts';
import { request, sourceError } from './http.ts';

/** A bearer token. `lives_ms` is null where the source does not say how long. */
export interface Token {
  readonly access_token: string;
  readonly lives_ms: number | null;
}

/** Signs in when asked for a token and none is at hand. One sign-in at a time. */
export interface TokenCache {
  get(signal?: AbortSignal): Promise<string>;
  /** Forgets a token that the source refused; a newer one stays. */
  refuse(token: string): void;
  clear(): void;
}

/** The longest time before its end that a token is taken anew; a tenth of its life where that is shorter. */
const MARGIN_MS = 60_000;

/** Keeps a token until shortly before it ends, on the machine's clock. */
export function tokenCache(
  context: Pick<HttpContext, 'env'> & { readonly secrets: Set<string> },
  signIn: (signal?: AbortSignal) => Promise<Token>,
): TokenCache {
  let held: { token: string; until: number } | null = null;
  let pending: Promise<string> | null = null;
  const take = async (signal?: AbortSignal) => {
    const began = context.env.now().getTime();
    const { access_token, lives_ms } = await signIn(signal);
    context.secrets.add(access_token);
    const until = lives_ms === null ? Infinity : began + lives_ms - Math.min(MARGIN_MS, lives_ms / 10);
    held = { token: access_token, until };
    return access_token;
  };
  return {
    async get(signal) {
      if (held !== null && context.env.now().getTime() < held.until) return held.token;
      pending ??= take(signal).finally(() => {
        pending = null;
      });
      return pending;
    },
    refuse(token) {
      if (held?.token === token) held = null;
    },
    clear() {
      held = null;
    },
  };
}

/**
 * Sends a request with a bearer token; a refused token (401) is replaced once.
 * @throws SourceError when the new token is refused as well
 */
export async function authorised(
  context: HttpContext,
  tokens: TokenCache,
  asked: HttpRequest,
): Promise<HttpResponse> {
  for (const isLast of [false, true]) {
    const token = await tokens.get(asked.signal);
    const response = await request(context, {
      ...asked,
      headers: { ...asked.headers, authorization: `Bearer ${token}` },
      accept: [...(asked.accept ?? []), 401],
    });
    if (response.status !== 401) return response;
    tokens.refuse(token);
    if (!isLast) context.env.log('info', `connectors: ${context.source}: token refused; signing in again`);
  }
  throw sourceError(context, asked, {
    observed: 'status 401 with a token taken a moment ago',
    failure: 'config',
    next_step: 'check the credentials and that the client may use this interface',
  });
}

/** What a refusal by a token endpoint means: it answers wrong credentials with 400, 401 or 403. */
export function signInVerdict(response: HttpResponse): Verdict | null {
  if (![400, 401, 403].includes(response.status)) return null;
  return {
    retry: false,
    failure: 'config',
    observed: `status ${response.status} to the sign-in`,
    next_step: 'check client_id and client_secret, and that the client is allowed to sign in',
  };
}
