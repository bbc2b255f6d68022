import fc from 'fast-check';
import type { Column } from '../../schemas/columns.ts';
import type { Stream } from '../../schemas/streams.ts';

/** Texts that a careless check would take, or refuse, by mistake. */
const ODD_TEXTS = [
  '',
  ' ',
  '0',
  '00',
  '-0',
  '-1',
  '1.0',
  '0.10',
  '1e3',
  '12.',
  '.5',
  '1,5',
  '999999999999999999.999999999',
  '9999999999999999999',
  '0.0000000001',
  '-0.50',
  'NA',
  'null',
  'true',
  'TRUE',
  'azure',
  'Azure',
  '2026-11-21T05:00:00Z',
  '2026-11-21T05:00:00.000Z',
  '2026-11-21T05:00:00.1234567891234Z',
  '2026-11-21T05:30:00Z',
  '2026-11-21T24:00:00Z',
  '2026-02-29T00:00:00Z',
  '2024-02-29T00:00:00Z',
  '0999-12-31T00:00:00Z',
  '2026-11-21T05:00:00+00:00',
  '2026-11-21T05:00:00.000+0000',
  '2026-13-01',
  '2026-11-31',
  '2026-11-30',
  'a"b',
  'a\\b',
  'line\nend',
  'carriage\rreturn',
  'tab\tand\u0000nul',
  'ünï 𝒸ode',
  '\ud800 alone',
  '\u2028',
  '001000000000001',
  '001000000000001AAA',
  '001000000000001AA-',
] as const;

const oddText = fc.oneof(fc.constantFrom(...ODD_TEXTS), fc.string({ unit: 'binary' }), fc.string());

/** Any JSON value that an API might send in the place of a right one. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: oddText },
  fc.constantFrom(null, true, false, 0, 1, -1, 1.5, 1e21, 2 ** 53, 2 ** 53 - 1, [], {}, ['x'], { x: 1 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Raw JSON texts of values that JSON.stringify never writes. */
const oddToken = fc.constantFrom(
  '1.0',
  '1e2',
  '-0',
  '01',
  '1.',
  '+1',
  'NaN',
  'nul',
  'nullx',
  'truefalse',
  '"\\u0041"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '"a\\/b"',
  '"\\x"',
  '"a\nb"',
  '9007199254740993',
  '1234567890123456',
);

/** What is changed in the rows of a page before it is sent. */
type Change =
  | { readonly kind: 'value'; readonly row: number; readonly column: number; readonly value: unknown }
  | { readonly kind: 'token'; readonly row: number; readonly column: number; readonly token: string }
  | { readonly kind: 'missing'; readonly row: number; readonly column: number }
  | { readonly kind: 'double'; readonly row: number; readonly column: number; readonly value: unknown }
  | { readonly kind: 'extra'; readonly row: number; readonly value: unknown }
  | { readonly kind: 'not_a_row'; readonly row: number; readonly value: unknown };

const place = { row: fc.nat(5), column: fc.nat(30) };
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('value' as const), ...place, value: oddValue }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('token' as const), ...place, token: oddToken }) },
  fc.record({ kind: fc.constant('missing' as const), ...place }),
  fc.record({ kind: fc.constant('double' as const), ...place, value: oddValue }),
  fc.record({ kind: fc.constant('extra' as const), row: place.row, value: oddValue }),
  fc.record({ kind: fc.constant('not_a_row' as const), row: place.row, value: oddValue }),
);

/** How a page of rows is spelt, and what is wrong in it. */
export interface PageWish {
  readonly rows: number;
  readonly changes: readonly Change[];
  readonly shift: number;
  readonly space: string;
}

/** Pages of up to six rows, nearly half of them without a change. */
export const pageWish: fc.Arbitrary<PageWish> = fc.record({
  rows: fc.nat(6),
  changes: fc.oneof(fc.constant([]), fc.array(change, { minLength: 1, maxLength: 3 })),
  shift: fc.nat(20),
  space: fc.constantFrom('', '', ' ', '\n\t', '\r\n'),
});

/** The rows of a page as JSON texts. `row`: the n-th good row. */
export function jsonRows(
  stream: Stream,
  row: (n: number) => Record<string, unknown>,
  wish: PageWish,
): string[] {
  return Array.from({ length: wish.rows }, (_, n) => jsonRow(stream.columns, row(n), wish, n));
}

function jsonRow(
  columns: readonly Column[],
  row: Record<string, unknown>,
  wish: PageWish,
  n: number,
): string {
  const { space } = wish;
  const entries = Object.entries(row).map(([key, value]) => [JSON.stringify(key), JSON.stringify(value)]);
  for (const each of wish.changes.filter((candidate) => candidate.row === n)) {
    if (each.kind === 'not_a_row') return JSON.stringify(each.value);
    if (each.kind === 'extra') {
      entries.push(['"new_field"', JSON.stringify(each.value)]);
      continue;
    }
    const at = each.column % columns.length;
    const entry = entries.find(([key]) => key === JSON.stringify(columns[at]?.name));
    if (entry === undefined) continue;
    if (each.kind === 'value') entry[1] = JSON.stringify(each.value);
    else if (each.kind === 'token') entry[1] = each.token;
    else if (each.kind === 'missing') entries.splice(entries.indexOf(entry), 1);
    else entries.push([entry[0] ?? '', JSON.stringify(each.value)]);
  }
  const turned = [
    ...entries.slice(wish.shift % (entries.length + 1)),
    ...entries.slice(0, wish.shift % (entries.length + 1)),
  ];
  return `{${space}${turned.map(([key, value]) => `${key}${space}:${space}${value}`).join(`${space},${space}`)}${space}}`;
}
