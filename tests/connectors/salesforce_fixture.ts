import type { SalesforceConfig } from '../../connectors/salesforce/salesforce_config.ts';
import { createSalesforceSource } from '../../connectors/salesforce/salesforce_source.ts';
import type { SourceError } from '../../connectors/source.ts';
import type { Page } from '../../schemas/page.ts';
import { ACCOUNT } from '../../schemas/salesforce.ts';
import { type Call, type Reply, type ScriptedApi, scriptedApi, testEnv } from './scripted_api.ts';

const running: ScriptedApi[] = [];

/** Closes the servers of a test. */
export async function closeAll(): Promise<void> {
  await Promise.all(running.splice(0).map((api) => api.close()));
}

/** A scripted Salesforce and a source that reads it, with three tries for each request. */
export async function start(script: (call: Call) => Reply, config: Partial<SalesforceConfig> = {}) {
  const api = await scriptedApi(script);
  running.push(api);
  const env = testEnv();
  const auth = { kind: 'client_credentials', client_secret: 'hush-hush' } as const;
  const source = createSalesforceSource({ login_url: api.url, client_id: 'app', auth, ...config }, env, {
    attempts: 3,
  });
  return { api, env, source };
}

export type Started = Awaited<ReturnType<typeof start>>;

/** The pages of the accounts. */
export async function readAll({ source }: Started, bookmark: string | null = null): Promise<readonly Page[]> {
  await source.open();
  const pages: Page[] = [];
  for await (const page of source.pages(ACCOUNT.stream, { bookmark })) pages.push(page);
  return pages;
}

/** The error of a read that must fail. */
export async function failure(promise: Promise<unknown>): Promise<SourceError> {
  return promise.then(
    () => {
      throw new Error('the read succeeded');
    },
    (error: unknown) => error as SourceError,
  );
}

/** An answer without records. */
export const nothing = (): Reply => ({ body: { totalSize: 0, done: true, records: [] } });
