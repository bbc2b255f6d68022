/** How long one request may be tried. Times in milliseconds. */
export interface RetryLimits {
  readonly attempts: number;
  /** From the first try to the last answer. */
  readonly total: number;
  /** One try, from the connection to the last byte of the body. */
  readonly request: number;
  /** First and longest back-off before jitter. */
  readonly base: number;
  readonly cap: number;
  /** The longest `Retry-After` that is waited for. */
  readonly retry_after: number;
}

/** Seven tries over about a quarter of a minute, ten minutes where the server asks for patience. */
export const DEFAULT_RETRY_LIMITS: RetryLimits = {
  attempts: 7,
  total: 600_000,
  request: 300_000,
  base: 500,
  cap: 30_000,
  retry_after: 300_000,
};

const LONGEST_PLAUSIBLE_MS = 3_600_000;

/**
 * Milliseconds that a `Retry-After` asks for: whole seconds or an HTTP date (RFC 9110, 10.2.3); null when it is
 * absent or neither. A date is held against the server's own clock where the answer states one, unless that gives a
 * wait that no server means: then the date was reckoned on another clock than the `Date` header.
 */
export function retryAfter(headers: Headers, now: Date): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  if (!/[a-z]/i.test(value) || Number.isNaN(at)) return null;
  const served = Date.parse(headers.get('date') ?? '');
  const byMachine = Math.max(0, at - now.getTime());
  const byServer = Number.isNaN(served) ? byMachine : Math.max(0, at - served);
  return byServer > LONGEST_PLAUSIBLE_MS ? Math.min(byServer, byMachine) : byServer;
}

/** Full jitter: a uniform share of the capped exponential back-off, in milliseconds. `tried` counts from 1. */
export function backoff(tried: number, limits: RetryLimits, random: () => number): number {
  return Math.floor(random() * Math.min(limits.cap, limits.base * 2 ** (tried - 1)));
}
