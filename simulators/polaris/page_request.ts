import { toSeconds } from '../fleet/instants.ts';
import { problem, type SimReply } from '../server.ts';

const DEFAULT_LIMIT = 10_000;
const MAX_LIMIT = 50_000;

/** A request that breaks the contract; `reply` says how. */
export class BadRequest extends Error {
  readonly reply: SimReply;

  constructor(detail: string) {
    super(detail);
    this.reply = problem(400, 'bad_request', detail);
  }
}

/** The page size asked for. @throws BadRequest outside 1..50000. */
export function limitOf(query: URLSearchParams): number {
  const text = query.get('limit') ?? String(DEFAULT_LIMIT);
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new BadRequest(`limit must be 1..${MAX_LIMIT}, not ${text}.`);
  return limit;
}

/** An hour parameter in seconds since 1970. @throws BadRequest when it is missing or no whole UTC hour. */
export function hourOf(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text === null || !/^\d{4}-\d\d-\d\dT\d\d:00:00(\.0+)?Z$/.test(text)) {
    throw new BadRequest(`${name} must be a whole hour in UTC such as 2026-08-24T00:00:00Z, not ${text}.`);
  }
  return toSeconds(text);
}

/** Refuses parameters the endpoint does not know. @throws BadRequest naming the first. */
export function allowOnly(query: URLSearchParams, names: readonly string[]): void {
  const unknown = [...query.keys()].find((key) => !names.includes(key));
  if (unknown !== undefined) throw new BadRequest(`${unknown} is not a parameter here.`);
}
