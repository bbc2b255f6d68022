import { expect, test } from 'vitest';
import { CONTESTANTS } from '../../bench/contestants.ts';
import { benchOptions, isAsked } from '../../bench/options.ts';
import type { Sample } from '../../bench/race.ts';
import { standings } from '../../bench/summary.ts';
import { targets } from '../../bench/targets.ts';

function sample(data: Sample['data'], name: string, wall_s: number, more: Partial<Sample> = {}): Sample {
  const taken = { wall_s, cpu_s: wall_s / 2, peak_bytes: 500e6, server_cpu_s: 0.1 };
  return { data, name, rows: 1000, total: '1', ...taken, asked: [], ...more };
}

const READINGS = [10, 30, 20].map((seconds) => sample('readings', 'meterline', seconds));

test('rates are medians with their range, and ratios are of medians', () => {
  const all = standings(CONTESTANTS, [...READINGS, sample('readings', 'dlt_arrow', 80)]);
  expect(all[0]?.rate).toEqual({ median: 50, min: 1000 / 30, max: 100 });
  expect(all[1]?.rate_ratio).toBe(4);
  expect(all[1]?.cpu_ratio).toBe(4);
});

test('a target is met, missed, or not measured', () => {
  const accounts = [sample('accounts', 'meterline', 10), sample('accounts', 'dlt_arrow', 19)];
  const fast = sample('readings', 'dlt_arrow', 61);
  const all = standings(CONTESTANTS, [...READINGS, fast, ...accounts]);
  expect(targets(all, []).map(({ met }) => met)).toEqual([true, null, false, null, null, null]);
});

test.each([
  { met: [true, true], peaks: [600e6, 640e6] },
  { met: [false, true], peaks: [690e6, 710e6] },
  { met: [true, false], peaks: [300e6, 600e6] },
])('memory is under the bound and flat: $met at $peaks bytes', ({ met, peaks }) => {
  const curve = peaks.map((peak_bytes, i) =>
    sample('readings', 'meterline', 1, { peak_bytes, rows: 10 ** (i + 6) }),
  );
  expect(
    targets([], curve)
      .slice(-2)
      .map((target) => target.met),
  ).toEqual(met);
});

test('--only takes data sets and contestants, each narrowing the other', () => {
  expect(isAsked([], 'readings', 'duckdb')).toBe(true);
  expect(isAsked(['readings'], 'accounts', 'duckdb')).toBe(false);
  expect(isAsked(['readings', 'meterline'], 'readings', 'duckdb')).toBe(false);
  expect(isAsked(['readings', 'meterline'], 'readings', 'meterline')).toBe(true);
  expect(isAsked(['memory'], 'readings', 'meterline')).toBe(false);
});

test('options that make no sense are named; a part of the benchmark keeps no results unless told where', () => {
  expect(() => benchOptions(['--only', 'dlt'])).toThrow(
    '--only: got dlt, want one of readings, accounts, meterline',
  );
  expect(() => benchOptions(['--rows', '12'])).toThrow('--rows: got 12, want a number from 1000');
  expect(benchOptions(['--only', 'memory']).results).toBeNull();
  expect(benchOptions([]).results).toMatch(/results$/);
});
