import { describe, expect, it } from 'vitest';
import { renderQuarantined, renderQuarantineList, renderReplay } from '../../cli/quarantine_text.ts';
import { renderSummary } from '../../cli/summary.ts';
import type { NightReport } from '../../pipelines/report.ts';
import type { QuarantinedDetail, QuarantineGroup } from '../../warehouse/quarantine_records.ts';

const AT = '2026-11-22T02:30:00Z';
const group = (values: Partial<QuarantineGroup>): QuarantineGroup => ({
  source: 'polaris',
  stream: 'readings',
  status: 'open',
  column_name: 'unit',
  reason: 'missing key',
  rows: 1,
  first_seen_at: AT,
  last_seen_at: AT,
  ...values,
});
const row: QuarantinedDetail = {
  quarantine_id: 7,
  run_id: 'run-1',
  source: 'tackle',
  stream: 'contracts',
  page_sha256: 'abcdef0123456789',
  page_offset: 4,
  column_name: 'contract_status',
  value: '"Paused"',
  reason: 'want one of its words',
  status: 'open',
  quarantined_at: AT,
  times_seen: 3,
  last_seen_at: AT,
  row_text: '{"id":"c, d","totalContractValue":{"amount":12.50}}',
  load_id: 9,
  cluster_id: null,
  seq: null,
  path: 'landing/tackle/contracts/p.json.zst',
  url: 'https://h/api/contracts?limit=100',
  received_at: AT,
  replayed_at: null,
  replayed_run_id: null,
  replayed_load_id: null,
};

describe('quarantine list', () => {
  it('counts by stream and reason, then shows each row with where it came from', () => {
    const groups = [
      group({ rows: 1200 }),
      group({ stream: 'features', column_name: null, reason: 'want a row' }),
    ];
    const text = renderQuarantineList({ groups, rows: [row] }, 'open');
    expect(text.split('\n')).toEqual([
      '1,201 open quarantined rows',
      '',
      '      rows  stream            column  status  reason',
      '     1,200  polaris.readings  unit    open    missing key',
      '         1  polaris.features  (row)   open    want a row',
      '',
      'the newest 1 of 1,201 (--limit for more); everything about one: meterline quarantine show <id>',
      '',
      '#7  tackle.contracts  open',
      '    contract_status = "Paused": want one of its words',
      `    page abcdef012345… offset 4, run run-1, seen 3 times, last ${AT}`,
    ]);
    expect(renderQuarantineList({ groups, rows: [] }, 'all').split('\n')).toHaveLength(5);
    expect(renderQuarantineList({ groups: [], rows: [] }, 'open')).toBe('no open quarantined rows');
  });
});

describe('quarantine show', () => {
  it('shows the row as it was sent, and where its page lies', () => {
    const text = renderQuarantined(row, '/data/landing/p.json.zst');
    expect(text).toContain('page      /data/landing/p.json.zst (zstd)');
    expect(text).toContain(
      'settled   no; once the contract, catalogue or mapping is mended: meterline quarantine replay --id 7',
    );
    expect(text).toContain('{"id":"c, d",\n  "totalContractValue":{"amount":12.50}}');
    const replayed = { ...row, replayed_at: AT, replayed_run_id: 'run-2', replayed_load_id: 11 };
    expect(renderQuarantined(replayed, 'p')).toContain(`settled   ${AT} by run run-2, load 11`);
    expect(renderQuarantined({ ...row, status: 'outdated' }, 'p')).toMatch(/settled {3}a newer row/);
  });
});

describe('quarantine replay', () => {
  it('says what became of the rows, and what is still open with its reason', () => {
    const stream = {
      source: 'polaris',
      stream: 'readings',
      load_id: 3,
      rows: 5,
      rows_loaded: 2,
      rows_held: 1,
      rows_still_refused: 2,
      rows_outdated: 0,
      still_open: [group({ rows: 2 })],
    } as const;
    expect(renderReplay({ run_id: 'run-3', streams: [stream], evidence: null }).split('\n')).toEqual([
      'replay (run run-3)',
      '  polaris.readings: 5 rows tried, 2 loaded, 1 held already, 2 still refused',
      '    still open: 2 rows, unit: missing key',
      'those that passed: meterline quarantine list --status replayed',
      'the marts have them after the next `meterline run`',
    ]);
    expect(renderReplay({ run_id: null, streams: [], evidence: null })).toBe(
      'no open quarantined rows to replay',
    );
  });
});

describe('the summary of a night', () => {
  const report: NightReport = {
    run_id: 'run-1',
    as_of: '2026-11-21',
    status: 'succeeded',
    started_at: AT,
    finished_at: AT,
    sources: {},
    models: { built: 0, tests_passed: 0, tests_failed: 0, tests_warned: 0 },
    evidence: { tree_size: 0, root_hash: '', checkpoint_verified: null },
    extracts: [],
    findings: {},
    quarantined_open: { 'polaris.readings': 1200, 'tackle.contracts': 1 },
    error: null,
  };

  it('tells of open quarantined rows by stream, and of nothing where there are none', () => {
    expect(renderSummary(report)).toContain(
      '  quarantine  1,201 rows open: polaris.readings 1,200, tackle.contracts 1; `meterline quarantine list` shows them',
    );
    expect(renderSummary({ ...report, quarantined_open: {} })).not.toContain('quarantine list');
    expect(renderSummary({ ...report, quarantined_open: null })).not.toContain('quarantine list');
  });
});
