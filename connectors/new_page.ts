import { createHash } from 'node:crypto';
import type { Page } from '../schemas/page.ts';
import type { Stream } from '../schemas/streams.ts';
import type { HttpResponse } from './http.ts';
import type { SourceEnv } from './source.ts';

/** A received body as a page of a stream; what the source does not state is null. */
export function newPage(
  env: SourceEnv,
  stream: Stream,
  from: Pick<HttpResponse, 'url' | 'body'>,
  stated: Partial<Omit<Page, 'source' | 'stream' | 'url' | 'body' | 'sha256'>> = {},
): Page {
  return {
    source: stream.source,
    stream: stream.name,
    url: from.url,
    format: 'json',
    body: from.body,
    sha256: createHash('sha256').update(from.body).digest('hex'),
    received_at: env.now().toISOString(),
    api_version: null,
    as_of: null,
    bookmark: null,
    stated_rows: null,
    ...stated,
  };
}
