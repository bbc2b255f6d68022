import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dataPaths } from '../../pipelines/paths.ts';
import { listQuarantine } from '../../pipelines/quarantine.ts';
import type { Fault, FaultKind } from '../../simulators/faults.ts';
import { printTables, RAW_IDENTITY, type TablePrint, withWarehouse } from '../support/tables.ts';
import { LOAD_ONLY, SMALL, startTestWorld, type TestWorld } from '../support/test_night.ts';

/** Where a spoiled page is small enough, or the list long enough, to stay below the gate. */
const BAD_ROWS = { polaris: 'usage/readings', salesforce: 'results', tackle: 'contracts' } as const;
const ALWAYS = Number.POSITIVE_INFINITY;
const SOURCES = ['polaris', 'salesforce', 'tackle'] as const;

type Prints = Readonly<Record<string, TablePrint>>;

/** The tables of one source. */
function only(source: string, prints: Prints): Prints {
  return Object.fromEntries(Object.entries(prints).filter(([table]) => table.startsWith(`${source}_`)));
}

async function tablesOf(source: string, dataDir: string): Promise<Prints> {
  return only(source, await printTables(dataDir, 'raw', RAW_IDENTITY));
}

/** Every row belongs to a load that was recorded as committed, and the log has just the entries of the readings. */
async function expectWholeLoadsOnly(dataDir: string): Promise<void> {
  await withWarehouse(dataDir, async (sql) => {
    const tables = await sql(`select table_name from information_schema.tables where table_schema = 'raw'`);
    for (const { table_name } of tables) {
      const [row] = await sql(
        `select count(*)::varchar n from raw."${table_name}" where load_id not in (select load_id from ops.loads)`,
      );
      expect(row?.n, String(table_name)).toBe('0');
    }
    const [log] = await sql(
      `select (select count(*) from evidence.entries)::varchar entries, (select count(*) from raw.polaris_readings)::varchar readings`,
    );
    expect(log?.entries).toBe(log?.readings);
  });
}

/** Each fault against each source: the night ends in the same tables, or fails clearly with nothing half-loaded. */
describe('nights over faulty sources', () => {
  let test: TestWorld;
  let wanted: Prints;

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
    const fault: Fault = { kind, times: kind === 'revoked_token' ? 1 : 2 };
    test.world.setFaults(name, [fault]);
    const dataDir = test.newDataDir();
    const report = await test.night(dataDir, { only: [name] });
    expect(report.error).toBeNull();
    expect(await tablesOf(name, dataDir)).toEqual(only(name, wanted));
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

  const REFUSED: readonly (readonly [(typeof SOURCES)[number], FaultKind, RegExp])[] = [
    ['polaris', 'not_json', /JSON/],
    ['polaris', 'wrong_envelope', /want/],
    ['polaris', 'revoked_token', /401|token/i],
    ['polaris', 'vanished_field', /quarantined|vanished|missing/],
    ['salesforce', 'not_json', /want/],
    ['salesforce', 'count_mismatch', /got \d+/],
    ['salesforce', 'repeated_bookmark', /locator|loop|same/i],
    ['salesforce', 'revoked_token', /401|token|session/i],
    ['salesforce', 'vanished_field', /field/i],
    ['salesforce', 'wrong_envelope', /want/],
    ['tackle', 'not_json', /JSON/],
    ['tackle', 'wrong_envelope', /want/],
    ['tackle', 'repeated_bookmark', /loop|same/i],
    ['tackle', 'revoked_token', /401|token/i],
    ['tackle', 'vanished_field', /without product_id/],
  ];

  it.each(REFUSED)(
    '%s with %s for good: fails with what was observed and expected, nothing half-loaded',
    async (name, kind, observed) => {
      const dataDir = test.newDataDir();
      test.world.setFaults(name, [{ kind, times: ALWAYS }]);
      const report = await test.night(dataDir, { only: [name, 'transform', 'extract', 'publish'] });
      expect(report.status).toBe('failed');
      expect(['read', 'load']).toContain(report.error?.stage);
      expect(report.error?.source).toContain(name);
      expect(report.error?.message).toMatch(observed);
      expect(report.error?.message).toMatch(/got .*want /s);
      expect(report.error?.next_step).not.toBe('');
      expect(report.models.built).toBe(0);
      expect(existsSync(join(dataDir, 'extracts'))).toBe(false);
      await expectWholeLoadsOnly(dataDir);
      // Once the fault is gone, the next night ends in the same tables.
      test.world.setFaults(name, []);
      expect((await test.night(dataDir, { only: [name] })).error).toBeNull();
      expect(await tablesOf(name, dataDir)).toEqual(only(name, wanted));
    },
  );

  it('control totals that differ: a finding with both figures, and the night goes on', async () => {
    test.world.setFaults('polaris', [{ kind: 'count_mismatch', times: ALWAYS }]);
    const dataDir = test.newDataDir();
    const report = await test.night(dataDir, { only: ['polaris'] });
    expect(report.error).toBeNull();
    expect(report.findings.control_total_difference).toBeGreaterThan(0);
    expect(await tablesOf('polaris', dataDir)).toEqual(only('polaris', wanted));
  });

  it('a full refresh reads everything again and loads nothing twice', async () => {
    const dataDir = test.newDataDir();
    const first = await test.night(dataDir, LOAD_ONLY);
    const again = await test.night(dataDir, { ...LOAD_ONLY, full_refresh: true });
    expect(again.error).toBeNull();
    for (const name of SOURCES) {
      expect(again.sources[name]?.rows_read, name).toBe(first.sources[name]?.rows_read);
      expect(again.sources[name]?.rows_loaded, name).toBe(0);
    }
    expect(again.evidence).toEqual(first.evidence);
    expect(await printTables(dataDir, 'raw', RAW_IDENTITY)).toEqual(wanted);
  });

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

  it('the same bookmark twice: an error, not an endless night', async () => {
    const dataDir = test.newDataDir();
    expect((await test.night(dataDir, LOAD_ONLY)).error).toBeNull();
    test.world.setFaults('polaris', [{ kind: 'repeated_bookmark', times: ALWAYS }]);
    const report = await test.night(dataDir);
    expect(report.error).toMatchObject({ stage: 'read' });
    expect(report.error?.message).toMatch(/got .*want /s);
    expect(await printTables(dataDir, 'raw', RAW_IDENTITY)).toEqual(wanted);
  });

  it.each(SOURCES)(
    '%s with bad rows: quarantined with reason, page and offset, the rest is loaded',
    async (name) => {
      test.world.setFaults(name, [{ kind: 'bad_rows', times: 1, path: BAD_ROWS[name] }]);
      const dataDir = test.newDataDir();
      const report = await test.night(dataDir, LOAD_ONLY);
      expect(report.error).toBeNull();
      const count = report.sources[name]?.rows_quarantined ?? 0;
      expect(count).toBeGreaterThan(0);
      const { rows } = await listQuarantine(dataPaths(dataDir), { source: name, limit: 1000 });
      expect(rows.length).toBe(count);
      for (const row of rows) {
        expect(row.reason).not.toBe('');
        expect(row.page_sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(row.page_offset).toBeGreaterThanOrEqual(0);
        expect(JSON.parse(row.row_text)).toBeTypeOf('object');
      }
    },
  );

  it('more bad rows than the gate lets through: the stream fails, with the commonest reasons, and can be accepted once', async () => {
    test.world.setFaults('polaris', [{ kind: 'bad_rows', times: ALWAYS, path: 'readings' }]);
    const dataDir = test.newDataDir();
    const gates = { max_quarantine_share: 0, min_quarantined_rows: 0, freshness_hours: 26 };
    const refused = await test.night(dataDir, {}, { config: { gates } });
    expect(refused.error).toMatchObject({ stage: 'load', source: 'polaris.readings' });
    expect(refused.error?.message).toMatch(/got \d+ of \d+ rows quarantined \(most often .*want at most/);
    expect(refused.error?.next_step).toContain('--accept-quarantine polaris.readings');
    const accepted = await test.night(
      dataDir,
      { ...LOAD_ONLY, accept_quarantine: ['polaris.readings'] },
      { config: { gates } },
    );
    expect(accepted.error).toBeNull();
    expect(accepted.sources.polaris?.rows_quarantined).toBeGreaterThan(0);
  });
});
