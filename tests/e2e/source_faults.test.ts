import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault, FaultKind } from '../../simulators/faults.ts';
import type { SimulatorName } from '../../simulators/world.ts';
import { printTables, RAW_IDENTITY, type TablePrint } from '../support/tables.ts';
import { LOAD_ONLY, SMALL, startTestWorld, type TestWorld } from '../support/test_night.ts';

const ALWAYS = Number.POSITIVE_INFINITY;
const SOURCES = ['polaris', 'salesforce', 'tackle'] as const;

/** Each fault against each source: the night ends in the same tables, or fails clearly with nothing half-loaded. */
describe('nights over faulty sources', () => {
  let test: TestWorld;
  let wanted: Readonly<Record<string, TablePrint>>;

  beforeAll(async () => {
    test = await startTestWorld({ ...SMALL, customers: 6, days: 12, dimensions: 4 });
    const dataDir = test.newDataDir();
    expect((await test.night(dataDir, LOAD_ONLY)).error).toBeNull();
    wanted = await printTables(dataDir, 'raw', RAW_IDENTITY);
  });
  afterEach(() => {
    for (const name of SOURCES) test.world.setFaults(name, []);
  });
  afterAll(() => test.close());

  const PASSING: readonly FaultKind[] = [
    'throttle_seconds',
    'throttle_date',
    'server_error',
    'drop',
    'truncate',
    'revoked_token',
  ];
  const survived = SOURCES.flatMap((name) => PASSING.map((kind) => [name, kind] as const));

  it.each(survived)('%s with %s: retried, and the tables are the same', async (name, kind) => {
    // The second data request, then two in a row later: a first page alone would not show what a cut-off feed does.
    const fault: Fault = { kind, times: kind === 'revoked_token' ? 1 : 2 };
    test.world.setFaults(name, [fault]);
    const dataDir = test.newDataDir();
    const report = await test.night(dataDir, LOAD_ONLY);
    expect(report.error).toBeNull();
    expect(await printTables(dataDir, 'raw', RAW_IDENTITY)).toEqual(wanted);
  });

  it.each(SOURCES)('%s down for good: fails, names the source, keeps the others', async (name) => {
    test.world.setFaults(name, [{ kind: 'server_error', times: ALWAYS }]);
    const dataDir = test.newDataDir();
    const report = await test.night(dataDir);
    expect(report.status).toBe('failed');
    expect(report.error?.stage).toBe('read');
    expect(report.error?.source).toContain(name);
    expect(report.error?.message).toMatch(/503/);
    expect(report.error?.next_step).not.toBe('');
    const others = SOURCES.filter((each) => each !== name);
    for (const other of others) expect(report.sources[other]?.rows_loaded, other).toBeGreaterThan(0);
    expect(report.models.built).toBe(0);
    expect(existsSync(join(dataDir, 'extracts'))).toBe(false);
  });

  const REFUSED: readonly (readonly [SimulatorName, FaultKind, RegExp])[] = [
    ['polaris', 'not_json', /JSON/],
    ['polaris', 'wrong_envelope', /want/],
    ['polaris', 'repeated_bookmark', /loop|same/i],
    ['polaris', 'revoked_token', /401|token/i],
    ['polaris', 'bad_rows', /quarantined/],
    ['polaris', 'vanished_field', /quarantined|vanished|missing/],
    ['salesforce', 'not_json', /JSON/],
    ['salesforce', 'count_mismatch', /got \d+/],
    ['salesforce', 'repeated_bookmark', /locator|loop|same/i],
    ['salesforce', 'revoked_token', /401|token|session/i],
    ['salesforce', 'vanished_field', /field/i],
    ['salesforce', 'wrong_envelope', /want/],
    ['tackle', 'not_json', /JSON/],
    ['tackle', 'wrong_envelope', /want/],
    ['tackle', 'repeated_bookmark', /loop|same/i],
    ['tackle', 'revoked_token', /401|token/i],
  ];

  it.each(REFUSED)(
    '%s with %s for good: fails with what was observed and expected, nothing half-loaded',
    async (name, kind, observed) => {
      const dataDir = test.newDataDir();
      expect((await test.night(dataDir, LOAD_ONLY)).error).toBeNull();
      const before = await printTables(dataDir, 'raw', []);
      // A day later there is something new to read: it must not come in by halves.
      const fresh = test.newDataDir();
      test.world.setFaults(name, [{ kind, times: ALWAYS }]);
      const report = await test.night(fresh);
      expect(report.status).toBe('failed');
      expect(['read', 'load']).toContain(report.error?.stage);
      expect(report.error?.source).toContain(name);
      expect(report.error?.message).toMatch(observed);
      expect(report.error?.message).toMatch(/got .*want /s);
      expect(report.error?.next_step).not.toBe('');
      expect(existsSync(join(fresh, 'extracts'))).toBe(false);
      // Once the fault is gone, the next night ends in the same tables.
      test.world.setFaults(name, []);
      expect((await test.night(fresh, LOAD_ONLY)).error).toBeNull();
      expect(await printTables(fresh, 'raw', RAW_IDENTITY)).toEqual(wanted);
      expect(await printTables(dataDir, 'raw', [])).toEqual(before);
    },
  );

  it('a bookmark that Polaris no longer knows: re-reads, says so, and ends in the same tables', async () => {
    const dataDir = test.newDataDir();
    expect((await test.night(dataDir, LOAD_ONLY)).error).toBeNull();
    test.world.setFaults('polaris', [{ kind: 'expired_bookmark', times: 1, path: 'readings' }]);
    const report = await test.night(dataDir, LOAD_ONLY);
    expect(report.error).toBeNull();
    expect(report.sources.polaris?.rows_read).toBeGreaterThan(1000);
    expect(report.sources.polaris?.rows_loaded).toBe(0);
    expect(await printTables(dataDir, 'raw', RAW_IDENTITY)).toEqual(wanted);
  });

  it('a few bad rows: quarantined with reason, page and offset, the rest is loaded', async () => {
    test.world.setFaults('tackle', [{ kind: 'bad_rows', times: 1 }]);
    const dataDir = test.newDataDir();
    const report = await test.night(dataDir, LOAD_ONLY);
    expect(report.error).toBeNull();
    expect(report.sources.tackle?.rows_quarantined).toBeGreaterThan(0);
  });
});
