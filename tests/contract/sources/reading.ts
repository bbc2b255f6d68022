import { afterEach, expect } from 'vitest';
import { type Source, SourceError } from '../../../connectors/source.ts';
import type { Page, ParsedPage } from '../../../schemas/page.ts';
import {
  type Call,
  type Reply,
  type ScriptedApi,
  scriptedApi,
  type TestEnv,
  testEnv,
} from '../../connectors/scripted_api.ts';
import { type Pages, SECRET, type SourceCase, TOKEN } from '../source_case.ts';

/** What a read gave. */
export interface Delivery {
  readonly pages: readonly Page[];
  readonly parsed: readonly ParsedPage[];
  /** The key column of every good row, in order. */
  readonly keys: readonly (string | null | undefined)[];
}

/** How much is read, and from where. */
export interface Extent {
  readonly bookmark?: string | null;
  /** Pages after which the reader leaves; absent: none. */
  readonly stop_after?: number;
}

const running: ScriptedApi[] = [];

/** Closes the servers of a test when it has ended; called once by each file. */
export function closeAfterEach(): void {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((api) => api.close()));
  });
}

/** Starts a scripted API that ends with its test. */
export async function start(script: (call: Call) => Reply): Promise<ScriptedApi> {
  const api = await scriptedApi(script);
  running.push(api);
  return api;
}

/** Reads a stream of a source, and takes its pages apart. */
export async function deliver(which: SourceCase, source: Source, extent: Extent = {}): Promise<Delivery> {
  const { bookmark = which.bookmark, stop_after = Number.POSITIVE_INFINITY } = extent;
  await source.open();
  const pages: Page[] = [];
  for await (const page of source.pages(which.stream, { bookmark })) {
    pages.push(page);
    if (pages.length >= stop_after) break;
  }
  await source.close();
  const parsed = pages.map((page) => source.parse(which.stream, page, which.references));
  const index = which.stream.columns.findIndex(({ name }) => name === which.key.column);
  return { pages, parsed, keys: parsed.flatMap(({ columns }) => columns[index] ?? []) };
}

/** Reads everything from an API that is right but for what `fault` answers to page requests, by their number from 0. */
export async function read(
  which: SourceCase,
  pages: Pages,
  fault: (nth: number, call: Call) => Reply | null = () => null,
  env: TestEnv = testEnv(),
): Promise<Delivery & { api: ScriptedApi }> {
  const answer = which.api(pages);
  let asked = 0;
  const api = await start((call) => {
    if (!which.isPage(call)) return answer(call);
    asked += 1;
    return fault(asked - 1, call) ?? answer(call);
  });
  return { ...(await deliver(which, which.create(api.url, env))), api };
}

type Fields = Readonly<Record<string, unknown>>;

/** The first good records. */
export function records(which: SourceCase, count: number): readonly Fields[] {
  return Array.from({ length: count }, (_, n) => which.record(n));
}

/** Records in pages of these sizes. */
export function pagesOf(which: SourceCase, sizes: readonly number[]): readonly (readonly Fields[])[] {
  const rows = records(
    which,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  let from = 0;
  return sizes.map((size) => {
    from += size;
    return rows.slice(from - size, from);
  });
}

/** The keys of the first records. */
export function expectedKeys(which: SourceCase, count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => which.key.value(n));
}

/** The error of a read that must fail; its message holds neither secret nor token. */
export async function failure(reading: Promise<unknown>): Promise<SourceError> {
  const error: unknown = await reading.then(
    () => new Error('the read succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SourceError);
  const failed = error as SourceError;
  expect(failed.message).not.toContain(SECRET);
  expect(failed.message).not.toContain(TOKEN);
  expect(failed.next_step).not.toBe('');
  return failed;
}
