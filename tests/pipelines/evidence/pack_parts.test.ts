import { describe, expect, it } from 'vitest';
import { count, decimal } from '../../../pipelines/evidence/pack/report_numbers.ts';
import { sampleOf } from '../../../pipelines/evidence/pack/sample.ts';

describe('a figure of the report', () => {
  it.each([
    ['1234567.100000000', 0, '1,234,567.1'],
    ['-1234.000000000', 0, '-1,234'],
    ['0.000000001', 0, '0.000000001'],
    ['217290.700000000', 2, '217,290.70'],
    ['123456789012345678901234567890.5', 0, '123,456,789,012,345,678,901,234,567,890.5'],
    ['999', 0, '999'],
  ])('%s is exact and thousands are apart', (value, least, want) => {
    expect(decimal(value, least)).toBe(want);
  });

  it('is a dash where there is none', () => {
    expect([decimal(null), count(undefined), count(0)]).toEqual(['-', '-', '0']);
  });
});

describe('the sample', () => {
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

  it('has first and last, others evenly between, and restatements', () => {
    const sample = sampleOf(range(100, 1101), range(500, 510));
    expect([sample[0], sample.at(-1)]).toEqual([100, 1100]);
    expect(sample).toEqual(expect.arrayContaining(range(500, 510)));
    expect(sample).toHaveLength(25 + 10);
    expect(sample).toEqual([...sample].sort((a, b) => a - b));
  });

  it('is bounded, whatever is restated, and has all of a few', () => {
    expect(sampleOf(range(0, 400), range(0, 100_000)).length).toBeLessThanOrEqual(50);
    expect(sampleOf([7, 9], [9])).toEqual([7, 9]);
    expect(sampleOf([], [])).toEqual([]);
  });
});
