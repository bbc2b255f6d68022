/** Names kept apart; a source that invents names without end must not fill the memory. */
const MAX_NAMES = 1000;
const OTHERS = '(others)';

/** Unknown fields seen in a load, with the number of rows that had each. */
export class Drift {
  readonly #rows = new Map<string, number>();

  add(drift: ReadonlyMap<string, number>): void {
    for (const [field, rows] of drift) {
      const name = this.#rows.has(field) || this.#rows.size < MAX_NAMES ? field : OTHERS;
      this.#rows.set(name, (this.#rows.get(name) ?? 0) + rows);
    }
  }

  /** A JSON object, field → rows, ordered by field. */
  json(): string {
    const fields = [...this.#rows].sort(([left], [right]) => (left < right ? -1 : 1));
    return JSON.stringify(Object.fromEntries(fields.map(([field, rows]) => [field.toWellFormed(), rows])));
  }
}
