import type { Stream } from '../../schemas/streams.ts';
import { type QuarantineGate, VanishedError } from '../warehouse.ts';
import { type Commit, rawName } from './commit.ts';
import type { Session } from './database.ts';
import { identifier, list } from './sql.ts';
import { count } from './values.ts';

/** More than this share of the records missing from a list is rather a user who no longer sees them. */
const MAX_VANISHED_SHARE = 0.1;

/** Adds keys to `present_keys`. @throws Error for a stream whose records have no single text key */
export async function stageKeys(session: Session, stream: Stream, keys: readonly string[]): Promise<void> {
  keyColumn(stream);
  await session.run(
    'stage keys',
    `INSERT INTO present_keys SELECT unnest(json_transform($keys, '["VARCHAR"]'))`,
    { keys: JSON.stringify(keys) },
  );
}

export function keyColumn(stream: Stream): string {
  const [name, ...others] = stream.key;
  const column = stream.columns.find((each) => each.name === name);
  if (stream.kind === 'records' && others.length === 0 && column?.type === 'text') return identifier(name);
  throw new Error(
    `warehouse: keys of ${stream.source} ${stream.name}: got a list, want one for a stream of records with one text key`,
  );
}

/**
 * SQL that holds for a current version `r` that a list of keys lacks. A record that is marked as deleted has ended
 * already.
 */
export function isMissing(stream: Stream): string {
  const isLive = stream.columns.some(({ name }) => name === 'is_deleted') ? 'AND NOT r.is_deleted' : '';
  return `AND NOT EXISTS (SELECT 1 FROM present_keys AS p WHERE p.key = r.${keyColumn(stream)}) ${isLive}`;
}

/** @throws VanishedError when more records vanished than a list is believed, unless the operator accepts it */
export async function checkVanished(
  { session, stream }: Commit,
  vanished: number,
  gate: QuarantineGate,
): Promise<void> {
  if (gate.accepted || vanished <= gate.min_rows) return;
  const { live } = await session.row(
    'count the records held',
    `SELECT count(*) AS live FROM (SELECT DISTINCT ${list(stream.key.map(identifier))} FROM ${rawName(stream)})`,
  );
  if (vanished <= MAX_VANISHED_SHARE * count(live)) return;
  const item = `${stream.source}.${stream.name}`;
  throw new VanishedError(
    `warehouse: load of ${stream.source} ${stream.name}: got a list without ${vanished} of the ` +
      `${count(live)} records held, want at most ${gate.min_rows} or a share of ${MAX_VANISHED_SHARE}; nothing was ` +
      `kept: give the user sight of all records, or bury them once with --accept-quarantine ${item}`,
  );
}
