import { isUtf8 } from 'node:buffer';

/** Why a body is no JSON document: what was observed, for a message. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
}

/** A JSON number as its source text; JSON.stringify writes it back as it stood. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** ECMAScript's JSON source text access, in Node since 22, not yet in TypeScript's library. */
const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
};

/** Whether a value of `parseJsonExact` is a number. */
export const isRawNumber = (value: unknown): value is RawNumber => json.isRawJSON(value);

/**
 * The text of a body, every byte of it UTF-8.
 * @throws BodyError when it is not: a decoder would put U+FFFD in the place of bytes it does not know
 */
export function utf8Text(body: Buffer): string {
  if (!isUtf8(body)) throw new BodyError(`${body.length} bytes that are not UTF-8`);
  return body.toString('utf8');
}

/** What a JSON parser may ignore at the beginning (RFC 8259, 8.1). */
const BYTE_ORDER_MARK = /^\ufeff/;

/** @throws BodyError when the body is not JSON */
export function parseJson(body: Buffer): unknown {
  return guarded(body, (text) => JSON.parse(text));
}

/**
 * Like `parseJson`, with each number as its source text: money is never a double here.
 * @throws BodyError when the body is not JSON
 */
export function parseJsonExact(body: Buffer): unknown {
  return guarded(body, (text) =>
    json.parse(text, (_key, value, context) =>
      typeof value === 'number' ? json.rawJSON(context.source) : value,
    ),
  );
}

function guarded(body: Buffer, parse: (text: string) => unknown): unknown {
  const text = utf8Text(body).replace(BYTE_ORDER_MARK, '');
  try {
    return parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const at = body.length - Buffer.byteLength(text.slice(faultIndex(text, why)));
    throw new BodyError(
      `${body.length} bytes that are not JSON from offset ${at} on (${why.slice(0, 200)})`,
      {
        cause: error,
      },
    );
  }
}

/** Characters that V8 shows on either side of an unexpected token, in the place of its position. */
const SHOWN = 10;

/** Where in a text JSON.parse failed, as its message tells; 0 where it does not. */
function faultIndex(text: string, why: string): number {
  const stated = /at position (\d+)/.exec(why)?.[1];
  if (stated !== undefined) return Number(stated);
  if (why.includes('end of JSON input')) return text.length;
  const token = /^Unexpected token '(.+?)', (\.{3})?"(.*)"(\.{3})? is not valid JSON$/su.exec(why);
  if (token === null) return 0;
  const [, character = '', cutBefore, shown = '', cutAfter] = token;
  if (cutBefore !== undefined) return text.indexOf(shown) + SHOWN;
  return cutAfter === undefined ? text.indexOf(character) : shown.length - SHOWN;
}

/** JSON text of a value; a value nested too deeply to be written is named, not shown. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    if (error instanceof RangeError) return '"(nested too deeply to be shown: see the landed page)"';
    throw error;
  }
}
