import type { Page } from '../../schemas/page.ts';
import { sourceError } from '../http.ts';
import { jsonText } from '../json_body.ts';
import { newPage } from '../new_page.ts';
import { joinUrl } from '../safe_url.ts';
import { tackleEnvelope } from './envelope.ts';
import { hostOf, type TackleList } from './lists.ts';
import type { Session } from './session.ts';

/** One walk through a list. */
export interface Walk {
  readonly list: TackleList;
  /** Parameters of this walk, besides the list's own. */
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** Called once an answer is there, before its page is given. */
  readonly answered?: () => void;
}

const EXPECT = 'a page of the list';

/**
 * The pages of one walk, by the list's own paging. Bare lists by offset are read until an empty page, since a short
 * one may only mean that the server caps the limit.
 * @throws SourceError for a page token given twice, or a page that comes again at another offset
 */
export async function* listPages(
  session: Session,
  walk: Walk,
): AsyncGenerator<Page & { isLast: boolean }, void> {
  const { list } = walk;
  const seen = new Set<string>();
  let offset = 0;
  for (let query = firstQuery(list); ; ) {
    const url = joinUrl(hostOf(session.config, list), list.path, { ...list.query, ...walk.query, ...query });
    const asked = { url, expect: EXPECT, stream: list.stream.name, signal: walk.signal };
    const response = await session.get(asked);
    walk.answered?.();
    const { records, next } = tackleEnvelope(list.stream.name, list.paging, response);
    const page = newPage(session.context.env, list.stream, response);
    offset += records.length;
    const isLast = list.paging === 'offset' ? records.length === 0 : next === null;
    // By offset, the same records again mean that the offset has no effect, however the page is written.
    const mark = list.paging === 'offset' ? keysOf(list, records) : next;
    if (!isLast && mark !== null && seen.has(mark)) throw loop(session, asked, list, mark);
    if (mark !== null) seen.add(mark);
    yield { ...page, isLast };
    if (isLast) return;
    query = nextQuery(list, next, offset);
  }
}

/** Whose records a page has, in order; a record without a key is named as a whole. */
function keysOf(list: TackleList, records: readonly unknown[]): string {
  const [key] = list.stream.key;
  return jsonText(records.map((record) => Object(record)[key] ?? record));
}

function firstQuery(list: TackleList): Readonly<Record<string, string>> {
  return list.paging === 'offset' ? { offset: '0' } : {};
}

function nextQuery(list: TackleList, next: string | null, offset: number): Readonly<Record<string, string>> {
  if (list.paging === 'offset') return { offset: String(offset) };
  return { [list.paging === 'cursor' ? 'cursor' : 'page']: next ?? '' };
}

function loop(
  session: Session,
  asked: { readonly url: URL; readonly expect: string; readonly stream: string },
  list: TackleList,
  mark: string,
) {
  const what =
    list.paging === 'offset' ? 'the same records at another offset' : `next page ${mark} a second time`;
  return sourceError(session.context, asked, {
    observed: `${what}, a loop`,
    failure: 'contract',
    next_step: 'report it to Tackle and run again later; nothing of this read was committed',
  });
}
