import { afterEach, describe, expect, test } from 'vitest';
import { type HttpContext, request } from '../../connectors/http.ts';
import { backoff, DEFAULT_RETRY_LIMITS, retryAfter } from '../../connectors/retry.ts';
import { joinUrl, redact, safeUrl, spellings } from '../../connectors/safe_url.ts';
import { SourceError } from '../../connectors/source.ts';
import { type Call, type Reply, type ScriptedApi, scriptedApi, testEnv } from './scripted_api.ts';

const running: ScriptedApi[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

async function start(script: (call: Call, nth: number) => Reply): Promise<ScriptedApi> {
  let nth = 0;
  const api = await scriptedApi((call) => {
    nth += 1;
    return script(call, nth);
  });
  running.push(api);
  return api;
}

function context(more: Pick<HttpContext, 'limits'> = {}) {
  const env = testEnv();
  return { env, source: 'polaris', secrets: new Set(['hush-hush']), ...more } as const;
}

const asked = { expect: 'an answer', stream: null };

async function failed(promise: Promise<unknown>): Promise<SourceError> {
  const error = await promise.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SourceError);
  return error as SourceError;
}

describe('request', () => {
  test('undoes gzip and gives the whole body', async () => {
    const body = { text: 'é'.repeat(5000) };
    const api = await start(() => ({ body }));
    const response = await request(context(), { ...asked, url: api.url });
    expect(JSON.parse(response.body.toString('utf8'))).toEqual(body);
    expect(api.calls[0]?.headers['accept-encoding']).toBe('gzip');
  });

  test('takes a JSON body whose gzip stream stops early for cut short, although its length agrees', async () => {
    const { gzipSync } = await import('node:zlib');
    const whole = Buffer.from(
      JSON.stringify({ data: Array.from({ length: 4000 }, (_, n) => `row ${n * 7919}`) }),
    );
    const api = await start((_call, nth) => {
      const packed = gzipSync(whole);
      const bytes = nth === 1 ? packed.subarray(0, packed.length - 2000) : packed;
      return {
        headers: { 'x-raw': '1', 'content-encoding': 'gzip', 'content-length': String(bytes.length) },
        body: bytes,
      };
    });
    // The server would pack it once more: ask for it as it is.
    const response = await request(context(), {
      ...asked,
      url: api.url,
      headers: { 'accept-encoding': 'identity' },
    });
    expect(response.body.equals(whole)).toBe(true);
    expect(api.calls).toHaveLength(2);
  });

  test('waits as long as Retry-After asks, and no longer than the bound', async () => {
    const patient = context();
    const api = await start((_call, nth) =>
      nth === 1 ? { status: 429, headers: { 'retry-after': '7' } } : { body: {} },
    );
    await request(patient, { ...asked, url: api.url });
    expect(patient.env.slept).toEqual([7000]);
    const impatient = context();
    const slow = await start(() => ({ status: 503, headers: { 'retry-after': '86400' } }));
    const error = await failed(request(impatient, { ...asked, url: slow.url }));
    expect(error.message).toContain('asked to wait 86400 s');
    expect(impatient.env.slept).toEqual([]);
  });

  test('keeps within attempts and total time', async () => {
    const few = context({ limits: { attempts: 3 } });
    const api = await start(() => ({ status: 500 }));
    const error = await failed(request(few, { ...asked, url: api.url }));
    expect(error.message).toContain('at try 3, the last');
    expect(api.calls).toHaveLength(3);
    const short = context({ limits: { attempts: 100, total: 5000, base: 2000, cap: 2000 } });
    await failed(request(short, { ...asked, url: api.url }));
    expect(short.env.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(5000);
  });

  test('gives up on an answer that does not come', async () => {
    const quick = context({ limits: { request: 100, attempts: 2 } });
    const error = await failed(
      request(
        {
          ...quick,
          env: {
            ...quick.env,
            fetch: (_input, init) =>
              new Promise((_resolve, reject) => {
                init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
              }),
          },
        },
        { ...asked, url: 'http://127.0.0.1:1/' },
      ),
    );
    expect(error.message).toContain('no whole answer within 100 ms');
  });

  test('does not follow a redirect with the token', async () => {
    const api = await start(() => ({
      status: 302,
      headers: { location: 'https://elsewhere.example/x?token=1' },
      body: 'moved '.repeat(200),
    }));
    const error = await failed(request(context(), { ...asked, url: api.url }));
    expect(error.failure).toBe('config');
    expect(error.message).toContain('a redirect to https://elsewhere.example');
    expect(api.calls).toHaveLength(1);
  });

  test('names method, URL, status and what was expected, without secrets', async () => {
    const api = await start(() => ({ status: 400, body: { detail: 'bad hush-hush value' } }));
    const url = `${api.url.replace('http://', 'http://user:pw@')}/v1/x?access_token=abc&page=2`;
    const env = testEnv();
    const error = await failed(
      request(
        { ...context(), env: { ...env, fetch: (_url, init) => fetch(`${api.url}/v1/x`, init) } },
        { ...asked, url, stream: 'readings' },
      ),
    );
    expect(error.message).toMatch(
      /^connectors: polaris readings: GET http:\/\/127\.0\.0\.1:\d+\/v1\/x\?access_token=\*\*\*&page=2: got status 400 .*, want an answer$/,
    );
    expect(error.message).not.toMatch(/hush|pw|abc/);
  });

  test('blanks a secret that a long answer is cut in the middle of', async () => {
    const api = await start(() => ({ status: 400, body: `${'x'.repeat(320)}hush-hush` }));
    const error = await failed(request(context(), { ...asked, url: api.url }));
    expect(error.message).not.toContain('hush');
    expect(error.message.length).toBeLessThan(600);
  });

  test('reports an unreachable server as unavailable, with its reason', async () => {
    const api = await start(() => ({}));
    await api.close();
    const error = await failed(request(context({ limits: { attempts: 2 } }), { ...asked, url: api.url }));
    expect(error.failure).toBe('unavailable');
    expect(error.message).toContain('ECONNREFUSED');
  });
});

describe('retryAfter', () => {
  const now = new Date('2026-11-22T03:00:00Z');
  test.each([
    [{ 'retry-after': '12' }, 12_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 03:00:05 GMT' }, 5000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 04:00:05 GMT', date: 'Sun, 22 Nov 2026 04:00:00 GMT' }, 5000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 02:00:00 GMT' }, 0],
    [{ 'retry-after': 'Sun, 22 Nov 2026 03:00:05 GMT', date: 'Fri, 20 Nov 2026 04:00:00 GMT' }, 5000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 03:00:00 GMT', date: 'Sun, 22 Nov 2026 03:00:00 GMT' }, 86_400_000],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': 'soon' }, null],
    [{}, null],
  ])('%j', (headers, want) => {
    expect(retryAfter(new Headers(headers as Record<string, string>), now)).toBe(want);
  });
});

test('backoff is a share of a doubling, capped span', () => {
  expect(backoff(1, DEFAULT_RETRY_LIMITS, () => 0)).toBe(0);
  expect(backoff(1, DEFAULT_RETRY_LIMITS, () => 0.5)).toBe(250);
  expect(backoff(3, DEFAULT_RETRY_LIMITS, () => 0.5)).toBe(1000);
  expect(backoff(40, DEFAULT_RETRY_LIMITS, () => 0.5)).toBe(15_000);
});

test('URLs are shown without secrets', () => {
  expect(safeUrl('https://u:p@h.example/a?client_secret=x&locator=y#z')).toBe(
    'https://h.example/a?client_secret=***&locator=y',
  );
  expect(redact('a secret here', ['secret', 'abc'])).toBe('a *** here');
  const sent = ['it"s a=secret!', 'it%22s+a%3Dsecret%21', 'it%22s%20a%3Dsecret!', 'it\\"s a=secret!'];
  expect(sent.map((text) => redact(text, spellings('it"s a=secret!')))).toEqual(sent.map(() => '***'));
  expect(joinUrl('https://h.example/base/', '/v1/x', { page: 'a b', none: null }).href).toBe(
    'https://h.example/base/v1/x?page=a+b',
  );
});
