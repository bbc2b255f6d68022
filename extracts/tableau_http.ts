import { elementsOf, findElement, textOf, type XmlElement } from './xml.ts';
import { readXml } from './xml_read.ts';

/** How requests to Tableau are repeated. Times in milliseconds. */
export interface RetryPolicy {
  readonly attempts: number;
  /** The first wait is at most this; the bound doubles each time, up to `maxWaitMs`. */
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
  /** A server that asks for more patience than this is an error. */
  readonly maxRetryAfterMs: number;
  /** For one request, its body and its answer. */
  readonly timeoutMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 6,
  firstWaitMs: 500,
  maxWaitMs: 30_000,
  maxRetryAfterMs: 120_000,
  timeoutMs: 600_000,
};

/** What the client takes from outside, so that tests need not wait. */
export interface TableauEffects {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  readonly now: () => Date;
}

export const REAL_EFFECTS: TableauEffects = {
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: Math.random,
  now: () => new Date(),
};

/**
 * A request that Tableau refused or that failed for good. `certain`: the server said no, so nothing was changed;
 * otherwise the request may have been carried out although its answer was lost.
 */
export class TableauError extends Error {
  readonly status: number | null;
  readonly code: string | null;
  readonly certain: boolean;

  constructor(message: string, about: { status?: number; code?: string; certain: boolean; cause?: unknown }) {
    super(message, { cause: about.cause });
    this.name = 'TableauError';
    this.status = about.status ?? null;
    this.code = about.code ?? null;
    this.certain = about.certain;
  }
}

export interface TableauRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A Blob may stand on a file on disk: it is streamed, with its length known. */
  readonly body?: Blob | string;
  /** False: carrying it out twice would do harm, so only a throttled request is repeated. */
  readonly repeatable: boolean;
}

export interface TableauAnswer {
  readonly status: number;
  /** The `tsResponse` element; null for an answer without a body. */
  readonly document: XmlElement | null;
}

/**
 * One request with repetitions: 429 always, connection failures and 5xx where the request may be repeated.
 * Waits are Retry-After (seconds or an HTTP date) plus jitter, else full jitter under a doubling bound.
 * @throws TableauError when the server refuses or the attempts are used up.
 */
export async function requestXml(
  request: TableauRequest,
  policy: RetryPolicy,
  effects: TableauEffects,
): Promise<TableauAnswer> {
  return repeated(request, policy, effects, async (response) => {
    const text = await response.text();
    if (text === '') return { status: response.status, document: null };
    return { status: response.status, document: readXml(text) };
  });
}

/** The same for a file: `take` reads the body, and is called again from the start when it breaks off. */
export async function repeated<T>(
  request: TableauRequest,
  policy: RetryPolicy,
  effects: TableauEffects,
  take: (response: Response) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await tryOnce(request, policy, take);
    if ('value' in outcome) return outcome.value;
    const { failure, retryAfter } = outcome;
    const mayRepeat = failure.status === 429 || (!failure.certain && request.repeatable);
    if (!mayRepeat || attempt >= policy.attempts) throw failure;
    await effects.sleep(waitMs(attempt, retryAfter, policy, effects, failure));
  }
}

type Outcome<T> =
  | { readonly value: T }
  | { readonly failure: TableauError; readonly retryAfter: string | null };

async function tryOnce<T>(
  request: TableauRequest,
  policy: RetryPolicy,
  take: (response: Response) => Promise<T>,
): Promise<Outcome<T>> {
  const what = `${request.method} ${new URL(request.url).pathname}`;
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers },
      signal: AbortSignal.timeout(policy.timeoutMs),
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    if (response.ok) return { value: await take(response) };
    const failure = refusal(what, response.status, await response.text());
    return { failure, retryAfter: response.headers.get('retry-after') };
  } catch (error) {
    if (error instanceof TableauError) return { failure: error, retryAfter: null };
    const observed = reasonOf(error);
    const message = `extracts: Tableau ${what}: got ${observed}, want an answer; check that the server is reachable`;
    return { failure: new TableauError(message, { certain: false, cause: error }), retryAfter: null };
  }
}

function refusal(what: string, status: number, body: string): TableauError {
  const { code, text } = errorIn(body);
  const next =
    status === 401
      ? 'check the credentials'
      : status >= 500 || status === 429
        ? 'try again later'
        : 'see the code';
  const message = `extracts: Tableau ${what}: got HTTP ${status}${code === '' ? '' : ` (${code})`}${text === '' ? '' : ` ${text}`}, want success; ${next}`;
  return new TableauError(message, { status, ...(code === '' ? {} : { code }), certain: status < 500 });
}

function errorIn(body: string): { readonly code: string; readonly text: string } {
  try {
    const error = findElement(readXml(body), 'error');
    if (error === null) return { code: '', text: '' };
    const texts = elementsOf(error).map((child) => textOf(child).trim());
    return { code: error.attributes.code ?? '', text: texts.filter((text) => text !== '').join(': ') };
  } catch {
    return { code: '', text: '' }; // a proxy's page instead of Tableau's XML: the status alone speaks
  }
}

function waitMs(
  attempt: number,
  retryAfter: string | null,
  policy: RetryPolicy,
  effects: TableauEffects,
  failure: TableauError,
): number {
  const bound = Math.min(policy.maxWaitMs, policy.firstWaitMs * 2 ** (attempt - 1));
  const jitter = effects.random() * bound;
  if (retryAfter === null) return jitter;
  const seconds = Number(retryAfter);
  const asked = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(retryAfter) - effects.now().getTime();
  if (!(asked <= policy.maxRetryAfterMs)) throw failure;
  return Math.max(0, asked) + effects.random() * policy.firstWaitMs;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
