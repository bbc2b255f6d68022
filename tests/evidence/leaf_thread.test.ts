import { afterAll, expect, test } from 'vitest';
import { columnarLeafHashes } from '../../evidence/columnar_leaf.ts';
import { leafThread } from '../../evidence/leaf_thread.ts';
import type { ColumnarPage } from '../../schemas/page.ts';
import { READINGS } from '../../schemas/polaris.ts';

const names = READINGS.columns.map(({ name }) => name);
const sha256 = 'ab'.repeat(32);
const thread = leafThread();
afterAll(() => thread.close());

/** A page large enough for the thread: every value of row n is the text of n. */
function page(rows: number): ColumnarPage {
  const width = names.length;
  const texts = Array.from({ length: rows }, (_, row) => String(row).padStart(6, '0'));
  const spans = new Uint32Array(rows * width * 2);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < width; column += 1)
      spans.set([row * 6, row * 6 + 6], (row * width + column) * 2);
  return { bytes: Buffer.from(texts.join('')), rows, width, spans };
}

test.each([1, 1999, 2000, 5000])('gives the same hashes as without a thread: %i rows', async (rows) => {
  const hashes = Buffer.from(await thread.hash(names, page(rows), sha256));
  expect(hashes.equals(columnarLeafHashes(names, page(rows), sha256))).toBe(true);
  expect(hashes.length).toBe(rows * 32);
});

test('throws what the thread found wrong, and goes on with the next page', async () => {
  await expect(thread.hash(names.slice(1), page(3000), sha256)).rejects.toThrow('leaf field reading_id');
  expect((await thread.hash(names, page(3000), sha256)).length).toBe(3000 * 32);
});
