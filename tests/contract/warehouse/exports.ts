import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CUSTOMERS, DIMENSIONS, READINGS } from '../../../schemas/polaris.ts';
import { customer, landed, load, reading } from './fixtures.ts';
import type { OpenedWarehouse } from './opened.ts';

/** What every warehouse gives back: references, query results, Parquet files. */
export function exportsSuite(opened: OpenedWarehouse): void {
  describe('references, queries, exports', () => {
    it('gives the current rows of a stream as texts', async () => {
      const dimension = {
        dimension: 'egress_gib',
        unit: 'GiB',
        measure: 'count',
        billable: 'true',
        description: 'out',
      };
      await load(opened.warehouse, DIMENSIONS, [landed(DIMENSIONS, [dimension])], { complete: true });
      await load(
        opened.warehouse,
        CUSTOMERS,
        [landed(CUSTOMERS, [customer({ created_at: '2026-01-01T00:00:00.25Z' })])],
        { complete: true },
      );
      const found = await opened.warehouse.references([DIMENSIONS, CUSTOMERS]);
      expect(found.get('dimensions')).toEqual([dimension]);
      expect(found.get('customers')).toEqual([customer({ created_at: '2026-01-01T00:00:00.25Z' })]);
    });

    it('runs no query that writes', async () => {
      await expect(opened.warehouse.query("INSERT INTO ops.bookmarks (source) VALUES ('x')")).rejects.toThrow(
        /read-only/,
      );
      expect(await opened.texts('SELECT count(*) FROM ops.bookmarks')).toEqual(['0']);
    });

    it('exports rows in order, with exact sums of decimal columns', async () => {
      const rows = ['0.1', '0.2', '123456789012345678.123456789'].map((quantity, index) =>
        reading({
          reading_id: `r${index}`,
          seq: `${index + 1}`,
          quantity,
          hour: `2026-11-22T0${index}:00:00Z`,
        }),
      );
      await load(opened.warehouse, READINGS, [landed(READINGS, rows)]);
      const path = join(opened.directory, "it's.parquet");
      const exported = await opened.warehouse.exportParquet(
        'SELECT reading_id, quantity_decimal, seq FROM raw.polaris_readings ORDER BY seq DESC',
        path,
      );
      expect(exported).toEqual({
        rows: 3,
        columns: [
          { name: 'reading_id', type: 'VARCHAR' },
          { name: 'quantity_decimal', type: 'DECIMAL(38,9)' },
          { name: 'seq', type: 'BIGINT' },
        ],
        sums: { quantity_decimal: '123456789012345678.423456789' },
      });
      expect(await opened.texts(`SELECT reading_id FROM '${path.replace("'", "''")}'`)).toEqual([
        'r2',
        'r1',
        'r0',
      ]);
      const empty = await opened.warehouse.exportParquet(
        'SELECT quantity_decimal FROM raw.polaris_readings WHERE false',
        path,
      );
      expect(empty).toMatchObject({ rows: 0, sums: {} });
    });

    it('writes the rows of a Parquet file as CSV by RFC 4180: exact, nulls and empty texts apart', async () => {
      const [parquet, csv] = [join(opened.directory, 'a.parquet'), join(opened.directory, "it's.csv")];
      await opened.warehouse.exportParquet(
        `SELECT * FROM (VALUES
           (2, 'plain', 123456789012345678.100000000::DECIMAL(38,9), TIMESTAMP '2026-11-22 01:00:00', DATE '2026-11-22', true),
           (1, 'a "quoted", line' || chr(10) || 'żółć', 0.000000001, TIMESTAMP '2026-11-22 01:00:00.5', NULL, NULL),
           (0, '', NULL, NULL, NULL, NULL), (0, NULL, NULL, NULL, NULL, false)) AS v(n, t, d, ts, day, b) ORDER BY n DESC`,
        parquet,
      );
      await opened.warehouse.exportCsv(parquet, csv);
      expect(readFileSync(csv, 'utf8')).toBe(
        [
          'n,t,d,ts,day,b',
          '2,plain,123456789012345678.100000000,2026-11-22T01:00:00.000000Z,2026-11-22,true',
          '1,"a ""quoted"", line\nżółć",0.000000001,2026-11-22T01:00:00.500000Z,,',
          '0,"",,,,',
          '0,,,,,false',
          '',
        ].join('\n'),
      );
      await expect(opened.warehouse.exportCsv(join(opened.directory, 'none'), csv)).rejects.toThrow(
        /warehouse: export/,
      );
      expect(readFileSync(csv, 'utf8')).toMatch(/^n,t,d/);
    });

    it('leaves the old file where an export fails', async () => {
      const path = join(opened.directory, 'marts.parquet');
      await opened.warehouse.exportParquet('SELECT 1 AS a', path);
      await expect(
        opened.warehouse.exportParquet(
          "SELECT CAST(x AS INTEGER) AS a FROM (VALUES ('1'), ('b')) AS v(x)",
          path,
        ),
      ).rejects.toThrow(/warehouse: export/);
      expect(await opened.texts(`SELECT a FROM '${path}'`)).toEqual(['1']);
    });
  });
}
