import { z } from 'zod';
import { csvRecords } from '../csv.ts';
import type { HttpResponse, Verdict } from '../http.ts';
import { BodyError, parseJson } from '../json_body.ts';

const ERRORS = z.array(z.object({ errorCode: z.string(), message: z.string() })).min(1);
const OAUTH_ERROR = z.object({ error: z.string(), error_description: z.string().optional() });

/** What Salesforce says in an answer's body beyond its status: limits, hidden fields, refused sign-ins, a cut. */
export function salesforceVerdict(response: HttpResponse): Verdict | null {
  if (response.status < 400) return cutShort(response);
  const body = jsonOrNull(response.body);
  const refused = OAUTH_ERROR.safeParse(body);
  if (refused.success) return signInRefused(response.status, refused.data);
  const [first] = ERRORS.safeParse(body).data ?? [];
  const observed =
    first === undefined
      ? `status ${response.status}`
      : `${response.status} ${first.errorCode} (${first.message})`;
  if (first?.errorCode === 'REQUEST_LIMIT_EXCEEDED') {
    const next_step =
      'wait for the 24-hour window to move, or have the limit raised; nothing of this read was committed';
    return { retry: true, failure: 'quota', observed, next_step };
  }
  if (response.status === 406 || response.status === 420 || response.status >= 500) {
    return {
      retry: true,
      failure: 'unavailable',
      observed,
      next_step: 'run again: the bookmark has not moved',
    };
  }
  if (first?.errorCode === 'INVALID_FIELD' || first?.errorCode === 'INVALID_TYPE') {
    const next_step =
      'check that the field or object exists and that the user may see it, or map it in sources.salesforce.objects';
    return { retry: false, failure: 'config', observed, next_step };
  }
  return null;
}

/**
 * Results that end within a line and lack fields there were cut short: a stopped gzip stream, or a body that only the
 * connection's end delimits, passes for whole in fetch. A cut between two lines shows in the number of rows.
 */
function cutShort({ headers, body }: HttpResponse): Verdict | null {
  const isCsv = /\bcsv\b/.test(headers.get('content-type') ?? '');
  if (!isCsv || body.length === 0 || body.at(-1) === 0x0a) return null;
  const records = recordsOrNull(body);
  const fields = records?.[0]?.length ?? 0;
  if (records !== null && (records.at(-1)?.length ?? 0) >= fields) return null;
  return {
    retry: true,
    failure: 'unavailable',
    observed: `a body cut short after ${body.length} bytes`,
    next_step: 'run again: the job is gone on with',
  };
}

function recordsOrNull(body: Buffer): ReturnType<typeof csvRecords> | null {
  try {
    return csvRecords(body);
  } catch (error) {
    if (error instanceof BodyError) return null;
    throw error;
  }
}

function signInRefused(
  status: number,
  { error, error_description }: z.infer<typeof OAUTH_ERROR>,
): Verdict | null {
  if (status >= 500 || status === 429) return null;
  return {
    retry: false,
    failure: 'config',
    observed: `status ${status} ${error}${error_description === undefined ? '' : ` (${error_description})`}`,
    next_step: 'check login_url, client_id and auth, and that the app is approved for the user',
  };
}

function jsonOrNull(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    if (error instanceof BodyError) return null;
    throw error;
  }
}
