import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WRITE_CHARACTERS = 1 << 20;

/**
 * The CSV rows of one job in a temporary file that has no name any more, so that a killed process leaves nothing.
 * Memory holds one position per row; a page is one read of a range of bytes.
 */
export class CsvSpool {
  readonly #file: number;
  /** Byte at which row i starts, and at the end where the next row will. */
  readonly #starts: number[] = [0];
  #pending = '';
  #written = 0;

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'salesforce-simulator-'));
    this.#file = openSync(join(directory, 'results.csv'), 'w+');
    rmSync(directory, { recursive: true });
  }

  get rows(): number {
    return this.#starts.length - 1;
  }

  /** Adds one row, line ending included. */
  append(row: string): void {
    this.#starts.push((this.#starts.at(-1) ?? 0) + Buffer.byteLength(row, 'utf8'));
    this.#pending += row;
    if (this.#pending.length >= WRITE_CHARACTERS) this.#flush();
  }

  /** `header` and then up to `count` rows from row `first` on, in one buffer. */
  page(header: string, first: number, count: number): Buffer {
    this.#flush();
    const start = this.#starts[first] ?? this.#written;
    const end = this.#starts[Math.min(first + count, this.rows)] ?? this.#written; // exclusive
    const headerBytes = Buffer.from(header, 'utf8');
    const page = Buffer.allocUnsafe(headerBytes.length + end - start);
    headerBytes.copy(page);
    let at = headerBytes.length;
    while (at < page.length) {
      const read = readSync(this.#file, page, at, page.length - at, start + at - headerBytes.length);
      if (read === 0) throw new Error(`simulators: CSV spool: got ${at} bytes, want ${page.length}`);
      at += read;
    }
    return page;
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending, 'utf8');
    this.#pending = '';
    let at = 0;
    while (at < bytes.length) at += writeSync(this.#file, bytes, at, bytes.length - at, this.#written + at);
    this.#written += bytes.length;
  }
}
