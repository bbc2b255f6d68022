import { statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { NightReport } from '../../pipelines/report.ts';
import type { FaultKind } from '../../simulators/faults.ts';
import { SMALL, startTestWorld, type TestWorld, WHOLE_NIGHT } from '../support/test_night.ts';

const PUBLISH_ONLY = { ...WHOLE_NIGHT, only: ['publish'] } as const;

/** One night is published; then it is published again through each fault of Tableau. */
describe('publishing through faults', () => {
  let test: TestWorld;
  let dataDir = '';
  let first: NightReport;

  beforeAll(async () => {
    test = await startTestWorld({ ...SMALL, customers: 6, days: 12, dimensions: 4 });
    dataDir = test.newDataDir();
    first = await test.night(dataDir);
    expect(first.error).toBeNull();
  });
  afterEach(() => test.world.setFaults('tableau', []));
  afterAll(() => test.close());

  const shown = () => test.published().map(({ kind, name, sha256 }) => ({ kind, name, sha256 }));

  it.each([
    'throttle_seconds',
    'throttle_date',
    'server_error',
    'drop',
    'truncate',
    'revoked_token',
  ] as const)('%s: retried, and the same files are published', async (kind: FaultKind) => {
    const before = shown();
    test.world.setFaults('tableau', [{ kind, times: 1 }]);
    const report = await test.night(dataDir, PUBLISH_ONLY);
    expect(report.error).toBeNull();
    expect(shown()).toEqual(before);
  });

  it('down for good: fails, what is published stays as it was, and the files stay written', async () => {
    const before = shown();
    expect(before.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'datasource meterline',
      'workbook meterline',
    ]);
    const files = first.extracts.map((file) => statSync(file.path).mtimeMs);
    test.world.setFaults('tableau', [{ kind: 'server_error', times: Number.POSITIVE_INFINITY }]);
    const report = await test.night(dataDir, PUBLISH_ONLY);
    expect(report.status).toBe('failed');
    expect(report.error).toMatchObject({ stage: 'publish' });
    expect(report.error?.message).toMatch(/503/);
    expect(report.error?.next_step).toContain('meterline publish');
    expect(shown()).toEqual(before);
    expect(first.extracts.map((file) => statSync(file.path).mtimeMs)).toEqual(files);
  });

  it('fails at the workbook a day later: the new data source is taken back, the earlier one is shown', async () => {
    const before = shown();
    const revision = () => test.published().find(({ kind }) => kind === 'datasource')?.revision ?? 0;
    const earlier = revision();
    test.world.setNow('2026-11-23T03:00:10Z'); // other figures, so that a new data source differs from the old one
    const path = '/workbooks\\?.*overwrite'; // the publication itself, not the look-up before it
    test.world.setFaults('tableau', [{ kind: 'server_error', times: Number.POSITIVE_INFINITY, path }]);
    const report = await test.night(dataDir);
    expect(report.error).toMatchObject({ stage: 'publish', source: 'workbook meterline' });
    expect(report.error?.message).toContain('put back: datasource meterline');
    expect(revision()).toBe(earlier + 2); // published, then put back
    expect(shown()).toEqual(before);
  });
});
