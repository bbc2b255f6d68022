import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { timestampCheckpoint } from '../../../pipelines/evidence/close_timestamp.ts';
import { requestTimestamp } from '../../../pipelines/evidence/timestamp.ts';
import { NightError } from '../../../schemas/errors.ts';
import { scratch } from '../../support/scratch.ts';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const URL_WITH_KEYS = 'http://ann:pass-word@127.0.0.1:9/key-in-path?token=key-in-query';

type Request = Parameters<typeof timestampCheckpoint>[2];
const stamp = (request: Request, signal = new AbortController().signal) => {
  const config = { evidence: { timestamp_authority_url: URL_WITH_KEYS } };
  const night = { config, data: { evidence: folder }, env: { signal } };
  const prepared = { tree_size: 7, checkpoint: 'a checkpoint' };
  const [of, what] = [night, prepared] as unknown as Parameters<typeof timestampCheckpoint>;
  return timestampCheckpoint(of, what, request).then(
    () => 'stamped',
    (error: unknown) => error,
  );
};

describe('a close without its time stamp', () => {
  it.each([
    ['as fetch says it', requestTimestamp],
    ['with the whole URL', () => Promise.reject(new Error(`cannot reach ${URL_WITH_KEYS}`))],
    ['with its query', () => Promise.reject(new Error('bad token=key-in-query for ann, pass-word'))],
  ] as const)('names the authority by its host only: %s', async (_, request) => {
    const error = (await stamp(request)) as NightError;
    expect(error).toBeInstanceOf(NightError);
    expect(error.message).toMatch(/^evidence: time stamp of 127\.0\.0\.1:9: /);
    expect(`${error.stack} ${error.cause}`).not.toMatch(/key-in-|pass-word|ann\b/);
  });

  it('is no failure of the authority where it was stopped: the signal’s own reason', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const asked = stamp((_url, _message, signal) => {
      stop.abort(reason);
      return Promise.reject(signal.reason);
    }, stop.signal);
    expect(await asked).toBe(reason);
  });
});
