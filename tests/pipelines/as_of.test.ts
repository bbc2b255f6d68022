import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, defaultAsOf } from '../../pipelines/as_of.ts';

describe('defaultAsOf', () => {
  it.each([
    ['2026-11-22T03:00:10Z', '02:00', '2026-11-21'],
    ['2026-11-22T02:00:00Z', '02:00', '2026-11-21'], // exactly at the cut-off, the day counts
    ['2026-11-22T01:59:59Z', '02:00', '2026-11-20'],
    ['2026-03-01T12:00:00Z', '00:00', '2026-02-28'],
    ['2028-03-01T05:59:59Z', '06:00', '2028-02-28'],
    ['2027-01-01T02:00:00Z', '02:00', '2026-12-31'],
  ])('of %s with cut-off %s is %s', (instant, cutOff, day) => expect(defaultAsOf(instant, cutOff)).toBe(day));

  it('gives the latest day whose cut-off has passed', () => {
    const instants = fc.date({
      min: new Date('2020-01-01'),
      max: new Date('2035-01-01'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(
        instants,
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        (instant, h, m) => {
          const cutOff = `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`;
          const day = defaultAsOf(instant.toISOString(), cutOff);
          const cutOffOf = (date: string) => Date.parse(`${addDays(date, 1)}T${cutOff}:00Z`);
          expect(cutOffOf(day)).toBeLessThanOrEqual(instant.getTime());
          expect(cutOffOf(addDays(day, 1))).toBeGreaterThan(instant.getTime());
        },
      ),
    );
  });

  it('refuses what is no instant', () =>
    expect(() => defaultAsOf('yesterday', '02:00')).toThrow(/got yesterday/));
});
