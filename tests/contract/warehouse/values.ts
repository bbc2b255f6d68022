import { describe, expect, it } from 'vitest';
import { CUSTOMERS, READINGS } from '../../../schemas/polaris.ts';
import { customer, landed, load, reading } from './fixtures.ts';
import type { OpenedWarehouse } from './opened.ts';

/** What every warehouse does with values at the edge of their types. */
export function valuesSuite(opened: OpenedWarehouse): void {
  describe('values', () => {
    it('keeps each extreme value exactly', async () => {
      const row = reading({
        reading_id: 'nul \0 quote \' " \\ \u{1f600}',
        quantity: '999999999999999999.999999999',
        recorded_at: '9999-12-31T23:59:59.123456789Z',
        seq: '9007199254740991',
        unit: '',
        region: 'null',
      });
      await load(opened.warehouse, READINGS, [landed(READINGS, [row])]);
      const [kept] = await opened.warehouse.query(
        'SELECT reading_id, quantity_decimal, recorded_at, recorded_at_utc, seq, unit, region FROM raw.polaris_readings',
      );
      expect(kept).toEqual({
        reading_id: row.reading_id,
        quantity_decimal: '999999999999999999.999999999',
        recorded_at: '9999-12-31T23:59:59.123456789Z',
        recorded_at_utc: '9999-12-31 23:59:59.123456',
        seq: '9007199254740991',
        unit: '',
        region: 'null',
      });
    });

    it('quarantines a row whose text its column cannot hold, and keeps the others', async () => {
      const wide = reading({ reading_id: 'r2', seq: '2', quantity: '1'.repeat(40) });
      const late = reading({ reading_id: 'r3', seq: '3', hour: '999999-01-01T00:00:00Z' });
      const result = await load(opened.warehouse, READINGS, [landed(READINGS, [reading({}), wide, late])]);
      expect(result).toMatchObject({ rows_loaded: 1, rows_quarantined: 2 });
      expect(await opened.quarantine()).toEqual([
        `quantity|"${'1'.repeat(40)}"|cannot be stored as the type of its column`,
        'hour|"999999-01-01T00:00:00Z"|cannot be stored as the type of its column',
      ]);
      expect(await opened.texts('SELECT seq FROM raw.polaris_seq_fillers ORDER BY seq')).toEqual(['2', '3']);
      const [row] = await opened.warehouse.query(
        'SELECT row_text FROM ops.quarantine ORDER BY quarantine_id',
      );
      expect(JSON.parse(row?.row_text ?? '')).toMatchObject({ reading_id: 'r2', quantity: '1'.repeat(40) });
    });

    it('quarantines a row with half a surrogate pair', async () => {
      const broken = customer({ customer_id: 'cust-2', name: 'x\ud83d' });
      const fine = customer({ name: 'C:\\udder' });
      const result = await load(opened.warehouse, CUSTOMERS, [landed(CUSTOMERS, [broken, fine])]);
      expect(result).toMatchObject({ rows_loaded: 1, rows_quarantined: 1 });
      expect(await opened.quarantine()).toEqual([
        'name|"x\\ud83d"|want well-formed Unicode, got a lone surrogate',
      ]);
      expect(await opened.texts('SELECT name FROM raw.polaris_customers')).toEqual(['C:\\udder']);
    });
  });
}
