import { rmSync } from 'node:fs';
import { nodeEnv } from '../../../connectors/node_env.ts';
import { type Source, SourceError } from '../../../connectors/source.ts';
import { load } from '../../../pipelines/load.ts';
import { type Night, opened } from '../../../pipelines/night.ts';
import { prepare, startRun } from '../../../pipelines/nightly.ts';
import { closeWarehouse, openWarehouse } from '../../../pipelines/warehouse_access.ts';
import { CONFIG } from '../../../schemas/config.ts';
import { rawTable } from '../../../schemas/streams.ts';
import { testEnv } from '../../connectors/scripted_api.ts';
import { scratch } from '../../support/scratch.ts';
import { RAW_IDENTITY } from '../../support/tables.ts';
import { LOAD_ONLY } from '../../support/test_night.ts';
import type { Pages, SourceCase } from '../source_case.ts';
import { start } from './reading.ts';

/** Nights over one warehouse that is there for one test, each loading one case's stream as a real night does. */
export interface CaseNights {
  /** Reads, lands and loads what the API has; `fail_after` pages the source breaks down. */
  load(pages: Pages, fail_after?: number): Promise<void>;
  /** Rows of the raw table without what says when and from which page they came, in order. */
  rawRows(): Promise<readonly string[]>;
  /** Rows of a query, each as one text. */
  texts(sql: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Opens a new warehouse for a case. */
export async function caseNights(which: SourceCase): Promise<CaseNights> {
  const root = scratch();
  // Pages with nothing but bad rows are loaded here on purpose.
  const config = CONFIG.parse({ data_dir: root, gates: { max_quarantine_share: 1 } });
  const { signal } = new AbortController();
  const env = { ...nodeEnv(() => undefined), onEvent: () => undefined, signal };
  const first = await prepare(config, LOAD_ONLY, env);
  await openWarehouse(first);
  const texts = async (sql: string) =>
    (await opened(first).query(sql)).map((row) => Object.values(row).join('|'));
  return {
    texts,
    load: async (pages, fail_after) => {
      const api = await start(which.api(pages));
      const source = onlyStream(which, which.create(api.url, testEnv()), fail_after);
      const night: Night = {
        ...(await prepare(config, LOAD_ONLY, env)),
        sources: [source],
        warehouse: first.warehouse,
      };
      await startRun(night, '2026-11-22T03:00:00Z');
      await load(night);
    },
    rawRows: async () => {
      const left = RAW_IDENTITY.map((name) => `'${name}'`).join(', ');
      return texts(`SELECT COLUMNS(c -> c NOT IN (${left})) FROM raw.${rawTable(which.stream)} ORDER BY ALL`);
    },
    close: async () => {
      await closeWarehouse(first);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The source with one stream, its references given, and a fault after a number of pages where one is wanted. */
function onlyStream(which: SourceCase, source: Source, fail_after: number | undefined): Source {
  return {
    name: source.name,
    streams: [which.stream],
    open: (signal) => source.open(signal),
    pages: (stream, from) => {
      // A night reads on from its own bookmark; a first one as the case begins.
      const bookmark = from.bookmark ?? which.bookmark;
      return failing(which, source.pages(stream, { ...from, bookmark }), fail_after);
    },
    parse: (stream, page) => source.parse(stream, page, which.references),
    columnar: (stream, page) => source.columnar?.(stream, page, which.references) ?? null,
    close: () => source.close(),
  };
}

async function* failing<T>(which: SourceCase, pages: AsyncIterable<T>, after = Number.POSITIVE_INFINITY) {
  let given = 0;
  for await (const page of pages) {
    yield page;
    given += 1;
    if (given >= after) {
      const { source, name } = which.stream;
      const next_step = 'nothing: the test wants it';
      throw new SourceError('broken by hand', { failure: 'unavailable', source, stream: name, next_step });
    }
  }
}
