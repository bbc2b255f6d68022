import { type HttpContext, type HttpRequest, type HttpResponse, sourceError, type Verdict } from '../http.ts';
import type { RetryLimits } from '../retry.ts';
import { spellings } from '../safe_url.ts';
import { type SourceEnv, SourceError } from '../source.ts';
import { authorised, tokenCache } from '../token.ts';
import type { SalesforceConfig, SalesforceSettings } from './salesforce_config.ts';
import { signIn } from './sign_in.ts';
import { salesforceVerdict } from './verdict.ts';

/** A request below the instance's host. */
type Ask = Omit<HttpRequest, 'url'> & { readonly path: string };

/** A signed-in connection to one Salesforce organisation. */
export interface Session {
  readonly context: HttpContext;
  readonly settings: SalesforceSettings;
  /** Signs in where no token is at hand. */
  signIn(signal?: AbortSignal): Promise<void>;
  ask(ask: Ask): Promise<HttpResponse>;
  /** The URL of a path on the instance's host, for messages. */
  urlOf(path: string): URL;
  /** The newest instant that the server's `Date` headers stated; null before the first answer. */
  servedAt(): Date | null;
  forget(): void;
}

/** A session of a configuration; nothing is sent yet. */
export function salesforceSession(
  config: SalesforceConfig,
  settings: SalesforceSettings,
  env: SourceEnv,
  limits: Partial<RetryLimits>,
): Session {
  const { auth } = config;
  const secrets = new Set(auth.kind === 'jwt' ? [auth.private_key] : spellings(auth.client_secret));
  let instance = config.login_url;
  let served: Date | null = null;
  let used: Usage | null = null;
  const judge = (response: HttpResponse): Verdict | null => {
    used = usageOf(response.headers) ?? used;
    const verdict = salesforceVerdict(response);
    if (used === null || response.status < 400 || !isAboveShare(used, settings.quota_share)) return verdict;
    return untried(used, verdict ?? { failure: 'quota', observed: `status ${response.status}` });
  };
  const context = { source: 'salesforce', env, limits, secrets, judge } as const;
  const tokens = tokenCache(context, async (signal) => {
    const { access_token, instance_url } = await signIn(config, context, signal);
    instance = instance_url;
    return { access_token, lives_ms: null };
  });
  const ask = async ({ path, ...rest }: Ask) => {
    await tokens.get(rest.signal);
    const asked = { ...rest, url: new URL(path, instance) };
    refuseAboveShare(context, asked, used, settings.quota_share);
    const response = await authorised(context, tokens, asked);
    served = later(served, response.headers.get('date'));
    used = usageOf(response.headers) ?? used;
    return response;
  };
  return {
    context,
    settings,
    signIn: async (signal) => void (await tokens.get(signal)),
    ask,
    urlOf: (path) => new URL(path, instance),
    servedAt: () => served,
    forget: () => tokens.clear(),
  };
}

/** Requests of the organisation in the last 24 hours, and how many it may make. */
interface Usage {
  readonly requests: number;
  readonly limit: number;
}

const QUOTA_STEP = 'find what uses them, or raise quota_share; run again when the 24-hour window has moved';

function usageOf(headers: Headers): Usage | null {
  const match = /(?:^|[\s,;])api-usage=(\d+)\/(\d+)/.exec(headers.get('sforce-limit-info') ?? '');
  return match === null ? null : { requests: Number(match[1]), limit: Number(match[2]) };
}

function isAboveShare(used: Usage, share: number): boolean {
  return used.requests >= used.limit * share;
}

/** Above the share a fault is not tried again: every try is one more request. */
function untried(used: Usage, { failure, observed }: Pick<Verdict, 'failure' | 'observed'>): Verdict {
  return {
    retry: false,
    failure,
    observed: `${observed}, ${used.requests} of ${used.limit} requests used`,
    next_step: QUOTA_STEP,
  };
}

function refuseAboveShare(context: HttpContext, asked: HttpRequest, used: Usage | null, share: number): void {
  if (used === null || !isAboveShare(used, share)) return;
  throw sourceError(
    context,
    { ...asked, expect: `less than ${share} of the day's requests (sources.salesforce.quota_share)` },
    {
      observed: `${used.requests} of ${used.limit} requests used`,
      failure: 'quota',
      next_step: QUOTA_STEP,
    },
  );
}

function later(known: Date | null, header: string | null): Date | null {
  const stated = Date.parse(header ?? '');
  if (Number.isNaN(stated)) return known;
  return known === null || stated > known.getTime() ? new Date(stated) : known;
}

/** @throws SourceError when no answer carried a `Date` header */
export function serverNow(session: Session, stream: string): Date {
  const now = session.servedAt();
  if (now !== null) return now;
  throw new SourceError(
    `connectors: salesforce ${stream}: got answers without a Date header, want the server's clock`,
    {
      failure: 'contract',
      source: 'salesforce',
      stream,
      next_step: 'check what stands between here and Salesforce: a proxy may remove the header',
    },
  );
}
