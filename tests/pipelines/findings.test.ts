import { expect, it } from 'vitest';
import { countFindings } from '../../pipelines/findings.ts';
import type { Night } from '../../pipelines/night.ts';

/** A night after its models were built, with the rows that the warehouse answers. */
function nightWith(rows: readonly Record<string, string>[], findings: Record<string, number>): Night {
  const query = async (sql: string) => {
    expect(sql).toContain('resolved_at IS NULL');
    return rows;
  };
  return { warehouse: { current: { query } }, results: { findings } } as unknown as Night;
}

it('adds the open findings of each rule to what the load found, which stands', async () => {
  const night = nightWith(
    [
      { rule_id: 'control_total_difference', findings: '4' },
      { rule_id: 'missing_owner', findings: '2' },
    ],
    { control_total_difference: 0 },
  );
  await countFindings(night);
  expect(night.results.findings).toEqual({ control_total_difference: 0, missing_owner: 2 });
});
