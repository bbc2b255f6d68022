import { z } from 'zod';
import { type HttpContext, type HttpResponse, request, sourceError } from '../http.ts';
import { BodyError, parseJson } from '../json_body.ts';
import type { RetryLimits } from '../retry.ts';
import { joinUrl, spellings } from '../safe_url.ts';
import type { SourceEnv } from '../source.ts';
import { authorised, signInVerdict, type TokenCache, tokenCache } from '../token.ts';
import type { PolarisConfig } from './polaris_config.ts';

/** A signed-in connection to Polaris. */
export interface Session {
  readonly context: HttpContext;
  readonly tokens: TokenCache;
  get(ask: {
    readonly path: string;
    readonly query: Readonly<Record<string, string | null>>;
    readonly expect: string;
    readonly stream: string;
    readonly accept?: readonly number[];
    readonly signal: AbortSignal | undefined;
  }): Promise<HttpResponse>;
}

const TOKEN = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** A session with client credentials (RFC 6749, 4.4); it signs in with the first request. */
export function polarisSession(config: PolarisConfig, env: SourceEnv, limits: Partial<RetryLimits>): Session {
  const secrets = new Set(spellings(config.client_secret));
  const context = { source: 'polaris', env, limits, secrets } as const;
  const tokens = tokenCache(context, (signal) => signIn(config, context, signal));
  return {
    context,
    tokens,
    get: ({ path, query, ...ask }) =>
      authorised(context, tokens, { ...ask, url: joinUrl(config.url, path, query) }),
  };
}

async function signIn(config: PolarisConfig, context: HttpContext, signal: AbortSignal | undefined) {
  const asked = {
    method: 'POST',
    url: joinUrl(config.url, '/oauth/token'),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: config.client_id,
      client_secret: config.client_secret,
    }).toString(),
    expect: 'a bearer token with access_token and expires_in',
    stream: null,
    signal,
  } as const;
  const response = await request({ ...context, judge: signInVerdict }, asked);
  const token = TOKEN.safeParse(tokenBody(response.body));
  if (!token.success) {
    throw sourceError(context, asked, {
      observed: 'an answer without them',
      failure: 'contract',
      next_step: 'check that the URL is that of Polaris',
    });
  }
  return { access_token: token.data.access_token, lives_ms: token.data.expires_in * 1000 };
}

/** The answer may hold a secret, so a body that is no JSON is nothing rather than a message. */
function tokenBody(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    if (error instanceof BodyError) return null;
    throw error;
  }
}
