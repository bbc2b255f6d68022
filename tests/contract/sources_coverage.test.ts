import { describe, expect, test } from 'vitest';
import { allStreams } from '../../pipelines/sources.ts';
import { SALESFORCE_STREAMS } from '../../schemas/salesforce.ts';
import { SOURCE_NAMES } from '../../schemas/streams.ts';
import { CASES, WAYS, wayOf } from './source_cases.ts';

/** The streams that are asked for in the same way: faults of HTTP are tried on the first of each only. */
const STREAMS_BY_WAY = {
  'polaris (change feed)': ['readings', 'features'],
  'polaris (catalogue)': ['clusters', 'dimensions', 'customers', 'users'],
  'salesforce (REST)': SALESFORCE_STREAMS.map(({ name }) => name),
  'salesforce (Bulk 2.0)': SALESFORCE_STREAMS.map(({ name }) => name),
  'tackle (cursor)': ['contracts'],
  'tackle (page tokens)': ['subscriptions', 'products'],
  'tackle (one list)': ['microsoft_offers'],
  'tackle (offset)': ['aws_offers'],
  'tackle (look-back)': ['usage_records'],
  'tackle (by cloud)': ['invoices', 'disbursements'],
};

describe('the conformance suite', () => {
  test('has a case for every stream of every source', () => {
    const covered = new Set(CASES.map(({ stream }) => `${stream.source}.${stream.name}`));
    const missing = allStreams()
      .map(({ source, name }) => `${source}.${name}`)
      .filter((stream) => !covered.has(stream));
    expect(missing).toEqual([]);
    expect(new Set(allStreams().map(({ source }) => source))).toEqual(new Set(SOURCE_NAMES));
  });

  test('tries HTTP faults on the first stream of each way of asking', () => {
    const byWay = Object.groupBy(CASES, wayOf);
    const names = Object.entries(byWay).map(([way, cases = []]) => [
      way,
      cases.map(({ stream }) => stream.name),
    ]);
    expect(Object.fromEntries(names)).toMatchObject(STREAMS_BY_WAY);
    expect(WAYS.map(({ title }) => title)).toEqual(Object.values(byWay).map((cases) => cases?.[0]?.title));
    expect(Object.keys(byWay).every((way) => way.endsWith(')'))).toBe(true);
  });

  test('names each case once, after its source', () => {
    const titles = CASES.map(({ title }) => title);
    expect(titles).toEqual([...new Set(titles)]);
    for (const { title, stream } of CASES) expect(title).toContain(stream.source);
  });

  test.each(CASES)(
    '$title: a good record differs from the next in its key column',
    ({ key, record, stream }) => {
      expect(stream.columns.map(({ name }) => name)).toContain(key.column);
      expect(key.value(0)).not.toBe(key.value(1));
      expect(record(0)).not.toEqual(record(1));
      expect(record(2)).toEqual(record(2));
    },
  );
});
