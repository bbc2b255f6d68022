import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DAY_CHECK,
  decimalCheck,
  type FastCheck,
  HOUR_CHECK,
  INSTANT_CHECK,
  integerCheck,
} from '../../schemas/byte_checks.ts';
import type { ColumnarPage, ParsedPage } from '../../schemas/page.ts';
import { pageFile } from '../../warehouse/parquet/page_file.ts';

let directory = '';
let connection: DuckDBConnection;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meterline-stage-'));
  connection = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(async () => {
  connection.closeSync();
  await rm(directory, { recursive: true, force: true });
});

const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();

/** What stands in the file of a page, as DuckDB reads it. */
async function readBack(page: Parameters<typeof pageFile>[0], at: Parameters<typeof pageFile>[1]) {
  // DuckDB remembers files by name: each page has one of its own, as in a load.
  const path = join(directory, `${randomUUID()}.parquet`);
  await writeFile(path, Buffer.concat(pageFile(page, at)));
  // Behind a sign: the binding drops a byte order mark at the beginning of a text.
  return rows(`SELECT '=' || COLUMNS('^t'), COLUMNS('^_') FROM read_parquet('${path}')`);
}

const text = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary' }).filter((each) => each.isWellFormed()),
  fc.constantFrom('', '\u0000', '\ufeff', 'ü𝒸', 'x'.repeat(5000)),
);
/** A few values over and over: such a column gets a dictionary. */
const word = fc.constantFrom('azure', 'gcp', '', null);
const table = fc
  .record({ width: fc.integer({ min: 1, max: 4 }), rows: fc.integer({ min: 1, max: 70 }) })
  .chain((size) =>
    fc.array(
      fc
        .constantFrom(text, word)
        .chain((value) => fc.array(value, { minLength: size.rows, maxLength: size.rows })),
      { minLength: size.width, maxLength: size.width },
    ),
  );

function parsedOf(columns: readonly (readonly (string | null)[])[]): ParsedPage {
  const offsets = (columns[0] ?? []).map((_, row) => row);
  return { columns, offsets, rejected: [], drift: new Map() };
}

function columnarOf(columns: readonly (readonly (string | null)[])[]): ColumnarPage {
  const width = columns.length;
  const count = columns[0]?.length ?? 0;
  const parts: Buffer[] = [];
  const spans = new Uint32Array(width * count * 2);
  let at = 0;
  for (let row = 0; row < count; row += 1)
    for (let column = 0; column < width; column += 1) {
      const value = columns[column]?.[row] ?? null;
      const bytes = Buffer.from(value ?? '', 'utf8');
      parts.push(bytes);
      spans.set(value === null ? [1, 0] : [at, at + bytes.length], (row * width + column) * 2);
      at += bytes.length;
    }
  return { bytes: Buffer.concat(parts), rows: count, width, spans };
}

describe('the file of a staged page', () => {
  it('gives back every text, null, number and hash, whichever way the page was read', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.nat(2 ** 40), async (columns, first_ord) => {
        const count = columns[0]?.length ?? 0;
        const hashes = Array.from({ length: count }, (_, row) => (row % 256).toString(16).padStart(64, '0'));
        const at = { page_no: 7, first_ord };
        const plain = await readBack({ parsed: parsedOf(columns), leaf_hashes: hashes }, at);
        const bytes = new Uint8Array(Buffer.from(hashes.join(''), 'hex'));
        const fast = await readBack({ parsed: columnarOf(columns), leaf_hashes: bytes }, at);
        expect(fast).toEqual(plain);
        expect(plain.map((row) => row.slice(0, columns.length))).toEqual(
          hashes.map((_, row) => columns.map((column) => (column[row] == null ? null : `=${column[row]}`))),
        );
        expect(plain.map((row) => row.slice(columns.length, columns.length + 3))).toEqual(
          hashes.map((_, row) => [7n, BigInt(row), BigInt(first_ord + row)]),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('is read by pieces of several files', async () => {
    const page = parsedOf([
      ['a', null],
      ['b', 'c'],
    ]);
    for (const n of [0, 1]) {
      const parts = pageFile({ parsed: page, leaf_hashes: null }, { page_no: n, first_ord: n * 2 });
      await writeFile(join(directory, `several-${n}.parquet`), Buffer.concat(parts));
    }
    const found = await rows(
      `SELECT t1, _ord FROM read_parquet('${directory}/several-*.parquet') ORDER BY _ord`,
    );
    expect(found).toEqual([
      ['b', 0n],
      ['c', 1n],
      ['b', 2n],
      ['c', 3n],
    ]);
    expect((await readdir(directory)).length).toBeGreaterThan(1);
  });
});

describe('a staged page that the disk has no room for', () => {
  it('fails the load where it stops being written', async () => {
    // No file may become larger than 64 blocks: as on a full disk, the writing ends early and no error is given.
    const limited = ['-c', 'ulimit -f 64; exec "$0" "$@"', process.execPath];
    const child = join(import.meta.dirname, 'full_disk_child.ts');
    const { stdout, stderr } = spawnSync('sh', [...limited, child, directory], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /staged page: got \d+ bytes written, want 10\d+; free space in the data directory/,
    );
  });
});

/** What the checks on bytes take is put into its type without asking again (stage.ts, `checked`). */
describe('a value that the check on bytes takes', () => {
  const fraction = fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,12}$/));
  const time = fc.stringMatching(/^[1-9]\d{3}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d$/);
  const CASES: readonly (readonly [string, string, FastCheck, fc.Arbitrary<string>])[] = [
    ['an instant', 'TIMESTAMP', INSTANT_CHECK, fc.tuple(time, fraction).map(([at, rest]) => `${at}${rest}Z`)],
    ['an hour', 'TIMESTAMP', HOUR_CHECK, time.map((at) => `${at.slice(0, 13)}:00:00Z`)],
    ['a day', 'DATE', DAY_CHECK, time.map((at) => at.slice(0, 10))],
    ['an integer', 'BIGINT', integerCheck(0), fc.stringMatching(/^\d{1,18}$/)],
    ['a quantity', 'DECIMAL(38,9)', decimalCheck(18, false), fc.stringMatching(/^\d{1,20}(\.\d{1,10})?$/)],
    [
      'a signed decimal',
      'DECIMAL(38,9)',
      decimalCheck(29, true),
      fc.stringMatching(/^-?\d{1,31}(\.\d{1,10})?$/),
    ],
  ];
  it.each(CASES)('fits its type: %s', async (_name, type, check, arbitrary) => {
    const values = fc.sample(arbitrary, 4000).filter((value) => {
      const bytes = Buffer.from(value);
      return check.accepts(bytes, 0, bytes.length);
    });
    expect(values.length).toBeGreaterThan(200);
    const list = values.map((value) => `('${value}')`).join(', ');
    const refused = await rows(`SELECT v FROM (VALUES ${list}) AS t(v) WHERE TRY_CAST(v AS ${type}) IS NULL`);
    expect(refused).toEqual([]);
  });
});
