import { expect, test } from 'vitest';
import { tokenCache } from '../../connectors/token.ts';
import { testEnv } from './scripted_api.ts';

function counted(lives_ms: number | null) {
  const env = testEnv();
  const secrets = new Set<string>();
  let taken = 0;
  const cache = tokenCache({ env, secrets }, async () => {
    taken += 1;
    return { access_token: `token-${taken}`, lives_ms };
  });
  return { env, secrets, cache };
}

test('keeps a token until shortly before its end', async () => {
  const { env, cache, secrets } = counted(900_000);
  expect(await cache.get()).toBe('token-1');
  await env.sleep(839_000);
  expect(await cache.get()).toBe('token-1');
  await env.sleep(2000);
  expect(await cache.get()).toBe('token-2');
  expect([...secrets]).toEqual(['token-1', 'token-2']);
});

test('signs in once for callers that ask together', async () => {
  const { cache } = counted(null);
  expect(await Promise.all([cache.get(), cache.get(), cache.get()])).toEqual([
    'token-1',
    'token-1',
    'token-1',
  ]);
});

test('forgets only the token that was refused', async () => {
  const { cache } = counted(null);
  const first = await cache.get();
  cache.refuse(first);
  expect(await cache.get()).toBe('token-2');
  cache.refuse(first);
  expect(await cache.get()).toBe('token-2');
});

test('a sign-in that failed is tried again by the next caller', async () => {
  let taken = 0;
  const cache = tokenCache({ env: testEnv(), secrets: new Set() }, async () => {
    taken += 1;
    if (taken === 1) throw new Error('refused');
    return { access_token: 'token', lives_ms: null };
  });
  await expect(cache.get()).rejects.toThrow('refused');
  expect(await cache.get()).toBe('token');
});
