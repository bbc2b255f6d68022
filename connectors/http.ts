import type { SourceName } from '../schemas/streams.ts';
import { backoff, DEFAULT_RETRY_LIMITS, type RetryLimits, retryAfter } from './retry.ts';
import { redact, safeUrl } from './safe_url.ts';
import { type SourceEnv, SourceError, type SourceFailure } from './source.ts';

/** Who asks, and within which bounds. */
export interface HttpContext {
  readonly source: SourceName;
  readonly env: SourceEnv;
  readonly limits?: Partial<RetryLimits>;
  /** Blanked in every message: client secrets, tokens. Read when a message is made, so it may grow. */
  readonly secrets: ReadonlySet<string>;
  /** What a source says beyond the status: null leaves the verdict to the status. */
  readonly judge?: (response: HttpResponse) => Verdict | null;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What a good answer is, for messages. */
  readonly expect: string;
  /** Statuses outside 2xx that the caller handles. */
  readonly accept?: readonly number[];
  /** A larger body, uncompressed, is an error whose cause is a `BodyTooLarge`. */
  readonly max_bytes?: number;
  readonly stream: string | null;
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer. `body` is what was sent, after its Content-Encoding is undone. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The request's URL without secrets. */
  readonly url: string;
}

/** The cause of an error: a smaller part is to be asked for. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** Why an answer is no good. */
export interface Verdict {
  readonly retry: boolean;
  readonly failure: SourceFailure;
  readonly observed: string;
  readonly next_step: string;
}

/** Characters of what was observed in a message. */
const OBSERVED_LENGTH = 350;
/** A body larger than this is not a page of ours. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;
const RETRIED_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);
const UNTRUSTED = /^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER)/;

type Outcome =
  | { readonly response: HttpResponse }
  | { readonly verdict: Verdict; readonly wait: number | null; readonly cause?: unknown };

/**
 * Sends one request and reads its whole answer, again and again within bounds while the fault may pass: statuses
 * 408 429 5xx, connections that break, bodies cut short. Between tries it waits with full jitter, and at least as
 * long as `Retry-After` asks.
 * @throws SourceError when the answer is final and not good, or the bounds are used up
 * @throws the signal's reason when it is aborted
 */
export async function request(context: HttpContext, asked: HttpRequest): Promise<HttpResponse> {
  const { env } = context;
  const limits = { ...DEFAULT_RETRY_LIMITS, ...context.limits };
  const began = env.now().getTime();
  for (let tried = 1; ; tried += 1) {
    const outcome = await attempt(context, asked, limits);
    if ('response' in outcome) return outcome.response;
    const { verdict, wait } = outcome;
    if (!verdict.retry) throw failure(context, asked, outcome, tried);
    const pause = Math.max(backoff(tried, limits, env.random), wait ?? 0);
    const spent = env.now().getTime() - began;
    if (tried >= limits.attempts || pause > limits.retry_after || spent + pause > limits.total) {
      throw failure(context, asked, outcome, tried);
    }
    env.log(
      'warn',
      `connectors: ${context.source}: got ${shown(context, verdict)}; try ${tried + 1} in ${pause} ms`,
      {
        source: context.source,
        stream: asked.stream,
        url: safeUrl(asked.url),
      },
    );
    await env.sleep(pause, asked.signal);
  }
}

async function attempt(context: HttpContext, asked: HttpRequest, limits: RetryLimits): Promise<Outcome> {
  asked.signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(limits.request);
  const signal = asked.signal === undefined ? timeout : AbortSignal.any([timeout, asked.signal]);
  let response: HttpResponse;
  try {
    response = await exchange(context, asked, signal);
  } catch (error) {
    asked.signal?.throwIfAborted();
    if (error instanceof SourceError) throw error;
    return { verdict: brokenConnection(error, timeout.aborted, limits), wait: null, cause: error };
  }
  if (asked.accept?.includes(response.status)) return { response };
  const verdict = context.judge?.(response) ?? judgeStatus(response) ?? judgeBody(response);
  if (verdict === null) return { response };
  return { verdict, wait: retryAfter(response.headers, context.env.now()) };
}

async function exchange(
  context: HttpContext,
  asked: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const answer = await context.env.fetch(asked.url, {
    method: asked.method ?? 'GET',
    headers: { accept: 'application/json', 'accept-encoding': 'gzip', ...asked.headers },
    ...(asked.body === undefined ? {} : { body: asked.body }),
    // A redirect would carry the token to a host that nobody configured.
    redirect: 'manual',
    signal,
  });
  const url = safeUrl(asked.url);
  const body = await readWhole(context, asked, answer);
  return { status: answer.status, headers: answer.headers, body, url };
}

async function readWhole(context: HttpContext, asked: HttpRequest, answer: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const limit = asked.max_bytes ?? MAX_BODY_BYTES;
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > limit) {
      throw sourceError(context, asked, {
        observed: `a body of more than ${limit} bytes`,
        failure: 'contract',
        next_step: 'ask for smaller pages',
        cause: new BodyTooLarge(),
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function brokenConnection(error: unknown, timedOut: boolean, limits: RetryLimits): Verdict {
  if (timedOut) {
    return passing(`no whole answer within ${limits.request} ms`);
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const detail = cause instanceof Error ? cause.message || code : String(error);
  if (UNTRUSTED.test(code)) {
    return {
      retry: false,
      failure: 'config',
      observed: `an untrusted certificate (${code})`,
      next_step: 'check the host of the URL, and NODE_EXTRA_CA_CERTS where it has an authority of its own',
    };
  }
  const cut = error instanceof Error && error.message === 'terminated';
  return passing(cut ? `a body cut short (${detail})` : `no connection (${detail})`);
}

function passing(observed: string): Verdict {
  return {
    retry: true,
    failure: 'unavailable',
    observed,
    next_step: 'check that the service is up and reachable, then run again: the bookmark has not moved',
  };
}

function judgeStatus(response: HttpResponse): Verdict | null {
  const { status } = response;
  if (status >= 200 && status < 300) return null;
  const observed = `status ${status}${explanation(response)}`;
  if (RETRIED_STATUSES.has(status)) return passing(observed);
  if (status >= 300 && status < 400) {
    const to = redirectHost(response);
    return {
      retry: false,
      failure: 'config',
      observed: `status ${status}, a redirect to ${to}${explanation(response)}`,
      next_step: 'put the present URL into the configuration',
    };
  }
  const credentials = status === 401 || status === 403;
  return {
    retry: false,
    failure: credentials || status === 404 ? 'config' : 'contract',
    observed,
    next_step: credentials
      ? 'check the credentials and their permissions'
      : status === 404
        ? 'check the URL in the configuration'
        : 'compare the request with the contract of the source',
  };
}

/**
 * A JSON body that begins as an object or list and does not end as one was cut short: a stopped gzip stream, or a
 * body that only the connection's end delimits, passes for whole in fetch.
 */
function judgeBody(response: HttpResponse): Verdict | null {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return null;
  const { body } = response;
  let end = body.length - 1;
  while (end > 0 && isBlank(body[end])) end -= 1;
  let start = 0;
  while (start < end && isBlank(body[start])) start += 1;
  const [first, last] = [body[start], body[end]];
  const whole = (first !== 0x7b || last === 0x7d) && (first !== 0x5b || last === 0x5d);
  return whole ? null : passing(`a body cut short after ${body.length} bytes`);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** What the server says of its refusal. */
function explanation(response: HttpResponse): string {
  const text = response.body.subarray(0, 65_536).toString('utf8').trim();
  return text === '' ? '' : ` saying ${text}`;
}

/** What was observed in one line of bounded length. Secrets go first: a cut through one would leave a part of it. */
function shown(context: Pick<HttpContext, 'secrets'>, { observed }: Verdict): string {
  return redact(observed, context.secrets)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .slice(0, OBSERVED_LENGTH)
    .trim();
}

function redirectHost(response: HttpResponse): string {
  const location = response.headers.get('location') ?? '';
  return URL.canParse(location, response.url) ? new URL(location, response.url).origin : 'nowhere';
}

/** The error of a request, with the URL but without its secrets. */
export function sourceError(
  context: Pick<HttpContext, 'source' | 'secrets'>,
  asked: Pick<HttpRequest, 'method' | 'url' | 'stream' | 'expect'>,
  what: Omit<Verdict, 'retry'> & { readonly cause?: unknown },
): SourceError {
  const where = `${asked.method ?? 'GET'} ${safeUrl(asked.url)}`;
  const message = `connectors: ${context.source}${asked.stream === null ? '' : ` ${asked.stream}`}: ${where}: got ${what.observed}, want ${asked.expect}`;
  return new SourceError(redact(message, context.secrets), {
    failure: what.failure,
    source: context.source,
    stream: asked.stream,
    next_step: what.next_step,
    ...(what.cause === undefined ? {} : { cause: what.cause }),
  });
}

function failure(
  context: HttpContext,
  asked: HttpRequest,
  outcome: Extract<Outcome, { verdict: Verdict }>,
  tried: number,
): SourceError {
  const { verdict, wait, cause } = outcome;
  const patience = wait === null || wait === 0 ? '' : `, asked to wait ${Math.ceil(wait / 1000)} s`;
  const times = tried === 1 ? '' : ` at try ${tried}, the last`;
  return sourceError(context, asked, {
    ...verdict,
    observed: `${shown(context, verdict)}${times}${patience}`,
    cause,
  });
}
