import { describe, expect, test } from 'vitest';
import { type Call, type Reply, testEnv } from '../connectors/scripted_api.ts';
import { SECRET, TOKEN } from './source_case.ts';
import { WAYS } from './source_cases.ts';
import { closeAfterEach, deliver, expectedKeys, failure, read, records, start } from './sources/reading.ts';

closeAfterEach();

const PASSING: readonly (readonly [string, Reply])[] = [
  ['429 with Retry-After in seconds', { status: 429, headers: { 'retry-after': '2' }, body: {} }],
  [
    '429 with Retry-After as a date',
    {
      status: 429,
      headers: { 'retry-after': 'Sun, 22 Nov 2026 03:00:12 GMT', date: 'Sun, 22 Nov 2026 03:00:10 GMT' },
      body: {},
    },
  ],
  ['500', { status: 500, body: 'oops' }],
  ['502', { status: 502, body: '<html>' }],
  ['503', { status: 503, body: {} }],
  ['504', { status: 504, body: {} }],
  ['a dropped connection', { drop: true }],
];

describe.each(WAYS)('$title', (which) => {
  test('says who a page is: source, stream, hash, and a URL without secrets', async () => {
    const { pages } = await read(which, [records(which, 2)]);
    for (const page of pages) {
      expect(page).toMatchObject({ source: which.stream.source, stream: which.stream.name });
      expect(page.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(page.url).not.toContain(SECRET);
      expect(page.url).not.toContain(TOKEN);
    }
    expect(pages.length).toBeGreaterThan(0);
  });

  test.each(PASSING)('gives the same rows after %s', async (_name, reply) => {
    const env = testEnv();
    const { keys } = await read(which, [records(which, 3)], (nth) => (nth === 0 ? reply : null), env);
    expect(keys).toEqual(expectedKeys(which, 3));
    if (reply.status === 429) expect(Math.max(...env.slept)).toBeGreaterThanOrEqual(2000);
  });

  test('never takes a body that was cut short for a page', async () => {
    for (const keep of [0, 0.5, 0.95]) {
      const whole = which.api([records(which, 40)]);
      const cut = (nth: number, call: Call) => (nth === 0 ? { ...whole(call), keep } : null);
      const { keys, api } = await read(which, [records(which, 40)], cut);
      expect(keys).toEqual(expectedKeys(which, 40));
      expect(api.calls.filter(which.isPage).length).toBeGreaterThan(1);
    }
  });

  test('gives up within its bound when the fault stays', async () => {
    const env = testEnv();
    const reading = read(which, [records(which, 2)], () => ({ status: 503, body: {} }), env);
    const error = await failure(reading);
    expect(error.failure).toBe('unavailable');
    expect(error.message).toContain('status 503');
    expect(env.slept.length).toBeLessThan(12);
  });

  test('takes one new token when its token is refused', async () => {
    const { keys, api } = await read(which, [records(which, 3)], (nth) =>
      nth === 0 ? { status: 401, body: {} } : null,
    );
    expect(keys).toEqual(expectedKeys(which, 3));
    expect(api.calls.filter(which.isToken)).toHaveLength(2);
  });

  test('fails when the new token is refused as well', async () => {
    const error = await failure(read(which, [records(which, 1)], () => ({ status: 401, body: {} })));
    expect(error.failure).toBe('config');
    expect(error.message).toContain('401');
  });

  test.each([400, 401, 403])(
    'takes a sign-in refused with %i for a matter of configuration',
    async (status) => {
      const body = { error: 'invalid_client', detail: `told ${SECRET}` };
      const api = await start((call) => (which.isToken(call) ? { status, body } : { body: {} }));
      const error = await failure(deliver(which, which.create(api.url, testEnv())));
      expect(error.failure).toBe('config');
      expect(error.message).toContain(String(status));
      expect(api.calls).toHaveLength(1);
    },
  );

  test.each([400, 403, 404])('does not repeat a request that got %i', async (status) => {
    let asked = 0;
    const error = await failure(
      read(which, [records(which, 1)], () => {
        asked += 1;
        return { status, body: { detail: `told ${SECRET} and ${TOKEN}` } };
      }),
    );
    expect(asked).toBe(1);
    expect(error.message).toContain(String(status));
  });

  test('refuses a page that is not what the API gives', async () => {
    const html = { headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><p>Down' };
    const notJson = await failure(read(which, [records(which, 1)], () => html));
    expect(notJson.failure).toBe('contract');
    expect(notJson.message).toMatch(/http:\/\/127\.0\.0\.1.*got .*, want /s);
    const other = await failure(read(which, [records(which, 1)], () => ({ body: { results: [] } })));
    expect(other.failure).toBe('contract');
    expect(other.message).toMatch(/want /);
  });
});
