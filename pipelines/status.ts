import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataPaths } from './paths.ts';
import type { NightReport } from './report.ts';

const KEPT_RUNS = 30;

/** What `status` shows, without opening the warehouse. */
export interface Status {
  /** Newest first, at most 30. */
  readonly runs: readonly NightReport[];
  /** When the last good night ended; null before the first. */
  readonly last_success_at: string | null;
  readonly last_success_as_of: string | null;
  readonly freshness_hours: number;
}

const EMPTY: Status = { runs: [], last_success_at: null, last_success_as_of: null, freshness_hours: 26 };

/**
 * Adds a run to the status file, by rename. `whole`: every stage was asked for; only such a run makes the marts fresh,
 * so that a lone `extract` does not hide a night that never came.
 */
export async function writeStatus(
  data: DataPaths,
  report: NightReport,
  options: { readonly whole: boolean; readonly freshness_hours: number },
): Promise<void> {
  const before = (await readStatus(data)) ?? EMPTY;
  const good = options.whole && report.status === 'succeeded';
  const status: Status = {
    runs: [report, ...before.runs].slice(0, KEPT_RUNS),
    last_success_at: good ? report.finished_at : before.last_success_at,
    last_success_as_of: good ? report.as_of : before.last_success_as_of,
    freshness_hours: options.freshness_hours,
  };
  await mkdir(data.status, { recursive: true });
  await writeByRename(join(data.status, 'status.json'), `${JSON.stringify(status, null, 2)}\n`);
}

/** The status of a data directory; null where no run has ended yet. @throws Error when the file cannot be read */
export async function readStatus(data: DataPaths): Promise<Status | null> {
  try {
    return JSON.parse(await readFile(join(data.status, 'status.json'), 'utf8')) as Status;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Hours since the last good night; null before the first. Stale when above `freshness_hours`, or null. */
export function ageHours(status: Status | null, now: Date): number | null {
  if (status === null || status.last_success_at === null) return null;
  return (now.getTime() - Date.parse(status.last_success_at)) / 3_600_000;
}

async function writeByRename(path: string, text: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
}
