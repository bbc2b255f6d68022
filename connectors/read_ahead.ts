/**
 * Reads one item ahead of the consumer, so that the source works while a page is loaded: two items in memory.
 * A consumer that stops early aborts the read that is under way.
 */
export async function* readAhead<T>(
  read: (signal: AbortSignal) => AsyncIterable<T>,
  outer?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const signal = outer === undefined ? stop.signal : AbortSignal.any([outer, stop.signal]);
  const items = read(signal)[Symbol.asyncIterator]();
  let pending = items.next();
  try {
    for (;;) {
      const item = await pending;
      if (item.done) return;
      pending = items.next();
      // Its failure is reported when its turn comes, or not at all where the consumer has stopped.
      pending.catch(() => {});
      yield item.value;
    }
  } finally {
    stop.abort();
    await items.return?.();
  }
}
