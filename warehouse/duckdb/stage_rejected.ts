import type { Rejected } from '../../schemas/page.ts';
import type { Session } from './database.ts';

/** Refused rows handed over at once, as one JSON text, which keeps NUL and null apart: so many, and of so many characters. */
const BATCH_ROWS = 2048;
const BATCH_LENGTH = 1024 * 1024;

/** Puts the refused rows of a page into `stage_rejected`. */
export async function stageRejected(
  session: Session,
  page_no: number,
  rejected: readonly Rejected[],
): Promise<void> {
  for (const batch of batches(rejected))
    await session.run(
      'stage refused rows',
      `INSERT INTO stage_rejected
       SELECT ${page_no}, unnest(c[1])::BIGINT, unnest(c[2]), unnest(c[3]), unnest(c[4]), unnest(c[5]), unnest(c[6]),
         unnest(c[7])
       FROM (SELECT json_transform($batch, '[["VARCHAR"]]') AS c)`,
      { batch: JSON.stringify(asColumns(batch)) },
    );
}

/** Rows up to a batch's length together; a longer one alone. */
function* batches(rejected: readonly Rejected[]): Generator<readonly Rejected[]> {
  let batch: Rejected[] = [];
  let length = 0;
  for (const row of rejected) {
    if (batch.length === BATCH_ROWS || (batch.length > 0 && length + row.row.length > BATCH_LENGTH)) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(row);
    length += row.row.length;
  }
  if (batch.length > 0) yield batch;
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
