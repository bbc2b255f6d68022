import { createHash } from 'node:crypto';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LEAF_FIELDS,
  type Leaf,
  leafData,
  leafHash,
  leafHashes,
  leafHashOfJson,
} from '../../evidence/leaf.ts';
import { READINGS } from '../../schemas/polaris.ts';

const LEAF: Leaf = {
  cluster_id: 'clu-1',
  customer_id: 'cust-1',
  dimension: 'capacity_used_tib',
  hour: '2026-11-22T00:00:00Z',
  page_sha256: 'ab'.repeat(32),
  quantity: '12.50',
  reading_id: 'r1',
  recorded_at: '2026-11-22T01:05:00Z',
  revision: '1',
  seq: '7',
  subscription_id: null,
  unit: 'TiB',
};

describe('leafData', () => {
  it('is the canonical JSON of the twelve fields, texts as received', () => {
    expect(leafData(LEAF).toString()).toBe(
      '{"cluster_id":"clu-1","customer_id":"cust-1","dimension":"capacity_used_tib","hour":"2026-11-22T00:00:00Z",' +
        `"page_sha256":"${'ab'.repeat(32)}","quantity":"12.50","reading_id":"r1",` +
        '"recorded_at":"2026-11-22T01:05:00Z","revision":"1","seq":"7","subscription_id":null,"unit":"TiB"}',
    );
  });

  it('escapes as RFC 8785 §3.2.2.2 does: short forms, \\u00xx in lower case, everything else as it is', () => {
    const unit = '\u20ac$\u000f\nA\'B"\\/\u007f\u2028\u{1f600}';
    const text = leafData({ ...LEAF, unit }).toString('utf8');
    expect(text).toContain('"unit":"\u20ac$\\u000f\\nA\'B\\"\\\\/\u007f\u2028\u{1f600}"');
  });

  it('sorts its fields by UTF-16 code units', () => {
    expect([...LEAF_FIELDS].sort()).toEqual(LEAF_FIELDS);
  });

  it('refuses a lone surrogate, and null where only a text may be', () => {
    expect(() => leafData({ ...LEAF, unit: '\ud800' })).toThrow(/unit: got a lone surrogate/);
    const broken: unknown = { ...LEAF, unit: null };
    expect(() => leafData(broken as Leaf)).toThrow(/unit: got null/);
  });
});

describe('leafHashOfJson', () => {
  const hashOf = (unit: string) => leafHash(leafData({ ...LEAF, unit })).toString('hex');

  it('makes escapes canonical that need not be there', () => {
    const written = JSON.stringify({ ...LEAF, unit: '#' }).replace('#', '\\u00E9\\/\\u001F');
    expect(leafHashOfJson(written)).toBe(hashOf('é/\u001f'));
  });

  it('takes the JSON that DuckDB writes, whatever its texts are', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      const units = [...Array(0x2100).keys()].map((code) => `a${String.fromCharCode(code)}b`);
      units.push('', '"\\/', '\ud7ff\ue000\uffff', '\u{1f600}\u{10ffff}');
      const others = LEAF_FIELDS.filter((field) => field !== 'unit').map((field) =>
        field === 'subscription_id' ? 'subscription_id := NULL' : `${field} := '${LEAF[field]}'`,
      );
      const found = await connection.runAndReadAll(
        `SELECT to_json(struct_pack(${others.join(', ')}, unit := unit))::VARCHAR
         FROM (SELECT unnest(from_json($1, '["VARCHAR"]')) AS unit)`,
        [JSON.stringify(units)],
      );
      const hashes = found.getRows().map(([json]) => leafHashOfJson(String(json)));
      expect(hashes).toEqual(units.map(hashOf));
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  });
});

describe('leafHashes', () => {
  const names = READINGS.columns.map(({ name }) => name);
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', '"', '\\', '\0', '\u001f', '\u007f', '\u2028', '\ud7ff\ue000\uffff', '\u{10ffff}'),
  );

  it('gives for each row what the row by itself gives', () => {
    fc.assert(
      fc.property(fc.array(fc.array(text, { minLength: 14, maxLength: 14 }), { maxLength: 5 }), (rows) => {
        const wellFormed = rows.map((row) => row.map((value) => value.toWellFormed()));
        const columns = names.map((name, index) =>
          wellFormed.map((row) =>
            name === 'subscription_id' && row[index] === '' ? null : (row[index] ?? ''),
          ),
        );
        const parsed = { columns, offsets: rows.map((_, index) => index) };
        const expected = rows.map((_, row) => {
          const value = (field: string) => columns[names.indexOf(field)]?.[row] ?? null;
          const leaf = Object.fromEntries(
            LEAF_FIELDS.map((field) => [field, field === 'page_sha256' ? 'p"1' : value(field)]),
          );
          const data = Buffer.from(JSON.stringify(leaf), 'utf8');
          return createHash('sha256').update(Buffer.of(0)).update(data).digest('hex');
        });
        expect(leafHashes(names, parsed, 'p"1')).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with leafHash of leafData', () => {
    const columns = names.map((name) => [name in LEAF ? LEAF[name as keyof Leaf] : 'x']);
    const [hex] = leafHashes(names, { columns, offsets: [0] }, LEAF.page_sha256);
    expect(hex).toBe(leafHash(leafData(LEAF)).toString('hex'));
  });

  it('refuses a page without a column of the leaf, a null and a lone surrogate, naming the field', () => {
    const columns = names.map(() => ['x']);
    const page = (changed: string, value: string | null) => ({
      columns: names.map((name) => [name === changed ? value : 'x']),
      offsets: [0],
    });
    expect(() => leafHashes(names.slice(1), { columns: columns.slice(1), offsets: [0] }, 'p')).toThrow(
      /leaf field reading_id: got columns seq/,
    );
    expect(() => leafHashes(names, page('quantity', null), 'p')).toThrow(/quantity: got null/);
    expect(() => leafHashes(names, page('quantity', '\udc00'), 'p')).toThrow(
      /quantity: got a lone surrogate/,
    );
  });
});
