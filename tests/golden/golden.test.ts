import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SourceError } from '../../connectors/source.ts';
import type { References } from '../../schemas/page.ts';
import { SOURCE_NAMES } from '../../schemas/streams.ts';
import { testEnv } from '../connectors/scripted_api.ts';
import type { SourceCase } from '../contract/source_case.ts';
import { CASES } from '../contract/source_cases.ts';

/**
 * tests/golden/<source>/<stream>/<case>/ is a test: `page.json` or `page.csv`, a body just as it was received;
 * `expected.json`, its rows and refused rows; `about.json`, where the page needs more than its body: `url`,
 * `stated_rows`, `references`.
 */
const ROOT = import.meta.dirname;
const NOWHERE = 'http://127.0.0.1:9';
const FILES = ['page.json', 'page.csv', 'about.json', 'expected.json'];

const ABOUT = z.strictObject({
  url: z.url().default(`${NOWHERE}/page`),
  stated_rows: z.int().nullable().default(null),
  references: z.record(z.string(), z.array(z.record(z.string(), z.string().nullable()))).optional(),
});

/** What a page must give, or the failure that it must be. */
const EXPECTED = z.union([
  z.strictObject({
    /** Offset of each good row, and its values. */
    rows: z.array(z.strictObject({ offset: z.int(), values: z.record(z.string(), z.string().nullable()) })),
    rejected: z.array(
      z.strictObject({
        offset: z.int(),
        column: z.string().nullable(),
        value: z.string().nullable(),
        reason: z.string(),
        row: z.string(),
      }),
    ),
    /** Unknown fields, each with the number of rows that had it. */
    drift: z.array(z.tuple([z.string(), z.int()])),
  }),
  z.strictObject({ failure: z.string(), message: z.string() }),
]);

const folders = readdirSync(ROOT, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
  .filter((path) => path.split('/').length === 3)
  .sort();

function caseOf(source = '', stream = ''): SourceCase {
  const found = CASES.find((each) => each.stream.source === source && each.stream.name === stream);
  if (found === undefined)
    throw new Error(`golden: ${source}/${stream}: got no stream of that name, want one with a contract case`);
  return found;
}

function parsePage(which: SourceCase, folder: string, files: readonly string[]) {
  const read = (file: string) => readFileSync(join(ROOT, folder, file));
  const format = files.includes('page.csv') ? 'csv' : 'json';
  const about = ABOUT.parse(files.includes('about.json') ? JSON.parse(read('about.json').toString()) : {});
  const { url, stated_rows } = about;
  const references: References =
    about.references === undefined ? which.references : new Map(Object.entries(about.references));
  const source = which.create(NOWHERE, testEnv());
  return source.parse(which.stream, { url, stated_rows, format, body: read(`page.${format}`) }, references);
}

/** A parsed page as it is written down: row by row, since people read it. */
function written(which: SourceCase, folder: string, files: readonly string[]): unknown {
  try {
    const { columns, offsets, rejected, drift } = parsePage(which, folder, files);
    const names = which.stream.columns.map(({ name }) => name);
    const rows = offsets.map((offset, row) => ({
      offset,
      values: Object.fromEntries(names.map((name, column) => [name, columns[column]?.[row] ?? null])),
    }));
    const refused = rejected.map(({ offset, column, value, reason, row }) => ({
      offset,
      column,
      value,
      reason,
      row,
    }));
    return { rows, rejected: refused, drift: [...drift] };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { failure: error.failure, message: error.message };
  }
}

describe('golden pages', () => {
  test.each(folders)('%s', (folder) => {
    const [source, stream] = folder.split('/');
    const files = readdirSync(join(ROOT, folder));
    expect(files.filter((file) => !FILES.includes(file))).toEqual([]);
    const got = written(caseOf(source, stream), folder, files);
    if (!files.includes('expected.json')) {
      // Read it before it is kept: a golden case says what must be, not what is.
      const text = JSON.stringify(got, null, 2);
      throw new Error(
        `golden: ${folder}: got no expected.json, want one; this is what the page gives:\n${text}`,
      );
    }
    const expected = EXPECTED.parse(JSON.parse(readFileSync(join(ROOT, folder, 'expected.json'), 'utf8')));
    expect(got).toEqual(expected);
  });

  test('are there for every source', () => {
    const sources = new Set(folders.map((folder) => folder.split('/')[0]));
    expect([...sources].sort()).toEqual([...SOURCE_NAMES].sort());
  });

  test('lie three folders deep: source, stream, case', () => {
    const strays = readdirSync(ROOT, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'golden.test.ts')
      .map((entry) => relative(ROOT, entry.parentPath).replaceAll('\\', '/'))
      .filter((folder) => !folders.includes(folder));
    expect(strays).toEqual([]);
  });
});
