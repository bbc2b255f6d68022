import {
  type RetryPolicy,
  repeated,
  requestXml,
  type TableauAnswer,
  type TableauEffects,
  TableauError,
  type TableauRequest,
} from './tableau_http.ts';
import { secretsOf, signInBody, type TableauAuth } from './tableau_sign_in.ts';
import { findElement, textOf } from './xml.ts';

/** Where to publish and as whom. */
export interface TableauSite {
  /** The server's base URL. */
  readonly url: string;
  /** The site's content URL; '' is the default site. */
  readonly site: string;
  readonly auth: TableauAuth;
}

/** A request inside the signed-in site: `path` begins after `/sites/<id>`. */
type SiteRequest = Omit<TableauRequest, 'url' | 'headers'> & {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A signed-in session. A session that the server has ended is renewed once per request. */
export interface TableauSession {
  request(request: SiteRequest): Promise<TableauAnswer>;
  /** Hands the answer itself to `take`, for downloads. */
  fetch<T>(request: SiteRequest, take: (response: Response) => Promise<T>): Promise<T>;
  signOut(): Promise<void>;
}

interface Signed {
  readonly token: string;
  readonly siteId: string;
}

/**
 * Asks the server for its REST version and signs in.
 * @throws TableauError; its message never holds a secret or token.
 */
export async function openSession(
  site: TableauSite,
  retry: RetryPolicy,
  effects: TableauEffects,
): Promise<TableauSession> {
  const secrets = new Set(secretsOf(site.auth));
  const base = `${site.url.replace(/\/+$/, '')}/api`;
  const call = (request: TableauRequest) => guarded(secrets, () => requestXml(request, retry, effects));
  const version = await restVersion(base, call);
  const signIn = async (): Promise<Signed> => {
    const body = await signInBody(site.auth, site.site, effects.now());
    const answer = await call({
      method: 'POST',
      url: `${base}/${version}/auth/signin`,
      headers: XML,
      body,
      repeatable: true,
    });
    const signed = signedIn(answer, site);
    secrets.add(signed.token);
    return signed;
  };
  let signed = await signIn();
  const inSite = (request: SiteRequest): TableauRequest => ({
    ...request,
    url: `${base}/${version}/sites/${signed.siteId}${request.path}`,
    headers: { ...XML, ...request.headers, 'x-tableau-auth': signed.token },
  });
  const renewing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TableauError && error.status === 401)) throw error;
      signed = await signIn(); // the session was ended; a second refusal is final
      return work();
    }
  };
  return {
    request: (request) => renewing(() => call(inSite(request))),
    fetch: (request, take) =>
      renewing(() => guarded(secrets, () => repeated(inSite(request), retry, effects, take))),
    signOut: async () => {
      const url = `${base}/${version}/auth/signout`;
      await call({ method: 'POST', url, headers: { 'x-tableau-auth': signed.token }, repeatable: true });
    },
  };
}

const XML = { 'content-type': 'application/xml', accept: 'application/xml' } as const;

async function restVersion(
  base: string,
  call: (request: TableauRequest) => Promise<TableauAnswer>,
): Promise<string> {
  const { document } = await call({
    method: 'GET',
    url: `${base}/2.4/serverinfo`,
    headers: { accept: 'application/xml' },
    repeatable: true,
  });
  const version = document === null ? null : findElement(document, 'serverInfo', 'restApiVersion');
  if (version !== null && /^\d+\.\d+$/.test(textOf(version))) return textOf(version);
  throw new TableauError(
    `extracts: Tableau ${base}: got no restApiVersion, want Tableau's server information; check the url`,
    { certain: true },
  );
}

function signedIn(answer: TableauAnswer, site: TableauSite): Signed {
  const credentials = answer.document === null ? null : findElement(answer.document, 'credentials');
  const token = credentials?.attributes.token;
  const siteId = credentials === null ? undefined : findElement(credentials, 'site')?.attributes.id;
  if (token !== undefined && siteId !== undefined) return { token, siteId };
  throw new TableauError(
    `extracts: Tableau sign-in to site ${JSON.stringify(site.site)}: got no token, want one; check url and site`,
    { certain: true },
  );
}

/** Servers and proxies may repeat what they were sent: secrets are cut out of every message. */
async function guarded<T>(secrets: ReadonlySet<string>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TableauError)) throw error;
    let message = error.message;
    for (const secret of secrets) message = message.replaceAll(secret, '[secret]');
    if (message === error.message) throw error;
    throw new TableauError(message, {
      certain: error.certain,
      ...(error.status === null ? {} : { status: error.status }),
      ...(error.code === null ? {} : { code: error.code }),
    });
  }
}
