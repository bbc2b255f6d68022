import type { ColumnarPage, Page, References } from '../../schemas/page.ts';
import { READINGS } from '../../schemas/polaris.ts';
import type { Stream } from '../../schemas/streams.ts';
import { columnarFeed } from './envelope.ts';

/** A dimension of the catalogue and its unit, as UTF-8. */
interface Pair {
  readonly dimension: Buffer;
  readonly unit: Buffer;
}

/**
 * The rows of a feed's page as places in its bytes, where all of them are good beyond doubt; null for any other page:
 * then `parsePolaris` judges row by row.
 */
export function columnarPolaris(
  stream: Stream,
  page: Pick<Page, 'body' | 'url'>,
  references: References,
): ColumnarPage | null {
  if (stream.full) return null;
  const rows = columnarFeed(stream, page)?.page ?? null;
  if (rows === null || stream.name !== READINGS.name) return rows;
  // Without a catalogue no page is read, not even an empty one: the plain reader says so.
  const catalogue = references.get('dimensions');
  if (catalogue === undefined) return null;
  const pairs = catalogue.map(({ dimension, unit }) => ({
    dimension: Buffer.from(dimension ?? ''),
    unit: Buffer.from(unit ?? ''),
  }));
  return areKnown(rows, pairs) ? rows : null;
}

/** Whether each row's dimension is in the catalogue, with the unit that it has there. */
function areKnown(page: ColumnarPage, pairs: readonly Pair[]): boolean {
  const names = READINGS.columns.map(({ name }) => name);
  const dimension = names.indexOf('dimension');
  const unit = names.indexOf('unit');
  // Rows of one cluster and hour follow one another in the order of their dimensions.
  let likely = 0;
  for (let row = 0; row < page.rows; row += 1) {
    let tried = 0;
    for (; tried < pairs.length; tried += 1) {
      const pair = pairs[(likely + tried) % pairs.length] as Pair;
      if (isAt(page, row, dimension, pair.dimension)) {
        if (!isAt(page, row, unit, pair.unit)) return false;
        break;
      }
    }
    if (tried === pairs.length) return false;
    likely = (likely + tried + 1) % pairs.length;
  }
  return true;
}

/** Whether a value is just these bytes. */
function isAt({ bytes, spans, width }: ColumnarPage, row: number, column: number, want: Buffer): boolean {
  const place = (row * width + column) * 2;
  const start = spans[place] as number;
  if ((spans[place + 1] as number) - start !== want.length) return false;
  for (let n = 0; n < want.length; n += 1) if (bytes[start + n] !== want[n]) return false;
  return true;
}
