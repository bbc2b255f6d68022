import { isColumnar } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import { goodRows } from '../parquet/page_file.ts';
import type { LandedPage } from '../warehouse.ts';

const HASH_BYTES = 32;

/**
 * Checks that a page's parser accounted for each row of the body exactly once: positions 0 to n−1 (in a replay, those
 * that were taken), each good or refused, as many as the API states.
 * @throws Error naming the page, what was got and what is wanted
 */
export function checkPage(stream: Stream, { page, parsed, leaf_hashes, taken }: LandedPage): void {
  const refuse = (observed: string, expected: string): never => {
    throw new Error(
      `warehouse: page ${page.sha256} of ${stream.source} ${stream.name}: got ${observed}, want ${expected}; ` +
        'nothing of this load was kept: the parser or the source is at fault',
    );
  };
  const good = goodRows(parsed);
  const hashes = leaf_hashes instanceof Uint8Array ? leaf_hashes.length / HASH_BYTES : leaf_hashes?.length;
  if (stream.kind === 'revisions' ? hashes !== good : leaf_hashes !== null)
    refuse(
      `${hashes ?? 'no'} leaf hashes`,
      stream.kind === 'revisions' ? `${good}, one for each good row` : 'none',
    );
  if (isColumnar(parsed)) {
    if (parsed.width !== stream.columns.length) refuse(`${parsed.width} columns`, `${stream.columns.length}`);
    if (page.stated_rows !== null && page.stated_rows !== good)
      refuse(`${good} rows`, `the ${page.stated_rows} that the API states`);
    return;
  }
  const rows = good + parsed.rejected.length;
  if (parsed.columns.length !== stream.columns.length)
    refuse(`${parsed.columns.length} columns`, `${stream.columns.length}`);
  for (const [index, column] of parsed.columns.entries())
    if (column.length !== good)
      refuse(`${column.length} values of ${stream.columns[index]?.name}`, `${good}, one for each good row`);
  const offsets = [...parsed.offsets, ...parsed.rejected.map((row) => row.offset)];
  if (taken === undefined) checkEvery(offsets, refuse);
  else checkTaken(offsets, taken, refuse);
  if (page.stated_rows !== null && page.stated_rows !== rows)
    refuse(`${rows} rows`, `the ${page.stated_rows} that the API states`);
}

type Refuse = (observed: string, expected: string) => never;

function checkEvery(offsets: readonly number[], refuse: Refuse): void {
  const rows = offsets.length;
  const seen = new Uint8Array(rows);
  for (const offset of offsets) {
    if (!Number.isInteger(offset) || offset < 0 || offset >= rows || seen[offset] === 1)
      refuse(`a row at position ${offset}`, `each position from 0 to ${rows - 1} once`);
    seen[offset] = 1;
  }
}

function checkTaken(offsets: readonly number[], taken: readonly number[], refuse: Refuse): void {
  const left = new Set(taken);
  for (const offset of offsets)
    if (!left.delete(offset)) refuse(`a row at position ${offset}`, 'each position that was taken once');
  const [missing] = left;
  if (missing !== undefined) refuse(`no row at position ${missing}`, 'each position that was taken once');
}
