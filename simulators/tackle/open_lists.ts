/** One page of a list: rows `first` up to `first + items.length`, and whether there are more after it. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

interface Cursor<T> {
  readonly rows: Iterator<T>;
  /** Read ahead of the caller, to know whether there are more. */
  ahead: IteratorResult<T>;
  next: number;
}

const MAX_OPEN = 16;

/**
 * Pages of long lists without holding them: a list stays open where its last page ended, so that the next page costs
 * its own rows only; a page asked for again starts the list anew.
 */
export class OpenLists<T> {
  readonly #open = new Map<string, Cursor<T>>();

  /** `key` names the list with its filters and its instant; `source` gives its rows, in the same order each time. */
  page(key: string, source: () => Iterable<T>, first: number, size: number): ListPage<T> {
    const found = this.#open.get(key);
    const cursor = found !== undefined && found.next === first ? found : start(source(), first);
    const items: T[] = [];
    while (items.length < size && cursor.ahead.done !== true) {
      items.push(cursor.ahead.value);
      cursor.ahead = cursor.rows.next();
    }
    cursor.next = first + items.length;
    this.#keep(key, cursor);
    return { items, hasMore: cursor.ahead.done !== true };
  }

  #keep(key: string, cursor: Cursor<T>): void {
    this.#open.delete(key);
    if (cursor.ahead.done !== true) this.#open.set(key, cursor);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.delete(oldest);
    }
  }
}

function start<T>(source: Iterable<T>, first: number): Cursor<T> {
  const rows = source[Symbol.iterator]();
  let ahead = rows.next();
  for (let skipped = 0; skipped < first && ahead.done !== true; skipped += 1) ahead = rows.next();
  return { rows, ahead, next: first };
}
