import { keepTimestamp, readTimestamp } from '../../evidence/storage/checkpoint_files.ts';
import { NightError, UsageError } from '../../schemas/errors.ts';
import type { Preparation } from '../../warehouse/close_records.ts';
import type { Night } from '../night.ts';

/** Asks an authority for an RFC 3161 time stamp over a message; gives the bytes to keep. */
export type RequestTimestamp = (url: string, message: Buffer, signal: AbortSignal) => Promise<Buffer>;

/**
 * Has the checkpoint of a preparation stamped by the configured authority, and keeps the token beside it; one that is there
 * stays. Gives when it was at hand; null without an authority.
 * @throws NightError where the authority gives none: nothing is closed then
 */
export async function timestampCheckpoint(
  night: Night,
  { tree_size, checkpoint }: Preparation,
  request: RequestTimestamp | null,
): Promise<string | null> {
  const url = night.config.evidence.timestamp_authority_url;
  if (url === undefined) return null;
  if (request === null)
    throw new UsageError(
      `evidence: time stamp: got evidence.timestamp_authority_url ${url}, want none; this version asks no authority: remove the key`,
    );
  const { evidence } = night.data;
  if ((await readTimestamp(evidence, tree_size)) === null) {
    const token = await asked(url, Buffer.from(checkpoint, 'utf8'), night.env.signal, request);
    await keepTimestamp(evidence, tree_size, token);
  }
  return night.env.now().toISOString();
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
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NightError(`evidence: time stamp of ${url}: ${reason.replace(/^evidence: /, '')}`, {
      stage: 'seal',
      source: 'time stamp',
      next_step:
        'approve again once the authority answers, or without evidence.timestamp_authority_url; nothing was closed',
      cause,
    });
  }
}
