import { randomUUID } from 'node:crypto';

/** A multipart/mixed body (RFC 2046 5.1) as Tableau's REST API takes it. */
export interface MultipartBody {
  readonly contentType: string;
  readonly body: Blob;
}

/**
 * `request_payload` and, where given, one file. The file's Blob may stand on disk: it is not read here.
 * @param filename must not hold quotes or line breaks; they are replaced.
 */
export function multipartMixed(
  payload: string,
  file?: { readonly part: string; readonly filename: string; readonly content: Blob },
): MultipartBody {
  const boundary = `meterline-${randomUUID()}`;
  const head = (disposition: string, type: string) =>
    `--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: ${type}\r\n\r\n`;
  const pieces: (string | Blob)[] = [head('name="request_payload"', 'text/xml'), payload, '\r\n'];
  if (file !== undefined) {
    const filename = file.filename.replace(/["\r\n]/g, '_');
    const disposition = `name="${file.part}"; filename="${filename}"`;
    pieces.push(head(disposition, 'application/octet-stream'), file.content, '\r\n');
  }
  pieces.push(`--${boundary}--\r\n`);
  return { contentType: `multipart/mixed; boundary=${boundary}`, body: new Blob(pieces) };
}
