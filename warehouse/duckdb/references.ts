import type { References } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { rawName } from './commit.ts';
import type { Session } from './database.ts';
import { storedValues } from './ddl.ts';
import { identifier, list } from './sql.ts';
import { instantOf, textOrNull } from './values.ts';

/** The current rows of streams, by stream name: every value as text; times as RFC 3339. Vanished records are out. */
export async function references(session: Session, streams: readonly Stream[]): Promise<References> {
  const found = new Map<string, readonly Readonly<Record<string, string | null>>[]>();
  for (const stream of streams) found.set(stream.name, await currentRows(session, stream));
  return found;
}

async function currentRows(
  session: Session,
  stream: Stream,
): Promise<readonly Readonly<Record<string, string | null>>[]> {
  const columns = storedValues(stream).map(({ name, type }) => {
    const value = type === 'TIMESTAMP' ? instantOf(identifier(name)) : `${identifier(name)}::VARCHAR`;
    return `${value} AS ${identifier(name)}`;
  });
  const key = list(stream.key.map(identifier));
  const current =
    stream.kind === 'records'
      ? `(SELECT * FROM ${rawName(stream)}
          QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY load_id DESC) = 1) WHERE NOT is_vanished`
      : rawName(stream);
  const rows = await session.rows(
    `read ${rawName(stream)}`,
    `SELECT ${list(columns)} FROM ${current} ORDER BY ${key}`,
  );
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, textOrNull(value)])),
  );
}
