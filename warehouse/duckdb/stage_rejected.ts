import { DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import type { Rejected } from '../../schemas/page.ts';
import type { Session } from './database.ts';

/** Refused rows handed over at once: as one JSON text, which keeps NUL and null apart. */
const BATCH_ROWS = 2048;

/** Puts the refused rows of a page into `stage_rejected`. */
export async function stageRejected(
  session: Session,
  page_no: number,
  rejected: readonly Rejected[],
): Promise<void> {
  await session.run('create the batches', 'CREATE TEMP TABLE incoming (body VARCHAR)');
  const appender = await session.connection.createAppender('incoming', 'main', 'temp');
  for (let start = 0; start < rejected.length; start += BATCH_ROWS) {
    const chunk = DuckDBDataChunk.create([VARCHAR]);
    chunk.setRows([[JSON.stringify(asColumns(rejected.slice(start, start + BATCH_ROWS)))]]);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
  await session.run(
    'stage refused rows',
    `INSERT INTO stage_rejected
     SELECT ${page_no}, unnest(c[1])::BIGINT, unnest(c[2]), unnest(c[3]), unnest(c[4]), unnest(c[5]), unnest(c[6]),
       unnest(c[7])
     FROM (SELECT json_transform(body, '[["VARCHAR"]]') AS c FROM incoming)`,
  );
  // Emptied, a temporary table keeps its memory; dropped, it gives it back.
  await session.run('drop the batches', 'DROP TABLE incoming');
}

/** Offset, column, value, reason, row, cluster_id, seq. */
function asColumns(rejected: readonly Rejected[]): readonly (readonly (string | number | null)[])[] {
  // A value cut to length may end in half a character, which UTF-8 cannot say.
  const text = (of: (row: Rejected) => string | null) =>
    rejected.map((row) => of(row)?.toWellFormed() ?? null);
  return [
    rejected.map((row) => row.offset),
    text((row) => row.column),
    text((row) => row.value),
    text((row) => row.reason),
    text((row) => row.row),
    text((row) => row.cluster_id),
    text((row) => row.seq),
  ];
}
