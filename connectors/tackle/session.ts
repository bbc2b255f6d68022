import { z } from 'zod';
import { type HttpContext, type HttpRequest, type HttpResponse, request, sourceError } from '../http.ts';
import { BodyError, parseJson } from '../json_body.ts';
import type { RetryLimits } from '../retry.ts';
import { joinUrl, spellings } from '../safe_url.ts';
import type { SourceEnv } from '../source.ts';
import { authorised, signInVerdict, type TokenCache, tokenCache } from '../token.ts';
import type { TackleConfig } from './tackle_config.ts';

/** A signed-in connection to Tackle's hosts. */
export interface Session {
  readonly context: HttpContext;
  readonly config: TackleConfig;
  readonly tokens: TokenCache;
  get(asked: HttpRequest): Promise<HttpResponse>;
  /** The newest instant that the `Date` headers stated; the machine's clock where none did. */
  servedAt(): Date;
}

const TOKEN = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** A session of a configuration; it signs in with the first request. */
export function tackleSession(config: TackleConfig, env: SourceEnv, limits: Partial<RetryLimits>): Session {
  const secrets = new Set(spellings(config.client_secret));
  const context = { source: 'tackle', env, limits, secrets } as const;
  let served: number | null = null;
  const note = (response: HttpResponse) => {
    const stated = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(stated)) served = Math.max(stated, served ?? stated);
    return response;
  };
  const tokens = tokenCache(context, (signal) => signIn(config, context, note, signal));
  return {
    context,
    config,
    tokens,
    get: async (asked) => note(await authorised(context, tokens, asked)),
    servedAt: () => (served === null ? env.now() : new Date(served)),
  };
}

async function signIn(
  config: TackleConfig,
  context: HttpContext,
  note: (response: HttpResponse) => HttpResponse,
  signal: AbortSignal | undefined,
) {
  const { client_id, client_secret } = config;
  const asked = {
    method: 'POST',
    url: joinUrl(config.url, '/v1/authenticate'),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id, client_secret, grant_type: 'client_credentials' }),
    expect: 'a bearer token with access_token and expires_in',
    stream: null,
    signal,
  } as const;
  const response = note(await request({ ...context, judge: signInVerdict }, asked));
  const token = TOKEN.safeParse(tokenBody(response.body));
  if (token.success) {
    return { access_token: token.data.access_token, lives_ms: token.data.expires_in * 1000 };
  }
  throw sourceError(context, asked, {
    observed: 'an answer without them',
    failure: 'contract',
    next_step: 'check that sources.tackle.url is the main host',
  });
}

/** The answer may hold a token, so a body that is no JSON is nothing rather than a message. */
function tokenBody(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    if (error instanceof BodyError) return null;
    throw error;
  }
}
