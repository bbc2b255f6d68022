import { afterEach } from 'vitest';
import type { SourceEnv } from '../../connectors/source.ts';
import type { TackleConfig } from '../../connectors/tackle/tackle_config.ts';
import { createTackleSource } from '../../connectors/tackle/tackle_source.ts';
import type { Page } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { type Call, type Reply, type ScriptedApi, scriptedApi, testEnv } from './scripted_api.ts';

const running: ScriptedApi[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

const SERVED = { date: 'Sun, 22 Nov 2026 03:00:10 GMT' };

/** A source whose APIs are all at one address. */
export function tackleAt(url: string, config: Partial<TackleConfig> = {}, env: Partial<SourceEnv> = {}) {
  const offers = { microsoft_offers_url: `${url}/microsoft`, aws_offers_url: `${url}/aws` };
  return createTackleSource(
    {
      url,
      contracts_url: `${url}/contracts-host`,
      ...offers,
      client_id: 'a',
      client_secret: 'hush',
      ...config,
    },
    { ...testEnv(), ...env },
  );
}

/** A source over a scripted API, which is closed after the test. */
export async function start(
  answer: (call: Call) => Reply,
  config: Partial<TackleConfig> = {},
  env: Partial<SourceEnv> = {},
) {
  const api = await scriptedApi((call) =>
    call.method === 'POST'
      ? { headers: SERVED, body: { access_token: 'token', expires_in: 5400, token_type: 'bearer' } }
      : { headers: SERVED, ...answer(call) },
  );
  running.push(api);
  return { api, source: tackleAt(api.url, config, env) };
}

/** Every page of a stream. */
export async function readAll(
  from: ReturnType<typeof tackleAt>,
  stream: Stream,
  bookmark: string | null = null,
) {
  await from.open();
  const pages: Page[] = [];
  for await (const page of from.pages(stream, { bookmark })) pages.push(page);
  return pages;
}
