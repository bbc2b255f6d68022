import { CONTESTANTS } from './contestants.ts';
import type { Sample } from './race.ts';
import type { Standing } from './summary.ts';
import type { Target } from './targets.ts';

/** Everything one benchmark found. */
export interface BenchReport {
  /** `yyyy-mm-dd`, UTC. */
  readonly date: string;
  readonly rows: number;
  readonly runs: number;
  readonly surroundings: readonly string[];
  readonly standings: readonly Standing[];
  readonly curve: readonly Sample[];
  readonly targets: readonly Target[];
}

const SHAPES = {
  readings: 'Readings (JSON, 14 fields)',
  accounts: 'Bulk accounts (CSV, 17 columns)',
} as const;

/** The report as a Markdown page. */
export function renderReport(report: BenchReport): string {
  const sets = (['readings', 'accounts'] as const).filter((data) =>
    report.standings.some(({ contestant }) => contestant.data === data),
  );
  return [
    '# Loading, side by side',
    '',
    `Written by \`npm run bench:load\` on ${report.date}: ${whole(report.rows)} rows, every contestant ${report.runs === 1 ? 'once' : `${report.runs} times`}, all in one run of the benchmark.`,
    '',
    ...report.surroundings.map((line) => `- ${line}`),
    '',
    ...notRun(report.standings),
    ...METHOD,
    ...sets.flatMap((data) => section(data, report)),
    ...curveSection(report.curve),
    ...targetSection(report.targets),
  ].join('\n');
}

const METHOD = [
  'Each contestant is a process of its own, started anew for each run and measured from outside: wall clock, processor time (user and system, children included), resident memory of its largest process. Start-up counts. All ask one server on loopback, which sends rendered bytes as they are (no gzip, whatever a client would take), so that it costs next to nothing; its own share is in the table. Rounds begin with another contestant each. After each run the rows and the exact sum of `quantity` or `ARR__c` are compared with what was rendered; one difference fails the benchmark.',
  '',
  'Rates are medians (least to most). "meterline is … times" divides meterline\'s median by the contestant\'s; in brackets the same per second of processor time, which other work on the machine moves less.',
  '',
];

/** A part of the benchmark says that it is one. */
function notRun(standings: readonly Standing[]): readonly string[] {
  const missing = CONTESTANTS.filter((each) => !standings.some(({ contestant }) => contestant === each));
  if (missing.length === 0) return [];
  return [`Not run: ${missing.map(({ data, label }) => `${data} by ${label}`).join(', ')}.`, ''];
}

function section(data: Standing['contestant']['data'], report: BenchReport): readonly string[] {
  const own = report.standings.filter(({ contestant }) => contestant.data === data);
  return [
    `## ${SHAPES[data]}`,
    '',
    '| contestant | rows/s | CPU s | rows per CPU s | peak MB | meterline is … times | server CPU s |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...own.map(row),
    '',
    ...own.map(({ contestant, asked }) => `- **${contestant.label}**: ${contestant.does}. Pages: ${asked}.`),
    '',
  ];
}

function row(each: Standing): string {
  const { contestant, rate, cpu_s, cpu_rate, peak_bytes, server_cpu_s, rate_ratio, cpu_ratio } = each;
  const range = `${whole(rate.median)} (${whole(rate.min)} to ${whole(rate.max)})`;
  const ratio = rate_ratio === null ? '' : `${rate_ratio.toFixed(2)} (${cpu_ratio?.toFixed(2) ?? ''})`;
  const cells = [
    contestant.label,
    range,
    cpu_s.toFixed(1),
    whole(cpu_rate.median),
    megabytes(peak_bytes),
    ratio,
    server_cpu_s.toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}

function curveSection(curve: readonly Sample[]): readonly string[] {
  if (curve.length === 0) return [];
  return [
    '## Memory of meterline over readings',
    '',
    '| rows | peak MB | rows/s | CPU s |',
    '| ---: | ---: | ---: | ---: |',
    ...curve.map(
      ({ rows, peak_bytes, wall_s, cpu_s }) =>
        `| ${whole(rows)} | ${megabytes(peak_bytes)} | ${whole(rows / wall_s)} | ${cpu_s.toFixed(1)} |`,
    ),
    '',
  ];
}

function targetSection(targets: readonly Target[]): readonly string[] {
  const word = ({ met }: Target) => (met === null ? 'not measured' : met ? 'met' : 'missed');
  return [
    '## Targets',
    '',
    '| target | measured | |',
    '| --- | --- | --- |',
    ...targets.map((target) => `| ${target.text} | ${target.got} | ${word(target)} |`),
    '',
  ];
}

/** A whole number with thousands. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function megabytes(bytes: number): string {
  return whole(bytes / 1e6);
}
