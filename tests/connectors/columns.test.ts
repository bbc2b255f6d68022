import fc from 'fast-check';
import { expect, test } from 'vitest';
import { READINGS } from '../../schemas/polaris.ts';
import { reading } from '../contract/polaris_cases.ts';

const two = (n: number) => String(n).padStart(2, '0');

/** What Date makes of a time: one that does not exist is rolled over, or is none. */
function existsToDate(text: string): boolean {
  const at = new Date(text);
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 19) === text.slice(0, 19);
}

test('a time is taken just where it exists', () => {
  const part = (max: number) => fc.integer({ min: 0, max });
  const time = fc.tuple(
    fc.integer({ min: 1000, max: 9999 }),
    part(14),
    part(33),
    part(25),
    part(61),
    part(61),
  );
  fc.assert(
    fc.property(time, ([year, month, day, hour, minute, second]) => {
      const text = `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}Z`;
      const taken = READINGS.schema.safeParse({ ...reading(1), recorded_at: text }).success;
      expect(taken).toBe(existsToDate(text));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['2024-02-29T00:00:00Z', true],
  ['2100-02-29T00:00:00Z', false],
  ['2000-02-29T00:00:00Z', true],
  ['0999-01-01T00:00:00Z', false],
  ['2026-11-21T24:00:00Z', false],
  ['2026-11-21T05:00:00.000Z', true],
  ['2026-11-21 05:00:00Z', false],
  ['٢٠٢٦-11-21T05:00:00Z', false],
])('the hour %s is taken: %s', (hour, want) => {
  expect(READINGS.schema.safeParse({ ...reading(1), hour }).success).toBe(want);
});
