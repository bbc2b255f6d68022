import { describe, expect, it } from 'vitest';
import { bytes, duration, progressLine, renderProgress, whole } from '../../cli/progress.ts';

const PROGRESS = {
  kind: 'progress',
  stage: 'load',
  item: 'polaris.readings',
  done: 500_000,
  total: null,
  unit: 'rows',
  share: 0.25,
} as const;

describe('renderProgress', () => {
  it('shows bar, share, count, rate and time left', () => {
    expect(renderProgress(PROGRESS, 10_000)).toBe(
      `  polaris.readings  [${'█'.repeat(6)}${'░'.repeat(18)}]  25 %  500,000 rows  50,000 rows/s  30 s left`,
    );
  });

  it('takes the share from done and total where there is one', () => {
    expect(renderProgress({ ...PROGRESS, done: 3, total: 4, unit: 'nodes', share: null }, 4000)).toContain(
      '75 %  3/4 nodes',
    );
  });

  it('shows neither bar nor time left where the end is not known', () => {
    const line = renderProgress({ ...PROGRESS, share: null }, 10_000);
    expect(line).not.toContain('%');
    expect(line).not.toContain('left');
  });
});

describe('progressLine', () => {
  it('rewrites one line and leaves a line for each finished item', () => {
    const written: string[] = [];
    let now = 0;
    const line = progressLine({
      write: (text) => void written.push(text),
      columns: () => 120,
      now: () => now,
    });
    line.onEvent(PROGRESS);
    now = 10;
    line.onEvent({ ...PROGRESS, done: 600_000 });
    now = 500;
    line.onEvent({ ...PROGRESS, done: 700_000 });
    line.onEvent({ kind: 'item_done', stage: 'load', item: 'polaris.readings', detail: '700,000 rows read' });
    const text = written.join('');
    expect(text).toContain('500,000 rows');
    expect(text).not.toContain('600,000 rows'); // too soon after the one before
    expect(text).toContain('700,000 rows');
    expect(written.at(-1)).toBe('\r\x1b[2K  ✓ polaris.readings: 700,000 rows read\n');
  });
});

describe('numbers for people', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_311_000, '1,311,000'],
  ])('whole(%d)', (value, text) => expect(whole(value)).toBe(text));

  it.each([
    [59, '59 s'],
    [60, '1 min 00 s'],
    [3599, '59 min 59 s'],
    [3660, '1 h 01 min'],
  ])('duration(%d)', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [5 * 1024 ** 2, '5.0 MiB'],
    [3 * 1024 ** 3, '3.00 GiB'],
  ])('bytes(%d)', (count, text) => expect(bytes(count)).toBe(text));
});
