import type { Stream } from '../../schemas/streams.ts';
import { CONTRACTS } from '../../schemas/tackle.ts';
import type { Body } from './good_pages.ts';

/** The rows of a body that a reader took, counted without it. @throws Error where the body is none that may be taken */
export function rowsInBody({ body, format }: Body, stream: Stream): number {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  if (format === 'csv') return csvRows(text);
  const value: unknown = JSON.parse(text);
  const rows: unknown = Array.isArray(value) ? value : Reflect.get(Object(value), listName(stream));
  if (Array.isArray(rows)) return rows.length;
  throw new Error('test: body: got no list of rows, want one in a page that was taken');
}

function listName(stream: Stream): string {
  if (stream.source === 'salesforce') return 'records';
  return stream === CONTRACTS ? 'contracts' : 'data';
}

/** Lines outside of quotes, less the header. */
function csvRows(text: string): number {
  let lines = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === '\n' && !isQuoted) lines += 1;
  }
  const last = text === '' || text.endsWith('\n') ? 0 : 1;
  return Math.max(0, lines + last - 1);
}
