import { z } from 'zod';
import type { Page } from '../../schemas/page.ts';
import { BodyError, isRawNumber, parseJsonExact, type RawNumber } from '../json_body.ts';
import { SourceError } from '../source.ts';

/**
 * How a list is paged. `cursor`: `{"contracts","next"}`; `token`: `{"data","metadata":{"nextPageToken"}}`;
 * `offset`: a bare list for each limit and offset; `whole`: a bare list with everything.
 */
export type Paging = 'cursor' | 'token' | 'offset' | 'whole';

/** One page's records, numbers as texts, and the token of the page after it; null at the end and for bare lists. */
export interface Envelope {
  readonly records: readonly unknown[];
  readonly next: string | null;
}

const list = z.custom<readonly unknown[]>((value) => Array.isArray(value), { error: 'want a list' });
/** A token is a text or a number. The end is said in several ways. */
const token = z
  .union([z.string(), z.custom<RawNumber>(isRawNumber)])
  .nullish()
  .transform((value) => (typeof value === 'object' && value !== null ? value.rawJSON : value || null));

const READERS: Readonly<Record<Paging, { readonly want: string; readonly schema: z.ZodType<Envelope> }>> = {
  cursor: {
    want: '{contracts: [...], next}',
    schema: z
      .object({ contracts: list, next: token })
      .transform(({ contracts, next }) => ({ records: contracts, next })),
  },
  token: {
    want: '{data: [...], metadata: {nextPageToken}}',
    schema: z
      .object({ data: list, metadata: z.object({ nextPageToken: token, next_page_token: token }) })
      // Tackle's description shows both spellings; a token that is not seen would end the list too early.
      .transform(({ data, metadata }) => ({
        records: data,
        next: metadata.nextPageToken ?? metadata.next_page_token,
      })),
  },
  offset: { want: 'a list', schema: list.transform((records) => ({ records, next: null })) },
  whole: { want: 'a list', schema: list.transform((records) => ({ records, next: null })) },
};

/** Envelopes read for paging, kept for the rows: a body is parsed once. */
const read = new WeakMap<Buffer, Envelope>();

/** @throws SourceError when the body is not JSON, or its envelope is another one */
export function tackleEnvelope(stream: string, paging: Paging, page: Pick<Page, 'body' | 'url'>): Envelope {
  const kept = read.get(page.body);
  if (kept !== undefined) return kept;
  const { want, schema } = READERS[paging];
  const result = schema.safeParse(json(stream, page, want));
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path.join('.') || 'form';
    throw pageError(
      stream,
      page,
      `an envelope whose ${field} is wrong at offset 0 (${issue?.message})`,
      want,
    );
  }
  read.set(page.body, result.data);
  return result.data;
}

function json(stream: string, page: Pick<Page, 'body' | 'url'>, want: string): unknown {
  try {
    return parseJsonExact(page.body);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw pageError(stream, page, error.message, want, error);
  }
}

/** A page that broke its contract as a whole. */
export function pageError(
  stream: string,
  page: Pick<Page, 'url'>,
  got: string,
  want: string,
  cause?: unknown,
): SourceError {
  return new SourceError(`connectors: tackle ${stream}: page ${page.url}: got ${got}, want ${want}`, {
    failure: 'contract',
    source: 'tackle',
    stream,
    next_step:
      'look at the page as it was received and compare it with Tackle’s description; nothing of it was loaded',
    ...(cause === undefined ? {} : { cause }),
  });
}
