import type { NightReport } from '../pipelines/report.ts';
import { SOURCE_NAMES } from '../schemas/streams.ts';
import { bytes, duration, whole } from './progress.ts';

/** The summary a night ends with, for people. */
export function renderSummary(report: NightReport): string {
  const seconds = (Date.parse(report.finished_at) - Date.parse(report.started_at)) / 1000;
  const lines = [
    `meterline: night of ${report.as_of ?? 'no as-of date yet'} ${report.status} in ${duration(seconds)} (run ${report.run_id})`,
    '',
    ...sourceLines(report),
    modelLine(report),
    evidenceLine(report),
    ...findingLines(report),
    ...quarantineLines(report),
    ...extractLines(report),
  ];
  if (report.error !== null) {
    const where =
      report.error.source === null ? report.error.stage : `${report.error.stage}, ${report.error.source}`;
    lines.push(
      '',
      `✗ failed in stage ${where}`,
      `  ${report.error.message}`,
      `  next step: ${report.error.next_step}`,
    );
  }
  return lines.join('\n');
}

function sourceLines(report: NightReport): readonly string[] {
  return SOURCE_NAMES.map((name) => {
    const source = report.sources[name];
    const label = name.padEnd(11);
    if (source === undefined) return `  ${label} not read (not configured, not asked for, or failed)`;
    const quarantined = `${whole(source.rows_quarantined)} quarantined`;
    const volume = `${whole(source.pages)} pages, ${bytes(source.bytes)}`;
    return `  ${label} ${whole(source.rows_read)} rows read, ${whole(source.rows_loaded)} loaded, ${quarantined} (${volume})`;
  });
}

function modelLine({ models }: NightReport): string {
  const tests = `${models.tests_passed} tests passed, ${models.tests_failed} failed, ${models.tests_warned} warned`;
  return `  models      ${models.built} built, ${tests}`;
}

function evidenceLine({ evidence }: NightReport): string {
  const state = {
    null: 'no checkpoint verified in this run',
    true: 'checkpoint verified',
    false: 'CHECKPOINT NOT VERIFIED',
  };
  const verified = state[String(evidence.checkpoint_verified) as keyof typeof state];
  return `  evidence    ${whole(evidence.tree_size)} entries, root ${evidence.root_hash}, ${verified}`;
}

function findingLines({ findings }: NightReport): readonly string[] {
  const found = Object.entries(findings).map(([kind, n]) => `${kind} ${whole(n)}`);
  return found.length === 0 ? [] : [`  findings    ${found.join(', ')}`];
}

function quarantineLines({ quarantined_open }: NightReport): readonly string[] {
  const streams = Object.entries(quarantined_open ?? {});
  if (streams.length === 0) return [];
  const total = streams.reduce((sum, [, rows]) => sum + rows, 0);
  const each = streams.map(([stream, rows]) => `${stream} ${whole(rows)}`).join(', ');
  return [`  quarantine  ${whole(total)} rows open: ${each}; \`meterline quarantine list\` shows them`];
}

function extractLines(report: NightReport): readonly string[] {
  if (report.extracts.length === 0) return ['  extracts    none written'];
  return report.extracts.map((extract, i) => {
    const rows = extract.rows === null ? '' : `${whole(extract.rows)} rows, `;
    const published = extract.published ? ', published' : '';
    return `  ${(i === 0 ? 'extracts' : '').padEnd(11)} ${extract.path} (${rows}${bytes(extract.bytes)}${published})`;
  });
}
