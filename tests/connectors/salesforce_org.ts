import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SalesforceConfig } from '../../connectors/salesforce/salesforce_config.ts';
import { createSalesforceSource } from '../../connectors/salesforce/salesforce_source.ts';
import type { Page } from '../../schemas/page.ts';
import { ACCOUNT } from '../../schemas/salesforce.ts';
import { account, bulkCsv, salesforceApi } from '../contract/salesforce_cases.ts';
import { scratch } from '../support/scratch.ts';
import { type Call, type Reply, type ScriptedApi, scriptedApi, testEnv } from './scripted_api.ts';

/** How a scripted org stands; a test changes it between nights. */
interface Org {
  readonly hidden: Set<string>;
  /** Fields of Account that are null in every record. */
  readonly empty: Set<string>;
  /** What describe says of a field of Account beyond its name. */
  readonly described: Map<string, object>;
  hasRecords: boolean;
  /** Accounts of a job: one to a page of results. */
  records: number;
  /** Pages that were landed, by path; a test takes some away. */
  readonly landed: Map<string, Buffer>;
  jobState: string;
  /** The queries of the jobs that were started. */
  readonly queries: string[];
  /** A fault in the place of an answer. */
  fault: (call: Call) => Reply | null;
}

/** How one night of a test goes. */
interface NightOptions {
  readonly bookmark?: string | null;
  readonly refresh?: boolean;
  readonly config?: Partial<SalesforceConfig>;
  /** Pages after which the process is killed; absent: read to the end. */
  readonly killedAfter?: number;
  readonly commits?: boolean;
  /** False: the landing zone is not to be had. */
  readonly lands?: boolean;
}

const running: { api: ScriptedApi; folder: string }[] = [];

/** Ends the servers and folders of a test. */
export async function closeOrgs(): Promise<void> {
  for (const { api, folder } of running.splice(0)) {
    await api.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A scripted org of two accounts, two Bulk pages to a job, and nights that read it with one state folder. */
export async function startOrg() {
  const org: Org = {
    hidden: new Set(),
    empty: new Set(),
    described: new Map(),
    hasRecords: true,
    records: 2,
    landed: new Map(),
    jobState: 'JobComplete',
    queries: [],
    fault: () => null,
  };
  const script = salesforceApi((call) => org.fault(call) ?? answer(org, call), org.hidden);
  const api = await scriptedApi((call) => described(org, call, script(call)));
  const folder = scratch();
  const state_dir = join(folder, 'state');
  running.push({ api, folder });
  const source = (config: Partial<SalesforceConfig> = {}) => {
    const env = testEnv();
    const auth = { kind: 'client_credentials', client_secret: 'hush-hush' } as const;
    const settings = { login_url: api.url, client_id: 'app', auth, state_dir, ...config };
    return { env, source: createSalesforceSource(settings, env, { attempts: 2 }) };
  };
  const night = async (options: NightOptions = {}) => {
    const opened = source(options.config);
    const began = api.calls.length;
    const pages: Page[] = [];
    await opened.source.open();
    const { bookmark = null, refresh = false, killedAfter = Number.POSITIVE_INFINITY } = options;
    const readLanded = async (path: string) => {
      const body = org.landed.get(path);
      if (body === undefined) throw new Error(`${path} is not there`);
      return body;
    };
    const from = { bookmark, refresh, ...(options.lands === false ? {} : { readLanded }) };
    try {
      for await (const page of opened.source.pages(ACCOUNT.stream, from)) {
        pages.push(page);
        const path = `landing/${page.sha256}`;
        org.landed.set(path, page.body);
        await opened.source.landed?.(page, path);
        if (pages.length >= killedAfter) break;
      }
      if (options.commits ?? killedAfter > pages.length) await opened.source.committed?.(ACCOUNT.stream);
    } finally {
      if (pages.length < killedAfter) await opened.source.close();
    }
    return { pages, calls: api.calls.slice(began), logged: opened.env.logged };
  };
  return { org, api, state_dir, source, night };
}

function answer(org: Org, call: Call): Reply {
  const query = call.url.searchParams.get('q');
  if (query !== null) return queried(org, query);
  if (call.method === 'DELETE') return { status: 204, body: '' };
  if (!call.url.pathname.endsWith('/results')) return job(org, call);
  const fields = fieldsOf(org.queries.at(Number(/750(\d+)AAA/.exec(call.url.pathname)?.[1]) - 1) ?? '');
  const index = Number(call.url.searchParams.get('locator') ?? '0');
  const locator = index + 1 < org.records ? String(index + 1) : 'null';
  const headers = { 'content-type': 'text/csv', 'sforce-locator': locator, 'sforce-numberofrecords': '1' };
  return { headers, body: bulkCsv([account(index + 1)], fields) };
}

function job(org: Org, call: Call): Reply {
  if (call.method === 'POST') org.queries.push((JSON.parse(call.body) as { query: string }).query);
  const number = /\/jobs\/query\/750(\d+)AAA$/.exec(call.url.pathname)?.[1] ?? org.queries.length;
  const id = `750${String(number).padStart(12, '0')}AAA`;
  return { body: { id, state: org.jobState, numberRecordsProcessed: org.records } };
}

function fieldsOf(query: string): readonly string[] {
  return (/^SELECT (.*) FROM/.exec(query)?.[1] ?? '').split(', ');
}

function queried(org: Org, query: string): Reply {
  const probed = /^SELECT Id FROM \w+(?: WHERE (\w+) != null)? LIMIT 1$/.exec(query);
  const isThere = org.hasRecords && !org.empty.has(probed?.[1] ?? '');
  const fields = fieldsOf(query);
  const whole = Object.entries(account(1)).filter(([name]) => fields.includes(name));
  const records = isThere ? [Object.fromEntries(whole)] : [];
  return { body: { totalSize: records.length, done: true, records } };
}

function described(org: Org, call: Call, reply: Reply): Reply {
  if (!call.url.pathname.endsWith('/Account/describe')) return reply;
  const { fields } = reply.body as { fields: readonly { name: string }[] };
  return {
    ...reply,
    body: {
      name: 'Account',
      fields: fields.map((field) => ({ ...field, ...org.described.get(field.name) })),
    },
  };
}
