import { dataPaths } from '../../pipelines/paths.ts';
import { listQuarantine, showQuarantined } from '../../pipelines/quarantine.ts';
import { type ReplayReport, replayQuarantine, type StreamReplay } from '../../pipelines/replay.ts';
import { allStreams } from '../../pipelines/sources.ts';
import { UsageError } from '../../schemas/errors.ts';
import { SOURCE_NAMES, type SourceName } from '../../schemas/streams.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';

export interface QuarantineListArguments {
  readonly source?: string;
  readonly stream?: string;
  readonly limit: string;
}

/** Lists quarantined rows, newest first: where they came from and why they were refused. */
export async function quarantineList(context: Context, given: QuarantineListArguments): Promise<number> {
  const source = sourceOf(given.source);
  const limit = wholeFrom1('--limit', given.limit);
  const { config } = await configure(context, { start: false, now: null });
  const rows = await listQuarantine(dataPaths(config.data_dir), {
    ...(source !== null && { source }),
    ...(given.stream !== undefined && { stream: given.stream }),
    limit,
  });
  if (context.json) context.output.print(JSON.stringify(rows));
  else if (rows.length === 0) context.output.print('no quarantined rows');
  else context.output.print(rows.map(render).join('\n'));
  return EXIT.done;
}

function render(row: Awaited<ReturnType<typeof listQuarantine>>[number]): string {
  const place = `${row.source}.${row.stream} page ${row.page_sha256.slice(0, 12)}… offset ${row.page_offset}`;
  const column = row.column_name === null ? 'row' : `${row.column_name} = ${row.value ?? 'absent'}`;
  return `#${row.quarantine_id}  ${place}\n    ${column}: ${row.reason}  [${row.status}, ${row.quarantined_at}]`;
}

/** Shows everything that is kept about one quarantined row. */
export async function quarantineShow(context: Context, id: string): Promise<number> {
  const quarantine_id = wholeFrom1('<id>', id);
  const { config } = await configure(context, { start: false, now: null });
  const row = await showQuarantined(dataPaths(config.data_dir), quarantine_id);
  if (context.json) context.output.print(JSON.stringify(row));
  else {
    const width = Math.max(...Object.keys(row).map((name) => name.length));
    const lines = Object.entries(row).map(([name, value]) => `${name.padEnd(width)}  ${value ?? '-'}`);
    context.output.print(lines.join('\n'));
  }
  return EXIT.done;
}

export interface QuarantineReplayArguments {
  readonly source?: string;
  readonly stream?: string;
  readonly id?: string;
}

/** Tries open quarantined rows again from the landed pages; asks no source. Rows that are still refused stay open. */
export async function quarantineReplay(context: Context, given: QuarantineReplayArguments): Promise<number> {
  const filter = {
    source: sourceOf(given.source),
    stream: streamOf(given.stream),
    quarantine_id: given.id === undefined ? null : wholeFrom1('--id', given.id),
  };
  const { config } = await configure(context, { start: false, now: null });
  const report = await replayQuarantine(config, filter, nightEnv(context));
  context.output.print(context.json ? JSON.stringify(report) : renderReplay(report));
  return EXIT.done;
}

function renderReplay({ streams, run_id }: ReplayReport): string {
  if (run_id === null) return 'no open quarantined rows to replay';
  const loaded = streams.reduce((sum, each) => sum + each.rows_loaded, 0);
  const next = loaded === 0 ? [] : ['the marts have them after the next `meterline run`'];
  return [`replay (run ${run_id})`, ...streams.map(replayLine), ...next].join('\n');
}

function replayLine(each: StreamReplay): string {
  const outdated = each.rows_outdated === 0 ? '' : `, ${each.rows_outdated} outdated by a newer list`;
  const held = `${each.rows_held} held already, ${each.rows_still_refused} still refused`;
  return `  ${each.source}.${each.stream}: ${each.rows} rows tried, ${each.rows_loaded} loaded, ${held}${outdated}`;
}

function sourceOf(given: string | undefined): SourceName | null {
  if (given === undefined) return null;
  const found = SOURCE_NAMES.find((name) => name === given);
  if (found !== undefined) return found;
  throw new UsageError(`--source: got ${given}, want one of ${SOURCE_NAMES.join(', ')}`);
}

function streamOf(given: string | undefined): string | null {
  if (given === undefined) return null;
  const names = new Set(allStreams().map((stream) => stream.name));
  if (names.has(given)) return given;
  throw new UsageError(`--stream: got ${given}, want one of ${[...names].join(', ')}`);
}

function wholeFrom1(option: string, given: string): number {
  const number = Number(given);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new UsageError(`${option}: got ${given}, want a whole number from 1`);
}
