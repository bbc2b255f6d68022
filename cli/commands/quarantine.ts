import { join } from 'node:path';
import { dataPaths } from '../../pipelines/paths.ts';
import { listQuarantine, showQuarantined } from '../../pipelines/quarantine.ts';
import { replayQuarantine } from '../../pipelines/replay.ts';
import { allStreams } from '../../pipelines/sources.ts';
import { UsageError } from '../../schemas/errors.ts';
import { SOURCE_NAMES, type SourceName } from '../../schemas/streams.ts';
import { QUARANTINE_STATUSES, type QuarantineStatus } from '../../warehouse/quarantine_records.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';
import { renderQuarantined, renderQuarantineList, renderReplay } from '../quarantine_text.ts';

export interface QuarantineListArguments {
  readonly source?: string;
  readonly stream?: string;
  readonly status: string;
  readonly limit: string;
  readonly summary?: boolean;
}

/**
 * Counts quarantined rows by stream and reason, and lists the newest. With `--json` one list: the rows, or with
 * `--summary` the counts.
 */
export async function quarantineList(context: Context, given: QuarantineListArguments): Promise<number> {
  const source = sourceOf(given.source);
  const stream = streamOf(given.stream);
  const status = statusOf(given.status);
  const limit = wholeFrom1('--limit', given.limit);
  const { config } = await configure(context, { start: false, now: null });
  const found = await listQuarantine(dataPaths(config.data_dir), {
    ...(source !== null && { source }),
    ...(stream !== null && { stream }),
    ...(status !== null && { status }),
    limit,
  });
  const { groups, rows } = given.summary === true ? { ...found, rows: [] } : found;
  if (context.json) context.output.print(JSON.stringify(given.summary === true ? groups : rows));
  else context.output.print(renderQuarantineList({ groups, rows }, given.status));
  return EXIT.done;
}

/** Shows everything that is kept about one quarantined row. */
export async function quarantineShow(context: Context, id: string): Promise<number> {
  const quarantine_id = wholeFrom1('<id>', id);
  const { config } = await configure(context, { start: false, now: null });
  const data = dataPaths(config.data_dir);
  const row = await showQuarantined(data, quarantine_id);
  context.output.print(
    context.json ? JSON.stringify(row) : renderQuarantined(row, join(data.root, row.path)),
  );
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

function statusOf(given: string): QuarantineStatus | null {
  if (given === 'all') return null;
  const found = QUARANTINE_STATUSES.find((status) => status === given);
  if (found !== undefined) return found;
  throw new UsageError(`--status: got ${given}, want one of ${QUARANTINE_STATUSES.join(', ')}, all`);
}

function wholeFrom1(option: string, given: string): number {
  const number = Number(given);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new UsageError(`${option}: got ${given}, want a whole number from 1`);
}
