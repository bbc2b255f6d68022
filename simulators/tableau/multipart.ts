import { TableauRefusal } from './xml.ts';

/** One part of a multipart/mixed request. */
export interface Part {
  readonly name: string;
  readonly filename: string;
  readonly content: Buffer;
}

/**
 * The parts of a multipart/mixed body (RFC 2046 5.1), named by their Content-Disposition.
 * @throws TableauRefusal 400000 when the body is not one.
 */
export function readParts(contentType: string, body: Buffer): readonly Part[] {
  const boundary = /^multipart\/mixed;.*boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) {
    throw new TableauRefusal('400000', 'Bad Request', `Content type ${contentType} is not multipart/mixed.`);
  }
  const parts: Part[] = [];
  const delimiter = Buffer.from(`--${boundary}`);
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    const start = at + delimiter.length;
    if (body.subarray(start, start + 2).toString('latin1') === '--') return parts;
    const next = body.indexOf(Buffer.from(`\r\n--${boundary}`), start);
    if (next < 0) break;
    parts.push(readPart(body.subarray(start + 2, next)));
    at = next + 2;
  }
  throw new TableauRefusal('400000', 'Bad Request', 'The multipart body has no closing boundary.');
}

function readPart(part: Buffer): Part {
  const split = part.indexOf('\r\n\r\n');
  const headers = part.subarray(0, Math.max(split, 0)).toString('utf8');
  const value = (key: string) => new RegExp(`[;\\s]${key}="?([^";\\r\\n]*)"?`, 'i').exec(headers)?.[1] ?? '';
  return { name: value('name'), filename: value('filename'), content: part.subarray(split + 4) };
}

/** The part of that name. @throws TableauRefusal 400000 when it is absent. */
export function partNamed(parts: readonly Part[], name: string): Part {
  const found = parts.find((part) => part.name === name);
  if (found === undefined) throw new TableauRefusal('400000', 'Bad Request', `The part ${name} is missing.`);
  return found;
}
