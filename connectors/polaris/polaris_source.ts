import {
  CLUSTERS,
  CUSTOMERS,
  DIMENSIONS,
  FEATURES,
  POLARIS_STREAMS,
  READINGS,
  USERS,
} from '../../schemas/polaris.ts';
import { readAhead } from '../read_ahead.ts';
import type { RetryLimits } from '../retry.ts';
import type { Source, SourceEnv } from '../source.ts';
import { refuseHours, SourceError } from '../source.ts';
import { type Catalogue, cataloguePages } from './catalogue.ts';
import { columnarPolaris } from './columnar_polaris.ts';
import { controlTotals } from './control_totals.ts';
import { type Feed, feedPages } from './feed.ts';
import { parsePolaris } from './parse_polaris.ts';
import type { PolarisConfig } from './polaris_config.ts';
import { polarisSession } from './session.ts';

/** About 8 MB of JSON: two such pages and their rows are held at once. */
const PAGE_ROWS = 20_000;
/** Polaris answers a larger `limit` with 400. */
const MAX_PAGE_ROWS = 50_000;

const CATALOGUES: readonly Catalogue[] = [
  { stream: DIMENSIONS, path: '/v1/dimensions' },
  { stream: CUSTOMERS, path: '/v1/customers' },
  { stream: CLUSTERS, path: '/v1/clusters' },
  { stream: USERS, path: '/v1/users' },
];

/** Polaris, the source of truth for metering: readings, feature use, and its catalogues. */
export function createPolarisSource(
  config: PolarisConfig,
  env: SourceEnv,
  limits: Partial<RetryLimits> = {},
): Source {
  const session = polarisSession(config, env, limits);
  const page_rows = checkedLimit(config.page_rows ?? PAGE_ROWS);
  const feeds: readonly Feed[] = [
    { stream: FEATURES, path: '/v1/usage/features', by_hours: false, page_rows },
    { stream: READINGS, path: '/v1/usage/readings', by_hours: true, page_rows },
  ];
  const bounded = feeds.filter(({ by_hours }) => by_hours).map(({ stream }) => stream.name);
  return {
    name: 'polaris',
    streams: POLARIS_STREAMS,
    bounded,
    async open(signal) {
      await session.tokens.get(signal);
    },
    pages(stream, from) {
      refuseHours({ name: 'polaris', bounded }, stream, from);
      const feed = feeds.find((candidate) => candidate.stream.name === stream.name);
      const catalogue = CATALOGUES.find((candidate) => candidate.stream.name === stream.name);
      return readAhead((signal) => {
        if (feed !== undefined) return feedPages(session, feed, { ...from, signal });
        if (catalogue !== undefined) return cataloguePages(session, catalogue, { ...from, signal });
        throw unknownStream(stream.name);
      }, from.signal);
    },
    parse: parsePolaris,
    columnar: columnarPolaris,
    controlTotals: (hours, signal) => controlTotals(session, hours, signal),
    async close() {
      session.tokens.clear();
    },
  };
}

function checkedLimit(rows: number): number {
  if (Number.isInteger(rows) && rows >= 1 && rows <= MAX_PAGE_ROWS) return rows;
  throw new SourceError(
    `connectors: polaris: page_rows: got ${rows}, want a whole number from 1 to ${MAX_PAGE_ROWS}`,
    { failure: 'config', source: 'polaris', stream: null, next_step: 'ask for pages of such a size' },
  );
}

function unknownStream(name: string): SourceError {
  const known = POLARIS_STREAMS.map((stream) => stream.name).join(', ');
  return new SourceError(`connectors: polaris: stream ${name}: got an unknown one, want one of ${known}`, {
    failure: 'config',
    source: 'polaris',
    stream: name,
    next_step: 'name a stream of this source',
  });
}
