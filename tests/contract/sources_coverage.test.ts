import { describe, expect, test } from 'vitest';
import { allStreams } from '../../pipelines/sources.ts';
import { SOURCE_NAMES } from '../../schemas/streams.ts';
import { CASES } from './source_cases.ts';

describe('the conformance suite', () => {
  test('has a case for every stream of every source', () => {
    const covered = new Set(CASES.map(({ stream }) => `${stream.source}.${stream.name}`));
    const missing = allStreams()
      .map(({ source, name }) => `${source}.${name}`)
      .filter((stream) => !covered.has(stream));
    expect(missing).toEqual([]);
    expect(new Set(allStreams().map(({ source }) => source))).toEqual(new Set(SOURCE_NAMES));
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
