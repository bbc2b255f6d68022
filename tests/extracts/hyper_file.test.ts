import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeHyper } from '../../extracts/hyper_file.ts';
import { findHyperd, type Hyperd, startHyperd } from '../../extracts/hyperd.ts';
import { runPython, venvDir } from './python.ts';
import { type Exported, exportMarts, exportTables } from './sample_extract.ts';

let folder: string;
let hyperd: Hyperd;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterline-hyper-'));
  hyperd = await startHyperd(await findHyperd(venvDir()));
});

afterAll(async () => {
  await hyperd.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Read {
  readonly rows: number;
  readonly sums: Readonly<Record<string, string>>;
  readonly columns: Readonly<Record<string, string>>;
  readonly first: readonly (readonly (string | null)[])[];
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}

async function readBack(path: string): Promise<Readonly<Record<string, Read>>> {
  return runPython<Record<string, Read>>('read_hyper.py', path);
}

async function first(sql: string): Promise<Exported> {
  const [table] = await exportTables(folder, `CREATE TABLE probe AS ${sql}`, [
    { name: 'probe', orderBy: ['id'] },
  ]);
  if (table === undefined) throw new Error('no table exported');
  return table;
}

describe('the official Python API reads back', () => {
  test('four related marts with the rows and exact sums of DuckDB', async () => {
    const tables = await exportMarts(folder);
    const path = join(folder, 'marts.hyper');
    const written = await writeHyper({ hyperd, path, tables });
    const read = await readBack(path);
    for (const table of tables) {
      const got = read[table.name];
      expect(got?.rows).toBe(Number(table.expected.rows));
      const sums = Object.entries(got?.sums ?? {}).map(([name, sum]) => [name, withoutZeros(sum)]);
      expect(Object.fromEntries(sums)).toEqual(table.expected.sums);
    }
    // Σ i × 1.123456789 for i below 150
    expect(read.fct_usage_daily?.sums.quantity_avg).toBe('12554.629617075');
    expect(written.tables.map((table) => table.rows)).toEqual([3n, 150n, 3n, 3n]);
    expect(written.bytes).toBe((await readFile(path)).length);
  });

  test('every type with its extreme values, nulls and any text', async () => {
    const big = '99999999999999999999999999999.999999999';
    const table = await first(`SELECT * FROM (VALUES
      (1, ${big}::DECIMAL(38,9), 12345678901234567890123456789012345678::HUGEINT, 18446744073709551615::UBIGINT,
       TIMESTAMPTZ '2026-01-01 00:00:00.123456+00', DATE '2026-02-03', true, 9223372036854775807::BIGINT, 0.1::DOUBLE,
       'ünïcödé 漢字 🎉 ''q'' "d"', 0.1::FLOAT, 255::UTINYINT, TIMESTAMP '1999-12-31 23:59:59.999999'),
      (2, -${big}::DECIMAL(38,9), -5::HUGEINT, 0::UBIGINT, TIMESTAMPTZ '1700-01-01 00:00:00+00', DATE '0001-01-01', false,
       (-9223372036854775807)::BIGINT, -1e308::DOUBLE, '', 1.5::FLOAT, 0::UTINYINT, NULL),
      (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    ) v(id, amount, huge, unsigned_big, moment, day, flag, big, real_number, note, single, small, local_moment)`);
    const path = join(folder, 'types.hyper');
    await writeHyper({ hyperd, path, tables: [table] });
    const { probe } = await readBack(path);
    expect(probe?.columns).toMatchObject({
      amount: 'NUMERIC(38, 9)',
      huge: 'NUMERIC(38, 0)',
      unsigned_big: 'NUMERIC(20, 0)',
      moment: 'TIMESTAMP_TZ',
      day: 'DATE',
      flag: 'BOOL',
      big: 'BIG_INT',
      real_number: 'DOUBLE',
      note: 'TEXT',
      single: 'DOUBLE',
      small: 'SMALL_INT',
    });
    expect(probe?.first[0]).toEqual([
      '1',
      big,
      '12345678901234567890123456789012345678',
      '18446744073709551615',
      '2026-01-01 00:00:00.123456+00:00',
      '2026-02-03',
      'True',
      '9223372036854775807',
      '0.1',
      'ünïcödé 漢字 🎉 \'q\' "d"',
      '0.10000000149011612',
      '255',
      '1999-12-31 23:59:59.999999',
    ]);
    expect(probe?.first[1]?.slice(0, 7)).toEqual([
      '2',
      `-${big}`,
      '-5',
      '0',
      '1700-01-01 00:00:00+00:00',
      '1-01-01',
      'False',
    ]);
    expect(probe?.first[2]).toEqual(['3', ...Array.from({ length: 12 }, () => null)]);
  });
});

describe('a file that is not what it should be never appears', () => {
  test.each([
    ['rows', { rows: 4n }, /table probe rows: got 3, want 4/],
    ['a sum', { sums: { amount: '6.600000001' } }, /table probe sum of amount: got 6.6, want 6.600000001/],
    [
      'a sum of no column',
      { sums: { absent: '1' } },
      /table probe sum of absent: got no exact number column/,
    ],
  ])('when %s differs', async (_, change, message) => {
    const table = await first('SELECT i AS id, (i * 1.1)::DECIMAL(38,9) AS amount FROM range(1, 4) r(i)');
    const path = join(folder, 'kept.hyper');
    await writeFile(path, 'the earlier file');
    const wrong = { ...table, expected: { ...table.expected, ...change } };
    await expect(writeHyper({ hyperd, path, tables: [wrong] })).rejects.toThrow(message);
    expect(await readFile(path, 'utf8')).toBe('the earlier file');
    expect(existsSync(`${path}.partial`)).toBe(false);
  });

  test('when a column that must not be null is', async () => {
    const table = await first('SELECT i AS id, NULL::VARCHAR AS note FROM range(2) r(i)');
    const columns = table.columns.map((column) => ({ ...column, nullable: false }));
    const path = join(folder, 'null.hyper');
    await expect(writeHyper({ hyperd, path, tables: [{ ...table, columns }] })).rejects.toThrow(/null/i);
    expect(existsSync(path)).toBe(false);
  });

  test('when its writer is killed in the middle, and hyperd stops with it', async () => {
    const table = await first(
      'SELECT i AS id, repeat(CAST(i AS VARCHAR), 20) AS note, i * 1.5::DECIMAL(38,9) AS amount FROM range(1500000) r(i)',
    );
    const path = join(folder, 'killed.hyper');
    await writeFile(path, 'the earlier file');
    const job = join(folder, 'killed.json');
    const { expected, ...rest } = table;
    const program = await findHyperd(venvDir());
    await writeFile(
      job,
      JSON.stringify({ program, path, table: rest, rows: String(expected.rows), sums: expected.sums }),
    );
    const writer = fork(new URL('./slow_writer.ts', import.meta.url), [job], { stdio: 'inherit' });
    const [message] = (await once(writer, 'message')) as [{ hyperdPid: number }];
    while (!existsSync(`${path}.partial`)) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 150));
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(await readFile(path, 'utf8')).toBe('the earlier file');
    await expect.poll(() => alive(message.hyperdPid), { timeout: 20_000 }).toBe(false);
    await writeHyper({ hyperd, path, tables: [table] });
    expect((await readFile(path)).subarray(0, 5).toString()).toBe('Hyper');
    expect(existsSync(`${path}.partial`)).toBe(false);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('stopping hyperd ends its process and a missing program is named', async () => {
  const own = await startHyperd(await findHyperd(venvDir()));
  expect(alive(own.pid)).toBe(true);
  await own.stop();
  expect(alive(own.pid)).toBe(false);
  await own.stop();
  await expect(startHyperd('/nowhere/hyperd')).rejects.toThrow(/hyperd \/nowhere\/hyperd: got .*ENOENT/);
  await expect(findHyperd(folder)).rejects.toThrow(/want the package tableauhyperapi/);
});
