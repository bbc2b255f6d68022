import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { landPage, readLanded } from '../../warehouse/landing.ts';
import { testEnv } from '../connectors/scripted_api.ts';
import { scratch } from '../support/scratch.ts';
import { CASES } from './source_cases.ts';
import { badRows, sparseRows } from './sources/bad_rows.ts';
import { closeAfterEach, expectedKeys, pagesOf, read, records } from './sources/reading.ts';

closeAfterEach();

const NOWHERE = 'http://127.0.0.1:9';
const dataDir = scratch();
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

describe.each(CASES)('$title', (which) => {
  test('quarantines a bad row and keeps its neighbours', async () => {
    const [first = {}, second = {}, third = {}] = records(which, 3);
    const { keys, parsed } = await read(which, [[first, { ...second, ...which.bad.change }, third]]);
    expect(keys).toEqual([which.key.value(0), which.key.value(2)]);
    const rejected = parsed.flatMap((page) => page.rejected);
    expect(rejected).toHaveLength(1);
    expect(rejected[0]).toMatchObject({ offset: 1, column: which.bad.column });
    expect(rejected[0]?.reason).toMatch(which.bad.reason);
    expect(rejected[0]?.value).not.toBeNull();
    expect(Object.keys(JSON.parse(rejected[0]?.row ?? ''))).toEqual(
      expect.arrayContaining(Object.keys(second)),
    );
  });

  test('quarantines a row with a bad value of any column, whatever the value is, and no other row', async () => {
    const bad = badRows(which);
    // A good row before, between and after.
    const rows = [which.record(0), ...bad.flatMap(({ row }, n) => [row, which.record(n + 1)])];
    const { keys, parsed } = await read(which, [rows]);
    expect(keys).toEqual(expectedKeys(which, bad.length + 1));
    const rejected = parsed.flatMap((page) => page.rejected);
    const expected = bad.map(({ column, value }, n) => ({ offset: 2 * n + 1, column, value }));
    expect(rejected.map(({ offset, column }) => ({ offset, column }))).toEqual(
      expected.map(({ offset, column }) => ({ offset, column })),
    );
    const shown = rejected.map(({ value }, n) => (expected[n]?.value === undefined ? undefined : value));
    expect(shown).toEqual(expected.map(({ value }) => value));
    expect(rejected.filter(({ reason }) => reason === '')).toEqual([]);
    expect(rejected.every(({ reason, value }) => (reason === 'missing key') === (value === null))).toBe(true);
  });

  test('keeps a refused row as it was sent', async () => {
    if (which.transport === 'csv') return;
    const bad = badRows(which);
    const { parsed } = await read(which, [[which.record(0), ...bad.map(({ row }) => row)]]);
    const kept = parsed.flatMap((page) => page.rejected.map(({ row }): unknown => JSON.parse(row)));
    expect(kept).toEqual(
      bad.map(({ row }) =>
        typeof row === 'object' && row !== null && !Array.isArray(row) ? expect.objectContaining(row) : row,
      ),
    );
  });

  test('tries every column that a field stands behind', () => {
    const tried = new Set(badRows(which).map(({ column }) => column));
    const untried = which.stream.columns.filter((column) => {
      const field = which.field(column);
      const holdsAnything = field?.sent === 'json' || (field?.sent === 'text' && which.transport === 'csv');
      return field !== null && !(column.nullable && holdsAnything) && !tried.has(column.name);
    });
    expect(untried).toEqual([]);
    expect(which.stream.columns.some((column) => which.field(column) !== null)).toBe(true);
  });

  test('takes null, and what may be left out, where the column may be null', async () => {
    const rows = sparseRows(which);
    const { keys, parsed } = await read(which, [[which.record(0), ...rows, which.record(2)]]);
    expect(parsed.flatMap(({ rejected }) => rejected)).toEqual([]);
    expect(keys).toHaveLength(rows.length + 2);
  });

  test('takes a page apart the same way twice, and offline from the landing zone', async () => {
    const bad = badRows(which).map(({ row }) => row);
    const { pages, parsed } = await read(which, [[...records(which, 3), ...bad], records(which, 2)]);
    const live = which.create(NOWHERE, testEnv());
    for (const [index, page] of pages.entries()) {
      expect(live.parse(which.stream, page, which.references)).toEqual(parsed[index]);
      const path = await landPage(dataDir, page);
      const body = await readLanded(dataDir, path, page.sha256);
      const { url, format, stated_rows } = page;
      const landed = { url, format, stated_rows, body };
      expect(which.create(NOWHERE, testEnv()).parse(which.stream, landed, which.references)).toEqual(
        parsed[index],
      );
    }
  });

  test('says of each row where it lies: every position once', async () => {
    const bad = badRows(which).map(({ row }) => row);
    const { parsed } = await read(which, [[...records(which, 3), ...bad, which.record(4)], []]);
    for (const { offsets, rejected, columns } of parsed) {
      const all = [...offsets, ...rejected.map(({ offset }) => offset)].sort((a, b) => a - b);
      expect(all).toEqual(all.map((_, n) => n));
      expect(columns).toHaveLength(which.stream.columns.length);
      expect(columns.every((column) => column.length === offsets.length)).toBe(true);
    }
    const rows = parsed.reduce((sum, page) => sum + page.offsets.length + page.rejected.length, 0);
    expect(rows).toBe(bad.length + 4);
  });
});

describe.each(CASES.filter(({ drift }) => drift !== null))('$title, which may grow,', (which) => {
  test('counts an unknown field as drift and loads the row', async () => {
    const rows = records(which, 3).map((row, n) => (n === 1 ? row : { ...row, new_field: { deep: n } }));
    const { keys, parsed } = await read(which, [rows]);
    expect(keys).toEqual(expectedKeys(which, 3));
    expect(parsed.map(({ drift }) => drift.get('new_field') ?? 0).reduce((sum, n) => sum + n, 0)).toBe(2);
  });
});

describe.each(CASES.filter(({ drift }) => drift === null))('$title, which cannot grow,', (which) => {
  test('counts no drift', async () => {
    const { parsed } = await read(which, pagesOf(which, [2]));
    expect(parsed.every(({ drift }) => drift.size === 0)).toBe(true);
  });
});
