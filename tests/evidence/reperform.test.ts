import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { addMonths, dayOfText, dayText, instantOf, looseInstant } from '../../evidence/reperform/calendar.ts';
import {
  addFractions,
  digitsOf,
  nanosOf,
  nanosOfNumber,
  nanosText,
  type RoundingMode,
  roundQuotient,
} from '../../evidence/reperform/decimals.ts';
import { Fingerprints } from '../../evidence/reperform/fingerprints.ts';
import { bandsOf, FINE } from '../../evidence/reperform/hours.ts';
import { periodOf } from '../../evidence/reperform/rating.ts';
import { readReading } from '../../evidence/reperform/reading_rows.ts';
import { CLUSTERS, SUBSCRIPTIONS } from '../../evidence/reperform/record_rules.ts';
import { RecordList, readRecord } from '../../evidence/reperform/records.ts';
import { type ReadingPlan, Revisions } from '../../evidence/reperform/revisions.ts';

describe('decimals', () => {
  test.each<[RoundingMode, readonly bigint[]]>([
    ['half_even', [0n, 0n, 2n, 2n, 1n]],
    ['half_up', [0n, 1n, 2n, 3n, 1n]],
    ['floor', [0n, 0n, 1n, 2n, 1n]],
    ['ceil', [1n, 1n, 2n, 3n, 1n]],
  ])('are rounded %s', (mode, want) => {
    expect([1n, 2n, 6n, 10n, 4n].map((top) => roundQuotient(top, 4n, mode))).toEqual(want);
  });

  it('are read and written as they stand', () => {
    expect(nanosText(nanosOf('123456789012345678.000000001'))).toBe('123456789012345678.000000001');
    expect(nanosText(-1n)).toBe('-0.000000001');
    expect(() => digitsOf('1.23', 1)).toThrow('at most 1 fraction digits');
  });

  it('are read from JSON numbers, exponents included', () => {
    const read = (text: string | null) => nanosOfNumber(text);
    expect([read('12.25'), read('1e2'), read('2.5E-10'), read('3.5e-9')]).toEqual([
      12_250_000_000n,
      10n ** 11n,
      0n,
      4n,
    ]);
    expect([read('twelve'), read(''), read(null)]).toEqual([null, null, null]);
  });

  it('are added as fractions without a loss', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.bigInt(0n, 10n ** 20n), fc.bigInt(1n, 30n))), (parts) => {
        const { top, bottom } = addFractions(parts.map(([each, by]) => ({ top: each, bottom: by })));
        const all = parts.reduce((product, [, by]) => product * by, 1n);
        const want = parts.reduce((sum, [each, by]) => sum + (each * all) / by, 0n);
        expect(top * all).toBe(want * bottom);
      }),
    );
  });

  it('make bands that add up to the level', () => {
    const quantity = fc.bigInt(0n, 10n ** 18n);
    fc.assert(
      fc.property(quantity, fc.option(quantity), fc.bigInt(0n, 2_000_000n), (level, committed, share) => {
        const { included, burst, above } = bandsOf(level, committed, share);
        expect(included + burst + above).toBe(level * FINE);
        expect([included, burst, above].every((band) => band >= 0n)).toBe(true);
        if (committed !== null) expect(above === 0n || burst === committed * share).toBe(true);
      }),
    );
  });
});

describe('the calendar', () => {
  const day = (text: string) => dayOfText(text) ?? Number.NaN;

  it('knows which times exist', () => {
    expect(instantOf('1970-01-01T01:00:00.1234567Z')).toBe(3_600_123_456);
    for (const text of ['2026-02-29T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:00:00', '2026-01-01'])
      expect(instantOf(text), text).toBeNull();
    expect(looseInstant('2026-01-01T02:00:00+02:00')).toBe(looseInstant('2026-01-01'));
    expect(looseInstant('soon')).toBeNull();
  });

  it('ends months where they are short', () => {
    expect(dayText(addMonths(day('2026-01-31'), 1))).toBe('2026-02-28');
    expect(dayText(addMonths(day('2026-03-31'), -1))).toBe('2026-02-28');
    expect(dayText(addMonths(day('2025-12-05'), 1))).toBe('2026-01-05');
  });

  test.each([
    ['calendar_month', '2026-03-15', '2026-03-01 2026-04-01'],
    ['anniversary_month', '2026-03-15', '2026-02-28 2026-03-31'],
    ['anniversary_month', '2026-03-31', '2026-03-31 2026-04-30'],
    ['anniversary_month', '2026-01-10', '2026-01-01 2026-02-01'],
    ['term', '2026-03-15', '2026-01-31 2026-05-02'],
  ] as const)('has for %s on %s the period %s', (period, date, want) => {
    const subscription = { start_day: day('2026-01-31'), to: day('2026-05-01') * 24 + 7 };
    const { from, to } = periodOf(period, subscription, day(date));
    expect(`${dayText(from)} ${dayText(to)}`).toBe(want);
  });
});

const READING = {
  reading_id: 'r1',
  seq: 1,
  customer_id: 'a',
  cluster_id: 'c',
  subscription_id: 's',
  hour: '2026-01-01T05:00:00Z',
  dimension: 'used',
  quantity: '1.5',
  unit: 'TiB',
  revision: 1,
  recorded_at: '2026-01-01T06:01:00Z',
  cloud: 'azure',
  region: 'north',
  software_version: '1',
};
const UNITS = new Map([['used', 'TiB']]);

describe('a reading', () => {
  it('is taken as the contract has it', () => {
    expect(readReading(READING, UNITS)).toMatchObject({ quantity: '1.5', revision: 1 });
    expect(readReading({ ...READING, subscription_id: null, extra: 1 }, UNITS)).not.toBeNull();
  });

  test.each([
    ['reading_id', ''],
    ['reading_id', '\ud800'],
    ['seq', 0],
    ['seq', 2 ** 53],
    ['subscription_id', undefined],
    ['hour', '2026-01-01T05:30:00Z'],
    ['hour', '2026-02-30T05:00:00Z'],
    ['dimension', 'other'],
    ['quantity', '-1'],
    ['quantity', 1.5],
    ['quantity', '0.1234567891'],
    ['unit', 'GiB'],
    ['revision', '1'],
    ['recorded_at', '2026-01-01 06:01:00Z'],
    ['cloud', 'moon'],
    ['region', null],
  ])('is refused for %s %j', (column, value) => {
    expect(readReading({ ...READING, [column]: value }, UNITS)).toBeNull();
  });
});

describe('revisions', () => {
  const plan: ReadingPlan = {
    rated: new Set(['used']),
    watched: new Set(['used']),
    keeps: () => true,
    isAfterClose: () => false,
    newest: 30_000,
    cut_off_us: 0,
  };
  const take = (...changes: readonly object[]) => {
    const revisions = new Revisions(plan);
    for (const change of changes) {
      const row = readReading({ ...READING, ...change }, UNITS);
      if (row !== null) revisions.take(row, 1);
    }
    const hours = [...(revisions.kept.get('used')?.get('c')?.values() ?? [])].flat();
    return hours.map(({ revision, quantity }) => [revision, Number(quantity) / 1e9]);
  };

  it('keep the first of those that come twice, by id or by number', () => {
    expect(take({}, { quantity: '2' }, { reading_id: 'r2', quantity: '3' })).toEqual([[1, 1.5]]);
    expect(take({}, { reading_id: 'r1', revision: 2, quantity: '2' })).toEqual([[1, 1.5]]);
    expect(take({}, { reading_id: 'r2', revision: 2, quantity: '2' })).toEqual([
      [1, 1.5],
      [2, 2],
    ]);
  });

  it('are free to bear the id of a row that was not accepted', () => {
    expect(take({}, { reading_id: 'r2' }, { reading_id: 'r2', revision: 2, quantity: '2' })).toEqual([
      [1, 1.5],
      [2, 2],
    ]);
  });
});

describe('a list', () => {
  const cluster = (change: object) => ({
    received_at: 1,
    read: readRecord(CLUSTERS, {
      cluster_id: 'c',
      customer_id: 'a',
      subscription_id: null,
      cloud: 'azure',
      region: 'r',
      provisioned_tib: '1',
      created_at: '2026-01-01T00:00:00Z',
      terminated_at: null,
      ...change,
    }),
  });
  const ids = (list: RecordList, load: number) => [...list.at(load).keys()].sort();

  it('has a version for each change, and forgets what left it', () => {
    const list = new RecordList();
    list.take(1, [cluster({}), cluster({ cluster_id: 'd' })], true);
    list.take(2, [cluster({}), cluster({ cluster_id: 'd', region: 's' })], true);
    list.take(3, [cluster({})], true);
    expect([ids(list, 0), ids(list, 1), ids(list, 2), ids(list, 3)]).toEqual([
      [],
      ['c', 'd'],
      ['c', 'd'],
      ['c'],
    ]);
    expect(list.history('d', 3).map(({ row }) => row.region)).toEqual(['r', 's']);
    expect(list.history('c', 3)).toHaveLength(1);
  });

  it('keeps what a refused row may speak of', () => {
    const list = new RecordList();
    list.take(1, [cluster({}), cluster({ cluster_id: 'd' })], true);
    list.take(2, [cluster({}), cluster({ cluster_id: 'd', cloud: 'moon' })], true);
    expect(ids(list, 2)).toEqual(['c', 'd']);
    list.take(3, [cluster({}), cluster({ cluster_id: undefined })], true);
    expect(ids(list, 3)).toEqual(['c', 'd']);
  });

  it('is not undone by an old page that is replayed', () => {
    const list = new RecordList();
    list.take(1, [{ ...cluster({ region: 'new' }), received_at: 5 }], true);
    list.take(2, [{ ...cluster({ region: 'old' }), received_at: 4 }], false);
    expect(list.at(2).get('c')?.region).toBe('new');
  });

  it('takes a time of any offset, and refuses half an object', () => {
    const read = (change: object) =>
      readRecord(SUBSCRIPTIONS, { tackle_subscription_id: 's', cloud: 'aws', ...change });
    expect(read({ started_at: '2026-01-01T02:00:00+02:00' }).row?.started_at).toBe('2026-01-01T00:00:00Z');
    expect(read({ started_at: 'soon' })).toEqual({ row: null, key: 's' });
    expect(read({ offerid: 7 }).row).toBeNull();
  });
});

it('a set of fingerprints knows each text once', () => {
  const texts = Array.from({ length: 50_000 }, (_, index) => `r${index % 61}-${index}-${index % 7}`);
  const held = new Fingerprints();
  expect(texts.every((text) => held.add(text))).toBe(true);
  expect(texts.some((text) => held.add(text))).toBe(false);
  expect(texts.some((text) => held.has(`${text}+`))).toBe(false);
});
