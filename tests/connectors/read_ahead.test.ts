import { expect, test } from 'vitest';
import { readAhead } from '../../connectors/read_ahead.ts';

test('gives every item in order and reads one ahead', async () => {
  const begun: number[] = [];
  const given: number[] = [];
  async function* numbers() {
    for (let n = 0; n < 4; n += 1) {
      begun.push(n);
      yield n;
    }
  }
  for await (const n of readAhead(numbers)) {
    given.push(n);
    expect(begun.length).toBeLessThanOrEqual(n + 2);
  }
  expect(given).toEqual([0, 1, 2, 3]);
});

test('reports a failure after the items before it', async () => {
  async function* broken() {
    yield 1;
    throw new Error('second page is broken');
  }
  const given: number[] = [];
  const reading = (async () => {
    for await (const n of readAhead(broken)) given.push(n);
  })();
  await expect(reading).rejects.toThrow('second page is broken');
  expect(given).toEqual([1]);
});

test('a consumer that stops early aborts the read that is under way', async () => {
  let aborted = false;
  async function* endless(signal: AbortSignal) {
    yield 1;
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        aborted = true;
        reject(new Error('aborted'));
      });
    });
    yield 2;
  }
  for await (const n of readAhead(endless)) {
    expect(n).toBe(1);
    break;
  }
  expect(aborted).toBe(true);
});
