import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textAt } from '../../connectors/columnar_rows.ts';
import { createPolarisSource } from '../../connectors/polaris/polaris_source.ts';
import { createSalesforceSource } from '../../connectors/salesforce/salesforce_source.ts';
import { type Source, SourceError } from '../../connectors/source.ts';
import { columnarLeafHashes } from '../../evidence/columnar_leaf.ts';
import { leafHashes } from '../../evidence/leaf.ts';
import type { ParsedPage, References } from '../../schemas/page.ts';
import { FEATURES, READINGS } from '../../schemas/polaris.ts';
import { ACCOUNT } from '../../schemas/salesforce.ts';
import type { Stream } from '../../schemas/streams.ts';
import { READING_REFERENCES, reading } from '../contract/polaris_cases.ts';
import { jsonRows, oddValue, type PageWish, pageWish } from './columnar_bodies.ts';
import { testEnv } from './scripted_api.ts';

const RUNS = process.env.METERLINE_LONG === '1' ? 50_000 : 1500;

const polaris = createPolarisSource(
  { url: 'http://127.0.0.1:1', client_id: 'x', client_secret: 'y' },
  testEnv(),
);
/** Salesforce with another mapping of Account's columns; null: not read. */
const mapped = (columns: Readonly<Record<string, string | null>>) =>
  createSalesforceSource(
    {
      login_url: 'http://127.0.0.1:1',
      client_id: 'x',
      auth: { kind: 'client_credentials', client_secret: 'y' },
      objects: { Account: { columns } },
    },
    testEnv(),
  );
const salesforce = mapped({});

interface Body {
  readonly stream: Stream;
  readonly format: 'json' | 'csv';
  readonly text: string;
  readonly stated_rows: number | null;
}

/** What the two readers make of one body: the plain one judges, the fast one may only agree or say nothing. */
function compare(source: Source, { stream, format, text, stated_rows }: Body, references: References) {
  const page = { body: Buffer.from(text, 'utf8'), url: 'http://127.0.0.1/page', format, stated_rows };
  let parsed: ParsedPage | null = null;
  try {
    parsed = source.parse(stream, page, references);
  } catch (error) {
    expect(error).toBeInstanceOf(SourceError);
  }
  const fast = source.columnar?.(stream, page, references) ?? null;
  if (fast !== null) {
    expect(parsed, 'the fast reader took a page that the plain one refuses').not.toBeNull();
    expect(parsed?.rejected).toEqual([]);
    expect(parsed?.drift.size).toBe(0);
    expect(parsed?.offsets).toEqual(Array.from({ length: fast.rows }, (_, row) => row));
    const texts = stream.columns.map((_, column) =>
      Array.from({ length: fast.rows }, (__, row) => textAt(fast, row, column)),
    );
    expect(texts).toEqual(parsed?.columns);
  }
  return { parsed, fast };
}

function feedBody(stream: Stream, row: (n: number) => Record<string, unknown>, wish: PageWish): Body {
  const rows = jsonRows(stream, row, wish).join(',');
  const text = `{"data":[${rows}],"next":"b1",${wish.space}"has_more":false,"as_of":"2026-11-22T03:00:10Z"}`;
  return { stream, format: 'json', text, stated_rows: null };
}

const feature = (n: number): Record<string, unknown> => ({
  feature_event_id: `f-${n}`,
  customer_id: 'cus-1',
  cluster_id: 'clu-1',
  hour: '2026-11-21T05:00:00Z',
  feature: 'snapshots',
  operations: n,
  active_clients: 0,
  recorded_at: '2026-11-21T06:00:03Z',
});

describe('readings and features, read from bytes', () => {
  test.each([
    [READINGS, reading],
    [FEATURES, feature],
  ] as const)('takes no page of $name that the schema refuses, and gives the same texts', (stream, row) => {
    let taken = 0;
    fc.assert(
      fc.property(pageWish, (wish) => {
        const { parsed, fast } = compare(polaris, feedBody(stream, row, wish), READING_REFERENCES);
        if (fast !== null && wish.rows > 0) taken += 1;
        // A page of good rows must go the fast way, whatever the order of its keys and the space between them.
        if (wish.changes.length === 0) expect(fast?.rows).toBe(parsed?.offsets.length);
      }),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(RUNS / 5);
  });

  test('gives the same leaf hashes', () => {
    const names = READINGS.columns.map(({ name }) => name);
    const sha256 = 'ab'.repeat(32);
    fc.assert(
      fc.property(pageWish, (wish) => {
        const { parsed, fast } = compare(polaris, feedBody(READINGS, reading, wish), READING_REFERENCES);
        if (fast === null || parsed === null) return;
        const hashes = Buffer.from(columnarLeafHashes(names, fast, sha256)).toString('hex');
        expect(hashes).toBe(leafHashes(names, parsed, sha256).join(''));
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    ['none', ''],
    ['behind each colon', ' '],
  ])('reads rows with white space as any other: %s', (_name, space) => {
    const { text, ...body } = feedBody(READINGS, reading, { rows: 3, changes: [], shift: 0, space: '' });
    const spaced = { ...body, text: text.replaceAll('":', `":${space}`) };
    expect(compare(polaris, spaced, READING_REFERENCES).fast?.rows).toBe(3);
  });

  test.each([
    ['a dimension that the catalogue lacks', { dimension: 'unknown' }],
    ['a unit that is not its dimension’s', { unit: 'GiB' }],
  ])('leaves %s to the plain reader', (_name, change) => {
    const wish = { rows: 1, changes: [], shift: 0, space: '' };
    const body = feedBody(READINGS, (n) => ({ ...reading(n), ...change }), wish);
    const { parsed, fast } = compare(polaris, body, READING_REFERENCES);
    expect(fast).toBeNull();
    expect(parsed?.rejected).toHaveLength(1);
  });

  test.each([
    [
      'a byte that is not UTF-8',
      Buffer.from('{"data":[],"next":"b\xff","has_more":false,"as_of":"2026-11-22T03:00:10Z"}', 'latin1'),
    ],
    ['a body cut short', Buffer.from('{"data":[')],
    [
      'something behind the end',
      Buffer.from('{"data":[],"next":"b","has_more":false,"as_of":"2026-11-22T03:00:10Z"} x'),
    ],
    [
      'two lists of rows',
      Buffer.from('{"data":[],"data":[],"next":"b","has_more":false,"as_of":"2026-11-22T03:00:10Z"}'),
    ],
    [
      'a key of the envelope that is no text',
      Buffer.from('{"data":[],"next":"b","has_more":false,"as_of":"2026-11-22T03:00:10Z",1 :2}'),
    ],
    ['an envelope without next', Buffer.from('{"data":[],"has_more":false,"as_of":"2026-11-22T03:00:10Z"}')],
  ])('leaves %s to the plain reader', (_name, body) => {
    const page = { body, url: 'http://127.0.0.1/page', format: 'json' as const, stated_rows: null };
    expect(polaris.columnar?.(READINGS, page, READING_REFERENCES)).toBeNull();
  });

  test('leaves a page without a catalogue to the plain reader, which says so', () => {
    const body = feedBody(READINGS, reading, { rows: 0, changes: [], shift: 0, space: '' });
    expect(compare(polaris, body, new Map())).toEqual({ parsed: null, fast: null });
  });
});

const FIELDS = ACCOUNT.stream.columns.map(({ name }) => ACCOUNT.fields[name] ?? name);
const GOOD: Readonly<Record<string, string>> = {
  Id: '001000000000001AAA',
  CreatedDate: '2026-01-01T00:00:00.000Z',
  SystemModstamp: '2026-11-20T10:00:00.000Z',
  IsDeleted: 'false',
  Name: 'Name, "quoted"',
  OwnerId: '005000000000001AAA',
  Website: 'two\nlines',
  Type: 'NA',
  Target_Account__c: 'true',
  Renewal_Date__c: '2027-02-28',
  ARR__c: '25000.50',
};

/** Row, field and text that is put there. */
type CsvChange = readonly [row: number, field: number, text: string];
const csvChanges: fc.Arbitrary<readonly CsvChange[]> = fc.array(
  fc.tuple(
    fc.nat(5),
    fc.nat(FIELDS.length - 1),
    oddValue.map((value) => String(value)),
  ),
  { minLength: 1, maxLength: 3 },
);

/** A CSV page of accounts: fields in an order of their own, some changed, quoted always or where needed. */
const csvWish = fc.record({
  rows: fc.nat(6),
  shift: fc.nat(FIELDS.length),
  quoted: fc.boolean(),
  end: fc.constantFrom('\n', '\r\n'),
  last: fc.boolean(),
  changes: fc.oneof(fc.constant<readonly CsvChange[]>([]), csvChanges),
  broken: fc.oneof(
    { weight: 9, arbitrary: fc.constant(null) },
    fc.constantFrom('a"b', '"a"b', '"', 'x,y', '\r'),
  ),
  stated: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.constant(1)),
});

type CsvWish = typeof csvWish extends fc.Arbitrary<infer T> ? T : never;

function csvBody(wish: CsvWish): Body {
  const header = [...FIELDS.slice(wish.shift), ...FIELDS.slice(0, wish.shift)];
  const field = (text: string) =>
    wish.quoted || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = Array.from({ length: wish.rows }, (_, row) => {
    const changed = new Map(
      wish.changes.filter(([at]) => at === row).map(([, column, text]) => [FIELDS[column], text]),
    );
    return header.map((name) => field(changed.get(name) ?? GOOD[name] ?? '')).join(',');
  });
  if (wish.broken !== null && lines.length > 0) lines[0] = `${wish.broken}${lines[0]}`;
  const text = [header.map(field).join(','), ...lines].join(wish.end) + (wish.last ? wish.end : '');
  return { stream: ACCOUNT.stream, format: 'csv', text, stated_rows: wish.rows + wish.stated };
}

/** One account with these fields. */
function accountOf(fields: readonly string[]): Body {
  const values = fields.map((field) => (/^(Name|Website)$/.test(field) ? 'x' : (GOOD[field] ?? '')));
  const text = `${fields.join(',')}\n${values.join(',')}\n`;
  return { stream: ACCOUNT.stream, format: 'csv', text, stated_rows: 1 };
}

describe('Bulk pages, read from bytes', () => {
  test('takes no page that the schema refuses, and gives the same texts', () => {
    let taken = 0;
    fc.assert(
      fc.property(csvWish, (wish) => {
        const { parsed, fast } = compare(salesforce, csvBody(wish), new Map());
        if (fast !== null && wish.rows > 0) taken += 1;
        if (wish.changes.length === 0 && wish.broken === null && wish.stated === 0)
          expect(fast?.rows).toBe(parsed?.offsets.length);
      }),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(RUNS / 5);
  });

  test('reads an object of which a column is not read, and takes no field of its name', () => {
    const source = mapped({ csm: null });
    const without = FIELDS.filter((field) => field !== 'CSM__c');
    expect(compare(source, accountOf(without), new Map()).fast?.rows).toBe(1);
    const asked = compare(source, accountOf([...without, 'csm']), new Map());
    expect(asked).toEqual({ parsed: null, fast: null });
  });

  test('gives a field to both columns that it is mapped to', () => {
    const body = accountOf(FIELDS.filter((field) => field !== 'CSM__c'));
    const { parsed } = compare(mapped({ csm: 'OwnerId' }), body, new Map());
    const csm = ACCOUNT.stream.columns.findIndex(({ name }) => name === 'csm');
    expect(parsed?.columns[csm]).toEqual([GOOD.OwnerId]);
  });

  test('leaves a header line of other fields to the plain reader', () => {
    const body = Buffer.from('Id,Other\n001000000000001AAA,x\n');
    const page = { body, url: 'http://127.0.0.1/page', format: 'csv' as const, stated_rows: 1 };
    expect(salesforce.columnar?.(ACCOUNT.stream, page, new Map())).toBeNull();
  });
});
