import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyPolicies } from '../../pipelines/evidence/verify_policies.ts';
import { loadPolicies } from '../../pipelines/policies.ts';
import {
  changedPolicies,
  recordPolicies,
  unusedVersions,
  versionsOf,
} from '../../pipelines/policy_versions.ts';
import { allStreams } from '../../pipelines/sources.ts';
import { NightError } from '../../schemas/errors.ts';
import type { Policies } from '../../schemas/policies.ts';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import { scratch } from '../support/scratch.ts';
import { sqlIn } from './close_world.ts';

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
    // Once a night has recorded the end, months after it may close.
    const both = [...versionsOf(shipped), ...versionsOf(ended)];
    expect(changedPolicies(both, versionsOf(ended), '2027-01-01')).toEqual([]);
    expect(changedPolicies(both, versionsOf(shipped), null)).toMatchObject([
      { key: 'effective_to', now: 'null' },
    ]);
    const moved = withOverage({ effective_to: '2027-02-01' });
    expect(changedPolicies(both, versionsOf(moved), null)).toMatchObject([{ now: '"2027-02-01"' }]);
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

const at = '2027-03-05T00:00:00Z';

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

  const close = (month: string) =>
    warehouse.closePeriod({
      ...{
        month,
        preparation_id: 1,
        cut_off_at: at,
        prepared_load_id: 1,
        approved_load_id: 1,
        exceptions: 0,
      },
      ...{ prepared_by: 'a', prepared_at: at, approved_by: 'b', approved_at: at, accepted_reason: null },
      ...{ tree_size: 0, root_hash: '00'.repeat(32), checkpoint: 'not signed', timestamped_at: null },
    });
  const ends = () =>
    warehouse.query(
      `SELECT run_id FROM evidence.policy_versions WHERE kind = 'overage' AND content LIKE '%"effective_to":"2026-12-01"%'`,
    );

  it('is the end of an open version when a night first sees it; then months after the end may close', async () => {
    const ended = withOverage({ effective_to: '2026-12-01' });
    await night(shipped, 'first');
    await close('2026-11-01');
    for (const run of ['second', 'third'])
      expect(await night(ended, run)).toEqual({ warnings: [], findings: {} });
    expect(await ends()).toEqual([{ run_id: 'second' }]);
    await close('2026-12-01');
    await close('2027-01-01');
    const closes = await warehouse.periodCloses();
    expect(await night(ended, 'fourth')).toEqual({ warnings: [], findings: {} });
    expect(await verifyPolicies(warehouse, ended, closes)).toBe(versionsOf(shipped).length + 1);
    await expect(verifyPolicies(warehouse, shipped, closes)).rejects.toThrow(
      /effective_to: got null, want "2026-12-01"/,
    );
  });

  it('is no end within months that are closed when a night first sees it', async () => {
    await night(shipped, 'first');
    await close('2026-12-01');
    const { findings } = await night(withOverage({ effective_to: '2026-12-01' }), 'second');
    expect(findings).toEqual({ changed_policies: 1 });
    expect(await ends()).toEqual([]);
  });

  it('is nothing where a version is missing that closed months name: the night stops before dbt', async () => {
    const path = join(folder, 'w.duckdb');
    const [gone, ...overage] = shipped.overage;
    await night(shipped, 'first');
    await warehouse.close();
    await sqlIn(
      path,
      `INSERT INTO evidence.closed_lines BY NAME SELECT '1' AS line_id, DATE '2026-09-01' AS close_month,
         '${gone?.policy_id}' AS policy_id, '${gone?.version}' AS policy_version`,
    );
    warehouse = await openDuckDbWarehouse({ path, tempDir: folder, memoryLimitMb: 100 });
    expect(await night(shipped, 'second')).toEqual({ warnings: [], findings: {} });
    const stopped = night({ ...shipped, overage }, 'third');
    await expect(stopped).rejects.toThrow(NightError);
    await expect(stopped).rejects.toMatchObject({
      message: `policies: overage/${gone?.policy_id}@${gone?.version}: got no such version in the folder, want it, since lines of closed months name it`,
      next_step: 'restore its file',
    });
    await expect(verifyPolicies(warehouse, { ...shipped, overage }, [])).rejects.toThrow(
      /got no such version in the folder.*; restore its file/,
    );
  });

  it('is verified: a later record of a version says nothing new but its end', async () => {
    await night(shipped, 'first');
    const other = withOverage({ currency: 'EUR' });
    await warehouse.recordPolicyVersions(versionsOf(other), 'forged', '2026-11-23T03:00:00Z');
    await expect(verifyPolicies(warehouse, other, [])).rejects.toThrow(/currency: got "EUR", want "USD"/);
  });
});
