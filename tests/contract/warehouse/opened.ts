import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { POLARIS_STREAMS } from '../../../schemas/polaris.ts';
import { ACCOUNT } from '../../../schemas/salesforce.ts';
import { INVOICES, SUBSCRIPTIONS } from '../../../schemas/tackle.ts';
import type { Warehouse } from '../../../warehouse/warehouse.ts';

/** Opens the warehouse that lies in a directory, creating it where it is not there. */
export type OpenWarehouse = (directory: string) => Promise<Warehouse>;

/** The warehouse of the test that runs, empty at its start, and short ways to look into it. */
export interface OpenedWarehouse {
  readonly warehouse: Warehouse;
  readonly directory: string;
  /** Rows of a query, each as one text. */
  texts(sql: string): Promise<string[]>;
  /** Ids of the accepted readings, in the order of the evidence log. */
  readings(): Promise<string[]>;
  quarantine(): Promise<string[]>;
}

/** Opens a warehouse before each test of the file, and closes and deletes it after. */
export function openForEachTest(openIn: OpenWarehouse): OpenedWarehouse {
  let current: { readonly warehouse: Warehouse; readonly directory: string } | null = null;
  const opened = () => {
    if (current === null) throw new Error('test: warehouse: got none, want it open; use it within a test');
    return current;
  };
  beforeEach(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'meterline-warehouse-'));
    const warehouse = await openIn(directory);
    current = { warehouse, directory };
    await warehouse.migrate([...POLARIS_STREAMS, ACCOUNT.stream, SUBSCRIPTIONS, INVOICES]);
  });
  afterEach(async () => {
    const { warehouse, directory } = opened();
    current = null;
    await warehouse.close();
    await rm(directory, { recursive: true, force: true });
  });
  const texts = async (sql: string) =>
    (await opened().warehouse.query(sql)).map((row) => Object.values(row).join('|'));
  return {
    get warehouse() {
      return opened().warehouse;
    },
    get directory() {
      return opened().directory;
    },
    texts,
    readings: () => texts('SELECT reading_id FROM raw.polaris_readings ORDER BY evidence_index'),
    quarantine: () => texts('SELECT column_name, value, reason FROM ops.quarantine ORDER BY quarantine_id'),
  };
}
