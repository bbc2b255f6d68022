import { keepTimestamp, readTimestamp } from '../../evidence/storage/checkpoint_files.ts';
import { DifferenceError, NightError } from '../../schemas/errors.ts';
import type { Preparation } from '../../warehouse/close_records.ts';
import type { Night } from '../night.ts';
import { shortest } from './close_files.ts';
import { timestampedAt, timestampFault } from './timestamp.ts';

/** Asks an authority for an RFC 3161 time stamp over a message; gives the bytes to keep. */
export type RequestTimestamp = (url: string, message: Buffer, signal: AbortSignal) => Promise<Buffer>;

/**
 * Has the checkpoint of a preparation stamped by the configured authority, and keeps the token beside it; one that is there
 * stays. Gives the instant that the authority states; null without an authority.
 * @throws NightError where the authority gives none: nothing is closed then
 * @throws DifferenceError where the one that is kept is not of this checkpoint
 */
export async function timestampCheckpoint(
  night: Night,
  { tree_size, checkpoint }: Preparation,
  request: RequestTimestamp,
): Promise<string | null> {
  const url = night.config.evidence.timestamp_authority_url;
  if (url === undefined) return null;
  const { evidence } = night.data;
  const message = Buffer.from(checkpoint, 'utf8');
  const kept = await readTimestamp(evidence, tree_size);
  const token = kept ?? (await asked(url, message, night.env.signal, request));
  const fault = timestampFault(token, message);
  if (fault !== null)
    throw new DifferenceError(`evidence: time stamp of the checkpoint of ${tree_size} entries: ${fault}`);
  if (kept === null) await keepTimestamp(evidence, tree_size, token);
  return timestampedAt(token);
}

/** What is wrong with the time stamp that a close says it has; null where it has none, or the one that is kept. */
export function closeTimestampFault(
  token: Buffer | null,
  checkpoint: string,
  timestamped_at: string | null,
): { readonly got: string; readonly want: string } | null {
  if (timestamped_at === null) return null;
  const want = `the one of ${shortest(timestamped_at)} that the close names; restore it`;
  if (token === null) return { got: 'no time stamp beside its checkpoint', want };
  const fault = timestampFault(token, Buffer.from(checkpoint, 'utf8'));
  if (fault !== null) return { got: `a time stamp beside its checkpoint that is not of it (${fault})`, want };
  const at = shortest(timestampedAt(token) ?? 'no instant');
  return at === shortest(timestamped_at)
    ? null
    : { got: `a time stamp of ${at} beside its checkpoint`, want };
}

async function asked(
  url: string,
  message: Buffer,
  signal: AbortSignal,
  request: RequestTimestamp,
): Promise<Buffer> {
  try {
    return await request(url, message, signal);
  } catch (cause) {
    if (signal.aborted) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    // Without the cause: its own message may have the URL.
    throw new NightError(`evidence: time stamp of ${new URL(url).host}: ${withoutUrl(reason, url)}`, {
      stage: 'seal',
      source: 'time stamp',
      next_step:
        'approve again once the authority answers, or without evidence.timestamp_authority_url; nothing was closed',
    });
  }
}

/** A reason that names the authority by its host only: user, path and query may hold a key. */
function withoutUrl(reason: string, url: string): string {
  const { href, host, pathname, search, username, password } = new URL(url);
  const path = pathname === '/' ? '' : pathname;
  const named = [url, href, `${host}${path}${search}`, `${host}${path}`];
  const hosted = named.reduce((text, each) => text.replaceAll(each, host), reason);
  const secrets = [search.slice(1), password, username, path].filter((each) => each.length > 1);
  const hidden = secrets.reduce((text, each) => text.replaceAll(each, '…'), hosted);
  return hidden.replace(/^evidence: /, '').replace(`time stamp of ${host}: `, '');
}
