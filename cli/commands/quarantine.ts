import { dataPaths } from '../../pipelines/paths.ts';
import { listQuarantine } from '../../pipelines/quarantine.ts';
import { UsageError } from '../../schemas/errors.ts';
import { SOURCE_NAMES, type SourceName } from '../../schemas/streams.ts';
import { type Context, configure } from '../context.ts';
import { EXIT } from '../exit.ts';

export interface QuarantineListArguments {
  readonly source?: string;
  readonly stream?: string;
  readonly limit: string;
}

/** Lists quarantined rows, newest first: where they came from and why they were refused. */
export async function quarantineList(context: Context, given: QuarantineListArguments): Promise<number> {
  if (given.source !== undefined && !(SOURCE_NAMES as readonly string[]).includes(given.source)) {
    throw new UsageError(`--source: got ${given.source}, want one of ${SOURCE_NAMES.join(', ')}`);
  }
  const limit = Number(given.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`--limit: got ${given.limit}, want a whole number from 1`);
  const { config } = await configure(context, { start: false, now: null });
  const rows = await listQuarantine(dataPaths(config.data_dir), {
    ...(given.source !== undefined && { source: given.source as SourceName }),
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
