import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Rows between two known positions: pages begin and end at multiples of it. */
const BLOCK_ROWS = 1000;
const WRITE_CHARACTERS = 1 << 22;

/** What is known of rendered rows. `total`: exact sum of the summed column, as a decimal text. */
export interface StoreFacts {
  readonly rows: number;
  readonly total: string;
}

interface Manifest<Facts extends StoreFacts> {
  readonly facts: Facts;
  readonly separator: string;
  /** Byte at which row `i * BLOCK_ROWS` starts, and the end of the file. */
  readonly starts: readonly number[];
}

/** Where rows are collected while they are rendered. */
export interface RowSink {
  readonly rows: number;
  add(row: string): void;
}

/**
 * Writes rows once into `folder`, which appears only when it is whole.
 * @param separator stands between two rows (JSON), or is empty where each row brings its own end (CSV)
 */
export async function writeRowStore<Facts extends StoreFacts>(
  folder: string,
  separator: string,
  render: (sink: RowSink) => Facts,
): Promise<void> {
  const unfinished = `${folder}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const file = openSync(join(unfinished, 'rows'), 'w');
  try {
    const writer = new RowWriter(file, separator);
    const facts = render(writer);
    const manifest: Manifest<Facts> = { facts, separator, starts: writer.finish() };
    await writeFile(join(unfinished, 'manifest.json'), JSON.stringify(manifest));
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, folder);
}

class RowWriter implements RowSink {
  rows = 0;
  readonly #file: number;
  readonly #separator: string;
  readonly #starts: number[] = [];
  #pending: string[] = [];
  #characters = 0;
  #written = 0;

  constructor(file: number, separator: string) {
    this.#file = file;
    this.#separator = separator;
  }

  add(row: string): void {
    if (this.rows % BLOCK_ROWS === 0) {
      this.#flush();
      this.#starts.push(this.#written);
    }
    this.#pending.push(row, this.#separator);
    this.#characters += row.length;
    this.rows += 1;
    if (this.#characters > WRITE_CHARACTERS) this.#flush();
  }

  finish(): readonly number[] {
    this.#flush();
    return [...this.#starts, this.#written];
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending.join(''), 'utf8');
    this.#pending = [];
    this.#characters = 0;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#written += bytes.length;
  }
}

/** Rendered rows, read a range of whole blocks at a time. */
export class RowStore<Facts extends StoreFacts> {
  readonly facts: Facts;
  readonly #manifest: Manifest<Facts>;
  readonly #file: number;

  /** @throws Error when the folder holds no whole store */
  constructor(folder: string) {
    this.#manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest<Facts>;
    this.facts = this.#manifest.facts;
    this.#file = openSync(join(folder, 'rows'), 'r');
  }

  /**
   * `head`, the rows from `first` up to `end` (exclusive), and `tail`, in one buffer.
   * @throws RangeError unless both are multiples of a thousand, or the end of the rows
   */
  page(head: string, first: number, end: number, tail: string): Buffer {
    const { separator } = this.#manifest;
    const [from, to] = [this.#position(first), this.#position(end)];
    const length = Math.max(0, to - from - separator.length);
    const [before, after] = [Buffer.from(head, 'utf8'), Buffer.from(tail, 'utf8')];
    const page = Buffer.allocUnsafe(before.length + length + after.length);
    before.copy(page);
    for (let at = 0; at < length; ) {
      const read = readSync(this.#file, page, before.length + at, length - at, from + at);
      if (read === 0) throw new Error(`bench: row store: got ${at} bytes of a page, want ${length}`);
      at += read;
    }
    after.copy(page, before.length + length);
    return page;
  }

  close(): void {
    closeSync(this.#file);
  }

  #position(row: number): number {
    const { starts, facts } = this.#manifest;
    const block = row === facts.rows ? starts.length - 1 : row / BLOCK_ROWS;
    const start = starts[block];
    if (start !== undefined) return start;
    throw new RangeError(
      `bench: row store: got a page at row ${row}, want a multiple of ${BLOCK_ROWS} up to ${facts.rows}; ask for pages of whole thousands`,
    );
  }
}
