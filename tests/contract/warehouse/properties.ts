import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CUSTOMERS, FEATURES, READINGS } from '../../../schemas/polaris.ts';
import { ACCOUNT } from '../../../schemas/salesforce.ts';
import type { Stream } from '../../../schemas/streams.ts';
import type { LandedPage, Warehouse } from '../../../warehouse/warehouse.ts';
import { customer, feature, landed, load, type Row, reading } from './fixtures.ts';
import type { OpenWarehouse } from './opened.ts';

// Each run opens a warehouse of its own; a counterexample is told as found, since to shrink it takes minutes.
const RUNS = { numRuns: 12, endOnFailure: true };
const few = (prefix: string, count: number) =>
  fc.integer({ min: 1, max: count }).map((number) => `${prefix}${number}`);

/** Readings from so few values that ids and revisions collide all the time. */
const readings = fc.array(
  fc.record({
    reading_id: few('r', 6),
    seq: few('', 3),
    hour: few('2026-11-22T0', 3).map((text) => `${text}:00:00Z`),
    quantity: fc.constantFrom('1', '1.0', '2'),
    recorded_at: few('2026-11-22T05:00:0', 2).map((text) => `${text}Z`),
  }),
  { maxLength: 16 },
);

/** Where a list is cut into pages (true: a new page), and pages into loads. */
const cuts = fc.array(fc.constantFrom('row', 'row', 'row', 'page', 'load'), { minLength: 24, maxLength: 24 });

function cut(stream: Stream, rows: readonly Row[], at: readonly string[]): LandedPage[][] {
  const loads: Row[][][] = [[[]]];
  rows.forEach((row, index) => {
    if (at[index] === 'load') loads.push([[]]);
    if (at[index] === 'page') loads.at(-1)?.push([]);
    loads.at(-1)?.at(-1)?.push(row);
  });
  return loads.map((pages) => pages.map((page) => landed(stream, page)));
}

/** The rules as a reader would apply them, row by row. */
function judgeOneByOne(rows: readonly Row[]) {
  const accepted: Row[] = [];
  const refused = new Set<string>();
  const filled = new Set<string>();
  const number = (row: Row) => Number(row.quantity);
  const key = (row: Row) => `${row.hour} ${row.revision}`;
  for (const row of rows) {
    const byId = accepted.find((other) => other.reading_id === row.reading_id);
    const byKey = accepted.find((other) => key(other) === key(row));
    const met = byId ?? byKey;
    if (met === undefined) {
      accepted.push(row);
      continue;
    }
    const equal =
      number(met) === number(row) &&
      (byId === undefined ||
        (['seq', 'hour', 'recorded_at'] as const).every((field) => met[field] === row[field]));
    if (equal && byId !== undefined) continue;
    filled.add(`clu-1|${row.seq}`);
    if (!equal)
      refused.add([row.reading_id, row.seq, row.hour, row.quantity, row.recorded_at, byId && 'id'].join('|'));
  }
  return { accepted, refused, filled };
}

/** Properties of every warehouse. */
export function warehouseProperties(engine: string, openIn: OpenWarehouse): void {
  const within = async <T>(body: (warehouse: Warehouse) => Promise<T>): Promise<T> => {
    const directory = await mkdtemp(join(tmpdir(), 'meterline-property-'));
    const warehouse = await openIn(directory);
    try {
      await warehouse.migrate([READINGS, FEATURES, CUSTOMERS, ACCOUNT.stream]);
      return await body(warehouse);
    } finally {
      await warehouse.close();
      await rm(directory, { recursive: true, force: true });
    }
  };
  const loadAll = async (warehouse: Warehouse, stream: Stream, loads: readonly (readonly LandedPage[])[]) => {
    for (const pages of loads) await load(warehouse, stream, pages);
  };
  const dump = async (warehouse: Warehouse, sql: string) =>
    (await warehouse.query(sql)).map((row) => Object.values(row).join('|'));

  describe(`${engine}: properties`, () => {
    it('readings in any split into pages and loads end as if judged one by one', async () => {
      await fc.assert(
        fc.asyncProperty(readings, cuts, async (some, at) => {
          const rows = some.map((row) => reading(row));
          const expected = judgeOneByOne(rows);
          await within(async (warehouse) => {
            await loadAll(warehouse, READINGS, cut(READINGS, rows, at));
            const kept = 'reading_id, seq, hour, quantity, recorded_at';
            expect(
              await dump(
                warehouse,
                `SELECT ${kept}, evidence_index FROM raw.polaris_readings ORDER BY evidence_index`,
              ),
            ).toEqual(
              expected.accepted.map((row, index) =>
                [row.reading_id, row.seq, row.hour, row.quantity, row.recorded_at, index].join('|'),
              ),
            );
            const quarantined = await warehouse.quarantined({ limit: 100 });
            const found = quarantined.map(({ row_text, reason }) => {
              const row = JSON.parse(row_text);
              const byId = reason.startsWith('reading_id') ? 'id' : undefined;
              return [row.reading_id, row.seq, row.hour, row.quantity, row.recorded_at, byId].join('|');
            });
            expect(found.sort()).toEqual([...expected.refused].sort());
            expect(
              await dump(warehouse, 'SELECT cluster_id, seq FROM raw.polaris_seq_fillers ORDER BY seq'),
            ).toEqual([...expected.filled].sort());
          });
        }),
        RUNS,
      );
    });

    it('a load twice is a load once', async () => {
      const kept = [
        'SELECT * FROM raw.polaris_readings ORDER BY evidence_index',
        'SELECT evidence_index, hex(leaf_hash) FROM evidence.entries ORDER BY 1',
        'SELECT * FROM ops.bookmarks',
        'SELECT * FROM raw.polaris_customers ORDER BY ALL',
      ];
      // A row refused for its revision may be refused for its id too, once a later row with that id was accepted.
      const refused = [
        'SELECT * FROM raw.polaris_seq_fillers ORDER BY ALL',
        // How often a row was seen is what a second load does change.
        'SELECT * EXCLUDE (times_seen) FROM ops.quarantine ORDER BY quarantine_id',
      ];
      await fc.assert(
        fc.asyncProperty(readings, cuts, async (some, at) => {
          const rows = some.map((row) => reading(row));
          await within(async (warehouse) => {
            const state = (tables: readonly string[]) =>
              Promise.all(tables.map((sql) => dump(warehouse, sql)));
            const night = async () => {
              for (const pages of cut(READINGS, rows, at)) await load(warehouse, READINGS, pages);
              const catalogue = landed(CUSTOMERS, [customer({}), customer({ customer_id: 'cust-2' })]);
              await load(warehouse, CUSTOMERS, [catalogue], { complete: true });
            };
            await night();
            const once = await state(kept);
            await night();
            const twice = await state(refused);
            expect(await state(kept)).toEqual(once);
            await night();
            expect(await state([...kept, ...refused])).toEqual([...once, ...twice]);
          });
        }),
        RUNS,
      );
    });

    it('the current revision does not depend on the order of arrival', async () => {
      const history = fc.shuffledSubarray([1, 2, 3, 4], { minLength: 4 });
      await fc.assert(
        fc.asyncProperty(history, cuts, async (order, at) => {
          const rows = order.map((revision) =>
            reading({
              reading_id: `r${revision}`,
              seq: String(revision),
              revision: String(revision),
              quantity: String(revision * 10),
            }),
          );
          await within(async (warehouse) => {
            await loadAll(warehouse, READINGS, cut(READINGS, rows, at));
            const current = `SELECT quantity FROM raw.polaris_readings
              QUALIFY row_number() OVER (PARTITION BY cluster_id, dimension, hour_start ORDER BY revision DESC) = 1`;
            expect(await dump(warehouse, current)).toEqual(['40']);
            expect(await dump(warehouse, 'SELECT count(*) FROM raw.polaris_readings')).toEqual(['4']);
          });
        }),
        RUNS,
      );
    });

    it('the current record is that of the greatest system_modstamp, in any order and split', async () => {
      const stream = ACCOUNT.stream;
      const blank = Object.fromEntries(stream.columns.map(({ name }) => [name, null]));
      const account = fc.record({ id: few('00', 3), day: fc.integer({ min: 1, max: 9 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(account, { minLength: 1, maxLength: 24 }), cuts, async (some, at) => {
          const rows = some.map(({ id, day }) => ({
            ...blank,
            id,
            name: `${id} on ${day}`,
            created_date: '2026-01-01T00:00:00Z',
            is_deleted: 'false',
            system_modstamp: `2026-11-0${day}T00:00:00Z`,
          }));
          const newest = new Map<string, number>();
          for (const { id, day } of some) newest.set(id, Math.max(day, newest.get(id) ?? 0));
          await within(async (warehouse) => {
            await loadAll(warehouse, stream, cut(stream, rows, at));
            const current = (await warehouse.references([stream])).get(stream.name) ?? [];
            expect(current.map((row) => row.name)).toEqual(
              [...newest].sort().map(([id, day]) => `${id} on ${day}`),
            );
          });
        }),
        RUNS,
      );
    });

    it('every row is loaded, unchanged or quarantined, whatever its texts are', async () => {
      const odd = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.constantFrom('\0', '\ud800', '"', '\\ud800', 'NA', 'null', '\u001f', '1e400', '9'.repeat(60)),
      );
      const row = fc.record({ feature_event_id: odd, feature: odd, hour: odd, operations: odd });
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 12 }), async (some) => {
          await within(async (warehouse) => {
            const page = landed(
              FEATURES,
              some.map((values) => feature(values)),
            );
            const result = await load(warehouse, FEATURES, [page]);
            expect(result.rows_read).toBe(some.length);
            expect(result.rows_loaded + result.rows_unchanged + result.rows_quarantined).toBe(some.length);
            const again = await load(warehouse, FEATURES, [page]);
            expect(again.rows_loaded).toBe(0);
            expect(again.rows_quarantined).toBe(result.rows_quarantined);
          });
        }),
        RUNS,
      );
    });
  });
}
