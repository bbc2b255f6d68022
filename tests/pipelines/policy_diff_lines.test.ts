import { describe, expect, it } from 'vitest';
import { renderPolicyDiff } from '../../cli/policies_text.ts';
import { diffLines, diffTotals } from '../../pipelines/policy_diff_lines.ts';
import type { RatedLine } from '../../pipelines/policy_ratings.ts';

const line = (subscription_id: string, amount: string | null, more: Partial<RatedLine> = {}): RatedLine => ({
  subscription_id,
  account_id: null,
  dimension: 'capacity_used_tib',
  service_period: '2026-01-01',
  currency: 'USD',
  policies: 'p@1',
  amount,
  ...more,
});

describe('lines of two sets of policies', () => {
  const before = [
    line('same', '5.000000000'),
    line('less', '20.000000001'),
    line('gone', '3.5'),
    line('unmetered', null),
  ];
  const after = [
    line('less', '-0.000000001', { policies: 'q@1' }),
    line('same', '5'),
    line('new', '90071992547409930.17', { currency: 'EUR' }),
  ];
  const lines = diffLines(before, after);

  it('are exact, the largest difference first, and a line that is not there is not 0', () => {
    const shown = lines.map(({ subscription_id, old_amount, new_amount, difference }) => [
      subscription_id,
      old_amount,
      new_amount,
      difference,
    ]);
    expect(shown).toEqual([
      ['new', null, '90071992547409930.17', '90071992547409930.17'],
      ['less', '20.000000001', '-0.000000001', '-20.000000002'],
      ['gone', '3.50', null, '-3.50'],
      ['same', '5.00', '5.00', '0.00'],
      ['unmetered', null, null, '0.00'],
    ]);
  });

  it('are added up by currency', () => {
    expect(diffTotals(lines)).toEqual([
      {
        currency: 'EUR',
        lines: 1,
        lines_that_differ: 1,
        old_amount: '0.00',
        new_amount: '90071992547409930.17',
        difference: '90071992547409930.17',
      },
      {
        currency: 'USD',
        lines: 4,
        lines_that_differ: 2,
        old_amount: '28.500000001',
        new_amount: '4.999999999',
        difference: '-23.500000002',
      },
    ]);
  });

  it('are shown where they differ', () => {
    const text = renderPolicyDiff({
      a: 'a',
      b: 'b',
      as_of: '2026-02-03',
      month: '2026-01',
      lines,
      totals: diffTotals(lines),
      notes: ['look'],
    }).split('\n');
    expect(text).toContainEqual(
      expect.stringMatching(/^ {2}less .* p@1 → q@1 +20\.000000001 +-0\.000000001 +-20\.0/),
    );
    expect(text).toContainEqual(expect.stringMatching(/^ {2}gone .* p@1 → - +3\.50 +- +-3\.50$/));
    expect(text.some((each) => each.includes('same'))).toBe(false);
    expect(text).toContain('total USD: 28.500000001 → 4.999999999, -23.500000002; 2 of 4 lines differ');
    expect(text.at(-1)).toBe('note: look');
  });
});
