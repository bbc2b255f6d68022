import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { text } from '../../schemas/columns.ts';
import { CUSTOMERS, POLARIS_STREAMS } from '../../schemas/polaris.ts';
import { SALESFORCE_STREAMS } from '../../schemas/salesforce.ts';
import { stream } from '../../schemas/streams.ts';
import { TACKLE_STREAMS } from '../../schemas/tackle.ts';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';
import { customer, landed, load } from '../contract/warehouse/fixtures.ts';
import { changeWarehouse } from '../support/tables.ts';
import { kill, said, startChild } from './child.ts';

const ALL = [...POLARIS_STREAMS, ...SALESFORCE_STREAMS, ...TACKLE_STREAMS];

/** Customers as a later program knows them: with one more column. */
const CUSTOMERS_LATER = stream({
  source: 'polaris',
  name: 'customers',
  kind: 'records',
  key: ['customer_id'],
  full: true,
  schema: z.object({ segment: text().nullable(), ...CUSTOMERS.schema.shape }),
});

describe('the layout of the DuckDB warehouse', () => {
  let directory: string;
  const path = () => join(directory, 'warehouse.duckdb');
  const open = () =>
    openDuckDbWarehouse({ path: path(), tempDir: join(directory, 'tmp'), memoryLimitMb: 256 });
  const sql = (statement: string) => changeWarehouse(directory, statement);
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meterline-layout-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('has a table for every stream, and is the same after a second migration', async () => {
    const columns =
      'SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() ORDER BY ALL';
    const warehouse = await open();
    await warehouse.migrate(ALL);
    const once = await warehouse.query(columns);
    await warehouse.migrate(ALL);
    expect(await warehouse.query(columns)).toEqual(once);
    expect(await warehouse.query('SELECT count(*) AS n FROM ops.layout')).toEqual([{ n: '1' }]);
    await warehouse.close();
    const raw = new Set(once.filter((row) => row.schema_name === 'raw').map((row) => row.table_name));
    for (const { source, name } of ALL) expect(raw).toContain(`${source}_${name}`);
    expect(raw).toContain('polaris_seq_fillers');
  });

  it('takes in a column that a later program knows, without a new version of any record', async () => {
    const warehouse = await open();
    await warehouse.migrate([CUSTOMERS]);
    await load(warehouse, CUSTOMERS, [landed(CUSTOMERS, [customer({})])], { complete: true });
    await warehouse.migrate([CUSTOMERS_LATER]);
    const same = landed(CUSTOMERS_LATER, [{ ...customer({}), segment: null }]);
    expect(await load(warehouse, CUSTOMERS_LATER, [same], { complete: true })).toMatchObject({
      rows_loaded: 0,
      rows_unchanged: 1,
    });
    const filled = landed(CUSTOMERS_LATER, [{ ...customer({}), segment: 'bank' }]);
    expect(await load(warehouse, CUSTOMERS_LATER, [filled], { complete: true })).toMatchObject({
      rows_loaded: 1,
      records_vanished: 0,
    });
    expect(await warehouse.query('SELECT name, segment FROM raw.polaris_customers ORDER BY load_id')).toEqual(
      [
        { name: 'Northwind', segment: null },
        { name: 'Northwind', segment: 'bank' },
      ],
    );
    await warehouse.close();
  });

  it('refuses a layout that a newer program wrote, and a column of another type, changing nothing', async () => {
    let warehouse = await open();
    await warehouse.migrate([CUSTOMERS]);
    await warehouse.close();
    await sql('UPDATE ops.layout SET layout_version = 999');
    warehouse = await open();
    await expect(warehouse.migrate(ALL)).rejects.toThrow(/got version 999, want at most 1/);
    await warehouse.close();
    await sql('UPDATE ops.layout SET layout_version = 1');
    await sql('ALTER TABLE raw.polaris_customers ALTER COLUMN name TYPE BLOB');
    warehouse = await open();
    await expect(warehouse.migrate(ALL)).rejects.toThrow(
      /raw.polaris_customers.name: got type BLOB, want VARCHAR/,
    );
    expect(
      await warehouse.query("SELECT table_name FROM duckdb_tables() WHERE table_name = 'tackle_contracts'"),
    ).toEqual([]);
    await warehouse.close();
  });

  it('removes what a killed process spilled', async () => {
    await mkdir(join(directory, 'tmp'));
    await writeFile(join(directory, 'tmp', 'duckdb_temp_storage_DEFAULT-0.tmp'), 'spilled');
    await writeFile(join(directory, 'tmp', 'other'), 'not ours');
    const warehouse = await open();
    expect(await readdir(join(directory, 'tmp'))).toEqual(['other']);
    await warehouse.close();
  });

  it('is open once: not twice in a process, nor in two', async () => {
    const warehouse = await open();
    await warehouse.migrate([...POLARIS_STREAMS]);
    await expect(open()).rejects.toThrow(/got a second opening/);
    await warehouse.close();
    const child = startChild('kill_child.ts', [directory]);
    try {
      await said(child, 'committed');
      await expect(open()).rejects.toThrow(/got it held by .*\(PID \d+\), want it free/);
    } finally {
      await kill(child);
    }
    const reopened = await open();
    expect(await reopened.query('SELECT count(*) AS n FROM ops.loads')).toEqual([{ n: '1' }]);
    await reopened.close();
  });
});
