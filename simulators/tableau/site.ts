import type { SimReply, SimRequest } from '../server.ts';
import type { Jobs } from './jobs.ts';
import type { HyperEngine } from './published_file.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Content, Store } from './store.ts';
import type { Uploads } from './uploads.ts';
import { answer, TableauRefusal, tag } from './xml.ts';

/** The identity of the one simulated site. */
export const SITE = { id: '5b1a0c1e-6d3c-4b57-9a53-0f6c1d7e2a10', name: 'Meterline' } as const;
export const ALL_USERS = 'f1d3c5b7-0a2c-4e6f-8b1d-3f5a7c9e0b2d';
export const FIRST_USER = 'a9c7e5d3-1b2a-4c3d-9e8f-7a6b5c4d3e2f';

/** Everything the handlers share. */
export interface Site {
  readonly contentUrl: string;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly uploads: Uploads;
  readonly jobs: Jobs;
  readonly engine: HyperEngine | null;
  readonly singleRequestBytes: number;
  readonly users: readonly string[];
  /** Serialises changes of published data: one at a time, as the server's queue does. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Answers of `PATCH …/data` by request id: a repeated id is not executed again. */
  readonly answeredRequests: Map<string, string>;
}

/** One page of a list: `filter=<key>:eq:<value>` (several joined by commas), `pageNumber` and `pageSize`. */
export function page<T extends object>(
  request: SimRequest,
  wrapper: string,
  items: readonly T[],
  keyOf: (item: T, key: string) => string | null | undefined,
  xml: (item: T) => string,
): SimReply {
  const number = positive(request, 'pageNumber', 1);
  const size = Math.min(positive(request, 'pageSize', 100), 1000);
  const filters = (request.url.searchParams.get('filter') ?? '').split(',').filter((part) => part !== '');
  const kept = items.filter((item) =>
    filters.every((filter) => {
      const match = /^(\w+):eq:(.*)$/s.exec(filter);
      if (match?.[1] === undefined)
        throw new TableauRefusal('400065', 'Bad Request', `Invalid filter ${filter}.`);
      return keyOf(item, match[1]) === match[2];
    }),
  );
  const shown = kept.slice((number - 1) * size, number * size);
  const pagination = tag('pagination', { pageNumber: number, pageSize: size, totalAvailable: kept.length });
  return answer(200, pagination + tag(wrapper, {}, ...shown.map(xml)));
}

function positive(request: SimRequest, name: string, otherwise: number): number {
  const given = request.url.searchParams.get(name);
  if (given === null) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TableauRefusal('400006', 'Bad Request', `Invalid ${name}: ${given}.`);
}

/** The published content of that kind and id. @throws TableauRefusal 404004 or 404006. */
export function contentOf(site: Site, kind: Content['kind'], id: string): Content {
  const found = site.store.contents.find((content) => content.kind === kind && content.id === id);
  if (found !== undefined) return found;
  const code = kind === 'datasource' ? '404004' : '404006';
  throw new TableauRefusal(code, 'Resource Not Found', `The ${kind} ${id} could not be found.`);
}

/** A handler of a signed-in request. */
export type SignedInHandler = (request: SimRequest, session: Session) => SimReply | Promise<SimReply>;
