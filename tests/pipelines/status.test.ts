import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { dataPaths } from '../../pipelines/paths.ts';
import type { NightReport } from '../../pipelines/report.ts';
import { ageHours, readStatus, writeStatus } from '../../pipelines/status.ts';
import { scratch } from '../support/scratch.ts';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function report(run_id: string, status: 'succeeded' | 'failed', finished_at: string): NightReport {
  return {
    run_id,
    as_of: '2026-11-21',
    status,
    started_at: '2026-11-22T02:30:00Z',
    finished_at,
    sources: {},
    models: { built: 0, tests_passed: 0, tests_failed: 0, tests_warned: 0 },
    evidence: { tree_size: 0, root_hash: '', checkpoint_verified: null },
    extracts: [],
    findings: {},
    quarantined_open: {},
    error: null,
  };
}

describe('status', () => {
  it('keeps runs, newest first; only a whole good night makes the marts fresh', async () => {
    const data = dataPaths(folder);
    expect(await readStatus(data)).toBeNull();
    expect(ageHours(null, new Date())).toBeNull();
    const night = { whole: true, freshness_hours: 26 };
    await writeStatus(data, report('a', 'succeeded', '2026-11-22T03:00:00Z'), night);
    await writeStatus(data, report('b', 'failed', '2026-11-23T03:00:00Z'), night);
    await writeStatus(data, report('c', 'succeeded', '2026-11-23T09:00:00Z'), { ...night, whole: false });
    const status = await readStatus(data);
    expect(status?.runs.map((run) => run.run_id)).toEqual(['c', 'b', 'a']);
    expect(status?.last_success_at).toBe('2026-11-22T03:00:00Z');
    expect(ageHours(status, new Date('2026-11-23T05:00:00Z'))).toBe(26);
  });

  it('keeps no more than 30 runs', async () => {
    const data = dataPaths(folder);
    for (let n = 0; n < 35; n += 1) {
      await writeStatus(data, report(`run-${n}`, 'failed', '2026-11-24T03:00:00Z'), {
        whole: true,
        freshness_hours: 26,
      });
    }
    const runs = (await readStatus(data))?.runs ?? [];
    expect(runs.length).toBe(30);
    expect(runs[0]?.run_id).toBe('run-34');
  });
});
