import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { requestTimestamp, timestampedAt, timestampFault } from '../../../pipelines/evidence/timestamp.ts';
import { NightError } from '../../../schemas/errors.ts';
import { scratch } from '../../support/scratch.ts';
import { type Authority, openssl, startAuthority } from './timestamp_authority.ts';

const root = scratch();
const message = Buffer.from('example.com/log\n7\nroot\n');
const patience = () => new AbortController().signal;
let authority: Authority;
beforeAll(async () => {
  authority = await startAuthority(join(root, 'tsa'));
});
afterEach(() => {
  authority.answer = null;
});
afterAll(async () => {
  await authority.close();
  rmSync(root, { recursive: true, force: true });
});

const refusal = (url: string, signal = patience()): Promise<string> =>
  requestTimestamp(url, message, signal).then(
    () => 'granted',
    (error: unknown) => {
      expect(error).toBeInstanceOf(NightError);
      const { message: said, source, next_step } = error as NightError;
      expect(said).toContain(`evidence: time stamp of ${source}: got `);
      expect(next_step).toMatch(/timestamp_authority_url/);
      return said;
    },
  );

it('is one that OpenSSL verifies, over just these bytes', async () => {
  const tsr = await requestTimestamp(authority.url, message, patience());
  writeFileSync(join(root, 'file'), message);
  writeFileSync(join(root, 'file.tsr'), tsr);
  const verify = ['ts', '-verify', '-data', 'file', '-in', 'file.tsr', '-CAfile', authority.certificate];
  expect(openssl(verify, root)).toMatch(/Verification: OK/);
  expect(timestampFault(tsr, message)).toBeNull();
  expect(timestampedAt(tsr)).toMatch(/^\d{4}-\d\d-\d\dT/);
  expect(timestampFault(tsr, Buffer.from('other'))).toMatch(/got imprint [0-9a-f]{64} .*, want d9298a10d1b/);
  expect(timestampFault(tsr.subarray(0, 60), message)).toMatch(/got 60 bytes that are no TimeStampResp/);
  const changed = Buffer.from(tsr);
  for (let at = 0; at < tsr.length; at += 3) {
    changed[at] = (tsr[at] ?? 0) ^ 0x01;
    expect(() => timestampFault(changed, message)).not.toThrow();
    changed[at] = tsr[at] ?? 0;
  }
});

describe('is refused, with the authority’s name and what to do, for', () => {
  it('a status of rejection, with what the authority says', async () => {
    authority.answer = () => ({ status: 200, body: authority.reply(Buffer.from('no request')) });
    expect(await refusal(authority.url)).toMatch(/got status 2 \(rejection: ".+"\), want 0/);
  });

  it('an answer to another request: its imprint, its nonce', async () => {
    const asked: Buffer[] = [];
    authority.answer = (request) => {
      asked.push(request);
      return { status: 200, body: authority.reply(request) };
    };
    await requestTimestamp(authority.url, Buffer.from('other'), patience());
    await requestTimestamp(authority.url, message, patience());
    const [other, same] = asked.map((request) => authority.reply(request));
    authority.answer = () => ({ status: 200, body: other as Buffer });
    expect(await refusal(authority.url)).toMatch(/got imprint d9298a10d1b\w+ .*, want [0-9a-f]{64}/);
    authority.answer = () => ({ status: 200, body: same as Buffer });
    expect(await refusal(authority.url)).toMatch(/got nonce [0-9a-f]{16}, want [0-9a-f]{16}/);
  });

  it('what is no DER, and nothing', async () => {
    authority.answer = () => ({ status: 200, body: Buffer.from('<html>sign in</html>') });
    expect(await refusal(authority.url)).toMatch(/got 20 bytes that are no TimeStampResp/);
    authority.answer = () => ({ status: 200, body: Buffer.alloc(0) });
    expect(await refusal(authority.url)).toMatch(/got 0 bytes that are no TimeStampResp/);
    authority.answer = () => ({ status: 200, body: Buffer.alloc(2 << 20) });
    expect(await refusal(authority.url)).toMatch(/got more than 1048576 bytes/);
  });

  it('an HTTP error, and a port where nobody listens', async () => {
    authority.answer = () => ({ status: 500, body: Buffer.from('later') });
    expect(await refusal(`${authority.url}?key=hidden`)).toMatch(
      /127\.0\.0\.1:\d+\/tsa: got HTTP 500, want 200/,
    );
    expect(await refusal('http://127.0.0.1:9/')).toMatch(/127\.0\.0\.1:9: got no answer \(.+\), want/);
  });

  it('a signal: its own reason, at once', async () => {
    authority.answer = () => 'never';
    const stop = new AbortController();
    const asked = requestTimestamp(authority.url, message, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(asked).rejects.toThrow('stopped');
  });
});
