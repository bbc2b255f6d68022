import { hash, randomBytes } from 'node:crypto';
import { Integer, OctetString } from 'asn1js';
import {
  AlgorithmIdentifier,
  MessageImprint,
  PKIStatus,
  SignedData,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from 'pkijs';
import { NightError } from '../../schemas/errors.ts';

const SHA256 = '2.16.840.1.101.3.4.2.1';
/** RFC 5652 §5.1, RFC 3161 §2.4.2. */
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const WAIT_MS = 30_000;
/** An answer is a few kilobytes with its certificates. */
const MAX_ANSWER_BYTES = 1 << 20;
/** RFC 3161 §2.4.2, PKIStatus; 0 and 1 give a token. */
const STATUSES = [
  'granted',
  'granted with changes',
  'rejection',
  'waiting',
  'revocation warning',
  'revocation notification',
];

/**
 * Asks an authority for a time stamp over a message (RFC 3161 over HTTP, §3.4; SHA-256, a nonce, the authority's certificate
 * in the answer) and gives the answer's DER bytes, as `openssl ts -verify -in` takes them. Status, imprint and nonce are
 * checked; whether the authority is to be trusted is decided by whoever verifies, with its certificate.
 * @throws NightError that names the authority, where there is no answer or not the one that was asked for
 * @throws the signal's reason when it is aborted
 */
export async function requestTimestamp(url: string, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  const authority = nameOf(url);
  const nonce = freshNonce();
  const request = new TimeStampReq({ version: 1, messageImprint: imprintOf(message), nonce, certReq: true });
  const answer = await exchange(url, Buffer.from(request.toSchema().toBER()), signal);
  const fault = timestampFault(answer, message) ?? nonceFault(answer, nonce);
  if (fault !== null) throw refused(authority, fault);
  return answer;
}

/**
 * What is wrong with a time stamp (DER of an RFC 3161 TimeStampResp) over a message; null where it is granted and its
 * imprint is the SHA-256 of just these bytes. The authority's signature is for `openssl ts -verify`.
 */
export function timestampFault(tsr: Buffer, message: Buffer): string | null {
  const response = parsed(() => TimeStampResp.fromBER(tsr));
  if (response === null) return `got ${tsr.length} bytes that are no TimeStampResp, want one in DER`;
  const { status, statusStrings } = response.status;
  if (status !== PKIStatus.granted && status !== PKIStatus.grantedWithMods) {
    const said = (statusStrings ?? []).map((each) => each.valueBlock.value).join(' ');
    const why = said === '' ? '' : `: ${JSON.stringify(said.slice(0, 200))}`;
    return `got status ${status} (${STATUSES[status] ?? 'unknown'}${why}), want 0 (granted)`;
  }
  const info = tokenInfo(response);
  if (info === null) return 'got no token of a time stamp in the answer, want one';
  const { hashAlgorithm, hashedMessage } = info.messageImprint;
  const got = Buffer.from(hashedMessage.valueBlock.valueHexView).toString('hex');
  const want = hash('sha256', message, 'hex');
  if (hashAlgorithm.algorithmId === SHA256 && got === want) return null;
  return `got imprint ${got} (algorithm ${hashAlgorithm.algorithmId}), want ${want}, the SHA-256 of the file`;
}

/** When the authority says that it saw the message, RFC 3339 in UTC; null where it is no time stamp. */
export function timestampedAt(tsr: Buffer): string | null {
  const response = parsed(() => TimeStampResp.fromBER(tsr));
  const info = response === null ? null : tokenInfo(response);
  return info?.genTime.toISOString() ?? null;
}

function imprintOf(message: Buffer): MessageImprint {
  return new MessageImprint({
    hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA256 }),
    hashedMessage: new OctetString({ valueHex: hash('sha256', message, 'buffer') }),
  });
}

/** 8 random bytes as a positive integer of just that length: DER has one form for it only. */
function freshNonce(): Integer {
  const bytes = randomBytes(8);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return new Integer({ valueHex: bytes });
}

function nonceFault(tsr: Buffer, asked: Integer): string | null {
  const hex = (value: Integer | undefined) =>
    value === undefined ? 'none' : Buffer.from(value.valueBlock.valueHexView).toString('hex');
  const got = hex(tokenInfo(TimeStampResp.fromBER(tsr))?.nonce);
  return got === hex(asked) ? null : `got nonce ${got}, want ${hex(asked)}: the answer is to another request`;
}

function tokenInfo({ timeStampToken: token }: TimeStampResp): TSTInfo | null {
  if (token === undefined || token.contentType !== SIGNED_DATA) return null;
  return parsed(() => {
    const { eContentType, eContent } = new SignedData({ schema: token.content }).encapContentInfo;
    if (eContentType !== TST_INFO || eContent === undefined) return null;
    return TSTInfo.fromBER(eContent.getValue());
  });
}

/** What the library cannot read is not there. */
function parsed<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

async function exchange(url: string, request: Buffer, signal: AbortSignal): Promise<Buffer> {
  const timeout = AbortSignal.timeout(WAIT_MS);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: new Uint8Array(request),
      signal: AbortSignal.any([signal, timeout]),
    });
    if (!response.ok)
      throw refused(nameOf(url), `got HTTP ${response.status}, want 200 with a TimeStampResp`);
    return await bodyOf(response, nameOf(url));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof NightError) throw cause;
    const late = `got no answer in ${WAIT_MS / 1000} s`;
    const broken = `got no answer (${reasonOf(cause)})`;
    throw refused(nameOf(url), `${timeout.aborted ? late : broken}, want a TimeStampResp`, cause);
  }
}

async function bodyOf(response: Response, authority: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw refused(authority, `got more than ${MAX_ANSWER_BYTES} bytes, want a TimeStampResp`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : String(inner);
}

/** Host and path: a query or user info may hold what is nobody's business. */
function nameOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === '/' ? '' : pathname}`;
}

function refused(authority: string, fault: string, cause?: unknown): NightError {
  return new NightError(`evidence: time stamp of ${authority}: ${fault}`, {
    stage: 'seal',
    source: authority,
    next_step:
      'try again later, or set evidence.timestamp_authority_url to another authority; without the key no time stamp is asked for',
    ...(cause === undefined ? {} : { cause }),
  });
}
