import type { Sample } from './race.ts';
import type { Standing } from './summary.ts';

/** One thing the benchmark is to show. `met` is null where it was not measured. */
export interface Target {
  readonly text: string;
  readonly got: string;
  readonly met: boolean | null;
}

const MEGABYTE = 1e6;
const MOST_MEMORY = 700 * MEGABYTE;
/** Ten times the rows may take this much more memory and still count as flat. */
const FLAT = 1.15;

/** The targets of the project, held against what was measured; rates are wall clock. */
export function targets(all: readonly Standing[], curve: readonly Sample[]): readonly Target[] {
  return [
    atLeast(all, 'readings', 'dlt_arrow', 3, "at least 3 times dlt-Arrow's rate"),
    atLeast(all, 'readings', 'dlt_default', 40, "at least 40 times dlt-default's rate"),
    atLeast(all, 'accounts', 'dlt_arrow', 2, "at least 2 times dlt-Arrow's rate"),
    atLeast(
      all,
      'accounts',
      'simple_salesforce',
      1 / 1.5,
      "within 1.5 times of simple-salesforce's download",
    ),
    ...memory(curve),
  ];
}

function atLeast(all: readonly Standing[], data: string, name: string, want: number, text: string): Target {
  const found = all.find(({ contestant }) => contestant.data === data && contestant.name === name);
  const ratio = found?.rate_ratio ?? null;
  const shown = `${data}: ${text}`;
  if (found === undefined || ratio === null) return { text: shown, got: 'not measured', met: null };
  const cpu = found.cpu_ratio?.toFixed(2) ?? '?';
  return { text: shown, got: `${ratio.toFixed(2)} times (per CPU second ${cpu})`, met: ratio >= want };
}

function memory(curve: readonly Sample[]): readonly Target[] {
  const [low, high] = [curve[0], curve.at(-1)];
  const under = 'readings: peak memory under 700 MB';
  const flat = 'readings: peak memory flat from few rows to many';
  if (low === undefined || high === undefined || low === high) {
    return [under, flat].map((text) => ({ text, got: 'not measured', met: null }));
  }
  const most = Math.max(...curve.map(({ peak_bytes }) => peak_bytes));
  const growth = high.peak_bytes / low.peak_bytes;
  return [
    { text: under, got: `${(most / MEGABYTE).toFixed(0)} MB`, met: most < MOST_MEMORY },
    {
      text: flat,
      got: `${growth.toFixed(2)} times from ${low.rows} to ${high.rows} rows`,
      met: growth <= FLAT,
    },
  ];
}
