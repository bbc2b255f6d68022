import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../schemas/config.ts';
import type { ScriptedApi } from '../connectors/scripted_api.ts';
import { scratch } from '../support/scratch.ts';
import { withWarehouse } from '../support/tables.ts';
import {
  configFor,
  loadNight,
  type PolarisState,
  polarisState,
  readingOf,
  startPolaris,
} from './polaris_night.ts';

describe('what Polaris told over several nights', () => {
  let root = '';
  let state: PolarisState;
  let api: ScriptedApi;
  let config: Config;

  beforeEach(async () => {
    root = scratch();
    state = polarisState();
    api = await startPolaris(state);
    config = configFor(root, api.url);
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true, force: true });
  });

  const sql = (query: string) =>
    withWarehouse(config.data_dir, async (run) =>
      (await run(query)).map((row) => Object.values(row).map(String).join('|')),
    );
  const customer = (name: string, status = 'active') => ({
    customer_id: 'cus-1',
    name,
    salesforce_account_id: null,
    created_at: '2026-01-01T00:00:00Z',
    status,
  });

  it('keeps each version of a record of a catalogue, and that it left the list', async () => {
    for (const customers of [[customer('old')], [customer('old')], [customer('new', 'suspended')], []]) {
      state.customers = customers;
      expect((await loadNight(config)).error).toBeNull();
    }
    expect(await sql('SELECT name, status, is_vanished FROM raw.polaris_customers ORDER BY load_id')).toEqual(
      ['old|active|false', 'new|suspended|false', 'new|suspended|true'],
    );
    state.customers = [customer('new', 'suspended')];
    await loadNight(config);
    expect(await sql('SELECT count(*) FROM raw.polaris_customers WHERE NOT is_vanished')).toEqual(['3']);
  });

  it('counts unknown fields with their load, keeps them in the raw page only', async () => {
    state.readings = [
      readingOf(1, { colour: 'red' }),
      readingOf(2, { colour: null, taste: {} }),
      readingOf(3),
    ];
    expect((await loadNight(config)).sources.polaris).toMatchObject({ rows_loaded: 4, rows_quarantined: 0 });
    expect(await sql("SELECT drift FROM ops.loads WHERE stream = 'readings' AND rows_read > 0")).toEqual([
      '{"colour":2,"taste":1}',
    ]);
    const columns = "SELECT column_name FROM duckdb_columns() WHERE table_name = 'polaris_readings'";
    expect(await sql(columns)).not.toContain('colour');
  });

  it('takes the numbers of refused and repeated rows for received: no hole', async () => {
    state.readings = [
      readingOf(1),
      readingOf(2, { quantity: 'many' }),
      readingOf(1, { reading_id: 'r-1b', seq: 3 }),
    ];
    await loadNight(config);
    expect(await sql('SELECT seq FROM raw.polaris_seq_fillers ORDER BY seq')).toEqual(['2', '3']);
  });
});
