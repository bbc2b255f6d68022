import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadPolicies } from '../../pipelines/policies.ts';
import {
  changedPolicies,
  recordPolicies,
  unusedVersions,
  versionsOf,
} from '../../pipelines/policy_versions.ts';
import { allStreams } from '../../pipelines/sources.ts';
import type { Policies } from '../../schemas/policies.ts';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import { scratch } from '../support/scratch.ts';

const shipped = await loadPolicies(join(import.meta.dirname, '../../policies'));

/** The shipped policies with a change to the first overage policy. */
function withOverage(change: object): Policies {
  const [first, ...rest] = shipped.overage;
  return { ...shipped, overage: [{ ...first, ...change } as Policies['overage'][number], ...rest] };
}

const changed = (policies: Policies, closed_until: string | null = null) =>
  changedPolicies(versionsOf(shipped), versionsOf(policies), closed_until);

describe('a version that says something else', () => {
  it('is named with the first key that differs and both values', () => {
    const [first] = shipped.overage;
    const name = `overage/${first?.policy_id}@${first?.version}`;
    expect(changed(shipped)).toEqual([]);
    expect(changed(withOverage({ commit: { 'sub-1': '7' } }))).toEqual([
      { name, key: 'commit.sub-1', recorded: null, now: '"7"' },
    ]);
    const rates = { above: first?.rates.above, burst: '9' };
    expect(changed(withOverage({ rates, currency: 'EUR' }))).toMatchObject([
      { key: 'currency', now: '"EUR"' },
    ]);
    expect(changed(withOverage({ rates }))).toMatchObject([{ key: 'rates.burst', now: '"9"' }]);
  });

  it('is none where it only ends, as the next version demands, but not within closed months', () => {
    const ended = withOverage({ effective_to: '2026-12-01' });
    expect(changed(ended)).toEqual([]);
    expect(changed(ended, '2026-12-01')).toEqual([]);
    expect(changed(ended, '2027-01-01')).toMatchObject([{ key: 'effective_to', recorded: 'null' }]);
    const back = changedPolicies(versionsOf(ended), versionsOf(shipped), null);
    expect(back).toMatchObject([{ key: 'effective_to', recorded: '"2026-12-01"', now: 'null' }]);
  });

  it('is none where its number is new: then it was not used yet', () => {
    const renamed = withOverage({ version: '2031-01-01.1', currency: 'EUR' });
    expect(changed(renamed)).toEqual([]);
    expect(unusedVersions(versionsOf(shipped), versionsOf(renamed))).toMatchObject([
      { version: '2031-01-01.1' },
    ]);
  });
});

describe('what a night records', () => {
  let folder = '';
  let warehouse: Warehouse;
  beforeEach(async () => {
    folder = scratch();
    warehouse = await openDuckDbWarehouse({
      path: join(folder, 'w.duckdb'),
      tempDir: folder,
      memoryLimitMb: 100,
    });
    await warehouse.migrate(allStreams());
  });
  afterEach(async () => {
    await warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The part of a night that is looked at. */
  async function night(policies: Policies, run_id: string) {
    const warnings: string[] = [];
    const findings: Record<string, number> = {};
    await recordPolicies(
      {
        run_id,
        env: {
          now: () => new Date('2026-11-22T03:00:00Z'),
          onEvent: (event: { message?: string }) => warnings.push(String(event.message)),
        },
        warehouse: { current: warehouse },
        results: { findings },
      } as unknown as Parameters<typeof recordPolicies>[0],
      policies,
    );
    return { warnings, findings };
  }

  it('is each version as it was first seen; a change is a warning and a finding of each night', async () => {
    expect(await night(shipped, 'first')).toEqual({ warnings: [], findings: {} });
    const other = withOverage({ currency: 'EUR' });
    for (const run of ['second', 'third']) {
      const { warnings, findings } = await night(other, run);
      expect(findings).toEqual({ changed_policies: 1 });
      expect(warnings).toEqual([
        expect.stringMatching(/policies: overage\/\S+, currency: got "EUR", want "USD"/),
      ]);
    }
    expect(await warehouse.policyVersions()).toEqual(
      versionsOf(shipped).toSorted((a, b) =>
        JSON.stringify([a.kind, a.policy_id]) < JSON.stringify([b.kind, b.policy_id]) ? -1 : 1,
      ),
    );
    const runs = await warehouse.query('SELECT DISTINCT run_id FROM evidence.policy_versions');
    expect(runs).toEqual([{ run_id: 'first' }]);
  });
});
