import { textAt } from '../../connectors/columnar_rows.ts';
import { SourceError } from '../../connectors/source.ts';
import type { ColumnarPage, ParsedPage } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import type { Body, PageKind } from './good_pages.ts';
import { rowsInBody } from './rows_in_body.ts';
import { within } from './within.ts';

/** No page is this slow; a reader that hangs is stopped then, and the page named. */
const LONGEST_MS = 60_000;

/** What became of a page: its rows as the pipeline takes them and as `parse` gives them; null where it was refused. */
export interface Judged {
  readonly taken: ParsedPage | ColumnarPage;
  readonly parsed: ParsedPage;
}

/**
 * Reads a page as pipelines/load.ts does, and by the plain reader too.
 * @throws Error where a reader throws anything but a useful SourceError, leaves a row out, has one twice, or the two disagree
 */
export function judgePage({ which, source }: PageKind, page: Body): Judged | null {
  const { stream, references } = which;
  const fast = within(LONGEST_MS, () => source.columnar?.(stream, page, references) ?? null);
  const parsed = within(LONGEST_MS, () => plainly(() => source.parse(stream, page, references)));
  if (parsed === null) {
    if (fast !== null) throw new Error('the fast reader took a page that the plain one refuses');
    return null;
  }
  checkOffsets(parsed, page, stream);
  checkTexts(parsed, stream.columns.length);
  if (fast !== null) checkSame(fast, parsed);
  return { taken: fast ?? parsed, parsed };
}

function plainly(parse: () => ParsedPage): ParsedPage | null {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const { message, next_step } = error;
    const isUseful = /^connectors: \w+ \w+: page .*: got .+, want .+/s.test(message) && message.length < 2000;
    if (!isUseful || next_step.length < 10)
      throw new Error(`a message that helps nobody: ${message}; ${next_step}`);
    return null;
  }
}

/** Every row of the body once: good or refused. */
function checkOffsets(parsed: ParsedPage, page: Body, stream: Stream): void {
  const { offsets, rejected } = parsed;
  const all = [...offsets, ...rejected.map(({ offset }) => offset)].sort((left, right) => left - right);
  const want = rowsInBody(page, stream);
  if (all.length !== want || all.some((offset, row) => offset !== row))
    throw new Error(`rows ${all.join(',').slice(0, 200)} of a body of ${want}`);
  if (offsets.some((offset, row) => row > 0 && offset <= (offsets[row - 1] ?? 0)))
    throw new Error('good rows out of order');
  if (rejected.some(({ reason, row }) => reason === '' || row === ''))
    throw new Error('a refused row without a reason');
}

function checkTexts({ columns, offsets }: ParsedPage, width: number): void {
  if (columns.length !== width) throw new Error(`${columns.length} columns, want ${width}`);
  for (const column of columns) {
    if (column.length !== offsets.length) throw new Error(`${column.length} values, want ${offsets.length}`);
    for (const text of column)
      if (text !== null && (!text.isWellFormed() || text.includes('nested too deeply')))
        throw new Error(`a good row with the text ${text.slice(0, 200)}`);
  }
}

function checkSame(fast: ColumnarPage, parsed: ParsedPage): void {
  if (parsed.rejected.length > 0 || parsed.drift.size > 0 || fast.rows !== parsed.offsets.length)
    throw new Error('the fast reader took a page in which the plain one found fault');
  for (const [column, texts] of parsed.columns.entries())
    for (const [row, text] of texts.entries())
      if (textAt(fast, row, column) !== text)
        throw new Error(
          `row ${row}, column ${column}: the readers disagree: ${textAt(fast, row, column)}, ${text}`,
        );
}
