import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPolarisSource } from '../../connectors/polaris/polaris_source.ts';
import { createSalesforceSource } from '../../connectors/salesforce/salesforce_source.ts';
import { type Source, SourceError } from '../../connectors/source.ts';
import { createTackleSource } from '../../connectors/tackle/tackle_source.ts';
import type { Rejected } from '../../schemas/page.ts';
import type { SourceName } from '../../schemas/streams.ts';
import type { FaultKind } from '../../simulators/faults.ts';
import { createFleet, type Fleet } from '../../simulators/fleet/fleet.ts';
import { createSalesforceSource as salesforceRecords } from '../../simulators/fleet/salesforce_records.ts';
import { createTackleSource as tackleRecords } from '../../simulators/fleet/tackle_records.ts';
import { startPolarisSimulator } from '../../simulators/polaris/simulator.ts';
import { startSalesforceSimulator } from '../../simulators/salesforce/simulator.ts';
import type { RunningServer } from '../../simulators/server.ts';
import { startTackleSimulator } from '../../simulators/tackle/simulator.ts';
import { testEnv } from '../connectors/scripted_api.ts';

const CLIENT = { clientId: 'reader', clientSecret: 'a-secret-to-test' };
const ACCESS = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret };
const START = '2026-11-01T00:00:00Z';
const NOW = '2026-11-04T03:00:10Z';

/** A simulator, and how a new source reads it. */
interface Bench {
  readonly server: RunningServer;
  source(): Source;
}

const benches = new Map<SourceName, Bench>();

beforeAll(async () => {
  const fleet = createFleet({ seed: 7, customers: 6, days: 3, dimensions: 4, start: START });
  const now = () => NOW;
  benches.set('polaris', await polarisBench(fleet, now));
  benches.set('salesforce', await salesforceBench(fleet, now));
  benches.set('tackle', await tackleBench(fleet, now));
});

afterAll(async () => {
  for (const { server } of benches.values()) await server.close();
});

async function polarisBench(fleet: Fleet, now: () => string): Promise<Bench> {
  const server = await startPolarisSimulator({ fleet, now, ...CLIENT });
  return {
    server,
    source: () => createPolarisSource({ url: server.url, ...ACCESS, page_rows: 500 }, testEnv()),
  };
}

async function salesforceBench(fleet: Fleet, now: () => string): Promise<Bench> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const username = 'night@example.com';
  const server = await startSalesforceSimulator({
    source: salesforceRecords(fleet),
    now,
    auth: { ...CLIENT, username, publicKeyPem: publicKey },
    maxRecordsPerLocator: 5,
  });
  const auth = { kind: 'jwt', username, private_key: privateKey } as const;
  return {
    server,
    source: () =>
      createSalesforceSource({ login_url: server.url, client_id: CLIENT.clientId, auth }, testEnv()),
  };
}

async function tackleBench(fleet: Fleet, now: () => string): Promise<Bench> {
  const server = await startTackleSimulator({ source: tackleRecords(fleet), now, ...CLIENT, pageSize: 3 });
  const urls = {
    url: server.url,
    contracts_url: server.contractsUrl,
    microsoft_offers_url: server.microsoftOffersUrl,
    aws_offers_url: server.awsOffersUrl,
  };
  return { server, source: () => createTackleSource({ ...urls, ...ACCESS }, testEnv()) };
}

interface Night {
  /** Stream → its good rows as texts, sorted. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
  readonly rejected: readonly Rejected[];
  readonly bookmarks: ReadonlyMap<string, string | null>;
}

/** Reads all streams of a source in their order, as a night does. */
async function night(source: Source, from: ReadonlyMap<string, string | null> = new Map()): Promise<Night> {
  const rows = new Map<string, readonly string[]>();
  const bookmarks = new Map<string, string | null>();
  const rejected: Rejected[] = [];
  const dimensions: Record<string, string | null>[] = [];
  const references = new Map([['dimensions', dimensions]]);
  await source.open();
  for (const stream of source.streams) {
    const found: string[] = [];
    let bookmark = from.get(stream.name) ?? null;
    for await (const page of source.pages(stream, { bookmark })) {
      const parsed = source.parse(stream, page, references);
      bookmark = page.bookmark ?? bookmark;
      rejected.push(...parsed.rejected);
      for (let row = 0; row < parsed.offsets.length; row += 1) {
        const fields = stream.columns.map(({ name }, column) => [
          name,
          parsed.columns[column]?.[row] ?? null,
        ]);
        if (stream.name === 'dimensions') dimensions.push(Object.fromEntries(fields));
        found.push(JSON.stringify(fields));
      }
    }
    rows.set(stream.name, found.toSorted());
    bookmarks.set(stream.name, bookmark);
  }
  await source.close();
  return { rows, rejected, bookmarks };
}

function bench(name: SourceName): Bench {
  const found = benches.get(name);
  if (found === undefined) throw new Error(`no bench for ${name}`);
  return found;
}

const PASSING = [
  'throttle_seconds',
  'throttle_date',
  'server_error',
  'drop',
  'truncate',
  'revoked_token',
] as const;

describe.each(['polaris', 'salesforce', 'tackle'] as const)('%s against its simulator', (name) => {
  beforeEach(() => bench(name).server.faults.set([]));

  test('a first night reads every stream without a bad row', async () => {
    const { rows, rejected } = await night(bench(name).source());
    expect(rejected).toEqual([]);
    const empty = [...rows].filter(([, found]) => found.length === 0).map(([stream]) => stream);
    // The fleet of this test is too young and small for money.
    expect(empty.filter((stream) => !['invoices', 'disbursements', 'aws_offers'].includes(stream))).toEqual(
      [],
    );
  });

  test('a second night from its bookmarks finds nothing that the first had not', async () => {
    const first = await night(bench(name).source());
    const second = await night(bench(name).source(), first.bookmarks);
    for (const [stream, found] of second.rows) {
      const known = new Set(first.rows.get(stream));
      expect(found.filter((row) => !known.has(row))).toEqual([]);
    }
    expect(second.bookmarks).toEqual(first.bookmarks);
  });

  test.each(PASSING)('the same rows under %s', async (kind) => {
    const quiet = await night(bench(name).source());
    bench(name).server.faults.set([{ kind, times: kind === 'revoked_token' ? 1 : 3 }]);
    const struck = await night(bench(name).source());
    expect(struck).toEqual(quiet);
  });

  test.each(['not_json', 'wrong_envelope'] as const)(
    '%s fails the night with what was got and wanted',
    async (kind) => {
      await expectFailure(name, kind);
    },
  );

  test('bad rows are quarantined with their reasons, the others are read', async () => {
    const quiet = await night(bench(name).source());
    bench(name).server.faults.set([{ kind: 'bad_rows', times: Number.POSITIVE_INFINITY }]);
    const struck = await night(bench(name).source());
    expect(struck.rejected.length).toBeGreaterThan(0);
    expect(struck.rejected.every(({ reason, row }) => reason !== '' && row !== '')).toBe(true);
    const count = ({ rows }: Night) => [...rows.values()].reduce((sum, found) => sum + found.length, 0);
    expect(count(struck) + struck.rejected.length).toBe(count(quiet));
  });
});

async function expectFailure(name: SourceName, kind: FaultKind, path?: string): Promise<SourceError> {
  bench(name).server.faults.set([
    { kind, times: Number.POSITIVE_INFINITY, ...(path === undefined ? {} : { path }) },
  ]);
  const error = await night(bench(name).source()).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SourceError);
  const failed = error as SourceError;
  expect(failed.message).toMatch(/got .*, want /);
  expect(failed.message).not.toContain(CLIENT.clientSecret);
  return failed;
}

test.each([
  ['polaris', '/v1/usage/readings'],
  ['tackle', '/v1/subscriptions'],
  ['tackle', '/api/contracts'],
] as const)('%s: the same page again at %s is a loop', async (name, path) => {
  bench(name).server.faults.set([]);
  const failed = await expectFailure(name, 'repeated_bookmark', path);
  expect(failed.message).toContain('loop');
});

test('salesforce: a count that is not that of the rows fails the night', async () => {
  const failed = await expectFailure('salesforce', 'count_mismatch');
  expect(failed.failure).toBe('contract');
});

test('salesforce: a locator that is no longer known fails the night', async () => {
  const failed = await expectFailure('salesforce', 'expired_bookmark');
  expect(failed.message).toMatch(/got .*want /s);
  expect(failed.next_step).not.toBe('');
});

test('salesforce: a vanished field fails the night', async () => {
  const failed = await expectFailure('salesforce', 'vanished_field');
  expect(failed.message).toContain('describe');
});

test('tackle: a vanished field that joins records fails the night', async () => {
  const failed = await expectFailure('tackle', 'vanished_field', '/v1/subscriptions');
  expect(failed.message).toContain('offer_id');
});

test('polaris: an expired bookmark gives every row again and goes on from the present end', async () => {
  bench('polaris').server.faults.set([]);
  const first = await night(bench('polaris').source());
  bench('polaris').server.faults.set([{ kind: 'expired_bookmark', times: 1, path: '/v1/usage/readings' }]);
  const again = await night(bench('polaris').source(), first.bookmarks);
  expect(again.rows.get('readings')).toEqual(first.rows.get('readings'));
  expect(again.bookmarks).toEqual(first.bookmarks);
});
