import type { Page } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { sourceError } from '../http.ts';
import { newPage } from '../new_page.ts';
import type { ReadFrom } from '../source.ts';
import { catalogueEnvelope } from './envelope.ts';
import type { Session } from './session.ts';

/** A list that is given whole, page by page. */
export interface Catalogue {
  readonly stream: Stream;
  readonly path: string;
}

const PAGE_ROWS = '1000';

/** The pages of a full list; it has no bookmark. */
export async function* cataloguePages(
  session: Session,
  catalogue: Catalogue,
  from: ReadFrom,
): AsyncGenerator<Page, void> {
  const { stream, path } = catalogue;
  const seen = new Set<string>();
  for (let page: string | null = null; ; ) {
    const expect = 'a page of the list';
    const response = await session.get({
      path,
      query: { page, limit: PAGE_ROWS },
      expect,
      stream: stream.name,
      signal: from.signal,
    });
    const { next_page } = catalogueEnvelope(stream, response);
    if (next_page !== null && seen.has(next_page)) {
      throw sourceError(
        session.context,
        { url: response.url, stream: stream.name, expect },
        {
          observed: `next_page ${next_page} a second time, a loop`,
          failure: 'contract',
          next_step: 'report it to the Polaris team and run again later; nothing of this read was committed',
        },
      );
    }
    yield newPage(session.context.env, stream, response);
    if (next_page === null) return;
    seen.add(next_page);
    page = next_page;
  }
}
