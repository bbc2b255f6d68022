import { z } from 'zod';
import { instant } from '../../schemas/columns.ts';
import type { ColumnarPage, Page } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { readColumnarJson } from '../columnar_json.ts';
import { BodyError, parseJson } from '../json_body.ts';
import { SourceError } from '../source.ts';

/** The rows are judged one by one: here they only have to be a list, which is handed on as it is. */
const rows = z.custom<readonly unknown[]>((value) => Array.isArray(value), { error: 'want a list' });

const FEED = z.object({ data: rows, next: z.string().min(1), has_more: z.boolean(), as_of: instant() });
const CATALOGUE = z.object({ data: rows, next_page: z.string().min(1).nullable() });

/** One page of a change feed. */
export type FeedEnvelope = z.infer<typeof FEED>;
/** The envelope of a feed's page without its rows. */
export type FeedHead = Omit<FeedEnvelope, 'data'>;
/** One page of a full list. */
export type CatalogueEnvelope = z.infer<typeof CATALOGUE>;

type Body = Pick<Page, 'body' | 'url'>;

/** Envelopes that `pages` has read for its paging, kept for `parse`: a body is parsed once. */
const read = new WeakMap<Buffer, FeedEnvelope | CatalogueEnvelope>();

/** Bodies whose rows could be read as places, with what stands beside the rows; null where they could not. */
const readFast = new WeakMap<Buffer, { readonly head: FeedHead; readonly page: ColumnarPage } | null>();

/**
 * The rows of a feed's page as places in its bytes, and its envelope without them; null where the plain reader must
 * judge. Read once for each body.
 */
export function columnarFeed(
  stream: Stream,
  { body }: Body,
): { readonly head: FeedHead; readonly page: ColumnarPage } | null {
  const kept = readFast.get(body);
  if (kept !== undefined) return kept;
  const read = readColumnarJson(body, 'data', stream.columns);
  const head = FEED.safeParse(read?.envelope);
  const found = read !== null && head.success ? { head: head.data, page: read.page } : null;
  readFast.set(body, found);
  return found;
}

/** What a feed's page says beside its rows. @throws SourceError when the body is no page of a feed */
export function feedHead(stream: Stream, page: Body): FeedHead {
  return columnarFeed(stream, page)?.head ?? feedEnvelope(stream, page);
}

/** @throws SourceError when the body is no page of a feed */
export function feedEnvelope(stream: Stream, page: Body): FeedEnvelope {
  return envelope(stream, page, FEED, '{data: [...], next: text, has_more: boolean, as_of: time}');
}

/** @throws SourceError when the body is no page of a full list */
export function catalogueEnvelope(stream: Stream, page: Body): CatalogueEnvelope {
  return envelope(stream, page, CATALOGUE, '{data: [...], next_page: text or null}');
}

function envelope<T extends FeedEnvelope | CatalogueEnvelope>(
  stream: Stream,
  page: Body,
  schema: z.ZodType<T>,
  want: string,
): T {
  // What was kept for this body fulfilled the schema of its stream.
  const kept = read.get(page.body) as T | undefined;
  if (kept !== undefined) return kept;
  const result = schema.safeParse(json(stream, page, want));
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path.join('.') ?? '';
    const where = field === '' ? 'an envelope' : `an envelope whose ${field} is wrong`;
    throw pageError(stream, page, `${where} at offset 0 (${issue?.message ?? 'unreadable'})`, want);
  }
  read.set(page.body, result.data);
  return result.data;
}

function json(stream: Stream, page: Body, want: string): unknown {
  try {
    return parseJson(page.body);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw pageError(stream, page, error.message, want, error);
  }
}

/** A page that broke its contract as a whole. */
export function pageError(
  stream: Stream,
  page: Body,
  got: string,
  want: string,
  cause?: unknown,
): SourceError {
  return new SourceError(`connectors: polaris ${stream.name}: page ${page.url}: got ${got}, want ${want}`, {
    failure: 'contract',
    source: 'polaris',
    stream: stream.name,
    next_step:
      'look at the page as it was received and report it to the Polaris team; nothing of it was loaded',
    cause,
  });
}
